package cssstoretest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// suite checks a rule on a store.
type suite struct {
	*testing.T
	ctx   context.Context
	store cssstore.Store
	why   string
}

// broken fails the test with what happened and why the rule is there.
func (s *suite) broken(format string, args ...any) {
	s.Helper()
	s.Fatalf("%s\nThe rule is there because: %s.", fmt.Sprintf(format, args...), s.why)
}

// project returns a random project, whose CSS is removed after the test.
func (s *suite) project() cssstore.UUID {
	var u cssstore.UUID
	_, _ = rand.Read(u[:]) // never fails
	s.Cleanup(func() { _ = s.store.Delete(context.Background(), u) })
	return u
}

// HashOf returns a hash for tests: the SHA-256 of a text.
func HashOf(text string) cssstore.Hash { return sha256.Sum256([]byte(text)) }

func versionOf(p cssstore.UUID, css string) cssstore.Resource {
	return cssstore.Resource{Project: p, Hash: HashOf(css), CSS: []byte(css)}
}

func (s *suite) put(r cssstore.Resource) {
	s.Helper()
	if err := s.store.Put(s.ctx, r); err != nil {
		s.broken("Put of %d bytes: %v", len(r.CSS), err)
	}
}

// want checks Get and Hash.
func (s *suite) want(r cssstore.Resource) {
	s.Helper()
	got, err := s.store.Get(s.ctx, r.Project)
	switch {
	case err != nil:
		s.broken("Get: %v", err)
	case got.Project != r.Project:
		s.broken("Get gave project %v, want %v", got.Project, r.Project)
	case got.Hash != r.Hash:
		s.broken("Get gave hash %v, want %v", got.Hash, r.Hash)
	case !bytes.Equal(got.CSS, r.CSS):
		s.broken("Get gave %d bytes, %.80q, want %d, %.80q", len(got.CSS), got.CSS, len(r.CSS), r.CSS)
	case !got.Settled:
		s.broken("what Put stored is not settled")
	}
	hash, err := s.store.Hash(s.ctx, r.Project)
	if err != nil || hash != r.Hash {
		s.broken("Hash gave %v, %v, want %v", hash, err, r.Hash)
	}
}

func (s *suite) roundTrip() {
	for _, css := range []string{
		".mosparo__x { color: red }", "", "\x00\xff\xfe\r\n'\"\\", "s:3:\"abc\";", "N;",
		strings.Repeat(".a{background:url(/resources/logo.svg)}", 2000),
	} {
		r := versionOf(s.project(), css)
		s.put(r)
		s.want(r)
	}
}

func (s *suite) notFound(p cssstore.UUID) {
	s.Helper()
	if r, err := s.store.Get(s.ctx, p); !errors.Is(err, cssstore.ErrNotFound) {
		s.broken("Get of what is not there gave %d bytes, %v", len(r.CSS), err)
	}
	if h, err := s.store.Hash(s.ctx, p); !errors.Is(err, cssstore.ErrNotFound) {
		s.broken("Hash of what is not there gave %v, %v", h, err)
	}
	var op *cssstore.OpError
	if _, err := s.store.Get(s.ctx, p); !errors.As(err, &op) || op.Project != p {
		s.broken("the error %v does not name the project", err)
	}
}

func (s *suite) absent() {
	p := s.project()
	s.notFound(p)
	if err := s.store.Delete(s.ctx, p); err != nil {
		s.broken("Delete of what is not there: %v", err)
	}
}

func (s *suite) replaces() {
	p := s.project()
	for i := range 5 {
		r := versionOf(p, fmt.Sprintf(".version%d {}", i))
		s.put(r)
		s.want(r)
	}
}

func (s *suite) sameHash() {
	r := versionOf(s.project(), ".a {}")
	s.put(r)
	r.CSS = []byte(".b { color: red }")
	s.put(r)
	s.want(r)
	r.CSS = []byte(".c")
	s.put(r)
	s.want(r)
}

func (s *suite) putBack() {
	p := s.project()
	first, second := versionOf(p, ".first {}"), versionOf(p, ".second {}")
	for _, r := range []cssstore.Resource{first, second, first, second} {
		s.put(r)
		s.want(r)
	}
}

func (s *suite) projects() {
	a, b := versionOf(s.project(), ".a {}"), versionOf(s.project(), ".b {}")
	b.Hash = a.Hash
	s.put(a)
	s.put(b)
	s.want(a)
	s.want(b)
	if err := s.store.Delete(s.ctx, a.Project); err != nil {
		s.broken("Delete: %v", err)
	}
	s.want(b)
}

func (s *suite) remove() {
	p := s.project()
	first, second := versionOf(p, ".first {}"), versionOf(p, ".second {}")
	s.put(first)
	s.put(second)
	if err := s.store.Delete(s.ctx, p); err != nil {
		s.broken("Delete: %v", err)
	}
	s.notFound(p)
	for _, r := range []cssstore.Resource{first, second} {
		if _, err := cssstore.Version(s.ctx, s.store, p, r.Hash); !errors.Is(err, cssstore.ErrNotFound) {
			s.broken("a version is there after Delete: %v", err)
		}
	}
	s.put(first)
	s.want(first)
}

