package dsn

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
)

const redisPort = 6379

func parseRedis(dsn string) (*Redis, error) {
	scheme, rest, _ := strings.Cut(dsn, ":")
	if len(scheme) == len(dsn) || scheme != "redis" && scheme != "rediss" {
		return nil, errors.New(`it does not start with "redis:" or "rediss:"`)
	}
	p := &redisParser{dsn: &Redis{class: classRedis, options: map[string]string{}}}
	if scheme == "rediss" {
		p.dsn.TLS = &TLS{}
	}
	rest = p.userinfo(rest)
	u, ok := phptext.ParseFileURL(rest)
	if !ok {
		return nil, errors.New("no valid host and port")
	}
	if u.Userinfo || u.Host != nil && strings.Contains(*u.Host, "@") || u.Path != nil && strings.Contains(*u.Path, "@") {
		p.dsn.warn("there is a second @: the password ends at the first one; write @ as %%40 in a password")
	}
	if u.Query != nil {
		p.query = phptext.ParseQuery(*u.Query)
	}
	for _, step := range []func(phptext.URL) error{p.hosts, p.database, p.class, p.options} {
		if err := step(u); err != nil {
			return nil, err
		}
	}
	if err := p.credentials(); err != nil {
		return nil, err
	}
	return p.dsn, p.check()
}

// redisParser holds the state of parsing a DSN.
type redisParser struct {
	dsn   *Redis
	query *phptext.Array
	// given tells an empty password from no password.
	user, password string
	given          bool
}

// userinfo cuts [user:]password@ from the start, up to the first @ at any place, and
// returns the rest.
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
	p.user, p.password = phptext.RawURLDecode(user), phptext.RawURLDecode(password)
	p.given = p.user != "" || p.password != ""
	if strings.ContainsAny(auth, "/?") {
		p.dsn.warn("everything before the first @ is taken for user and password; write @ as %%40 elsewhere")
	}
	return slashes + after
}

// hosts collects the host or Unix socket and those of host[…].
func (p *redisParser) hosts(u phptext.URL) error {
	if v, ok := p.query.Get("host"); ok {
		if v.Arr == nil {
			return errors.New(`query parameter "host" must be an array`)
		}
		for _, name := range v.Arr.Keys {
			p.dsn.Hosts = append(p.dsn.Hosts, p.queryHost(name))
		}
	}
	switch {
	case u.Host != nil:
		port := redisPort
		if u.Port != nil {
			port = *u.Port
		}
		p.dsn.Hosts = slices.Insert(p.dsn.Hosts, 0, Host{Name: *u.Host, Port: port})
	case u.Path != nil:
		p.dsn.Hosts = slices.Insert(p.dsn.Hosts, 0, Host{Path: withoutNumber(*u.Path)})
	}
	if len(p.dsn.Hosts) == 0 {
		return errors.New("missing host")
	}
	return nil
}

// queryHost parses the name in host[name].
func (p *redisParser) queryHost(name string) Host {
	i := strings.LastIndexByte(name, ':')
	if i < 0 {
		p.warnIndex(name)
		return Host{Name: name, Port: redisPort}
	}
	if port := phptext.Int(name[i+1:]); port != 0 {
		return Host{Name: name[:i], Port: int(port)}
	}
	if !strings.HasPrefix(name, "/") {
		p.dsn.warn("host[%s] is read as the path of a Unix socket, since its port is no number", errtext.Quote(name))
	}
	return Host{Path: name[:i]}
}

// warnIndex warns of host[]=name: Symfony reads the name from inside the brackets.
func (p *redisParser) warnIndex(name string) {
	if name != "" && strings.Trim(name, "0123456789") == "" {
		p.dsn.warn("host[%s]: the host is read from inside the brackets; write host[name:port]", name)
	}
}

// withoutNumber returns a path without the database number at its end.
func withoutNumber(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 && phptext.OnlyDigits(path[i+1:]) {
		return path[:i]
	}
	return path
}

