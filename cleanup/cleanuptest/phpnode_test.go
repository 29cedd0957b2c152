package cleanuptest_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
)

// decision is one recorded call of mosparo's cleanup; times are offsets from
// now in seconds.
type decision struct {
	In  map[string]json.RawMessage
	Out struct {
		Result  string
		Changed map[string]*int64
	}
}

// oneShot cleans nothing, and is done or not.
type oneShot struct {
	*cleanuptest.Fake
	done bool
}

func (o oneShot) Clean(context.Context, cleanup.Job) (cleanup.Report, error) {
	return cleanup.Report{Finished: o.done}, nil
}

var keys = map[string]cache.Key[time.Time]{
	"next": cleanup.NextCleanup, "additional": cleanup.AdditionalCleanup, "started": cleanup.CleanupStartedAt,
}

// The model does what mosparo did, failing caches included.
func TestPHPNode_DecidesAndSavesAsMosparoDid(t *testing.T) {
	f, err := os.Open("../testdata/cleanup-decisions.json.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	var doc struct {
		Defaults map[string]json.RawMessage
		Cases    []decision
	}
	require.NoError(t, json.NewDecoder(z).Decode(&doc))
	require.Len(t, doc.Cases, 1173)
	synctest.Test(t, func(t *testing.T) {
		for _, c := range doc.Cases {
			in := maps.Clone(doc.Defaults)
			maps.Copy(in, c.In)
			c.In = in
			c.replay(t)
		}
	})
}

func value[T any](t *testing.T, in map[string]json.RawMessage, name string) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal(in[name], &v), name)
	return v
}

func (c decision) replay(t *testing.T) {
	t.Helper()
	now := time.Now()
	fake := cachetest.NewFake()
	pool := cache.NewPool(fake)
	for name, key := range keys {
		var offset *int64
		switch err := json.Unmarshal(c.In[name], &offset); {
		case err != nil: // "missing"
		case offset == nil:
			require.NoError(t, key.SetNull(t.Context(), pool, 0))
		default:
			require.NoError(t, key.Set(t.Context(), pool, now.Add(time.Duration(*offset)*time.Second), 0))
		}
	}
	before := read(t, pool, now)
	switch value[string](t, c.In, "cache") {
	case "readonly":
		fake.Inject(cachetest.Fault{Op: cachetest.OpSet, Err: cache.ErrReadOnly})
	case "down":
		fake.Down()
	}
	db := cleanuptest.NewFake()
	for _, row := range value[[][2]int64](t, c.In, "stats") {
		db.Add(cleanup.Run{Time: now.Add(time.Duration(row[0]) * time.Second), Status: cleanup.Status(row[1])})
	}
	php := cleanuptest.PHPNode{
		Pool: pool, Database: oneShot{db, value[int](t, c.In, "maxIterations") > 0}, Sleep: func() time.Duration { return 0 },
		Policy: cleanup.Policy{
			GracePeriod: value[bool](t, c.In, "grace"), SubmitTokenRetention: c.setting(t, "submitTokenRetention", 24, time.Hour),
			ProcessInterval: c.setting(t, "interval", 24, time.Hour), UnfinishedInterval: c.setting(t, "unfinished", 360, time.Minute),
		},
	}
	by := cleanup.ExecutorFrontendAPI
	if value[bool](t, c.In, "ignoreSchedule") {
		by = cleanup.ExecutorCommand
	}
	r, err := php.Cleanup(t.Context(), by)
	require.NoError(t, err)
	require.Equal(t, c.Out.Result, r.MosparoName(), "%s", c.In)
	fake.Heal()
	changed := map[string]*int64{}
	after := read(t, pool, now)
	for name, offset := range after {
		if b := before[name]; (b == nil) != (offset == nil) || b != nil && *b != *offset {
			changed[name] = offset
		}
	}
	require.Equal(t, c.Out.Changed, changed, "%s", c.In)
}

// setting is 0, the default, outside its range, as in mosparo.
func (c decision) setting(t *testing.T, name string, most int, unit time.Duration) time.Duration {
	t.Helper()
	n := value[int](t, c.In, name)
	if n < 1 || n > most {
		return 0
	}
	return time.Duration(n) * unit
}

// read returns the three keys as offsets; nil is null or absent.
func read(t *testing.T, pool *cache.Pool, now time.Time) map[string]*int64 {
	t.Helper()
	all := map[string]*int64{}
	for name, key := range keys {
		at, err := key.Get(t.Context(), pool)
		switch {
		case errors.Is(err, cache.ErrNotFound), errors.Is(err, cache.ErrNull):
			all[name] = nil
		default:
			require.NoError(t, err)
			offset := int64(at.Sub(now) / time.Second)
			all[name] = &offset
		}
	}
	return all
}
