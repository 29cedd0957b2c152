package memcachedadapter

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/cache"
)

// answers are parts of the server's errors and what they mean. The client
// library has no types for them.
var answers = []struct {
	part     string
	sentinel error
}{
	{"unauthenticated", cache.ErrUnauthorized},
	{"authentication failure", cache.ErrUnauthorized},
	{"bad authentication", cache.ErrUnauthorized},
	{"object too large for cache", cache.ErrTooLarge},
	{"out of memory", cache.ErrFull},
}

// classified joins the sentinel of package cache that an error of the client
// or the server stands for. Whatever else goes wrong (dialling, time-outs,
// lost connections, a reply that makes no sense) means that the cache cannot
// be used now.
func classified(err error) error {
	for _, sentinel := range []error{cache.ErrUnauthorized, cache.ErrUnavailable, cache.ErrTooLarge} {
		if errors.Is(err, sentinel) {
			return err
		}
	}
	text := err.Error()
	for _, a := range answers {
		if strings.Contains(text, a.part) {
			return fmt.Errorf("%w: %w", a.sentinel, err)
		}
	}
	if errors.Is(err, io.EOF) {
		// What a server with SASL does to a client without.
		return fmt.Errorf("%w: the server closed the connection (it may want SASL, which needs the binary protocol: protect it by network or TLS, or let it use ASCII authentication): %w", cache.ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", cache.ErrUnavailable, err)
}

// missed drops the error that means a miss.
func missed(err error) error {
	if errors.Is(err, memcache.ErrCacheMiss) {
		return nil
	}
	return err
}

// lost reports whether a connection ended under the request, as one does that
// was idle while its server restarted.
func lost(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return true
	}
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "read" || op.Op == "write") && !op.Timeout()
}

// unreachable reports whether the server could not be reached or did not
// answer, as opposed to one that answered something.
func unreachable(err error) bool {
	var timeout *memcache.ConnectTimeoutError
	var network net.Error
	return lost(err) || errors.As(err, &timeout) || errors.As(err, &network)
}

func opError(op string, keys []string, err error) error {
	return &cache.OpError{Op: op, Keys: slices.Clone(keys), Err: err}
}

// failures collects what failed of a request of several keys.
type failures struct {
	keys []string
	errs []error
}

func (f *failures) add(key string, err error) {
	f.keys = append(f.keys, key)
	for _, e := range f.errs {
		if e.Error() == err.Error() {
			return
		}
	}
	f.errs = append(f.errs, err)
}

func (f *failures) error(op string) error {
	switch len(f.errs) {
	case 0:
		return nil
	case 1:
		return &cache.OpError{Op: op, Keys: f.keys, Err: f.errs[0]}
	}
	return &cache.OpError{Op: op, Keys: f.keys, Err: errors.Join(f.errs...)}
}
