package memcachedadapter

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
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

// classify joins the sentinel of package cache that an error of the client or
// the server stands for. Anything else that goes wrong (dialling, time-outs, lost
// connections, a reply that makes no sense) means that the cache cannot be used
// now.
func classify(err error) error {
	c := adapterkit.Classify(err, sentinel)
	if errors.Is(err, io.EOF) && errors.Is(c, cache.ErrUnavailable) && !errors.Is(err, cache.ErrUnavailable) {
		// What a server with SASL does to a client without.
		c = fmt.Errorf("%w: the server closed the connection (it may want SASL, which needs the binary protocol: protect it by network or TLS, or let it use ASCII authentication): %w", cache.ErrUnavailable, err)
	}
	return c
}

// sentinel returns the condition that an answer of the server stands for, nil
// for none.
func sentinel(err error) error {
	text := err.Error()
	for _, a := range answers {
		if strings.Contains(text, a.part) {
			return a.sentinel
		}
	}
	return nil
}

// ignoreMiss drops the error that means a miss.
func ignoreMiss(err error) error {
	if errors.Is(err, memcache.ErrCacheMiss) {
		return nil
	}
	return err
}

// isLostConnection reports whether a connection ended under the request, as one does that
// was idle while its server restarted.
func isLostConnection(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return true
	}
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "read" || op.Op == "write") && !op.Timeout()
}

// isUnreachable reports whether the server could not be reached or did not
// answer, as opposed to one that answered something.
func isUnreachable(err error) bool {
	var timeout *memcache.ConnectTimeoutError
	var network net.Error
	return isLostConnection(err) || errors.As(err, &timeout) || errors.As(err, &network)
}