func (s *suite) invalid() {
	r := versionOf(s.project(), ".a {}")
	s.put(r)
	for _, bad := range []cssstore.Resource{
		{Project: r.Project, CSS: []byte(".b {}")},
		{Project: r.Project, Hash: r.Hash, CSS: []byte(".b {}"), Source: cssstore.Source{Base: strings.Repeat("a", 101)}},
	} {
		if err := s.store.Put(s.ctx, bad); !errors.Is(err, cssstore.ErrInvalid) {
			s.broken("Put gave %v, want ErrInvalid", err)
		}
	}
	s.want(r)
}

func (s *suite) ownership() {
	r := versionOf(s.project(), ".a {}")
	given := bytes.Clone(r.CSS)
	s.put(cssstore.Resource{Project: r.Project, Hash: r.Hash, CSS: given})
	copy(given, "zzzzz")
	got, err := s.store.Get(s.ctx, r.Project)
	if err != nil {
		s.broken("Get: %v", err)
	}
	copy(got.CSS, "yyyyy")
	s.want(r)
}

func (s *suite) contexts() {
	r := versionOf(s.project(), ".a {}")
	s.put(r)
	ended, cancel := context.WithCancel(s.ctx)
	cancel()
	next := versionOf(r.Project, ".b {}")
	if err := s.store.Put(ended, next); !errors.Is(err, context.Canceled) {
		s.broken("Put gave %v, want context.Canceled", err)
	}
	if err := s.store.Delete(ended, r.Project); !errors.Is(err, context.Canceled) {
		s.broken("Delete gave %v, want context.Canceled", err)
	}
	if _, err := s.store.Get(ended, r.Project); !errors.Is(err, context.Canceled) {
		s.broken("Get gave %v, want context.Canceled", err)
	}
	if _, err := s.store.Hash(ended, r.Project); !errors.Is(err, context.Canceled) {
		s.broken("Hash gave %v, want context.Canceled", err)
	}
	s.want(r)
}

func (s *suite) list() {
	here, gone := versionOf(s.project(), ".a {}"), versionOf(s.project(), ".b {}")
	s.put(here)
	s.put(gone)
	if err := s.store.Delete(s.ctx, gone.Project); err != nil {
		s.broken("Delete: %v", err)
	}
	found := map[cssstore.UUID]int{}
	for p, err := range cssstore.List(s.ctx, s.store) {
		if errors.Is(err, errors.ErrUnsupported) {
			s.Skip("the store cannot list")
		}
		if err != nil {
			s.broken("List: %v", err)
		}
		found[p]++
	}
	if found[here.Project] != 1 || found[gone.Project] != 0 {
		s.broken("List gave the project %d times, and one that was deleted %d times", found[here.Project], found[gone.Project])
	}
}

func (s *suite) versions() {
	p := s.project()
	first, second := versionOf(p, ".first {}"), versionOf(p, ".second {}")
	s.put(first)
	s.put(second)
	got, err := cssstore.Version(s.ctx, s.store, p, second.Hash)
	if err != nil || !bytes.Equal(got.CSS, second.CSS) || got.Hash != second.Hash {
		s.broken("Version of the current hash gave %.80q, %v", got.CSS, err)
	}
	got, err = cssstore.Version(s.ctx, s.store, p, first.Hash)
	if err == nil && (!bytes.Equal(got.CSS, first.CSS) || got.Hash != first.Hash) || err != nil && !errors.Is(err, cssstore.ErrNotFound) {
		s.broken("Version of an earlier hash gave %.80q, %v", got.CSS, err)
	}
	if got, err := cssstore.Version(s.ctx, s.store, p, HashOf("never stored")); !errors.Is(err, cssstore.ErrNotFound) {
		s.broken("Version of an unknown hash gave %.80q, %v", got.CSS, err)
	}
}

// whole runs readers and writers concurrently.
func (s *suite) whole() {
	const writers, each = 4, 25
	p := s.project()
	s.put(versionOf(p, ".start {}"))
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				css := strings.Repeat(fmt.Sprintf(".w%d.v%d {}", w, i), 1+500*(i%2))
				if err := s.store.Put(s.ctx, versionOf(p, css)); err != nil && !errors.Is(err, cssstore.ErrOverwritten) {
					s.Errorf("Put: %v\nThe rule is there because: %s.", err, s.why)
				}
			}
		})
	}
	for range 8 {
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				time.Sleep(100 * time.Microsecond) // leave some of the processor to the writers
				r, err := s.store.Get(s.ctx, p)
				if errors.Is(err, cssstore.ErrUnsettled) {
					continue
				}
				if err != nil || r.Hash != HashOf(string(r.CSS)) {
					s.Errorf("Get gave %.80q under another hash, %v\nThe rule is there because: %s.", r.CSS, err, s.why)
					return
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	r, err := s.store.Get(s.ctx, p)
	if err != nil || r.Hash != HashOf(string(r.CSS)) {
		s.broken("at the end Get gave %.80q, %v", r.CSS, err)
	}
}
