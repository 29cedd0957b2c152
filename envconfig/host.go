package envconfig

import (
	"net"
	"strconv"
	"strings"
)

// Host is a server of a DSN: a name or address with a port, or the path of a
// Unix socket.
type Host struct {
	// Name is a host name or IP address, an IPv6 address in brackets.
	Name string
	Port int
	// Path is that of a Unix socket; Name and Port are empty then.
	Path string
	// Weight is the share of a memcached server, 0 when not given; always 0
	// for Redis.
	Weight int
}

// String is name:port, or the path.
func (h Host) String() string {
	if h.Path != "" {
		return h.Path
	}
	return h.Name + ":" + strconv.Itoa(h.Port)
}

// Network and address for [net.Dial]. PHP's extension for Redis takes port 0 for
// 6379.
func (h Host) Network() (network, address string) {
	if h.Path != "" {
		return "unix", h.Path
	}
	name := h.Name
	if strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") {
		name = name[1 : len(name)-1]
	}
	port := h.Port
	if port == 0 {
		port = redisPort
	}
	return "tcp", net.JoinHostPort(name, strconv.Itoa(port))
}

// printable quotes a name from a DSN for an error or warning, unless it is
// unlike any name: then it may be a piece of a password.
func printable(name string) string {
	for _, c := range []byte(name) {
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && !strings.ContainsRune("_-.:/[]", rune(c)) {
			return "(not shown)"
		}
	}
	if len(name) > 60 {
		return "(not shown)"
	}
	return strconv.Quote(name)
}
