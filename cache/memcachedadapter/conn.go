package memcachedadapter

import "net"

// maxPending is how many bytes of a request are sent together at most.
const maxPending = 32 << 10

// serverConn is a connection whose errors name the server. It sends a request when its
// answer is read: the client library writes one in up to three parts, for each of which
// the server would wake up. It is not safe for concurrent use.
type serverConn struct {
	net.Conn
	addr    string
	pending []byte
}

// Read implements [net.Conn].
func (c *serverConn) Read(b []byte) (int, error) {
	if err := c.flush(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	return n, c.named(err)
}

// Write implements [net.Conn].
func (c *serverConn) Write(b []byte) (int, error) {
	if len(c.pending)+len(b) <= maxPending {
		c.pending = append(c.pending, b...)
		return len(b), nil
	}
	if err := c.flush(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(b)
	return n, c.named(err)
}

// flush sends what is pending.
func (c *serverConn) flush() error {
	if len(c.pending) == 0 {
		return nil
	}
	_, err := c.Conn.Write(c.pending)
	c.pending = c.pending[:0]
	return c.named(err)
}

// named adds the server to an error.
func (c *serverConn) named(err error) error {
	if err == nil {
		return nil
	}
	return &serverError{c.addr, err}
}
