package memcachedadapter

import (
	"bytes"
	"fmt"
	"net"
	"strconv"

	"github.com/mosparo/go-cluster/cache"
)

// serverConn is a connection whose errors name the server, and on which the
// server cannot claim an item of any size, nor send items without end: the
// client library takes memory for whatever is claimed, and waits anew for every
// item.
type serverConn struct {
	net.Conn
	addr    string
	replies replies
}

// Read implements [net.Conn].
func (c *serverConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if refused := c.replies.pass(b[:n]); refused != nil {
		n, err = 0, refused
	}
	if err != nil {
		err = &serverError{c.addr, err}
	}
	return n, err
}

// Write implements [net.Conn].
func (c *serverConn) Write(b []byte) (int, error) {
	c.replies.asked(b)
	n, err := c.Conn.Write(b)
	if err != nil {
		err = &serverError{c.addr, err}
	}
	return n, err
}

// replies follows the stream of a server's replies: lines, of which VALUE ones
// announce the bytes of an item.
type replies struct {
	maxItem int
	// keys are how many items there may be at most.
	keys      int
	answering bool
	// skip is what is left of an item, with its line end.
	skip int
	// line is the one so far. Those that matter fit: no key is longer than 250
	// bytes.
	line [512]byte
	n    int
}

// asked takes note of a request; every key of it stands behind a space.
func (r *replies) asked(b []byte) {
	if r.answering {
		r.keys, r.answering = 0, false
	}
	r.keys += bytes.Count(b, []byte(" "))
}

func (r *replies) pass(b []byte) error {
	r.answering = true
	for len(b) > 0 {
		if r.skip > 0 {
			n := min(r.skip, len(b))
			r.skip -= n
			b = b[n:]
			continue
		}
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			r.n += copy(r.line[r.n:], b)
			return nil
		}
		r.n += copy(r.line[r.n:], b[:end])
		b = b[end+1:]
		if err := r.item(r.line[:r.n]); err != nil {
			return err
		}
		r.n = 0
	}
	return nil
}

// item is a line such as "VALUE key flags size cas". What it is not is left to
// the client.
func (r *replies) item(line []byte) error {
	rest, ok := bytes.CutPrefix(line, []byte("VALUE "))
	if !ok {
		return nil
	}
	if r.keys--; r.keys < 0 {
		return fmt.Errorf("%w: the server sends more items than it was asked for", cache.ErrUnavailable)
	}
	// Exactly as the client reads it.
	space := []byte(" ")
	_, rest, _ = bytes.Cut(bytes.TrimSuffix(rest, []byte("\r")), space)
	_, rest, ok = bytes.Cut(rest, space)
	if !ok {
		return fmt.Errorf("%w: the server announces an item without size", cache.ErrUnavailable)
	}
	text, _, _ := bytes.Cut(rest, space)
	size, err := strconv.ParseUint(string(text), 10, 32)
	switch {
	case err != nil:
		return fmt.Errorf("%w: the server announces an item whose size is no number", cache.ErrUnavailable)
	case size > uint64(r.maxItem):
		return fmt.Errorf("%w: the server announces %d bytes, limit %d", cache.ErrTooLarge, size, r.maxItem)
	}
	r.skip = int(size) + len("\r\n")
	return nil
}
