package servers_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

func answers(t *testing.T, addr, question, answer string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer c.Close()
	_, err = fmt.Fprintf(c, "%s\r\n", question)
	require.NoError(t, err)
	line, err := bufio.NewReader(c).ReadString('\n')
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(line, answer), line)
}

func TestServers_Answer(t *testing.T) {
	answers(t, servers.Redis(t).Addr(), "PING", "+PONG")
	answers(t, servers.Memcached(t).Addr(), "version", "VERSION")
	require.Equal(t, "3", servers.PHP(t).Run(`echo $argv[1] + 1;`, "2"))
}

func TestProcess_ComesBackOnItsPort(t *testing.T) {
	r := servers.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
	answers(t, r.Addr(), "SET k v", "+OK")
	r.Kill()
	_, err := net.Dial("tcp", r.Addr())
	require.Error(t, err)
	r.Restart()
	answers(t, r.Addr(), "EXISTS k", ":1")
}

func TestProcess_IsSilentWhilePaused(t *testing.T) {
	r := servers.Redis(t)
	r.Pause()
	c, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	defer c.Close()
	fmt.Fprint(c, "PING\r\n")
	require.NoError(t, c.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	r.Resume()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = c.Read(make([]byte, 1))
	require.NoError(t, err)
}

// The child is this test binary; it is killed in the middle of a test.
func TestServers_EndWithATestThatIsKilled(t *testing.T) {
	if os.Getenv("SERVERS_CHILD") == "1" {
		r := servers.Redis(t)
		fmt.Printf("ADDR %s %s\n", r.Addr(), r.Dir())
		time.Sleep(time.Minute)
		return
	}
	servers.Redis(t).Kill() // skips where there is none
	cmd := exec.Command(os.Args[0], "-test.run=^TestServers_EndWithATestThatIsKilled$", "-test.v")
	cmd.Env = append(os.Environ(), "SERVERS_CHILD=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var addr, dir string
	for lines := bufio.NewScanner(out); addr == "" && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "ADDR %s %s", &addr, &dir)
	}
	require.NotEmpty(t, addr)
	answers(t, addr, "PING", "+PONG")
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return false
		}
		_, err = os.Stat(dir)
		return os.IsNotExist(err)
	}, 10*time.Second, 10*time.Millisecond)
}
