package cleanup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup/internal/runhistory"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// History returns the newest runs with their nodes, newest first, at most n. If the
// cache cannot be read, it returns an error and the runs without their nodes.
func (s *Scheduler) History(ctx context.Context, n int) ([]Run, error) {
	runs, err := s.db.Recent(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("cleanup: history: %w", err)
	}
	runs, err = s.withNodes(ctx, runs, nil)
	if err != nil {
		err = fmt.Errorf("cleanup: history: %w", err)
	}
	return runs, err
}

// Overlaps returns the pairs of runs at the same time, newest first. A run begins at its
// time and lasts for its duration, or for the unfinished interval if its status is
// unknown. Since times have whole seconds, two short runs in one second are reported
// although one may have followed the other, and an overlap of less than a second may be
// missing.
func (s *Scheduler) Overlaps(runs []Run) []Overlap { return overlaps(runs, s.policy) }

// withNodes returns the runs with their nodes. Only the cache knows the nodes, so that
// of a run before its history begins is unknown.
func (s *Scheduler) withNodes(ctx context.Context, runs []Run, underWay *runrecord.Record) ([]Run, error) {
	var notes cache.Result[[]runhistory.Note]
	err := cache.Read(ctx, s.pool, runhistory.Key.Into(&notes))
	stored := runhistory.Of(notes.Value)
	s.mu.Lock()
	known, lost := maps.Clone(s.noted), stored.HasLost(s.noted)
	s.mu.Unlock()
	maps.Copy(known, stored)
	if underWay != nil && underWay.Row != 0 {
		known.Add(noteOf(*underWay))
	}
	all := make([]Run, len(runs))
	for i, run := range runs {
		all[i] = run
		if note, ok := known[run.ID]; ok {
			all[i].Host, all[i].PID = cmp.Or(note.Host, "unknown"), note.PID
		} else {
			all[i].NodeUnknown = lost || !stored.Covers(run.ID)
		}
	}
	return all, err
}

// historyEntries returns the entry that adds a run to the history, for a
// [cache.Write]. A history that has lost a note begins anew, since it would show the run
// of another Go node as PHP's. One in an unknown format is a newer node's and stays, so
// that there is nothing to write.
func (s *Scheduler) historyEntries(ctx context.Context, r runrecord.Record) []cache.Entry {
	notes, err := runhistory.Key.Get(ctx, s.pool)
	stored := runhistory.Of(notes)
	s.mu.Lock()
	defer s.mu.Unlock()
	if stored.HasLost(s.noted) {
		stored = runhistory.History{}
	}
	stored.Add(noteOf(r))
	s.noted.Add(noteOf(r))
	s.noted = runhistory.Of(s.noted.Newest())
	if err != nil && !errors.Is(err, cache.ErrNotFound) && !errors.Is(err, cache.ErrNull) {
		return nil
	}
	return []cache.Entry{runhistory.Key.With(stored.Newest(), runhistory.TTL)}
}

// noteOf returns the note of a run whose row has the time of the record.
func noteOf(r runrecord.Record) runhistory.Note {
	return runhistory.Note{Row: r.Row, Host: r.Host, PID: r.PID, Started: r.Started.Unix()}
}

// RunTimes returns when the newest runs of Go nodes started, by id, as the cache has it;
// see [Snapshot]. It is empty if the cache has no history, or one in an unknown format.
func RunTimes(ctx context.Context, pool *cache.Pool) (map[int64]time.Time, error) {
	var notes cache.Result[[]runhistory.Note]
	if err := cache.Read(ctx, pool, runhistory.Key.Into(&notes)); err != nil {
		return nil, fmt.Errorf("cleanup: times of runs: %w", err)
	}
	times := map[int64]time.Time{}
	for _, n := range notes.Value {
		if n.Started > 0 {
			times[n.Row] = time.Unix(n.Started, 0).UTC()
		}
	}
	return times, nil
}
