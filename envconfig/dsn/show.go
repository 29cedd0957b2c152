package dsn

import (
	"strconv"
	"strings"
)

// String returns the address in a short form, with the password masked.
func (d *Redis) String() string {
	if d == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("redis")
	if d.TLS != nil {
		b.WriteString("s")
	}
	b.WriteString("://")
	showLogin(&b, d.User, d.Password)
	showHosts(&b, d.Hosts)
	if d.Database != 0 {
		b.WriteString("/" + strconv.Itoa(d.Database))
	}
	if d.Sentinel != "" {
		b.WriteString("?redis_sentinel=" + d.Sentinel)
	}
	if d.Cluster {
		b.WriteString("?redis_cluster=1")
	}
	return b.String()
}

// String returns the address in a short form, with the password masked.
func (d *Memcached) String() string {
	if d == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("memcached://")
	showLogin(&b, d.User, d.Password)
	showHosts(&b, d.Servers)
	return b.String()
}

func showLogin(b *strings.Builder, user string, password Secret) {
	if user == "" && password.IsZero() {
		return
	}
	b.WriteString(user + ":" + password.String() + "@")
}

func showHosts(b *strings.Builder, hosts []Host) {
	for i, h := range hosts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(h.String())
		if h.Weight != 0 {
			b.WriteString("=" + strconv.Itoa(h.Weight))
		}
	}
}
