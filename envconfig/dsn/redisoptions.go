package dsn

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
)

// redisOptions are the query parameters that Symfony knows, with true for those that a
// description shows.
var redisOptions = map[string]bool{
	"host": false, "dbindex": true, "class": true, "persistent": true, "persistent_id": true, "timeout": true,
	"read_timeout": true, "retry_interval": true, "tcp_keepalive": true, "lazy": true, "redis_cluster": true,
	"redis_sentinel": true, "failover": true, "ssl": false, "auth": false,
}

// options reads the other query parameters.
func (p *redisParser) options(phptext.URL) error {
	if p.query == nil {
		return nil
	}
	d := p.dsn
	for _, name := range p.query.Keys {
		v := p.query.At[name]
		show, known := redisOptions[name]
		switch {
		case name == "sentinel_master":
			d.warn("sentinel_master is ignored by Symfony 6.4, which then talks to the sentinel as if it were Redis; the parameter is redis_sentinel")
		case !known:
			d.warn("unknown parameter %s is ignored", quoteKey(p.query, name))
		case show && v.Arr != nil:
			return fmt.Errorf("parameter %q must be a text", name)
		case show:
			d.options[name] = v.Text
		case name == "auth":
			d.options[name] = mask
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
	if f, ok := d.options["failover"]; ok && d.Cluster && !slices.Contains([]string{"none", "error", "distribute", "slaves"}, f) {
		return errors.New(`parameter "failover" must be none, error, distribute or slaves`)
	}
	return p.ssl()
}

func (p *redisParser) duration(name string, unit time.Duration, to *time.Duration) error {
	text, ok := p.dsn.options[name]
	if !ok {
		return nil
	}
	f, ok := phptext.FilterFloat(text)
	if !ok {
		return fmt.Errorf("parameter %q must be a number", name)
	}
	*to = time.Duration(math.Min(math.Max(f, 0)*float64(unit), float64(math.MaxInt64/2)))
	return nil
}

// ssl reads ssl[…], the options of PHP's stream context.
func (p *redisParser) ssl() error {
	v, ok := p.query.Get("ssl")
	if !ok {
		return nil
	}
	if v.Arr == nil {
		return errors.New(`parameter "ssl" must be an array`)
	}
	given := map[string]string{}
	for _, name := range v.Arr.Keys {
		if v.Arr.At[name].Arr != nil {
			return fmt.Errorf("parameter ssl[%s] must be a text", errtext.Quote(name))
		}
		given[name] = v.Arr.At[name].Text
	}
	if p.dsn.TLS == nil {
		p.dsn.warn("the ssl parameters have no effect without rediss:")
		return nil
	}
	ssl, warnings, err := parseStreamOptions(given)
	if err != nil {
		p.dsn.unsupported = err
	}
	*p.dsn.TLS = ssl
	p.dsn.Warnings = append(p.dsn.Warnings, warnings...)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if name == "passphrase" {
			given[name] = mask
		}
		if slices.Contains(streamOptions, name) {
			p.dsn.options["ssl["+name+"]"] = given[name]
		}
	}
	return nil
}

// credentials assigns users and passwords: ?auth= wins over those before the @, except
// with Sentinel, where it authenticates at the sentinels.
func (p *redisParser) credentials() error {
	d := p.dsn
	user, password, given, err := p.authParameter()
	if err != nil {
		return err
	}
	_, sentinel := p.query.Get("redis_sentinel")
	switch {
	case given && (!sentinel || !p.given):
		d.User, d.Password = user, NewSecret(password)
		if p.given {
			d.warn("?auth= wins over the user and password before the @")
		}
	default:
		d.User, d.Password = p.user, NewSecret(p.password)
	}
	if d.Sentinel != "" {
		d.SentinelUser, d.SentinelPassword = user, NewSecret(password)
		if d.TLS != nil {
			d.warn("the connection to the sentinels uses TLS, that to the master does not, as in PHP")
		}
	}
	return nil
}

// authParameter reads auth=password, or auth[]=user&auth[]=password.
func (p *redisParser) authParameter() (user, password string, given bool, err error) {
	v, ok := p.query.Get("auth")
	switch {
	case !ok:
		return "", "", false, nil
	case v.Arr == nil:
		return "", v.Text, true, nil
	case slices.Equal(v.Arr.Keys, []string{"0", "1"}) && v.Arr.At["0"].Arr == nil && v.Arr.At["1"].Arr == nil:
		return v.Arr.At["0"].Text, v.Arr.At["1"].Text, true, nil
	}
	return "", "", false, errors.New(`parameter "auth" must be a text, or a list of exactly two: auth[]=user&auth[]=password`)
}
