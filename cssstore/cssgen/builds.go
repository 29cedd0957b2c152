package cssgen

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/lock"
)

// Build is what a node makes CSS from.
type Build struct {
	Base design.Base
	// Version is that of mosparo, such as 1.5.4.
	Version string
}

// FromPublic reads the base CSS of an installation of mosparo, whose folder
// public is given, each time anew.
func FromPublic(public, version string) func() (Build, error) {
	return func() (Build, error) {
		base, err := design.LoadBase(public)
		return Build{Base: base, Version: version}, err
	}
}

func (b *Build) source() cssstore.Source {
	return cssstore.Source{Base: b.Base.Digest, Version: b.Version}
}

// Published is what one node has published.
type Published struct {
	Node   string
	Source cssstore.Source
	At     time.Time
}

// ErrDisagreement says that not all nodes make CSS from the same base CSS and version,
// or this one has not said yet what it uses; see [*DisagreementError].
var ErrDisagreement = errors.New("the nodes make css from different things")

// DisagreementError names a node that makes CSS from something else. It
// unwraps to [ErrDisagreement].
type DisagreementError struct {
	Ours cssstore.Source
	// Theirs is zero if this node has not published yet what it uses, or not for
	// long enough to have heard of the others.
	Theirs Published
}

func (e *DisagreementError) Error() string {
	if e.Theirs.Node == "" {
		return "cssgen: this node has not published for long enough what it makes css from"
	}
	return fmt.Sprintf("cssgen: node %.80q makes css from base %.12s of mosparo %.20q, this one from base %.12s of %.20q",
		e.Theirs.Node, e.Theirs.Source.Base, e.Theirs.Source.Version, e.Ours.Base, e.Ours.Version)
}

func (e *DisagreementError) Unwrap() error { return ErrDisagreement }

const (
	buildsKey  cache.Key[map[string]storedBuild] = "mosparoGoCssBuilds"
	buildsTTL                                    = 10 * time.Minute
	buildsLock                                   = lock.ReservedPrefix + "css.builds"
	// publishEvery is how often a node says what it uses, counts how long that
	// counts.
	publishEvery = 10 * time.Second
	counts       = 2 * time.Minute
	// hearsAll is within what time all nodes have published themselves again
	// after the entry was lost, as PHP's cache:clear loses it.
	hearsAll = publishEvery + 5*time.Second
	// maxNodes bounds what is read from the entry.
	maxNodes = 1000
)

// storedBuild is the element of a node.
type storedBuild struct {
	Base    string `php:"base"`
	Version string `php:"version"`
	At      int64  `php:"at"`
}

// errUnreadable says that the entry is not what nodes publish, so that nobody
// knows what the others use. The next node that publishes replaces it.
var errUnreadable = fmt.Errorf("%w: what the nodes have published cannot be read", ErrDisagreement)

// builds are those that count.
func builds(ctx context.Context, pool *cache.Pool) (map[string]storedBuild, error) {
	all, err := buildsKey.Get(ctx, pool)
	var decode *cache.DecodeError
	switch {
	case errors.Is(err, cache.ErrNotFound), errors.Is(err, cache.ErrNull):
		return map[string]storedBuild{}, nil
	case errors.As(err, &decode), len(all) > maxNodes:
		return map[string]storedBuild{}, errUnreadable
	case err != nil:
		return nil, err
	case all == nil:
		return map[string]storedBuild{}, nil
	}
	now := time.Now().Unix()
	maps.DeleteFunc(all, func(_ string, b storedBuild) bool { return now-b.At > int64(counts/time.Second) })
	for node, b := range all {
		if b.At > now { // a clock that is ahead
			b.At = now
			all[node] = b
		}
	}
	return all, nil
}

// Builds are what the nodes have published, by their names. An entry that
// cannot be read is [ErrDisagreement].
func Builds(ctx context.Context, pool *cache.Pool) ([]Published, error) {
	all, err := builds(ctx, pool)
	var list []Published
	for _, node := range slices.Sorted(maps.Keys(all)) {
		b := all[node]
		list = append(list, Published{Node: node, Source: cssstore.Source{Base: b.Base, Version: b.Version}, At: time.Unix(b.At, 0)})
	}
	return list, err
}

// publish writes this node's element, or removes it.
func (g *Generator) publish(ctx context.Context, b *Build) error {
	return g.locker.Do(ctx, buildsLock, func(ctx context.Context) error {
		all, err := builds(ctx, g.pool)
		if err != nil && !errors.Is(err, errUnreadable) {
			return err
		}
		if _, own := all[g.name]; len(all) == 0 || g.published && !own {
			now := time.Now()
			g.lost.Store(&now)
		}
		g.published = true
		delete(all, g.name)
		if b != nil {
			all[g.name] = storedBuild{Base: b.Base.Digest, Version: b.Version, At: time.Now().Unix()}
		}
		if len(all) == 0 {
			return buildsKey.Delete(ctx, g.pool)
		}
		return buildsKey.Set(ctx, g.pool, all, buildsTTL)
	}, lock.WithWait(publishEvery), lock.WithLabel("publish css build"))
}

// agree returns a [*DisagreementError] unless all that is published equals
// ours. A node that runs must have published itself, and heard of the others.
func (g *Generator) agree(ctx context.Context, ours cssstore.Source, runs bool) error {
	all, err := Builds(ctx, g.pool)
	if err != nil {
		return err
	}
	own := false
	for _, p := range all {
		own = own || p.Node == g.name
		if p.Source != ours {
			return &DisagreementError{Ours: ours, Theirs: p}
		}
	}
	lost := g.lost.Load()
	if runs && (!own || lost != nil && time.Since(*lost) < hearsAll) {
		return &DisagreementError{Ours: ours}
	}
	return nil
}

// older reports whether version a comes surely before b: numbers with dots.
func older(a, b string) bool {
	x, y := numbers(a), numbers(b)
	return x != nil && y != nil && slices.Compare(x, y) < 0
}

// numbers are those of a version, nil if it has anything else.
func numbers(version string) []int {
	var all []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return nil
		}
		all = append(all, int(n))
	}
	return all
}
