package cssgen_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/cssgen"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/cssstore/projectdb"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// settings are a database: the same rows for every project, which can change.
type settings struct {
	mu   sync.Mutex
	rows map[cssstore.UUID][]design.Row
	list []cssstore.Project
}

func (s *settings) Rows(_ context.Context, id cssstore.UUID) ([]design.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows[id], nil
}

func (s *settings) Projects(context.Context) ([]cssstore.Project, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]cssstore.Project(nil), s.list...), nil
}

// save does what a PHP node does when a design is saved, for the rows and the hash; the
// CSS that it prepares is lost immediately.
func (s *settings) save(i int, colour string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.list[i]
	s.rows[p.UUID] = []design.Row{{Name: "designMode", Value: "advanced"}, {Name: "colorBorder", Value: colour}}
	d, err := design.New(s.rows[p.UUID])
	if err != nil {
		panic(err)
	}
	p.Hash = d.Hash()
}

func (s *settings) project(i int) cssstore.Project {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list[i]
}

func newSettings(projects int) *settings {
	s := &settings{rows: map[cssstore.UUID][]design.Row{}, list: make([]cssstore.Project, projects)}
	for i := range s.list {
		s.list[i].UUID = cssstore.UUID{1, byte(i)}
		s.save(i, "red")
	}
	return s
}

func build(version string) cssgen.Build {
	return cssgen.Build{Base: design.NewBase("/build/mosparo-frontend.css", []byte(".mosparo__container{content:'"+version+"'}")), Version: version}
}

// node is a node of a cluster in memory.
type node struct {
	*cssgen.Generator
	handler *csshttp.Handler
	end     context.CancelFunc
	mu      sync.Mutex
	build   cssgen.Build
}

func (n *node) update(version string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.build = build(version)
}

func (n *node) load() (cssgen.Build, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.build, nil
}

// cluster is what the nodes share.
type cluster struct {
	t       *testing.T
	pool    *cache.Pool
	backend lock.Backend
	store   cssstore.Store
	db      *settings
	running sync.WaitGroup
}

func newCluster(t *testing.T, projects int) *cluster {
	return &cluster{
		t: t, pool: cache.NewPool(memoryadapter.New()), backend: memorylocker.New(),
		store: cssstoretest.NewFake(), db: newSettings(projects),
	}
}

// start starts a node; phase keeps its timers apart from those of others.
func (c *cluster) start(name, version string, phase time.Duration, opts ...cssgen.Option) *node {
	c.t.Helper()
	n := &node{build: build(version)}
	locker := lock.New(c.backend)
	n.Generator = cssgen.New(c.store, c.pool, locker, cssgen.Inputs{Settings: c.db, LoadBuild: n.load}, append(opts, cssgen.WithName(name))...)
	n.handler = csshttp.New(c.store, c.db, csshttp.WithGenerator(n.Generator))
	ctx, cancel := context.WithCancel(c.t.Context())
	n.end = cancel
	time.Sleep(phase)
	c.running.Go(func() {
		_ = n.Run(ctx)
		_ = n.handler.Close()
		locker.Close()
	})
	synctest.Wait()
	return n
}

func (n *node) get(p cssstore.Project) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	n.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/resources/"+p.UUID.String()+"/"+p.Hash.String()+".css", nil))
	return w
}

// watched is a store that knows what was put, and fails the test when an older
// version takes the place of a newer one.
type watched struct {
	cssstore.Store
	t    *testing.T
	mu   sync.Mutex
	last map[cssstore.UUID]string
	puts map[string]int
}

func (w *watched) Put(ctx context.Context, r cssstore.Resource) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last[r.Project] > r.Source.Version {
		w.t.Errorf("project %v: %s was overwritten with %s", r.Project, w.last[r.Project], r.Source.Version)
	}
	w.last[r.Project] = r.Source.Version
	w.puts[r.Source.Version]++
	return w.Store.Put(ctx, r)
}

func (w *watched) count(version string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.puts[version]
}

