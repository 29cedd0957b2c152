package cleanup

import (
	"strconv"
	"time"
)

// Run is one run of the cleanup on any node, under way or over: its row in mosparo's
// table cleanup_statistic, and its node as far as the cache knows it.
type Run struct {
	// ID is the id of the row, 0 before there is one.
	ID int64
	// Time is when the run started, in whole seconds. While the run of a Go node is
	// under way, the row has the time of its last heartbeat instead.
	Time     time.Time
	Executor Executor
	Status   Status

	StoredTokens, DeletedTokens           int
	StoredSubmissions, DeletedSubmissions int
	// Duration is how long it took, 0 while it is under way.
	Duration time.Duration

	// Host and PID identify the Go node. They are zero for a PHP node, and in what a
	// [Database] returns.
	Host string
	PID  int
	// NodeUnknown is true if the cache does not say whether the run is of a Go or a
	// PHP node. It is false in what a [Database] returns.
	NodeUnknown bool
}

// IsGo reports whether the run is known to be of a Go node.
func (r Run) IsGo() bool { return r.Host != "" }

// older reports whether Recent of a [Database] returns a after b.
func older(a, b Run) bool {
	return a.Time.Before(b.Time) || a.Time.Equal(b.Time) && a.ID < b.ID
}

// Executor is what has started a run, by mosparo's numbers.
type Executor int

const (
	// ExecutorUnknown means that it is not known.
	ExecutorUnknown Executor = 0
	// ExecutorCommand is the console command mosparo:cleanup-database.
	ExecutorCommand Executor = 1
	// ExecutorFrontendAPI is a request of a visitor, and the default of
	// [Scheduler.Run].
	ExecutorFrontendAPI Executor = 2
	// ExecutorWebCronJob is a request to mosparo's URL for cron jobs.
	ExecutorWebCronJob Executor = 3
)

// isKnown reports whether mosparo has the number; its enum fails on any other.
func (e Executor) isKnown() bool { return e >= ExecutorUnknown && e <= ExecutorWebCronJob }

// Forced reports whether the executor ignores schedule and marker, as the command and
// the web cron job do.
func (e Executor) Forced() bool { return e == ExecutorCommand || e == ExecutorWebCronJob }

// String returns the executor in lower_snake_case.
func (e Executor) String() string {
	switch e {
	case ExecutorUnknown:
		return "unknown"
	case ExecutorCommand:
		return "command"
	case ExecutorFrontendAPI:
		return "frontend_api"
	case ExecutorWebCronJob:
		return "web_cron_job"
	}
	return "executor_" + strconv.Itoa(int(e))
}

// Status is the status of a run, by mosparo's numbers.
type Status int

const (
	// StatusUnknown means that the run is under way, or that its node has crashed.
	StatusUnknown Status = 0
	// StatusIncomplete means that the run failed or reached its limits.
	StatusIncomplete Status = 1
	// StatusComplete means that the run left nothing to delete.
	StatusComplete Status = 2
)

// String returns the status in lower_snake_case.
func (s Status) String() string {
	switch s {
	case StatusUnknown:
		return "unknown"
	case StatusIncomplete:
		return "incomplete"
	case StatusComplete:
		return "complete"
	}
	return "status_" + strconv.Itoa(int(s))
}
