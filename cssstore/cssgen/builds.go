package cssgen

import (
	"context"
	"errors"
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

// Build is what a node makes CSS from, besides the settings of a design.
type Build struct {
	Base design.Base
	// Version is that of mosparo, such as 1.5.4.
	Version string
}

// FromPublic returns a function that reads the base CSS from the directory public of an
// installation of mosparo, each time it is called. Use it as [Inputs].LoadBuild.
func FromPublic(public, version string) func() (Build, error) {
	return func() (Build, error) {
		base, err := design.LoadBase(public)
		return Build{Base: base, Version: version}, err
	}
}

func (b *Build) source() cssstore.Source {
	return cssstore.Source{Base: b.Base.Digest, Version: b.Version}
}

// PeerBuild is the build that a node has published.
type PeerBuild struct {
	Node   string // its name, see [WithName]
	Source cssstore.Source
	At     time.Time // when it was published
}

const (
	buildsKey  cache.Key[map[string]storedBuild] = "mosparoGoCssBuilds"
	buildsTTL                                    = 10 * time.Minute
	buildsLock                                   = lock.ReservedPrefix + "css.builds"
	// publishEvery is how often a node publishes its build, buildMaxAge for how long
	// that counts.
	publishEvery = 10 * time.Second
	buildMaxAge  = 2 * time.Minute
	// republishTime is the time within which all nodes publish again after the entry
	// was lost, for example by PHP's cache:clear.
	republishTime = publishEvery + 5*time.Second
	// maxNodes bounds the number of elements.
	maxNodes = 1000
)

// storedBuild is the element of a node in the entry.
type storedBuild struct {
	Base    string `php:"base"`
	Version string `php:"version"`
	At      int64  `php:"at"`
}

// builds reads the entry, without elements that are too old.
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
	maps.DeleteFunc(all, func(_ string, b storedBuild) bool { return now-b.At > int64(buildMaxAge/time.Second) })
	for node, b := range all {
		if b.At > now { // a clock that is ahead
			b.At = now
			all[node] = b
		}
	}
	return all, nil
}

// PeerBuilds returns the builds that all nodes have published, sorted by their names. If
// the entry is invalid, the error is [ErrDisagreement].
func PeerBuilds(ctx context.Context, pool *cache.Pool) ([]PeerBuild, error) {
	all, err := builds(ctx, pool)
	var list []PeerBuild
	for _, node := range slices.Sorted(maps.Keys(all)) {
		b := all[node]
		list = append(list, PeerBuild{Node: node, Source: cssstore.Source{Base: b.Base, Version: b.Version}, At: time.Unix(b.At, 0)})
	}
	return list, err
}

// publish writes the element of this node, or removes it if b is nil.
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

// checkAgreement returns a [*DisagreementError] unless all published builds are ours. If
// this node runs, it must have published its own, and long enough ago for the others to
// have published theirs.
func (g *Generator) checkAgreement(ctx context.Context, ours cssstore.Source, runs bool) error {
	all, err := PeerBuilds(ctx, g.pool)
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
	if runs && (!own || lost != nil && time.Since(*lost) < republishTime) {
		return &DisagreementError{Ours: ours}
	}
	return nil
}

// isOlder reports whether version a is known to be older than b. Both must be numbers
// separated by dots.
func isOlder(a, b string) bool {
	x, y := parseVersion(a), parseVersion(b)
	return x != nil && y != nil && slices.Compare(x, y) < 0
}

// parseVersion returns the numbers of a version, nil if it has anything else.
func parseVersion(version string) []int {
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