func TestGenerator_AnUpdateUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const projects = 4
		c := newCluster(t, projects)
		w := &watched{Store: c.store, t: t, last: map[cssstore.UUID]string{}, puts: map[string]int{}}
		c.store = w
		nodes := []*node{c.start("a", "1.5.4", time.Second), c.start("b", "1.5.4", time.Second), c.start("c", "1.5.4", time.Second)}

		// Visitors ask every node for every project, all the time.
		ctx, stop := context.WithCancel(t.Context())
		var visitors sync.WaitGroup
		var mu sync.Mutex
		served := map[string]int{}
		for i, n := range nodes {
			for j := range projects {
				visitors.Go(func() {
					for ctx.Err() == nil {
						time.Sleep(time.Second + time.Duration(7*i+j)*time.Nanosecond)
						answer := n.get(c.db.project(j))
						mu.Lock()
						served[fmt.Sprint(answer.Code, " ", strings.Count(answer.Body.String(), "1.5.5"))]++
						mu.Unlock()
					}
				})
			}
		}
		time.Sleep(30 * time.Second)
		require.Equal(t, projects, w.count("1.5.4"), "each project was prepared once in the cluster")

		nodes[0].update("1.5.5")
		nodes[1].update("1.5.5")
		time.Sleep(20 * time.Second)
		for j := range projects / 2 { // the update's own last step, on a node that is new
			r, err := design.Prepare(c.db.project(j).UUID, c.db.rows[c.db.project(j).UUID], build("1.5.5").Base.CSS)
			require.NoError(t, err)
			r.Source = cssstore.Source{Base: build("1.5.5").Base.Digest, Version: "1.5.5"}
			require.NoError(t, w.Put(ctx, r))
		}
		for j := range projects { // while designs are saved
			c.db.save(j, "green")
		}
		time.Sleep(2 * time.Minute)
		require.Equal(t, projects/2, w.count("1.5.5"), "two new nodes and an old one: no node prepares")
		require.Equal(t, projects, w.count("1.5.4"))

		nodes[2].update("1.5.5")
		time.Sleep(2 * time.Minute)
		require.Equal(t, projects/2+projects, w.count("1.5.5"), "all agree again")
		require.Equal(t, projects, w.count("1.5.4"))
		for i, n := range nodes {
			for j := range projects {
				answer := n.get(c.db.project(j))
				require.Equal(t, 200, answer.Code)
				require.Contains(t, answer.Body.String(), "1.5.5", "node %d, project %d", i, j)
			}
		}
		stop()
		visitors.Wait()
		require.NotZero(t, served["200 0"])
		require.NotZero(t, served["200 1"])
		for _, n := range nodes {
			n.end()
		}
		c.running.Wait()
		left, err := cssgen.PeerBuilds(t.Context(), c.pool)
		require.NoError(t, err)
		require.Empty(t, left, "nodes that end withdraw what they published")
	})
}

// isRefused reports whether csshttp takes an error for no failure.
func isRefused(err error) bool {
	var refusal interface{ Refused() bool }
	return errors.As(err, &refusal) && refusal.Refused()
}

func TestGenerator_AFailureIsNotRefused(t *testing.T) {
	c := newCluster(t, 1)
	locker := lock.New(c.backend)
	defer locker.Close()
	store := cssstoretest.NewFake()
	store.Fail(cache.ErrUnavailable)
	g := cssgen.New(store, c.pool, locker, cssgen.Inputs{Settings: c.db, LoadBuild: (&node{build: build("1.5.4")}).load})
	_, err := g.Warm(t.Context(), c.db.project(0))
	require.ErrorIs(t, err, cache.ErrUnavailable)
	require.False(t, isRefused(err))
}

func TestGenerator_NeedsToHavePublishedItself(t *testing.T) {
	c := newCluster(t, 1)
	n := &node{build: build("1.5.4")}
	locker := lock.New(c.backend)
	defer locker.Close()
	g := cssgen.New(c.store, c.pool, locker, cssgen.Inputs{Settings: c.db, LoadBuild: n.load})
	_, err := g.Generate(t.Context(), c.db.project(0))
	require.ErrorIs(t, err, cssgen.ErrDisagreement)
	require.True(t, isRefused(err))
	r, err := g.Warm(t.Context(), c.db.project(0))
	require.NoError(t, err, "an operator's program has no others to tell")
	require.Equal(t, c.db.project(0).Hash, r.Hash)
}

