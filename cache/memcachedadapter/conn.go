package memcachedadapter

import "net"

// serverConn is a connection whose errors name the server.
type serverConn struct {
	net.Conn
	addr string
}

// Read implements [net.Conn].
func (c *serverConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		err = &serverError{c.addr, err}
	}
	return n, err
}

// Write implements [net.Conn].
func (c *serverConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil {
		err = &serverError{c.addr, err}
	}
	return n, err
}
