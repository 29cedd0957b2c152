package dsn

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
)

// Memcached is a MEMCACHED_URL as Symfony's MemcachedAdapter::createConnection and PHP's
// memcached extension interpret it. It is plain data; connect.Memcached opens it.
type Memcached struct {
	// Servers are in the order of the DSN, which affects the selection of a server for
	// a key.
	Servers []Host
	// User and Password authenticate by SASL; User is empty for none.
	User     string
	Password Secret
	// Distribution is libmemcached's name of how keys are distributed over the servers:
	// "ketama", Symfony's default, or "consistent", "modula" or "virtual_bucket".
	Distribution string
	// Hash is the hash function, "md5" unless the DSN changes it.
	Hash string
	// PrefixKey is the prefix of all keys.
	PrefixKey string
	// Compression is true unless the DSN turns compression off.
	Compression bool
	// Zlib is true if the DSN selects zlib (compression_type=1) instead of FastLZ.
	Zlib bool
	// ConnectTimeout limits connecting, PollTimeout the wait for a reply; 0 if the DSN
	// has none, which is connect.DefaultTimeout (2 s) in package connect.
	ConnectTimeout, PollTimeout time.Duration
	// ItemLimit is item_size_limit in bytes; 0 if the DSN has none.
	ItemLimit int
	// Warnings tell where Symfony, and so this package, does something that the author
	// of the DSN probably did not mean.
	Warnings []string

	options     map[string]string // the known ones, as given
	unsupported error
}

// The distributions of libmemcached that a DSN can select.
const (
	ketama        = "ketama"     // weighted, Symfony's default
	consistent    = "consistent" // ketama without weights
	modula        = "modula"
	virtualBucket = "virtual_bucket"
)

const memcachedPort = 11211

// Supported returns nil if this module can use the DSN. Otherwise the error says why, and
// unwraps to [errors.ErrUnsupported].
func (d *Memcached) Supported() error {
	if d.unsupported == nil {
		return nil
	}
	return &Error{Kind: "memcached", Err: d.unsupported}
}

// ParseMemcached parses a MEMCACHED_URL. It returns an [*Error] for a DSN that Symfony
// refuses. Check [Memcached.Supported] before using the result.
func ParseMemcached(dsn string) (*Memcached, error) {
	d, err := parseMemcached(dsn)
	if err != nil {
		return nil, &Error{Kind: "memcached", Err: errtext.CommentHint(dsn, err)}
	}
	if errtext.HasComment(dsn) {
		d.warn("what follows the # is ignored; it looks like a comment that became part of the value")
	}
	return d, nil
}

func parseMemcached(dsn string) (*Memcached, error) {
	rest, ok := strings.CutPrefix(dsn, "memcached:")
	if !ok {
		return nil, errors.New(`it does not start with "memcached:"`)
	}
	d := &Memcached{Distribution: ketama, Hash: "md5", Compression: true, options: map[string]string{}}
	rest, err := d.userinfo(rest)
	if err != nil {
		return nil, err
	}
	u, ok := phptext.ParseFileURL(rest)
	if !ok {
		return nil, errors.New("no valid host and port")
	}
	if u.Userinfo || u.Host != nil && strings.Contains(*u.Host, "@") || u.Path != nil && strings.Contains(*u.Path, "@") {
		d.warn("there is a second @: the password ends at the first one; write @ as %%40 in a password")
	}
	var query *phptext.Array
	if u.Query != nil {
		query = phptext.ParseQuery(*u.Query)
	}
	if err := d.servers(u, query); err != nil {
		return nil, err
	}
	if u.Host == nil && u.Path == nil {
		d.warnIgnored(query)
	} else if err := d.applyOptions(query); err != nil {
		return nil, err
	}
	return d, d.check()
}

// userinfo cuts user:password@ from the start, up to the first @ at any place, and returns
// the rest.
func (d *Memcached) userinfo(rest string) (string, error) {
	slashes := ""
	if r, ok := strings.CutPrefix(rest, "//"); ok {
		slashes, rest = "//", r
	}
	auth, after, ok := strings.Cut(rest, "@")
	if !ok {
		return slashes + rest, nil
	}
	if auth == "" || auth == "0" {
		return slashes + after, nil
	}
	user, password, colon := strings.Cut(auth, ":")
	if !colon {
		return "", errors.New("a user without password")
	}
	d.User, d.Password = phptext.RawURLDecode(user), NewSecret(phptext.RawURLDecode(password))
	if strings.ContainsAny(auth, "/?") {
		d.warn("everything before the first @ is taken for user and password; write @ as %%40 elsewhere")
	}
	d.unsupported = errtext.NotSupported("user and password (SASL) need memcached's binary protocol, which this module does not speak; protect the server by network, or by TLS")
	return slashes + after, nil
}

