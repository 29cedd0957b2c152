package cleanup

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/mosparo/go-cluster/cache"
)

// Note says that a statistic row is of a Go node.
type Note struct {
	Row  int64  `php:"row"`
	Host string `php:"host"`
	PID  int    `php:"pid"`
}

// notes are those of the Go nodes, by row. They tell of all rows since the
// oldest of them: a later row without a note is of a PHP node.
type notes map[int64]Note

func notesOf(list []Note) notes {
	n := notes{}
	for _, note := range list {
		n[note.Row] = note
	}
	return n
}

// rows are the noted rows, the oldest first.
func (n notes) rows() []int64 { return slices.Sorted(maps.Keys(n)) }

// covers reports whether the notes tell of a row.
func (n notes) covers(row int64) bool {
	all := n.rows()
	return len(all) > 0 && row >= all[0]
}

// lost reports whether a note is gone that this process wrote: the cache was
// restarted with what it had saved some time ago.
func (n notes) lost(written notes) bool {
	for row := range written {
		if _, ok := n[row]; !ok && n.covers(row) {
			return true
		}
	}
	return false
}

// newest returns the notes as they are stored.
func (n notes) newest() (list []Note) {
	all := n.rows()
	for _, row := range all[max(0, len(all)-historyLength):] {
		list = append(list, n[row])
	}
	return list
}

// history is what to write so that the history has a run, too; it is for people
// only. A history that has lost a note begins anew, since it would call the run of
// another node PHP's. One in an unknown form is a newer node's, and stays.
func (s *Scheduler) history(ctx context.Context, rec RunRecord) []cache.Entry {
	list, err := HistoryKey.Get(ctx, s.pool)
	stored := notesOf(list)
	s.mu.Lock()
	defer s.mu.Unlock()
	if stored.lost(s.noted) {
		stored = notes{}
	}
	note := Note{Row: rec.Row, Host: rec.Host, PID: rec.PID}
	stored[rec.Row], s.noted[rec.Row] = note, note
	s.noted = notesOf(s.noted.newest())
	if err != nil && !errors.Is(err, cache.ErrNotFound) && !errors.Is(err, cache.ErrNull) {
		return nil
	}
	return []cache.Entry{HistoryKey.With(stored.newest(), historyKeyTTL)}
}

// runs are rows with their nodes. The notes lie in the cache alone: the node of a row
// that is older than them is unknown.
func (s *Scheduler) runs(ctx context.Context, rows []Row, record *RunRecord) ([]Run, error) {
	var list cache.Result[[]Note]
	err := cache.Read(ctx, s.pool, HistoryKey.Into(&list))
	stored := notesOf(list.Value)
	s.mu.Lock()
	ours, lost := maps.Clone(s.noted), stored.lost(s.noted)
	s.mu.Unlock()
	maps.Copy(ours, stored)
	if record != nil && record.Row != 0 {
		ours[record.Row] = Note{Row: record.Row, Host: record.Host, PID: record.PID}
	}
	all := make([]Run, len(rows))
	for i, row := range rows {
		note, found := ours[row.ID]
		all[i] = Run{Row: row, Go: found, Host: note.Host, Unknown: !found && (lost || !stored.covers(row.ID))}
	}
	return all, err
}
