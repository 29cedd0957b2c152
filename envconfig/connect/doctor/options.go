package doctor

import (
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

// Option changes a default of [Examine] or [ACLs].
type Option func(*options)

type options struct {
	connect []connect.Option
	lockURL string
	mysql   connect.MySQL
	zone    *time.Location
	writes  bool
	mode    cleanup.Mode
}

func newOptions(function string, opts []Option) options {
	o := options{zone: time.UTC, mode: cleanup.ModeClean}
	for _, f := range opts {
		if f == nil {
			panic("doctor." + function + ": opts has a nil Option")
		}
		f(&o)
	}
	return o
}

// WithConnect adds options for connecting, such as [connect.WithTimeout], which should be
// well below the deadline of [Examine], or TLS to memcached. Several of it add up.
func WithConnect(opts ...connect.Option) Option {
	return func(o *options) { o.connect = append(o.connect, opts...) }
}

// WithLockURL is the address that the nodes give to [connect.WithLockURL]. The default,
// also for the empty text, is the server of the shared cache.
func WithLockURL(dsn string) Option { return func(o *options) { o.lockURL = dsn } }

// WithMySQL sets how to connect to MySQL and MariaDB; see [connect.Database]. The default
// is nil.
func WithMySQL(m connect.MySQL) Option { return func(o *options) { o.mysql = m } }

// WithZone sets PHP's date.timezone, as [connect.WithZone] does for a node. The default is
// UTC. It panics if zone is nil.
func WithZone(zone *time.Location) Option {
	if zone == nil {
		panic("doctor.WithZone: zone is nil")
	}
	return func(o *options) { o.zone = zone }
}

// WithMode sets the mode of the node. With [cleanup.ModeObserve], rights to write that are
// missing are notes. The default is [cleanup.ModeClean], for which they are warnings.
func WithMode(m cleanup.Mode) Option { return func(o *options) { o.mode = m } }

// writeSeverity is the severity of a missing right to write.
func (o options) writeSeverity() Severity {
	if o.mode == cleanup.ModeClean {
		return Warning
	}
	return Note
}

// WithWrites lets [Examine] write to the shared cache and the locks: an entry
// mosparoGoDoctor… with a lifetime of 10 s, which it reads and removes, and a lock
// doctor-… of 5 s, which it releases; what Redis keeps of it ends with the 5 s. The default
// is to write nothing.
func WithWrites() Option { return func(o *options) { o.writes = true } }