// servers collects the host or Unix socket, then those of host[…].
func (d *Memcached) servers(u phptext.URL, query *phptext.Array) error {
	if u.Host != nil || u.Path != nil {
		s, err := mainServer(u)
		if err != nil {
			return err
		}
		d.Servers = append(d.Servers, s)
		if u.Host != nil && u.Path != nil && s.Weight == 0 && *u.Path != "/" && *u.Path != "/0" {
			d.warn("the path is ignored, since it is no weight")
		}
	}
	hosts, ok := query.Get("host")
	switch {
	case ok && hosts.Arr == nil:
		return errors.New(`query parameter "host" must be an array`)
	case ok:
		for _, name := range hosts.Arr.Keys {
			s, err := d.queryServer(name, hosts.Arr.At[name])
			if err != nil {
				return err
			}
			d.Servers = append(d.Servers, s)
		}
	}
	if len(d.Servers) == 0 {
		return errors.New("missing host or path")
	}
	return nil
}

// mainServer returns the server before the question mark, whose weight is in the path.
func mainServer(u phptext.URL) (Host, error) {
	path, weight := "", 0
	if u.Path != nil {
		path = *u.Path
		if i := strings.LastIndexByte(path, '/'); i >= 0 && i+1 < len(path) && phptext.OnlyDigits(path[i+1:]) {
			n, err := strconv.ParseUint(path[i+1:], 10, 31)
			if err != nil {
				return Host{}, errors.New("the weight is out of range")
			}
			path, weight = path[:i], int(n)
		}
	}
	if u.Host == nil {
		return server(path, 0, weight), nil
	}
	port := memcachedPort
	if u.Port != nil {
		port = *u.Port
	}
	return server(*u.Host, port, weight), nil
}

// queryServer parses host[name]=weight.
func (d *Memcached) queryServer(name string, weight phptext.Value) (Host, error) {
	if weight.Arr != nil {
		return Host{}, errors.New("a weight must be a number")
	}
	w := phptext.Int(weight.Text)
	if w < 0 || w > 1<<31-1 {
		d.unsupported = errtext.NotSupported("the weight %d", w)
		w = 0
	}
	if name != "" && phptext.OnlyDigits(name) {
		d.warn("host[%s]: the host is read from inside the brackets; write host[name:port]=weight", name)
	}
	port := memcachedPort
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		n := phptext.Int(name[i+1:])
		name, port = name[:i], int(uint16(n))
		if n != int64(port) {
			d.warn("port %d is out of range and becomes %d", n, port)
		}
	}
	return server(name, port, int(w)), nil
}

// server interprets host, port and weight as libmemcached does: a name that begins with a
// slash is a Unix socket, port 0 the default port.
func server(name string, port, weight int) Host {
	if strings.HasPrefix(name, "/") {
		return Host{Path: name, Weight: weight}
	}
	if port == 0 {
		port = memcachedPort
	}
	return Host{Name: name, Port: port, Weight: weight}
}

func (d *Memcached) warnIgnored(query *phptext.Array) {
	if query == nil {
		return
	}
	for _, name := range query.Keys {
		if name != "host" {
			d.warn("parameter %s is ignored, as all options are without a host before the question mark", quoteKey(query, name))
		}
	}
}

// check returns an error for an address that cannot work, and records what this module
// does not support.
func (d *Memcached) check() error {
	for _, s := range d.Servers {
		switch {
		case s.Name == "" && s.Path == "":
			return errors.New("empty host")
		case strings.ContainsAny(s.Name, " \t\r\n"):
			return errors.New("the host contains a space")
		case strings.Contains(s.Name, ":") && !strings.HasPrefix(s.Name, "["), strings.HasPrefix(s.Name, "[") && !strings.HasSuffix(s.Name, "]"):
			d.warn("an IPv6 address must stand in brackets after //")
		}
	}
	if d.unsupported != nil || len(d.Servers) == 1 {
		return nil //nolint:nilerr // unsupported is told apart; with one server every distribution chooses the same
	}
	switch d.Distribution {
	case ketama, consistent:
	default:
		d.unsupported = errtext.NotSupported("distribution %s; use Symfony's default (libketama_compatible=1)", d.Distribution)
		return nil
	}
	if !slices.Contains([]string{"md5", "default"}, d.Hash) {
		d.unsupported = errtext.NotSupported("hash %s; use Symfony's default (md5)", d.Hash)
	}
	return nil
}

func (d *Memcached) warn(format string, args ...any) {
	d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...))
}
