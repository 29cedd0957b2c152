package dsn

import (
	"encoding/json"
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
	// Path is the path of a Unix socket; if it is set, Name and Port are zero.
	Path string
	// Weight is the weight of a memcached server, 0 if the DSN has none or is one of
	// Redis.
	Weight int
}

// String returns name:port, or the path.
func (h Host) String() string {
	if h.Path != "" {
		return h.Path
	}
	return h.Name + ":" + strconv.Itoa(h.Port)
}

// MarshalJSON writes {"host", "port", "weight"} or {"path", "weight"}.
func (h Host) MarshalJSON() ([]byte, error) {
	if h.Path != "" {
		return json.Marshal(struct {
			Path   string `json:"path"`
			Weight int    `json:"weight"`
		}{h.Path, h.Weight})
	}
	return json.Marshal(struct {
		Host   string `json:"host"`
		Port   int    `json:"port"`
		Weight int    `json:"weight"`
	}{h.Name, h.Port, h.Weight})
}

// Network returns network and address for [net.Dial]. Port 0 is 6379, as in PHP's
// extension for Redis.
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
