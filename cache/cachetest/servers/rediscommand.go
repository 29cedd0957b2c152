package servers

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Command sends a command to the server, its words separated by spaces, and
// returns the reply: a line, a text, or an error that begins with a minus sign.
// A password of the arguments is sent first.
func (r *RedisServer) Command(line string) string {
	r.tb.Helper()
	answer, err := r.command(line)
	if err != nil {
		r.tb.Fatalf("servers: redis: %s: %v", line, err)
	}
	return answer
}

func (r *RedisServer) command(line string) (string, error) {
	c, err := net.DialTimeout("tcp", r.Addr(), startTime)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(startTime)); err != nil {
		return "", err
	}
	in := bufio.NewReader(c)
	if r.password != "" {
		if _, err := askInline(c, in, "AUTH "+r.password); err != nil {
			return "", err
		}
	}
	return askInline(c, in, line)
}

// askInline sends a line of Redis's inline protocol and reads one answer.
func askInline(c net.Conn, in *bufio.Reader, line string) (string, error) {
	if _, err := io.WriteString(c, line+"\r\n"); err != nil {
		return "", err
	}
	head, err := in.ReadString('\n')
	if err != nil {
		return "", err
	}
	head = strings.TrimSuffix(head, "\r\n")
	if head == "" || head[0] != '$' {
		return strings.TrimPrefix(strings.TrimPrefix(head, "+"), ":"), nil
	}
	n, err := strconv.Atoi(head[1:])
	if err != nil || n < 0 {
		return "", err
	}
	b := make([]byte, n+2)
	_, err = io.ReadFull(in, b)
	return string(b[:n]), err
}
