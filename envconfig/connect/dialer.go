package connect

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// dialer opens the connections of a client library, with TLS where secure says so. It
// checks each server's certificate against the server's own name, and reads certificate
// files for every connection, as PHP does, so that renewed ones are used.
type dialer struct {
	net    net.Dialer
	tls    dsn.TLS
	secure func(addr string) bool
	// self is the host of addresses without one.
	self string
}

func newDialer(timeout, keepAlive time.Duration) *dialer {
	d := &dialer{net: net.Dialer{Timeout: timeout, KeepAlive: keepAlive}, secure: func(string) bool { return false }}
	return d
}

// withTLS sets the options of TLS, and fails if their files cannot be read.
func (d *dialer) withTLS(o dsn.TLS, secure func(addr string) bool) error {
	d.tls, d.secure = o, secure
	_, err := o.Config("")
	return err
}

func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if d.self != "" && strings.HasPrefix(addr, ":") {
		addr = net.JoinHostPort(d.self, addr[1:])
	}
	if network == "unix" || !d.secure(addr) {
		return d.net.DialContext(ctx, network, addr)
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	config, err := d.tls.Config(host)
	if err != nil {
		return nil, err
	}
	return (&tls.Dialer{NetDialer: &d.net, Config: config}).DialContext(ctx, network, addr)
}