// database reads the number of the database from the path or from ?dbindex=.
func (p *redisParser) database(u phptext.URL) error {
	query, inQuery := p.query.Get("dbindex")
	text := query.Text
	if u.Path != nil {
		i := strings.LastIndexByte(*u.Path, '/')
		switch {
		case i >= 0 && phptext.OnlyDigits((*u.Path)[i+1:]):
			number := (*u.Path)[i+1:]
			if number == "" && !inQuery {
				number = "0"
			}
			if number != "" {
				if inQuery && (query.Arr != nil || query.Text != number) {
					return errors.New(`path and query "dbindex" parameters mismatch`)
				}
				text, inQuery = number, true
			}
			if u.Host != nil && i > 0 {
				p.dsn.warn("of several numbers in the path only the last one counts: database %s", number)
			}
		case u.Host != nil:
			return errors.New(`parameter "dbindex" must be a number`)
		}
	}
	if !inQuery || text == "" && query.Arr == nil {
		return nil
	}
	n, err := strconv.Atoi(strings.Trim(text, " \t\n\r\v\f"))
	if query.Arr != nil || err != nil || n < 0 {
		return errors.New(`parameter "dbindex" must be a number`)
	}
	p.dsn.Database = n
	return nil
}

// class determines whether the DSN is of one server, Sentinel, Cluster or RedisArray.
func (p *redisParser) class(phptext.URL) error {
	d := p.dsn
	cluster, _ := p.query.Get("redis_cluster")
	d.Cluster = cluster.Arr == nil && phptext.FilterBool(cluster.Text)
	if v, ok := p.query.Get("redis_sentinel"); ok {
		if v.Arr != nil || v.Text == "" {
			return errors.New(`parameter "redis_sentinel" must be the name of a master`)
		}
		d.Sentinel = v.Text
	}
	if d.Cluster && d.Sentinel != "" {
		return errors.New(`cannot use both "redis_cluster" and "redis_sentinel" at the same time`)
	}
	switch {
	case d.Cluster:
		d.class = classRedisCluster
	case len(d.Hosts) > 1 && d.Sentinel == "":
		d.class = classRedisArray
	}
	class, ok := p.query.Get("class")
	if !ok {
		return nil
	}
	switch strings.ToLower(class.Text) {
	case "redis":
		d.class, d.Cluster = classRedis, false
		if len(d.Hosts) > 1 && d.Sentinel == "" {
			d.warn("with class=Redis only the first host is used")
			d.Hosts = d.Hosts[:1]
		}
	case "redisarray":
		d.class, d.Cluster, d.Sentinel = classRedisArray, false, ""
	case "rediscluster":
		d.class, d.Cluster, d.Sentinel = classRedisCluster, true, ""
	case `predis\client`, `relay\relay`, `relay\cluster`:
		return errtext.NotSupported("class %s", class.Text)
	default:
		return errors.New(`parameter "class" names an unknown class`)
	}
	return nil
}

// check returns an error for a DSN that Symfony accepts and that cannot work, and records
// what this module does not support.
func (p *redisParser) check() error {
	d := p.dsn
	for _, h := range d.Hosts {
		switch {
		case h.Path == "" && h.Name == "":
			return errors.New("empty host")
		case h.Path == "" && (h.Port < 0 || h.Port > 65535):
			return fmt.Errorf("port %d of %s is out of range", h.Port, errtext.Quote(h.Name))
		case h.Path != "" && d.unsupported == nil && (d.Cluster || d.Sentinel != ""):
			d.unsupported = errtext.NotSupported("a Unix socket as the address of a sentinel or of a cluster")
		case strings.ContainsAny(h.Name, " \t\r\n"):
			return errors.New("the host contains a space")
		case h.Path == "" && h.Port == 0:
			d.warn("port 0 of %s is taken for %d", errtext.Quote(h.Name), redisPort)
		case h.Path != "" && d.TLS != nil:
			d.warn("no TLS on a Unix socket")
		case h.Path != "" && !strings.HasPrefix(h.Path, "/"):
			d.warn("%s is read as the path of a Unix socket; a host needs // before it", errtext.Quote(h.Path))
		case strings.Contains(h.Name, ":") && !strings.HasPrefix(h.Name, "["), strings.HasPrefix(h.Name, "[") && !strings.HasSuffix(h.Name, "]"):
			d.warn("an IPv6 address must stand in brackets after //")
		}
	}
	switch {
	case d.class == classRedisArray:
		d.unsupported = errtext.NotSupported("several hosts without redis_cluster or redis_sentinel: PHP spreads the keys over them by itself (RedisArray); use one server, Sentinel or a Redis cluster")
	case d.Cluster && d.Database != 0:
		d.warn("a Redis cluster has no database %d, it has database 0 only", d.Database)
	}
	return nil
}
