package envconfig

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
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
	// User and Password authenticate at the server, User empty for the
	// default user.
	User     string
	Password Secret
	// SentinelUser and SentinelPassword authenticate at the sentinels.
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

// Network and address for [net.Dial].
func (h Host) Network() (network, address string) {
	if h.Path != "" {
		return "unix", h.Path
	}
	name := h.Name
	if strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") {
		name = name[1 : len(name)-1]
	}
	return "tcp", net.JoinHostPort(name, strconv.Itoa(h.Port))
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

func parseRedisDSN(dsn string) (*RedisDSN, error) {
	scheme, rest, _ := strings.Cut(dsn, ":")
	if len(scheme) == len(dsn) || scheme != "redis" && scheme != "rediss" {
		return nil, errors.New(`it does not start with "redis:" or "rediss:"`)
	}
	p := &redisParser{dsn: &RedisDSN{Class: ClassRedis, TLS: scheme == "rediss", Options: map[string]string{}}}
	rest = p.userinfo(rest)
	u, ok := parseFileURL(rest)
	if !ok {
		return nil, errors.New("no valid host and port")
	}
	if u.userinfo || u.host != nil && strings.Contains(*u.host, "@") || u.path != nil && strings.Contains(*u.path, "@") {
		p.dsn.warn("there is a second @: the password ends at the first one; write @ as %%40 in a password")
	}
	if u.query != nil {
		p.query = parseQuery(*u.query)
	}
	for _, step := range []func(phpURL) error{p.hosts, p.database, p.class, p.options} {
		if err := step(u); err != nil {
			return nil, err
		}
	}
	p.credentials()
	return p.dsn, p.check()
}

// redisParser holds what is needed until a DSN is understood.
type redisParser struct {
	dsn   *RedisDSN
	query *phpArray
	// given tells an empty password from none.
	user, password string
	given          bool
}

// userinfo takes [user:]password@ from the start, up to the first @ wherever
// it is, and returns the rest.
func (p *redisParser) userinfo(rest string) string {
	slashes := ""
	if r, ok := strings.CutPrefix(rest, "//"); ok {
		slashes, rest = "//", r
	}
	auth, after, ok := strings.Cut(rest, "@")
	if !ok {
		return slashes + rest
	}
	user, password, colon := strings.Cut(auth, ":")
	if !colon {
		user, password = "", auth
	}
	if user == "default" {
		user = ""
	}
	p.user, p.password = rawurldecode(user), rawurldecode(password)
	p.given = p.user != "" || p.password != ""
	if strings.ContainsAny(auth, "/?") {
		p.dsn.warn("everything before the first @ is taken for user and password; write @ as %%40 elsewhere")
	}
	return slashes + after
}

// hosts collects host, Unix socket and host[…].
func (p *redisParser) hosts(u phpURL) error {
	if v, ok := p.query.get("host"); ok {
		if v.arr == nil {
			return errors.New(`query parameter "host" must be an array`)
		}
		for _, name := range v.arr.keys {
			p.dsn.Hosts = append(p.dsn.Hosts, p.queryHost(name))
		}
	}
	switch {
	case u.host != nil:
		port := 6379
		if u.port != nil {
			port = *u.port
		}
		p.dsn.Hosts = slices.Insert(p.dsn.Hosts, 0, Host{Name: *u.host, Port: port})
	case u.path != nil:
		p.dsn.Hosts = slices.Insert(p.dsn.Hosts, 0, Host{Path: withoutNumber(*u.path)})
	}
	if len(p.dsn.Hosts) == 0 {
		return errors.New("missing host")
	}
	return nil
}

// queryHost reads the name of host[name].
func (p *redisParser) queryHost(name string) Host {
	i := strings.LastIndexByte(name, ':')
	if i < 0 {
		p.warnIndex(name)
		return Host{Name: name, Port: 6379}
	}
	if port := phpInt(name[i+1:]); port != 0 {
		return Host{Name: name[:i], Port: int(port)}
	}
	if !strings.HasPrefix(name, "/") {
		p.dsn.warn("host[%s] is read as the path of a Unix socket, since its port is no number", printable(name))
	}
	return Host{Path: name[:i]}
}

// warnIndex finds host[]=name, where the name is not where Symfony looks.
func (p *redisParser) warnIndex(name string) {
	if name != "" && strings.Trim(name, "0123456789") == "" {
		p.dsn.warn("host[%s]: the host is read from inside the brackets; write host[name:port]", name)
	}
}

// withoutNumber cuts the database number from the end of a path.
func withoutNumber(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 && onlyDigits(path[i+1:]) {
		return path[:i]
	}
	return path
}

func onlyDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// database finds the number in the path or in ?dbindex=.
func (p *redisParser) database(u phpURL) error {
	query, inQuery := p.query.get("dbindex")
	text := query.text
	if u.path != nil {
		i := strings.LastIndexByte(*u.path, '/')
		switch {
		case i >= 0 && onlyDigits((*u.path)[i+1:]):
			number := (*u.path)[i+1:]
			if number == "" && !inQuery {
				number = "0"
			}
			if number != "" {
				if inQuery && (query.arr != nil || query.text != number) {
					return errors.New(`path and query "dbindex" parameters mismatch`)
				}
				text, inQuery = number, true
			}
			if u.host != nil && i > 0 {
				p.dsn.warn("of several numbers in the path only the last one counts: database %s", number)
			}
		case u.host != nil:
			return errors.New(`parameter "dbindex" must be a number`)
		}
	}
	if !inQuery || text == "" && query.arr == nil {
		return nil
	}
	n, err := strconv.Atoi(strings.Trim(text, " \t\n\r\v\f"))
	if query.arr != nil || err != nil || n < 0 {
		return errors.New(`parameter "dbindex" must be a number`)
	}
	p.dsn.Database = n
	return nil
}

// class decides between one server, Sentinel, Cluster and RedisArray.
func (p *redisParser) class(phpURL) error {
	d := p.dsn
	cluster, _ := p.query.get("redis_cluster")
	d.Cluster = cluster.arr == nil && filterBool(cluster.text)
	if v, ok := p.query.get("redis_sentinel"); ok {
		if v.arr != nil || v.text == "" {
			return errors.New(`parameter "redis_sentinel" must be the name of a master`)
		}
		d.Sentinel = v.text
	}
	if d.Cluster && d.Sentinel != "" {
		return errors.New(`cannot use both "redis_cluster" and "redis_sentinel" at the same time`)
	}
	switch {
	case d.Cluster:
		d.Class = ClassRedisCluster
	case len(d.Hosts) > 1 && d.Sentinel == "":
		d.Class = ClassRedisArray
	}
	class, ok := p.query.get("class")
	if !ok {
		return nil
	}
	switch strings.ToLower(class.text) {
	case "redis":
		d.Class, d.Cluster = ClassRedis, false
		if len(d.Hosts) > 1 && d.Sentinel == "" {
			d.warn("with class=Redis only the first host is used")
			d.Hosts = d.Hosts[:1]
		}
	case "redisarray":
		d.Class, d.Cluster, d.Sentinel = ClassRedisArray, false, ""
	case "rediscluster":
		d.Class, d.Cluster, d.Sentinel = ClassRedisCluster, true, ""
	case `predis\client`, `relay\relay`, `relay\cluster`:
		return notSupported("class %s", class.text)
	default:
		return errors.New(`parameter "class" names an unknown class`)
	}
	return nil
}

// redisOptions are the query parameters that Symfony knows; true ones are shown.
var redisOptions = map[string]bool{
	"host": false, "dbindex": true, "class": true, "persistent": true, "persistent_id": true, "timeout": true,
	"read_timeout": true, "retry_interval": true, "tcp_keepalive": true, "lazy": true, "redis_cluster": true,
	"redis_sentinel": true, "failover": true, "ssl": false, "auth": false,
}

// options reads the other query parameters.
func (p *redisParser) options(phpURL) error {
	if p.query == nil {
		return nil
	}
	d := p.dsn
	for _, name := range p.query.keys {
		v := p.query.at[name]
		show, known := redisOptions[name]
		switch {
		case name == "sentinel_master":
			d.warn("sentinel_master is ignored by Symfony 6.4, which then talks to the sentinel as if it were Redis; the parameter is redis_sentinel")
		case !known:
			d.warn("unknown parameter %s is ignored", printable(name))
		case show && v.arr != nil:
			return fmt.Errorf("parameter %q must be a text", name)
		case show:
			d.Options[name] = v.text
		case name == "auth":
			d.Options[name] = mask
		}
	}
	for _, t := range []struct {
		name string
		unit time.Duration
		to   *time.Duration
	}{
		{"timeout", time.Second, &d.Timeout},
		{"read_timeout", time.Second, &d.ReadTimeout},
		{"retry_interval", time.Millisecond, new(time.Duration)},
		{"tcp_keepalive", time.Second, &d.KeepAlive},
	} {
		if err := p.duration(t.name, t.unit, t.to); err != nil {
			return err
		}
	}
	if f := d.Options["failover"]; d.Cluster && !slices.Contains([]string{"", "none", "error", "distribute", "slaves"}, f) ||
		d.Cluster && f == "" && hasKey(d.Options, "failover") {
		return errors.New(`parameter "failover" must be none, error, distribute or slaves`)
	}
	return p.ssl()
}

func hasKey(m map[string]string, k string) bool {
	_, ok := m[k]
	return ok
}

func (p *redisParser) duration(name string, unit time.Duration, to *time.Duration) error {
	text, ok := p.dsn.Options[name]
	if !ok {
		return nil
	}
	f, ok := filterFloat(text)
	if !ok {
		return fmt.Errorf("parameter %q must be a number", name)
	}
	*to = time.Duration(math.Min(math.Max(f, 0)*float64(unit), float64(math.MaxInt64/2)))
	return nil
}

