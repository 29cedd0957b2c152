package redisadapter

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/mosparo/go-cluster/cache"
)

// LimitReplies makes reading from a connection to Redis fail before go-redis
// believes a reply that claims more than maxBytes for one string, or more
// elements or a deeper nesting than any command of this module is answered
// with: go-redis takes memory for whatever a reply claims, and panics at claims
// that are absurd. The error unwraps to [cache.ErrTooLarge], or else to
// [cache.ErrUnavailable]. It belongs into the Dialer of a client's options,
// around the connection with its TLS:
//
//	Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
//		conn, err := dialer.DialContext(ctx, network, addr)
//		if err != nil {
//			return nil, err
//		}
//		return redisadapter.LimitReplies(conn, 64<<20), nil
//	}
func LimitReplies(conn net.Conn, maxBytes int) net.Conn {
	c := &limitedConn{Conn: conn, replies: replies{maxBytes: int64(maxBytes)}}
	if raw, ok := conn.(syscall.Conn); ok {
		return &limitedSocket{c, raw} // go-redis looks at idle sockets
	}
	return c
}

type limitedConn struct {
	net.Conn
	replies replies
}

type limitedSocket struct {
	*limitedConn
	syscall.Conn
}

// Read implements [net.Conn].
func (c *limitedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if refused := c.replies.pass(b[:n]); refused != nil {
		return 0, refused
	}
	return n, err
}

const (
	maxElements = 4 << 20 // a SCAN has some thousands
	maxNesting  = 16      // CLUSTER SLOTS has 4
	maxLine     = 1 << 20 // errors of scripts can be long
)

// replies follows the stream of a server's replies (RESP 2 and 3): lines, of
// which some announce bytes and some announce elements.
type replies struct {
	maxBytes int64

	// skip is what is left of an announced string, with its line end.
	skip int64
	// The line so far: its length, its first byte, and the number behind that.
	length          int
	kind            byte
	number          int64
	negative, other bool

	// open are the elements that are still to come, by nesting.
	open  [maxNesting]int64
	depth int
}

func (r *replies) pass(b []byte) error {
	for len(b) > 0 {
		if r.skip > 0 {
			n := min(r.skip, int64(len(b)))
			r.skip -= n
			b = b[n:]
			continue
		}
		c := b[0]
		b = b[1:]
		if c == '\n' {
			if err := r.line(); err != nil {
				return err
			}
			r.length, r.number, r.negative, r.other = 0, 0, false, false
			continue
		}
		r.next(c)
		if r.length > maxLine {
			return fmt.Errorf("a reply of Redis has a line of more than %d bytes", maxLine)
		}
	}
	return nil
}

// next takes a byte of a line.
func (r *replies) next(c byte) {
	r.length++
	switch {
	case r.length == 1:
		r.kind = c
	case r.length == 2 && c == '-':
		r.negative = true
	case r.length == 2 && c == '+', c == '\r':
	case '0' <= c && c <= '9':
		r.number = min(r.number, 1<<50)*10 + int64(c-'0')
	default:
		r.other = true
	}
}

var errNonsense = errors.New("a reply of Redis makes no sense")

// line is the end of a line.
func (r *replies) line() error {
	announces := false
	switch r.kind {
	case '$', '=', '!', '*', '~', '>', '%', '|':
		announces = r.length > 0 && (!r.negative || r.number == 0)
	}
	switch {
	case !announces:
		r.done()
		return nil
	case r.other:
		return errNonsense
	}
	switch r.kind {
	case '$', '=', '!':
		if r.number > r.maxBytes {
			return fmt.Errorf("%w: a reply of Redis announces %d bytes, limit %d", cache.ErrTooLarge, r.number, r.maxBytes)
		}
		r.skip = r.number + 2
		r.done()
		return nil
	case '%':
		r.number *= 2
	case '|':
		r.number = r.number*2 + 1 // the value that they are about follows
	}
	switch {
	case r.number > maxElements:
		return fmt.Errorf("%w: a reply of Redis announces %d elements, limit %d", cache.ErrTooLarge, r.number, maxElements)
	case r.number == 0:
		r.done()
		return nil
	case r.depth == maxNesting:
		return errNonsense
	}
	r.open[r.depth] = r.number
	r.depth++
	return nil
}

// done ends an element, and what it is the last one of.
func (r *replies) done() {
	for r.depth > 0 {
		if r.open[r.depth-1]--; r.open[r.depth-1] > 0 {
			return
		}
		r.depth--
	}
}
