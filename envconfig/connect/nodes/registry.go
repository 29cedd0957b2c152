package nodes

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/lock"
)

// Registry keeps the record of its node and reads those of the others. It is safe for
// concurrent use. Make one with [New].
type Registry struct {
	options
	pool   *cache.Pool
	locker *lock.Locker

	// taking holds the taker while nothing takes fingerprints.
	taking chan *taker
	drift  driftLog // used by the heartbeat only

	mu   sync.Mutex
	self Node
	// known are the ids of the records that were found last, others the nodes, which
	// were read at readAt.
	known  []string
	others []Node
	readAt time.Time
	// lastGood are the newest fingerprints, those of an earlier process at first.
	lastGood Fingerprints
	heart    heart
}

// New returns the registry of the node with these settings. Pool and locker are those of
// the cluster. It starts nothing and sends nothing: [Registry.Run] does. It panics if an
// argument or an option is nil.
func New(pool *cache.Pool, locker *lock.Locker, s *envconfig.Settings, opts ...Option) *Registry {
	switch {
	case pool == nil:
		panic("nodes.New: pool is nil")
	case locker == nil:
		panic("nodes.New: locker is nil")
	case s == nil:
		panic("nodes.New: s is nil")
	}
	o := newOptions(opts)
	r := &Registry{options: o, pool: pool, locker: locker, taking: make(chan *taker, 1), drift: driftLog{logger: o.logger}}
	r.taking <- newTaker(s, o.mayDiffer)
	instance := rand.Text()
	r.self = Node{
		ID: defaultID(o.host, s.Dir), Host: o.host, Self: true, Mode: ModeObserve, Library: libraryVersion(), Mosparo: s.InstalledVersion,
		Started: now(), Seen: now(), Fingerprints: Fingerprints{Problem: "not taken yet"}, instance: instance,
	}
	if s.Dir == "" && !o.named { // nothing tells it from another process on the host
		r.self.ID = newID(instance)
	}
	r.heart.notListed = "this node only observes"
	if o.mode == cleanup.ModeClean {
		r.self.Mode, r.heart.notListed = ModeClean, "this node does not run yet"
	}
	return r
}

// newID returns an id for a process whose host and directory another one has, too.
func newID(instance string) string {
	sum := sha256.Sum256([]byte(instance))
	return hex.EncodeToString(sum[:idSize])
}

// now returns the time with the precision of PHP's DateTime.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// hashTime is how long hashing files may take at a time.
const hashTime = 10 * time.Second

// idleShare is how much longer than taking fingerprints took nothing is done: a folder may
// be on a slow network file system.
const idleShare = 20

// firstWait is how long the first heartbeat waits for fingerprints.
const firstWait = 2 * time.Second

// Run takes fingerprints of the installation, and, if the node takes part, keeps its
// record, until ctx ends. Then it marks the record as that of a stopped node and returns
// nil. It survives outages of the cache. Call it once.
func (r *Registry) Run(ctx context.Context) error {
	first := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		began := time.Now()
		r.TakeFingerprints(ctx)
		close(first)
		for ctx.Err() == nil {
			sleep(ctx, max(interval, idleShare*time.Since(began)))
			began = time.Now()
			r.TakeFingerprints(ctx)
		}
	})
	if r.mode == cleanup.ModeClean {
		wait, cancel := context.WithTimeout(ctx, firstWait)
		defer cancel()
		select {
		case <-first:
		case <-wait.Done():
		}
		for ctx.Err() == nil {
			r.heartbeat(ctx)
			sleep(ctx, interval-interval/20+r.random(interval/10))
		}
		r.leave(ctx)
	}
	work.Wait()
	return nil
}

// sleep waits until d has passed or ctx has ended.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// TakeFingerprints takes the fingerprints of this node now, unless that is being done. It
// hashes files for about ten seconds at most; what is left is for the next call. It
// returns early if ctx ends. [Registry.Run] calls it every minute, or less often
// if it takes longer than three seconds.
func (r *Registry) TakeFingerprints(ctx context.Context) {
	select {
	case t := <-r.taking:
		defer func() { r.taking <- t }()
		r.keep(ctx, t.take(ctx, time.Now().Add(hashTime)))
	default:
	}
}

// keep sets the fingerprints of this node.
func (r *Registry) keep(ctx context.Context, taken snapshot) {
	if ctx.Err() != nil {
		return // they may be incomplete
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.setFingerprints(taken.fingerprints)
	r.self.Mosparo, r.self.Source = taken.mosparo, taken.source
}

// setFingerprints sets the fingerprints, with the times since when values have been there.
// The caller holds r.mu.
func (r *Registry) setFingerprints(f Fingerprints) {
	f.keepSince(r.lastGood, f.Taken)
	r.self.Fingerprints = f
	if f.Key != "" {
		r.lastGood = f
	}
}

// snapshotSelf returns this node as it is now.
func (r *Registry) snapshotSelf() Node {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.self
	n.Seen = now()
	return n
}

// read reads the records, of known ids in one request.
func (r *Registry) read(ctx context.Context) (view, error) {
	r.mu.Lock()
	known := slices.Clone(r.known)
	if id := r.self.ID; !slices.Contains(known, id) {
		known = append(known, id)
	}
	r.mu.Unlock()
	v, err := read(ctx, r.pool, known)
	if err != nil {
		return v, err
	}
	var found []string
	for id, result := range v.records {
		if !result.Missing() && len(found) < maxNodes {
			found = append(found, id)
		}
	}
	slices.Sort(found)
	others := v.nodes()
	r.mu.Lock()
	r.known, r.others, r.readAt = found, others, now()
	r.mu.Unlock()
	return v, nil
}
