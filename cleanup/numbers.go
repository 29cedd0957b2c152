package cleanup

import "strconv"

// Result says how an attempt ended. The first six are mosparo's, by number and
// name; mosparo stores none of them.
type Result int

// mosparo's results.
const (
	Completed                  Result = 0
	Unfinished                 Result = 1
	NextCleanupInTheFuture     Result = 2
	CleanupRunningAlready      Result = 3
	UnfinishedCleanupStatistic Result = 4
	CleanupJustExecuted        Result = 5
)

// Results of Go nodes only.
const (
	// Unavailable: the lock, the cache or the database could not be reached, so
	// nothing was done.
	Unavailable Result = 100
	// Refused: a check found that cleaning might do harm.
	Refused Result = 101
	// Observed: the cleanup is due, and this node only observes.
	Observed Result = 102
	// Paused: an operator keeps Go nodes from cleaning; see [PauseAll].
	Paused Result = 103
)

var resultNames = map[Result]string{
	Completed: "COMPLETED", Unfinished: "UNFINISHED", NextCleanupInTheFuture: "NEXT_CLEANUP_IN_THE_FUTURE",
	CleanupRunningAlready: "CLEANUP_RUNNING_ALREADY", UnfinishedCleanupStatistic: "UNFINISHED_CLEANUP_STATISTIC_OBJECT",
	CleanupJustExecuted: "CLEANUP_JUST_EXECUTED",
	Unavailable:         "UNAVAILABLE", Refused: "REFUSED", Observed: "OBSERVED", Paused: "PAUSED",
}

// String is mosparo's name of the result.
func (r Result) String() string {
	if s, ok := resultNames[r]; ok {
		return s
	}
	return "Result(" + strconv.Itoa(int(r)) + ")"
}

// Executor is who starts a cleanup, by mosparo's numbers.
type Executor int

// mosparo's executors. The command and the web cron job are forced: they ask
// neither schedule nor marker.
const (
	ExecutorUnknown     Executor = 0
	ExecutorCommand     Executor = 1
	ExecutorFrontendAPI Executor = 2
	ExecutorWebCronJob  Executor = 3
)

// known reports whether mosparo has the number: its enum fails on any other.
func (e Executor) known() bool { return e >= ExecutorUnknown && e <= ExecutorWebCronJob }

// Forced reports whether the executor ignores the schedule.
func (e Executor) Forced() bool { return e == ExecutorCommand || e == ExecutorWebCronJob }

// String names the executor.
func (e Executor) String() string {
	switch e {
	case ExecutorUnknown:
		return "unknown"
	case ExecutorCommand:
		return "cleanup command"
	case ExecutorFrontendAPI:
		return "frontend API"
	case ExecutorWebCronJob:
		return "web cron job"
	}
	return "Executor(" + strconv.Itoa(int(e)) + ")"
}

// Status of a statistic row, by mosparo's numbers.
type Status int

// mosparo's statuses.
const (
	StatusUnknown    Status = 0
	StatusIncomplete Status = 1
	StatusComplete   Status = 2
)

// String names the status.
func (s Status) String() string {
	switch s {
	case StatusUnknown:
		return "unknown"
	case StatusIncomplete:
		return "incomplete"
	case StatusComplete:
		return "complete"
	}
	return "Status(" + strconv.Itoa(int(s)) + ")"
}
