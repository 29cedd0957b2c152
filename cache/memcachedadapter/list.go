package memcachedadapter

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// errNoList means that a server does not list its keys: it is older than 1.4.31,
// its crawler is switched off, it is a proxy, or its address is unknown here.
var errNoList = errors.New("memcached cannot list its keys")

// errBusy means that the server lists its keys for someone else.
var errBusy = errors.New("memcached is busy listing its keys")

// List implements [cache.Lister] with the command lru_crawler metadump, which
// makes every server name all keys it has, also those of others: it is for
// operators, not for requests. A server leaves out entries that it moves in its
// memory meanwhile, as it does with those that were read, so that it is asked until
// it names no more; a busy server may still leave out a few. Keys that Symfony
// hashes because of their length are not listed.
func (a *Adapter) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return adapterkit.List(func(visit func(string) error) error {
		return a.eachRaw(ctx, func(key, _ string) error {
			if !strings.HasPrefix(key, prefix) {
				return nil
			}
			return visit(key)
		})
	})
}

// eachRaw visits the keys of the current namespace version, each with its form
// on the server.
func (a *Adapter) eachRaw(ctx context.Context, visit func(key, raw string) error) error {
	v, err := a.begin(ctx)
	if err != nil {
		return err
	}
	if a.servers == nil {
		return errNoList
	}
	head := encode(a.prefix + a.namespace + v)
	seen := map[string]struct{}{}
	for i, addr := range a.servers.addrs {
		for quiet := 0; quiet < quietDumps; quiet++ {
			if err := sleep(ctx, dumpPause); err != nil {
				return err
			}
			err := a.dump(ctx, addr, func(raw string) error {
				rest, ok := strings.CutPrefix(raw, head)
				if _, again := seen[raw]; again || !ok || rest == "" || strings.HasSuffix(rest, separator) || a.servers.index(raw) != i {
					return nil
				}
				seen[raw], quiet = struct{}{}, -1
				return visit(decode(rest), raw)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// A dump is repeated until so many in a row show nothing new. What a server is
// moving it leaves out for some milliseconds.
const (
	quietDumps = 3
	dumpPause  = 10 * time.Millisecond
)

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// dump visits all keys of a server, and tries again while the server does this
// for someone else.
func (a *Adapter) dump(ctx context.Context, addr net.Addr, visit func(raw string) error) error {
	for {
		err := a.dumpOnce(ctx, addr, visit)
		if !errors.Is(err, errBusy) {
			return err
		}
		if ended := sleep(ctx, 20*time.Millisecond); ended != nil {
			return fmt.Errorf("%w: %w: %w", cache.ErrUnavailable, err, ended)
		}
	}
}

// dumpOnce uses a connection of its own, since the client library does not
// know the command.
func (a *Adapter) dumpOnce(ctx context.Context, addr net.Addr, visit func(raw string) error) error {
	conn, r, err := a.ask(ctx, addr, "lru_crawler metadump all")
	if err != nil {
		return classify(err)
	}
	defer conn.Close()
	for first := true; ; first = false {
		_ = conn.SetReadDeadline(time.Now().Add(a.timeout()))
		line, err := r.ReadSlice('\n')
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case first && errors.Is(err, io.EOF) && a.answers(ctx, addr):
			return fmt.Errorf("%w: it closes the connection, as a proxy does", errNoList)
		case err != nil:
			return classify(err)
		case string(line) == "END\r\n":
			return nil
		}
		raw, err := parseDump(string(line))
		if err != nil {
			return err
		}
		if err := visit(raw); err != nil {
			return err
		}
	}
}

// answers reports whether a server knows a command that every server and every
// proxy knows.
func (a *Adapter) answers(ctx context.Context, addr net.Addr) bool {
	conn, r, err := a.ask(ctx, addr, "version")
	if err != nil {
		return false
	}
	defer conn.Close()
	line, err := r.ReadSlice('\n')
	return err == nil && strings.HasPrefix(string(line), "VERSION")
}

// ask sends a line on a new connection, which the caller closes.
func (a *Adapter) ask(ctx context.Context, addr net.Addr, line string) (net.Conn, *bufio.Reader, error) {
	conn, err := a.dial(ctx, addr)
	if err != nil {
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(a.timeout()))
	if _, err := fmt.Fprint(conn, line+"\r\n"); err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	return conn, bufio.NewReader(conn), nil
}

// timeout is that of the client.
func (a *Adapter) timeout() time.Duration {
	if a.client.Timeout > 0 {
		return a.client.Timeout
	}
	return defaultTimeout
}

func (a *Adapter) dial(ctx context.Context, addr net.Addr) (net.Conn, error) {
	if a.client.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.client.Timeout)
		defer cancel()
	}
	dial := a.client.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return dial(ctx, addr.Network(), addr.String())
}

// parseDump returns the key of a line such as "key=4EYEa%3Ak exp=-1 la=1 …".
func parseDump(line string) (string, error) {
	rest, ok := strings.CutPrefix(line, "key=")
	if !ok {
		if strings.HasPrefix(line, "BUSY") {
			return "", errBusy
		}
		return "", fmt.Errorf("%w: %q", errNoList, strings.TrimSpace(line))
	}
	escaped, _, _ := strings.Cut(rest, " ")
	raw, err := url.PathUnescape(escaped)
	if err != nil {
		return "", fmt.Errorf("%w: %q", errNoList, strings.TrimSpace(line))
	}
	return raw, nil
}
