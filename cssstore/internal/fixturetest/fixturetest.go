// Package fixturetest has fixtures that the tests of several packages share.
package fixturetest

import (
	"context"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// Project is the project of most tests.
var Project = cssstore.UUID{0x51, 0xb9, 0x09, 0x1d, 0x8e, 0x8b, 0x48, 0x2b, 0xa8, 0xf1, 0xd9, 0x30, 0xe8, 0xda, 0x93, 0x1e}

// Resource returns a version of [Project] with the hash of its CSS.
func Resource(css string) cssstore.Resource {
	return cssstore.Resource{Project: Project, Hash: cssstoretest.HashOf(css), CSS: []byte(css)}
}

// Get returns the current version of [Project].
func Get(t testing.TB, s cssstore.Store) cssstore.Resource {
	t.Helper()
	r, err := s.Get(t.Context(), Project)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Locker returns a Locker in memory, which is closed after the test.
func Locker(t testing.TB) *lock.Locker {
	l := lock.New(memorylocker.New(), lock.WithPoll(time.Millisecond))
	t.Cleanup(l.Close)
	return l
}

// Always returns a function that lists the projects.
func Always(projects ...cssstore.UUID) func(context.Context) ([]cssstore.UUID, error) {
	return func(context.Context) ([]cssstore.UUID, error) { return projects, nil }
}

// PHPNode writes to the shared cache as a PHP node does: the CSS, then the hash.
type PHPNode struct{ Pool *cache.Pool }

// PutCSS writes the CSS of [Project].
func (n PHPNode) PutCSS(t testing.TB, css string) {
	t.Helper()
	n.set(t, "_content", css)
}

// PutHash writes the hash of a CSS for [Project].
func (n PHPNode) PutHash(t testing.TB, css string) {
	t.Helper()
	n.set(t, "_hash", cssstoretest.HashOf(css).String())
}

// Put writes both.
func (n PHPNode) Put(t testing.TB, css string) {
	t.Helper()
	n.PutCSS(t, css)
	n.PutHash(t, css)
}

func (n PHPNode) set(t testing.TB, what, value string) {
	t.Helper()
	key := cache.Key[string]("design_" + Project.String() + what)
	if err := key.Set(context.Background(), n.Pool, value, 0); err != nil { // goroutines outlive the context of their test
		t.Error(err)
	}
}
