package envconfig

import (
	"encoding/json"
	"errors"
	"strings"
)

// Description is a DSN for people and for JSON, without secrets.
type Description struct {
	// Kind is "redis" or "memcached".
	Kind  string            `json:"kind"`
	Class string            `json:"class,omitempty"`
	Hosts []HostDescription `json:"hosts"`
	TLS   bool              `json:"tls"`
	// Database is the number of the Redis database.
	Database int    `json:"database"`
	User     string `json:"user"`
	// Password is ******** if there is one.
	Password Secret `json:"password,omitzero"`
	// Sentinel is the name of the master.
	Sentinel string `json:"sentinel"`
	// SentinelUser and SentinelPassword, ******** if there is one, are the
	// login at the sentinels.
	SentinelUser     string `json:"sentinel_user,omitempty"`
	SentinelPassword Secret `json:"sentinel_password,omitzero"`
	// Master is its address, where it was asked for.
	Master       string            `json:"master,omitempty"`
	Cluster      bool              `json:"cluster"`
	Distribution Distribution      `json:"distribution,omitempty"`
	Hash         string            `json:"hash,omitempty"`
	Options      map[string]string `json:"options"`
	Warnings     []string          `json:"warnings"`
}

// HostDescription is one server: name and port, or the path of a Unix socket.
type HostDescription struct {
	Host string
	Port int
	Path string
	// Weight is that of a memcached server, 0 if none was given.
	Weight int
}

// MarshalJSON writes {"host", "port", "weight"} or {"path", "weight"}.
func (h HostDescription) MarshalJSON() ([]byte, error) {
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
	}{h.Host, h.Port, h.Weight})
}

// DescribeDSN reads a Redis or memcached DSN. It returns a [*DSNError] for a
// DSN that Symfony refuses, and together with the description one that
// unwraps to [ErrNotSupported] for a DSN that only this module refuses.
func DescribeDSN(dsn string) (*Description, error) {
	switch scheme, _, ok := strings.Cut(dsn, ":"); {
	case ok && (scheme == "redis" || scheme == "rediss"):
		d, err := ParseRedisDSN(dsn)
		if err != nil {
			return nil, err
		}
		return d.Describe(), d.Supported()
	case ok && scheme == "memcached":
		d, err := ParseMemcachedDSN(dsn)
		if err != nil {
			return nil, err
		}
		return d.Describe(), d.Supported()
	}
	return nil, &DSNError{Kind: "cache", Err: errors.New(`it does not start with "redis:", "rediss:" or "memcached:"`)}
}

// Describe returns the DSN without secrets.
func (d *RedisDSN) Describe() *Description {
	return &Description{
		Kind: "redis", Class: d.Class, Hosts: describeHosts(d.Hosts), TLS: d.TLS, Database: d.Database, User: d.User,
		Password: d.Password, Sentinel: d.Sentinel, SentinelUser: d.SentinelUser, SentinelPassword: d.SentinelPassword, Cluster: d.Cluster, Options: d.Options, Warnings: orEmpty(d.Warnings),
	}
}

// Describe returns the DSN without secrets.
func (d *MemcachedDSN) Describe() *Description {
	return &Description{
		Kind: "memcached", Hosts: describeHosts(d.Servers), User: d.User, Password: d.Password,
		Distribution: d.Distribution, Hash: d.Hash, Options: d.Options, Warnings: orEmpty(d.Warnings),
	}
}

func describeHosts(hosts []Host) []HostDescription {
	out := make([]HostDescription, len(hosts))
	for i, h := range hosts {
		out[i] = HostDescription{Host: h.Name, Port: h.Port, Path: h.Path, Weight: h.Weight}
	}
	return out
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
