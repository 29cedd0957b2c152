package dsn

import (
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
)

// Redis is a REDIS_URL as Symfony's RedisAdapter::createConnection parses it. It is plain
// data; connect.Redis opens it.
type Redis struct {
	// Hosts are the servers, or the sentinels if Sentinel is set, in the order in which
	// they are tried.
	Hosts []Host
	// TLS holds the ssl[…] options of a rediss:// address; nil for redis://. With
	// Sentinel it applies to the sentinels only: PHP connects to the master without TLS.
	TLS *TLS
	// User and Password authenticate at the server, at every server of a cluster, or at
	// the master that the sentinels name. User is empty for the default user. Those of
	// ?auth= win over those before the @; with Sentinel it is the other way round.
	User     string
	Password Secret
	// SentinelUser and SentinelPassword authenticate at the sentinels. They come from
	// ?auth=.
	SentinelUser     string
	SentinelPassword Secret
	// Database is the database number.
	Database int
	// Sentinel is the name of the master; empty without Sentinel.
	Sentinel string
	// Cluster reports whether the servers are a Redis Cluster.
	Cluster bool
	// Timeout limits connecting; 0 if the DSN has none, which is 30 s in PHP and
	// connect.DefaultTimeout (2 s) in package connect.
	Timeout time.Duration
	// ReadTimeout limits the wait for a reply; 0 if the DSN has none, which is
	// connect.DefaultTimeout in package connect.
	ReadTimeout time.Duration
	// KeepAlive is the TCP keep-alive period; 0 for none.
	KeepAlive time.Duration
	// Warnings tell where Symfony, and so this package, does something that the author
	// of the DSN probably did not mean.
	Warnings []string

	class string // the class that PHP creates for the address
	// options are the known query parameters as given, with secrets masked.
	options     map[string]string
	unsupported error
}

// Symfony's classes of connections.
const (
	classRedis        = "Redis"        // one server, or the master that Sentinel names
	classRedisArray   = "RedisArray"   // several servers, sharded by the client
	classRedisCluster = "RedisCluster" // a Redis cluster
)

// Supported returns nil if this module can use the DSN. Otherwise the error says why, and
// unwraps to [errors.ErrUnsupported].
func (d *Redis) Supported() error {
	if d.unsupported == nil {
		return nil
	}
	return &Error{Kind: "Redis", Err: d.unsupported}
}

// ParseRedis parses a REDIS_URL. It returns an [*Error] for a DSN that Symfony refuses.
// Check [Redis.Supported] before using the result.
func ParseRedis(dsn string) (*Redis, error) {
	d, err := parseRedis(dsn)
	if err != nil {
		return nil, &Error{Kind: "Redis", Err: errtext.CommentHint(dsn, err)}
	}
	if errtext.HasComment(dsn) {
		d.warn("what follows the # is ignored; it looks like a comment that became part of the value")
	}
	return d, nil
}

func (d *Redis) warn(format string, args ...any) {
	d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...))
}
