package cleanup

import (
	"time"

	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// runOf returns the run under way of a record.
func runOf(r runrecord.Record) *Run {
	return &Run{ID: r.Row, Time: r.Started, Executor: Executor(r.Executor), Host: r.Host, PID: r.PID}
}

// endOf returns the run of a record for [Database].Finish: incomplete unless the record
// says that it is complete. Numbers that mosparo could not read are replaced, since any
// program can write to the cache: mosparo maps the status to an enum.
func endOf(r runrecord.Record) Run {
	end := Run{
		ID: r.Row, Time: r.Started, Executor: Executor(r.Executor), Status: StatusIncomplete,
		StoredTokens: max(r.StoredTokens, 0), DeletedTokens: max(r.DeletedTokens, 0),
		StoredSubmissions: max(r.StoredSubmissions, 0), DeletedSubmissions: max(r.DeletedSubmissions, 0),
		Duration: time.Duration(max(r.Milliseconds, 0)) * time.Millisecond,
	}
	if Status(r.Status) == StatusComplete {
		end.Status = StatusComplete
	}
	return end
}
