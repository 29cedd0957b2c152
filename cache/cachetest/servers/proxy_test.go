package servers_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

func TestProxy_CutsOneDirection(t *testing.T) {
	r := servers.Redis(t)
	p := servers.NewProxy(t, r.Addr())
	answers(t, p.Addr(), "SET k 0", "+OK")
	c, err := net.Dial("tcp", p.Addr())
	require.NoError(t, err)
	defer c.Close()
	silent := func() {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	}

	p.Cut(servers.Replies)
	fmt.Fprint(c, "INCR k\r\n")
	silent()
	require.Equal(t, "1", r.Command("GET k"), "the request arrives, its answer does not")

	p.Cut(servers.Requests)
	fmt.Fprint(c, "INCR k\r\n")
	silent()
	require.Equal(t, "1", r.Command("GET k"), "the request waits")

	p.Heal()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	in := bufio.NewReader(c)
	for _, want := range []string{":1\r\n", ":2\r\n"} {
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, want, line)
	}
	p.Drop()
	_, err = in.ReadByte()
	require.Error(t, err)
	answers(t, p.Addr(), "PING", "+PONG")
}

func TestProxy_DeliversLateWhatACallerGaveUpOn(t *testing.T) {
	r := servers.Redis(t)
	p := servers.NewProxy(t, r.Addr())
	p.Cut(servers.Requests)
	c, err := net.Dial("tcp", p.Addr())
	require.NoError(t, err)
	fmt.Fprint(c, "SET k v\r\n")
	require.NoError(t, c.Close())
	require.Equal(t, "0", r.Command("EXISTS k"))
	p.Heal()
	require.Eventually(t, func() bool { return r.Command("EXISTS k") == "1" }, 10*time.Second, 10*time.Millisecond)
}

func TestRedisCluster_HasMastersAndReplicas(t *testing.T) {
	nodes := servers.RedisCluster(t, 1, "--requirepass", "pw", "--masterauth", "pw")
	require.Len(t, nodes, 4)
	require.True(t, strings.HasPrefix(nodes[0].Command("SET a 1"), "-MOVED"), "of another master")
	require.Contains(t, nodes[0].Command("INFO replication"), "connected_slaves:1")
	require.Contains(t, nodes[1].Command("INFO replication"), "connected_slaves:0")
	require.Contains(t, nodes[3].Command("INFO replication"), "role:slave")
}

func TestRedisServer_Replica(t *testing.T) {
	master := servers.Redis(t)
	require.Equal(t, "OK", master.Command("SET k v"))
	replica := master.Replica()
	require.Equal(t, "v", replica.Command("GET k"))
	require.True(t, strings.HasPrefix(replica.Command("SET k w"), "-READONLY"))
}
