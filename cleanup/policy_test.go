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
		s := cleanup.Snapshot{
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
		// As mosparo and package envconfig do, a value outside its range counts as
		// the default.
		setting := func(name string, most int, unit time.Duration) time.Duration {
			n := field[int](t, in, name)
			if n < 1 || n > most {
				return 0
			}
			return time.Duration(n) * unit
		}
		p := cleanup.Policy{
			GracePeriod: field[bool](t, in, "grace"), SubmitTokenRetention: setting("submitTokenRetention", 24, time.Hour),
			ProcessInterval: setting("interval", 24, time.Hour), UnfinishedInterval: setting("unfinished", 360, time.Minute),
		}
		require.NoError(t, p.Validate())
		d := p.Decide(s, now, field[bool](t, in, "ignoreSchedule"))
		// What a run changes is in the tests of the model of a PHP node, which has
		// the same cases.
		if ran := c.Out.Result == "COMPLETED" || c.Out.Result == "UNFINISHED"; ran {
			require.True(t, d.Run, "%s", c.In)
			require.Equal(t, "run", d.String())
		} else {
			require.False(t, d.Run, "%s", c.In)
			require.Equal(t, c.Out.Result, d.Result.MosparoName(), "%s", c.In)
			require.Equal(t, d.Result.String(), d.String())
		}
	}
}

func TestDecision_TheZeroDecisionLooksLikeNoResult(t *testing.T) {
	require.Equal(t, "undecided", fmt.Sprint(cleanup.Decision{}))
}

func TestPolicy_RefusesWhatMosparoCannotStore(t *testing.T) {
	for want, p := range map[string]cleanup.Policy{
		"SubmitTokenRetention is 25h0m0s, want 1 to 24 whole hours": {SubmitTokenRetention: 25 * time.Hour},
		"SubmissionRetention is 36h0m0s, want 1 to 14 whole days":   {SubmissionRetention: 36 * time.Hour},
		"SubmissionRetention is 360h0m0s":                           {SubmissionRetention: 15 * 24 * time.Hour},
		"ProcessInterval is -1h0m0s":                                {ProcessInterval: -time.Hour},
		"ProcessInterval is 1h0m0.000000001s":                       {ProcessInterval: time.Hour + 1},
		"UnfinishedInterval is 30s, want 1 to 360 whole minutes":    {UnfinishedInterval: 30 * time.Second},
		"UnfinishedInterval is 6h1m0s":                              {UnfinishedInterval: 361 * time.Minute},
	} {
		require.ErrorContains(t, p.Validate(), "cleanup: Policy."+want)
	}
	most := cleanup.Policy{
		GracePeriod: true, SubmitTokenRetention: 24 * time.Hour, SubmissionRetention: 14 * 24 * time.Hour,
		ProcessInterval: 24 * time.Hour, UnfinishedInterval: 360 * time.Minute,
	}
	require.NoError(t, most.Validate())
	require.Equal(t, most, most.WithDefaults())
	require.NoError(t, cleanup.Policy{}.Validate())
	require.Equal(t, cleanup.Policy{
		SubmitTokenRetention: 24 * time.Hour, SubmissionRetention: 14 * 24 * time.Hour,
		ProcessInterval: 6 * time.Hour, UnfinishedInterval: 10 * time.Minute,
	}, cleanup.Policy{}.WithDefaults())
}