func TestGenerator_PreparesNothingWhileItCannotReadWhatTheOthersUse(t *testing.T) {
	c := newCluster(t, 1)
	locker := lock.New(c.backend)
	defer locker.Close()
	g := cssgen.New(c.store, c.pool, locker, cssgen.Inputs{Settings: c.db, LoadBuild: (&node{build: build("1.5.4")}).load})
	const builds cache.Key[string] = "mosparoGoCssBuilds"
	require.NoError(t, builds.Set(t.Context(), c.pool, "not what nodes publish", 0))
	_, err := g.Warm(t.Context(), c.db.project(0))
	require.ErrorIs(t, err, cssgen.ErrDisagreement)
	_, err = c.store.Get(t.Context(), c.db.project(0).UUID)
	require.ErrorIs(t, err, cssstore.ErrNotFound)
}

func TestGenerator_PreparesNothingUntilTheOthersHavePublishedAgainWhatWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		nodes := []*node{c.start("new", "1.5.5", 0), c.start("old", "1.5.4", 5*time.Second)}
		time.Sleep(time.Minute)
		require.NoError(t, c.pool.Delete(t.Context(), "mosparoGoCssBuilds")) // as PHP's cache:clear does, at the end of an update
		for range 300 {
			for _, n := range nodes {
				_, err := n.Generate(t.Context(), c.db.project(0))
				require.ErrorIs(t, err, cssgen.ErrDisagreement)
			}
			time.Sleep(100*time.Millisecond + 1)
		}
		nodes[1].end()
		synctest.Wait()
		_, err := nodes[0].Generate(t.Context(), c.db.project(0))
		require.NoError(t, err, "who has withdrawn is not waited for")
		nodes[0].end()
		c.running.Wait()
	})
}

func TestGenerator_ADeadNodeHoldsUpTheOthersForTwoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		n := c.start("alive", "1.5.5", 0)
		err := cache.Key[map[string]map[string]any]("mosparoGoCssBuilds").Set(t.Context(), c.pool, map[string]map[string]any{
			"dead":  {"base": "abc", "version": "1.5.4", "at": time.Now().Unix()},
			"alive": {"base": build("1.5.5").Base.Digest, "version": "1.5.5", "at": time.Now().Unix()},
		}, 0)
		require.NoError(t, err)
		_, err = n.Generate(t.Context(), c.db.project(0))
		var d *cssgen.DisagreementError
		require.ErrorAs(t, err, &d)
		require.Equal(t, "dead", d.Theirs.Node)
		time.Sleep(2*time.Minute + 11*time.Second)
		_, err = n.Generate(t.Context(), c.db.project(0))
		require.NoError(t, err)
		n.end()
		c.running.Wait()
	})
}

func TestGenerator_KeepsWhatIsNotKnownToBeOlder(t *testing.T) {
	for name, x := range map[string]struct {
		source  cssstore.Source
		sameAs  bool // the same design
		replace bool
	}{
		"older version":                   {cssstore.Source{Base: "x", Version: "1.5.3"}, true, true},
		"much older version":              {cssstore.Source{Base: "x", Version: "1.5"}, true, true},
		"newer version":                   {cssstore.Source{Base: "x", Version: "1.5.10"}, false, false},
		"version that is no number":       {cssstore.Source{Base: "x", Version: "dev"}, false, false},
		"other base, same version":        {cssstore.Source{Base: "x", Version: "1.5.4"}, false, false},
		"same base":                       {cssstore.Source{Base: build("1.5.4").Base.Digest, Version: "1.5.4"}, false, true},
		"PHP's, of another design":        {cssstore.Source{}, false, true},
		"PHP's, of the same, other bytes": {cssstore.Source{}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 1)
			n := &node{build: build("1.5.4")}
			locker := lock.New(c.backend)
			defer locker.Close()
			p := c.db.project(0)
			r := cssstore.Resource{Project: p.UUID, Hash: cssstore.Hash{9}, CSS: []byte("stored"), Source: x.source}
			if x.sameAs {
				r.Hash = p.Hash
			}
			require.NoError(t, c.store.Put(t.Context(), r))
			require.NoError(t, cache.Key[map[string]map[string]any]("mosparoGoCssBuilds").Set(t.Context(), c.pool, map[string]map[string]any{
				"me": {"base": n.build.Base.Digest, "version": "1.5.4", "at": time.Now().Unix()},
			}, 0))
			g := cssgen.New(c.store, c.pool, locker, cssgen.Inputs{Settings: c.db, LoadBuild: n.load}, cssgen.WithName("me"))
			_, err := g.Generate(t.Context(), p)
			now, getErr := c.store.Get(t.Context(), p.UUID)
			require.NoError(t, getErr)
			if x.replace {
				require.NoError(t, err)
				require.NotEqual(t, "stored", string(now.CSS))
				return
			}
			require.ErrorIs(t, err, cssgen.ErrNotOlder)
			require.True(t, isRefused(err))
			require.Equal(t, "stored", string(now.CSS))
			_, err = g.Warm(t.Context(), p)
			if x.source.Base == "" {
				require.NoError(t, err, "an operator knows what he updated")
			} else {
				require.ErrorIs(t, err, cssgen.ErrNotOlder)
			}
		})
	}
}

