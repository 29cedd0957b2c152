package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

func cleanupCommands() []command {
	return withHidden([]command{
		{
			name: "status", args: clusterArgs + " [--json]", run: cleanupStatus,
			help:     "Show when and why the cleanup is due, whether it is running, and the last runs.",
			examples: []string{"mosparoctl cleanup status --dir /var/www/mosparo", "mosparoctl cleanup status --dir /var/www/mosparo --json"},
		},
		{
			name: "history", args: clusterArgs + " [-n NUMBER] [--json]", run: cleanupHistory, short: map[string]string{"number": "n"},
			help:     "Show the latest runs of all nodes, and which overlapped.",
			examples: []string{"mosparoctl cleanup history --dir /var/www/mosparo -n 50"},
		},
		{
			name: "observe", args: clusterArgs + " [--json]", run: cleanupObserve, asks: works,
			help:     "Watch the schedule until interrupted and log what a node would do. It writes nothing.",
			examples: []string{"mosparoctl cleanup observe --dir /var/www/mosparo"},
		},
		{
			name: "run", args: clusterArgs + " [--force] [--dry-run] [--json]", run: cleanupRun, asks: works,
			help: "Run the cleanup if it is due, or now with --force, under the lock of the Go nodes. It is refused if a check forbids this node to clean.",
			examples: []string{
				"mosparoctl cleanup run --dir /var/www/mosparo --dry-run",
				"mosparoctl cleanup run --dir /var/www/mosparo --zone Europe/Zurich",
				"mosparoctl cleanup run --dir /var/www/mosparo --force --json",
			},
		},
		{
			name: "pause", args: "[--dir DIR] [--for DURATION] [--reason TEXT] [--json]", run: cleanupPause,
			help:     "Stop the Go nodes from cleaning, for at most 24 hours. PHP nodes ignore it.",
			examples: []string{`mosparoctl cleanup pause --dir /var/www/mosparo --for 2h --reason "backup"`},
		},
		{
			name: "resume", args: "[--dir DIR]", run: cleanupResume,
			help:     "End a pause.",
			examples: []string{"mosparoctl cleanup resume --dir /var/www/mosparo"},
		},
	}, cleanupDecideCommand())
}

func cleanupDecideCommand() command {
	return command{
		name: "decide", args: "[--lines] < JSON", run: cleanupDecide, asks: offline,
		help:     "Show what mosparo's rules decide in a given situation, with mosparo's result names.",
		examples: []string{`echo '{"in": {"next": -60}}' | mosparoctl debug cleanup decide`},
	}
}

// situation is the input of "cleanup decide". Times are offsets from now in seconds, null
// is a stored null, "missing" is no entry.
type situation struct {
	Next                 json.RawMessage `json:"next"`
	Additional           json.RawMessage `json:"additional"`
	Started              json.RawMessage `json:"started"`
	Stats                [][2]int64      `json:"stats"`
	Grace                bool            `json:"grace"`
	IgnoreSchedule       bool            `json:"ignoreSchedule"`
	MaxIterations        int             `json:"maxIterations"`
	Cache                string          `json:"cache"`
	Interval             int             `json:"interval"`
	Unfinished           int             `json:"unfinished"`
	SubmitTokenRetention int             `json:"submitTokenRetention"`
}

// verdict is the output of "cleanup decide": the result, and the entries of the cache
// that a run would have changed, with offsets in seconds.
type verdict struct {
	Result  string            `json:"result"`
	Changed map[string]*int64 `json:"changed"`
}

func cleanupDecide(_ context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	alwaysJSON(flags)
	lines := flags.Bool("lines", false, "one situation a line")
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"cleanup decide takes its input from standard input"}
		}
		if *lines {
			return a.eachLine(decide)
		}
		doc, err := a.input()
		if err != nil {
			return err
		}
		out, err := decide(doc)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(shell.JSON(a.stdout), "%s\n", out)
		return err
	}
}

func decide(doc []byte) ([]byte, error) {
	in := struct {
		In situation `json:"in"`
	}{In: situation{MaxIterations: 10, Cache: "ok", Interval: 6, Unfinished: 10, SubmitTokenRetention: 24}}
	if err := json.Unmarshal(doc, &in); err != nil {
		return nil, err
	}
	v, err := in.In.decide(time.Now())
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func (s situation) decide(now time.Time) (verdict, error) {
	st, err := s.state(now)
	if err != nil {
		return verdict{}, err
	}
	p := s.policy()
	d := p.Decide(st, now, s.IgnoreSchedule)
	out := verdict{Result: d.Result.MosparoName(), Changed: map[string]*int64{}}
	if !d.Run {
		return out, nil
	}
	result, next := cleanup.ResultCompleted, now.Add(p.ProcessInterval)
	var additional *time.Time
	if s.MaxIterations <= 0 {
		again := now.Add(p.UnfinishedInterval)
		result, additional = cleanup.ResultUnfinished, &again
	}
	out.Result = result.MosparoName()
	if st.ReadOnlyCache {
		return out, nil
	}
	for _, c := range []struct {
		name   string
		before json.RawMessage
		after  *time.Time
	}{{"additional", s.Additional, additional}, {"next", s.Next, &next}, {"started", s.Started, nil}} {
		if c.after != nil {
			offset := int64(c.after.Sub(now) / time.Second)
			out.Changed[c.name] = &offset
		} else if !isStoredNull(c.before) {
			out.Changed[c.name] = nil
		}
	}
	return out, nil
}

// policy returns the policy, with the default for a number outside mosparo's range, as in
// mosparo.
func (s situation) policy() cleanup.Policy {
	setting := func(n, most int, unit time.Duration) time.Duration {
		if n < 1 || n > most {
			return 0
		}
		return time.Duration(n) * unit
	}
	return cleanup.Policy{
		GracePeriod: s.Grace, SubmitTokenRetention: setting(s.SubmitTokenRetention, 24, time.Hour),
		ProcessInterval: setting(s.Interval, 24, time.Hour), UnfinishedInterval: setting(s.Unfinished, 360, time.Minute),
	}.WithDefaults()
}

const missing = `"missing"`

// isStoredNull reports whether an entry has a null. Writing null does not change such an
// entry, but it creates a missing one.
func isStoredNull(entry json.RawMessage) bool {
	return len(entry) == 0 || string(entry) == "null"
}

func (s situation) state(now time.Time) (cleanup.Snapshot, error) {
	var st cleanup.Snapshot
	switch s.Cache {
	case "ok", "":
	case "readonly", "down":
		st.ReadOnlyCache = true
	default:
		return st, fmt.Errorf("cache is ok, readonly or down, not %q", s.Cache)
	}
	for _, c := range []struct {
		raw json.RawMessage
		to  **time.Time
	}{{s.Next, &st.Next}, {s.Additional, &st.Additional}, {s.Started, &st.Started}} {
		if s.Cache == "down" || isStoredNull(c.raw) || string(c.raw) == missing {
			continue
		}
		var offset int64
		if err := json.Unmarshal(c.raw, &offset); err != nil {
			return st, err
		}
		at := now.Add(time.Duration(offset) * time.Second)
		*c.to = &at
	}
	for _, row := range s.Stats {
		at := now.Add(time.Duration(row[0]) * time.Second)
		if st.Newest == nil || at.After(*st.Newest) {
			st.Newest = &at
		}
		if row[1] == int64(cleanup.StatusUnknown) && (st.NewestUnknown == nil || at.After(*st.NewestUnknown)) {
			st.NewestUnknown = &at
		}
	}
	return st, nil
}
