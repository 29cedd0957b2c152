package memcachedadapter

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/cache"
)

// ClientOptions are those of [Servers.Client]. The zero value has the
// defaults.
type ClientOptions struct {
	// Timeout bounds connecting (with TLS and authentication), and the wait
	// for each part of a reply; 1 s when 0. The client library knows
	// no contexts, so that it is what a call takes at most from a server that
	// does not answer.
	Timeout time.Duration
	// ConnectTimeout bounds connecting if it is shorter than Timeout.
	ConnectTimeout time.Duration
	// IdleConns is how many connections to each server are kept for the next
	// requests, 64 when 0. If there are fewer idle connections than concurrent
	// requests, the client keeps dialing.
	IdleConns int
	// TLS, if set, encrypts connections other than those to Unix sockets. The
	// name in the certificate is checked against the server's host, unless
	// ServerName is set.
	TLS *tls.Config
	// User and Password are for ASCII authentication (memcached -Y). SASL
	// needs the binary protocol, which the client library does not speak.
	User, Password string
	// Dial replaces [net.Dialer.DialContext].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	// defaultTimeout is that of a client that [Servers.Client] makes.
	defaultTimeout = time.Second
	// defaultIdleConns is enough for 64 goroutines.
	defaultIdleConns = 64
)

// check panics for what only a programmer's mistake can be.
func (o *ClientOptions) check() {
	switch {
	case o.Timeout < 0:
		panic("memcachedadapter: ClientOptions: Timeout is negative")
	case o.ConnectTimeout < 0:
		panic("memcachedadapter: ClientOptions: ConnectTimeout is negative")
	case o.IdleConns < 0:
		panic("memcachedadapter: ClientOptions: IdleConns is negative")
	}
}

// Client returns a client for the servers, which the caller closes. Nothing is
// sent. A negative time or number panics.
func (s *Servers) Client(o ClientOptions) *memcache.Client {
	o.check()
	c := memcache.NewFromSelector(s)
	c.Timeout, c.MaxIdleConns = defaultTimeout, defaultIdleConns
	if o.Timeout > 0 {
		c.Timeout = o.Timeout
	}
	if o.IdleConns > 0 {
		c.MaxIdleConns = o.IdleConns
	}
	c.DialContext = o.dial
	return c
}

func (o ClientOptions) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if o.ConnectTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.ConnectTimeout)
		defer cancel()
	}
	dial := o.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, nameServer(addr, err)
	}
	if o.TLS != nil && network != "unix" {
		if conn, err = o.encrypt(ctx, conn, addr); err != nil {
			return nil, nameServer(addr, err)
		}
	}
	if o.User != "" || o.Password != "" {
		if err := o.logIn(ctx, conn); err != nil {
			_ = conn.Close()
			return nil, nameServer(addr, err)
		}
	}
	return &serverConn{Conn: conn, addr: addr}, nil
}

// serverError is an error with the address of its server.
type serverError struct {
	addr string
	err  error
}

func (e *serverError) Error() string { return e.addr + ": " + e.err.Error() }
func (e *serverError) Unwrap() error { return e.err }

// nameServer adds the server to an error of connecting, but for a time-out: the
// client makes one of its own of that, which has the server.
func nameServer(addr string, err error) error {
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return err
	}
	return &serverError{addr, err}
}

func (o ClientOptions) encrypt(ctx context.Context, conn net.Conn, addr string) (net.Conn, error) {
	config := o.TLS
	if config.ServerName == "" && !config.InsecureSkipVerify {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
		config = config.Clone()
		config.ServerName = host
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return secure, nil
}

// logIn is ASCII authentication: user and password are the value of a set.
func (o ClientOptions) logIn(ctx context.Context, conn net.Conn) error {
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return err
		}
	}
	token := o.User + " " + o.Password
	if _, err := fmt.Fprintf(conn, "set auth 0 0 %d\r\n%s\r\n", len(token), token); err != nil {
		return err
	}
	var answer [128]byte
	n := 0
	for n < len(answer) && !bytes.HasSuffix(answer[:n], []byte("\n")) {
		more, err := conn.Read(answer[n:])
		if err != nil {
			return err
		}
		n += more
	}
	switch {
	case string(answer[:n]) == "STORED\r\n":
	case bytes.Contains(answer[:n], []byte(o.Password)): // no memcached, but something that repeats what it is told
		return fmt.Errorf("%w: the server refuses user and password", cache.ErrUnauthorized)
	default:
		return fmt.Errorf("%w: the server refuses user and password: %q", cache.ErrUnauthorized, bytes.TrimSpace(answer[:n]))
	}
	return conn.SetDeadline(time.Time{})
}