// ssl reads ssl[…], PHP's stream context options.
func (p *redisParser) ssl() error {
	v, ok := p.query.get("ssl")
	if !ok {
		return nil
	}
	if v.arr == nil {
		return errors.New(`parameter "ssl" must be an array`)
	}
	given := map[string]string{}
	for _, name := range v.arr.keys {
		if v.arr.at[name].arr != nil {
			return fmt.Errorf("parameter ssl[%s] must be a text", printable(name))
		}
		given[name] = v.arr.at[name].text
	}
	if !p.dsn.TLS {
		p.dsn.warn("the ssl parameters have no effect without rediss:")
		return nil
	}
	ssl, warnings, err := parseStreamOptions(given)
	if err != nil {
		p.dsn.unsupported = err
	}
	p.dsn.SSL = ssl
	p.dsn.Warnings = append(p.dsn.Warnings, warnings...)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if name == "passphrase" {
			given[name] = mask
		}
		if slices.Contains(streamOptions, name) {
			p.dsn.Options["ssl["+name+"]"] = given[name]
		}
	}
	return nil
}

// credentials decides who logs in where. ?auth= is for the sentinels, for
// clusters, and for a server without user and password in front of the @.
func (p *redisParser) credentials() {
	d := p.dsn
	user, password, given := p.authParameter()
	switch {
	case d.Class == ClassRedisArray:
		if p.given {
			d.warn("user and password before the @ do not reach the servers of a RedisArray; only ?auth= does")
		}
		d.User, d.Password = user, NewSecret(password)
	case d.Class == ClassRedisCluster:
		if p.given {
			d.warn("user and password before the @ do not reach a Redis cluster (in Symfony before 6.4.34); use ?auth=password or ?auth[]=user&auth[]=password")
		}
		d.User, d.Password = user, NewSecret(password)
	case p.given:
		d.User, d.Password = p.user, NewSecret(p.password)
		if given && d.Sentinel == "" {
			d.warn("there is both ?auth= and a password before the @; the latter logs in last")
		}
	default:
		d.User, d.Password = user, NewSecret(password)
	}
	if d.Sentinel != "" {
		d.SentinelUser, d.SentinelPassword = user, NewSecret(password)
		if d.TLS {
			d.warn("the connection to the sentinels uses TLS, that to the master does not, as in PHP")
		}
	}
}

// authParameter reads auth=password, or auth[]=user&auth[]=password.
func (p *redisParser) authParameter() (user, password string, given bool) {
	v, ok := p.query.get("auth")
	if !ok {
		return "", "", false
	}
	if v.arr == nil {
		return "", v.text, v.text != ""
	}
	for _, key := range []string{"0", "user"} {
		if u, ok := v.arr.get(key); ok {
			user = u.text
		}
	}
	for _, key := range []string{"1", "pass"} {
		if w, ok := v.arr.get(key); ok {
			password = w.text
		}
	}
	if len(v.arr.keys) == 1 {
		user, password = "", v.arr.at[v.arr.keys[0]].text
	}
	return user, password, true
}

// check refuses what Symfony lets pass and cannot work, and notes what this
// module cannot do.
func (p *redisParser) check() error {
	d := p.dsn
	for _, h := range d.Hosts {
		switch {
		case h.Path == "" && h.Name == "":
			return errors.New("empty host")
		case h.Path == "" && (h.Port < 0 || h.Port > 65535):
			return fmt.Errorf("port %d of %s is out of range", h.Port, printable(h.Name))
		case h.Path != "" && d.unsupported == nil && (d.Cluster || d.Sentinel != ""):
			d.unsupported = notSupported("a Unix socket as the address of a sentinel or of a cluster")
		case strings.ContainsAny(h.Name, " \t\r\n"):
			return errors.New("the host contains a space")
		case h.Path != "" && d.TLS:
			d.warn("no TLS on a Unix socket")
		case h.Path != "" && !strings.HasPrefix(h.Path, "/"):
			d.warn("%s is read as the path of a Unix socket; a host needs // before it", printable(h.Path))
		case strings.Contains(h.Name, ":") && !strings.HasPrefix(h.Name, "["), strings.HasPrefix(h.Name, "[") && !strings.HasSuffix(h.Name, "]"):
			d.warn("an IPv6 address must stand in brackets after //")
		}
	}
	switch {
	case d.Class == ClassRedisArray:
		d.unsupported = notSupported("several hosts without redis_cluster or redis_sentinel: PHP spreads the keys over them by itself (RedisArray); use one server, Sentinel or a Redis cluster")
	case d.Cluster && d.Database != 0:
		d.warn("a Redis cluster has no database %d, it has database 0 only", d.Database)
	}
	return nil
}

func (d *RedisDSN) warn(format string, args ...any) {
	d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...))
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
