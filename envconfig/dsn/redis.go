package dsn

import (
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
)

// Redis is a REDIS_URL, read as Symfony's RedisAdapter::createConnection
// reads it. It is plain data; connect.Cache opens it.
type Redis struct {
	// Hosts are the servers, or with Sentinel set the sentinels, in the order
	// they are tried.
	Hosts []Host
	// TLS holds the ssl[…] options of a rediss:// address, nil for redis://.
	// With Sentinel it is for the connections to the sentinels alone: PHP reaches
	// the master without.
	TLS *TLS
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
	// Warnings say where Symfony does something that the author of the DSN
	// can hardly have meant; this package then does the same.
	Warnings []string

	class string // what PHP makes of the address
	// options are the known query parameters as given, secrets masked.
	options     map[string]string
	unsupported error
}

// Symfony's classes of connections.
const (
	classRedis        = "Redis"        // one server, or the master that Sentinel names
	classRedisArray   = "RedisArray"   // several servers, sharded by the client
	classRedisCluster = "RedisCluster" // a Redis cluster
)

// Supported returns nil, or an error that unwraps to [errors.ErrUnsupported] and says
// why this module cannot use the DSN although PHP can.
func (d *Redis) Supported() error {
	if d.unsupported == nil {
		return nil
	}
	return &Error{Kind: "Redis", Err: d.unsupported}
}

// ParseRedis reads a REDIS_URL. It returns a [*Error] where Symfony
// refuses the DSN; what Symfony takes and this module cannot use is told by
// [Redis.Supported].
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