// meddled is a store that another node changes when it is read for the first time.
type meddled struct {
	*cssstoretest.Fake
	once func()
}

func (m *meddled) Get(ctx context.Context, p cssstore.UUID) (cssstore.Resource, error) {
	r, err := m.Fake.Get(ctx, p)
	m.once()
	return r, err
}

func TestGenerator_ADesignThatIsSavedMeanwhileIsNotReplacedByTheEarlierOne(t *testing.T) {
	c := newCluster(t, 1)
	store := &meddled{Fake: cssstoretest.NewFake()}
	store.once = sync.OnceFunc(func() {
		c.db.save(0, "green")
		r, err := design.Prepare(c.db.project(0).UUID, c.db.rows[c.db.project(0).UUID], build("1.5.4").Base.CSS)
		require.NoError(t, err)
		store.PutAsPHP(r)
	})
	locker := lock.New(c.backend)
	defer locker.Close()
	_, err := cssgen.New(store, c.pool, locker, cssgen.Inputs{Settings: c.db, LoadBuild: (&node{build: build("1.5.4")}).load}).Warm(t.Context(), c.db.project(0))
	require.NoError(t, err)
	now, err := store.Fake.Get(t.Context(), c.db.project(0).UUID)
	require.NoError(t, err)
	require.Equal(t, c.db.project(0).Hash, now.Hash)
}

func TestGenerator_SavesTheHashOnlyWhenTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.sqlite")
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file))
	require.NoError(t, err)
	defer db.Close()
	id, old := cssstore.UUID{1}, cssstore.Hash{2}
	require.NoError(t, schema.Create(t.Context(), db, sqlcleaner.SQLite))
	for _, s := range []string{
		"INSERT INTO project (id, uuid) VALUES (1, '" + id.String() + "')",
		`INSERT INTO project_config_value VALUES (1, 1, 'designConfigHash', 's:64:"` + old.String() + `";')`,
	} {
		_, err := db.Exec(s)
		require.NoError(t, err)
	}
	projects := projectdb.New(db, sqlcleaner.SQLite)
	n := &node{build: build("1.5.4")}
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	pool := cache.NewPool(memoryadapter.New())
	store := cachestore.New(pool, cachestore.WithLocker(locker))
	for _, opts := range [][]cssgen.Option{nil, {cssgen.WithSaveHash(projects)}} {
		list, err := projects.Projects(t.Context())
		require.NoError(t, err)
		require.Equal(t, []cssstore.Project{{UUID: id, Hash: old}}, list)
		r, err := cssgen.New(store, pool, locker, cssgen.Inputs{Settings: projects, LoadBuild: n.load}, opts...).Warm(t.Context(), list[0])
		require.NoError(t, err)
		if opts != nil {
			list, err = projects.Projects(t.Context())
			require.NoError(t, err)
			require.Equal(t, r.Hash, list[0].Hash)
		}
	}
}
