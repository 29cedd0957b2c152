package dsn

import (
	"errors"
	"strings"
)

// Description describes a DSN for people and as JSON, without secrets.
type Description struct {
	// Kind is "redis" or "memcached".
	Kind  string `json:"kind"`
	Class string `json:"class,omitempty"`
	Hosts []Host `json:"hosts"`
	TLS   bool   `json:"tls"`
	// Database is the number of the Redis database.
	Database int    `json:"database"`
	User     string `json:"user"`
	// Password is ******** if there is one.
	Password Secret `json:"password,omitzero"`
	// Sentinel is the name of the master.
	Sentinel string `json:"sentinel"`
	// SentinelUser and SentinelPassword, ******** if there is one, authenticate at the
	// sentinels.
	SentinelUser     string `json:"sentinel_user,omitempty"`
	SentinelPassword Secret `json:"sentinel_password,omitzero"`
	// Master is the address of the master, if the sentinels were asked.
	Master       string            `json:"master,omitempty"`
	Cluster      bool              `json:"cluster"`
	Distribution string            `json:"distribution,omitempty"`
	Hash         string            `json:"hash,omitempty"`
	Options      map[string]string `json:"options"`
	Warnings     []string          `json:"warnings"`
}

// Describe parses a Redis or memcached DSN and describes it. It returns an [*Error] for a
// DSN that Symfony refuses. For a DSN that only this module refuses it returns the
// description and an error that unwraps to [errors.ErrUnsupported].
func Describe(dsn string) (*Description, error) {
	switch scheme, _, ok := strings.Cut(dsn, ":"); {
	case ok && (scheme == "redis" || scheme == "rediss"):
		d, err := ParseRedis(dsn)
		if err != nil {
			return nil, err
		}
		return d.Describe(), d.Supported()
	case ok && scheme == "memcached":
		d, err := ParseMemcached(dsn)
		if err != nil {
			return nil, err
		}
		return d.Describe(), d.Supported()
	}
	return nil, &Error{Kind: "cache", Err: errors.New(`it does not start with "redis:", "rediss:" or "memcached:"`)}
}

// Describe describes the address, without secrets.
func (d *Redis) Describe() *Description {
	return &Description{
		Kind: "redis", Class: d.class, Hosts: d.Hosts, TLS: d.TLS != nil, Database: d.Database, User: d.User,
		Password: d.Password, Sentinel: d.Sentinel, SentinelUser: d.SentinelUser, SentinelPassword: d.SentinelPassword, Cluster: d.Cluster, Options: d.options, Warnings: orEmpty(d.Warnings),
	}
}

// Describe describes the address, without secrets.
func (d *Memcached) Describe() *Description {
	return &Description{
		Kind: "memcached", Hosts: d.Servers, User: d.User, Password: d.Password,
		Distribution: d.Distribution, Hash: d.Hash, Options: d.options, Warnings: orEmpty(d.Warnings),
	}
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
