package memcachedadapter

import (
	"net"
	"strconv"
	"strings"
)

// Server is one memcached of a pool.
type Server struct {
	// Host is a name or address (IPv6 in brackets or not), or the path of a Unix socket when it
	// begins with a slash. The text itself decides where keys go: a name and
	// its address are two different servers to PHP.
	Host string
	// Port is 11211 when 0, and of no meaning for a Unix socket.
	Port int
	// Weight is the server's share of the keys; 0 counts as 1.
	Weight int
}

// defaultPort is that of memcached.
const defaultPort = 11211

func (s Server) isSocket() bool { return strings.HasPrefix(s.Host, "/") }

// String is host:port, or the path.
func (s Server) String() string {
	if s.isSocket() {
		return s.Host
	}
	return s.Host + ":" + strconv.Itoa(s.port())
}

func (s Server) port() int {
	if s.Port == 0 {
		return defaultPort
	}
	return s.Port
}

// label is the server's name in a continuum; libmemcached knows Unix sockets
// by port 0.
func (s Server) label(i int) string {
	switch {
	case s.isSocket():
		return s.Host + ":0-" + strconv.Itoa(i)
	case s.port() == defaultPort:
		return s.Host + "-" + strconv.Itoa(i)
	}
	return s.String() + "-" + strconv.Itoa(i)
}

// address is a [net.Addr] that is resolved when it is dialled, so that a
// server may move.
type address struct{ network, text string }

// Network implements [net.Addr].
func (a *address) Network() string { return a.network }

// String implements [net.Addr].
func (a *address) String() string { return a.text }

func (s Server) address() *address {
	if s.isSocket() {
		return &address{"unix", s.Host}
	}
	host := s.Host
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	return &address{"tcp", net.JoinHostPort(host, strconv.Itoa(s.port()))}
}
