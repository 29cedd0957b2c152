package envconfig

import (
	"fmt"
	"time"
)

// Redis connection classes: what a PHP node makes of a DSN.
const (
	ClassRedis        = "Redis"        // one server, or the master that Sentinel names
	ClassRedisArray   = "RedisArray"   // several servers, sharded by the client
	ClassRedisCluster = "RedisCluster" // a Redis cluster
)

// RedisDSN is a REDIS_URL, read as Symfony's RedisAdapter::createConnection
// reads it. It is plain data; connect.Cache opens it.
type RedisDSN struct {
	// Class is the connection that PHP makes: [ClassRedis], [ClassRedisArray]
	// or [ClassRedisCluster].
	Class string
	// Hosts are the servers, or with Sentinel set the sentinels, in the order
	// they are tried.
	Hosts []Host
	// TLS is true for rediss://. With Sentinel it is the connection to the
	// sentinels alone: PHP reaches the master without.
	TLS bool
	// SSL are the ssl[…] options.
	SSL TLSOptions
	// User and Password authenticate at the server, at every server of a
	// cluster, or at the master that the sentinels name; User is empty for the
	// default user. They are those of ?auth= where it is given, else those
	// before the @; with Sentinel it is the other way round.
	User     string
	Password Secret
	// SentinelUser and SentinelPassword, those of ?auth=, authenticate at the
	// sentinels.
	SentinelUser     string
	SentinelPassword Secret
	// Database is the database number.
	Database int
	// Sentinel is the name of the master to ask for, empty without Sentinel.
	Sentinel string
	// Cluster is true for a Redis cluster.
	Cluster bool
	// Timeout is that of connecting, 0 when the DSN does not say (30 s in
	// PHP).
	Timeout time.Duration
	// ReadTimeout is that of a reply, 0 when the DSN does not say.
	ReadTimeout time.Duration
	// KeepAlive is the TCP keep-alive period, 0 for none.
	KeepAlive time.Duration
	// Options are the known query parameters as given, secrets masked.
	Options map[string]string
	// Warnings say where Symfony does something that the author of the DSN
	// can hardly have meant; this package then does the same.
	Warnings []string

	unsupported error
}

// Supported returns nil, or an error that unwraps to [ErrNotSupported] and says
// why this module cannot use the DSN although PHP can.
func (d *RedisDSN) Supported() error {
	if d.unsupported == nil {
		return nil
	}
	return &DSNError{Kind: "Redis", Err: d.unsupported}
}

// ParseRedisDSN reads a REDIS_URL. It returns a [*DSNError] where Symfony
// refuses the DSN; what Symfony takes and this module cannot use is told by
// [RedisDSN.Supported].
func ParseRedisDSN(dsn string) (*RedisDSN, error) {
	d, err := parseRedisDSN(dsn)
	if err != nil {
		return nil, &DSNError{Kind: "Redis", Err: commentHint(dsn, err)}
	}
	if hasTrailingComment(dsn) {
		d.warn("what follows the # is ignored; it looks like a comment that became part of the value")
	}
	return d, nil
}

func (d *RedisDSN) warn(format string, args ...any) {
	d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...))
}
