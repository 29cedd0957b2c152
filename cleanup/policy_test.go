package cleanup_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
)

// recorded is one call of mosparo's own cleanup; times are offsets from now in
// seconds.
type recorded struct {
	In  map[string]json.RawMessage
	Out struct {
		Result  string
		Changed map[string]*int64
	}
}

func recordedDecisions(t *testing.T) (cases []recorded, defaults map[string]json.RawMessage) {
	t.Helper()
	f, err := os.Open("testdata/cleanup-decisions.json.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	var doc struct {
		Defaults map[string]json.RawMessage
		Cases    []recorded
	}
	require.NoError(t, json.NewDecoder(z).Decode(&doc))
	require.Len(t, doc.Cases, 1173)
	return doc.Cases, doc.Defaults
}

func field[T any](t *testing.T, in map[string]json.RawMessage, name string) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal(in[name], &v), name)
	return v
}

func TestPolicy_DecidesAsMosparoDid(t *testing.T) {
	cases, defaults := recordedDecisions(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range cases {
		in := maps.Clone(defaults)
		maps.Copy(in, c.In)
		readable := field[string](t, in, "cache") != "down"
		moment := func(name string) *time.Time {
			var offset *int64
			if !readable || json.Unmarshal(in[name], &offset) != nil || offset == nil {
				return nil
			}
			at := now.Add(time.Duration(*offset) * time.Second)
			return &at
		}
		s := cleanup.State{
			Next: moment("next"), Additional: moment("additional"), Started: moment("started"),
			ReadOnlyCache: field[string](t, in, "cache") != "ok",
		}
		for _, row := range field[[][2]int64](t, in, "stats") {
			at := now.Add(time.Duration(row[0]) * time.Second)
			if s.Newest == nil || at.After(*s.Newest) {
				s.Newest = &at
			}
			if row[1] == 0 && (s.NewestUnknown == nil || at.After(*s.NewestUnknown)) {
				s.NewestUnknown = &at
			}
		}
		p := cleanup.Policy{
			GracePeriod: field[bool](t, in, "grace"), SubmitTokenRetention: field[int](t, in, "submitTokenRetention"),
			ProcessInterval: field[int](t, in, "interval"), UnfinishedInterval: field[int](t, in, "unfinished"),
		}
		d := p.Decide(s, now, field[bool](t, in, "ignoreSchedule"))
		result, changed := d.Result, map[string]*int64{}
		if d.Run {
			o := p.Finish(field[int](t, in, "maxIterations") > 0, now)
			result = o.Result
			if !s.ReadOnlyCache {
				note := func(name string, before, after *time.Time) {
					switch {
					case after != nil:
						offset := int64(after.Sub(now) / time.Second)
						changed[name] = &offset
					case before != nil:
						changed[name] = nil
					}
				}
				note("additional", s.Additional, o.Additional)
				note("next", s.Next, &o.Next)
				note("started", s.Started, nil)
			}
		}
		require.Equal(t, c.Out.Result, result.String(), "%s", c.In)
		if d.Run {
			require.Equal(t, "RUN", d.String())
		} else {
			require.Equal(t, c.Out.Result, d.String())
		}
		require.Equal(t, c.Out.Changed, changed, "%s", c.In)
	}
}

func TestDecision_ThatNobodyMadeLooksLikeNoResult(t *testing.T) {
	require.Equal(t, "UNDECIDED", fmt.Sprint(cleanup.Decision{}))
}

func TestPolicy_TakesTheDefaultOutsideTheRange(t *testing.T) {
	wild := cleanup.Policy{SubmitTokenRetention: 25, SubmissionRetention: 15, ProcessInterval: -1, UnfinishedInterval: 361}
	for _, p := range []cleanup.Policy{{}, wild} {
		require.Equal(t, 24*time.Hour, p.TokenAge())
		require.Equal(t, 14, p.SubmissionDays())
		require.Equal(t, 6*time.Hour, p.Interval())
		require.Equal(t, 10*time.Minute, p.Unfinished())
	}
}
