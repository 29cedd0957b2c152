package cleanup

import "strconv"

// Result says how an attempt ended.
type Result int

// The results below 100 are those of mosparo's CleanupHelper, by number, the others
// of Go nodes alone. No result is stored.
const (
	// ResultCompleted means that the cleanup ran and nothing was left to delete.
	ResultCompleted Result = 0
	// ResultUnfinished means that the cleanup ran and something was left.
	ResultUnfinished Result = 1
	// ResultNotDue means that the next cleanup is in the future.
	ResultNotDue Result = 2
	// ResultAlreadyRunning means that another node cleans, by the marker or the
	// lock.
	ResultAlreadyRunning Result = 3
	// ResultRunPending means that the statistics have a run of unknown status that
	// is younger than the unfinished interval.
	ResultRunPending Result = 4
	// ResultJustExecuted means that the cache cannot be written and the newest run
	// is younger than the unfinished interval.
	ResultJustExecuted Result = 5

	// ResultUnavailable means that the lock, the cache or the database could not be
	// reached, so that nothing was done.
	ResultUnavailable Result = 100
	// ResultRefused means that a check found that cleaning might do harm.
	ResultRefused Result = 101
	// ResultObserved means that the cleanup is due and this node only observes.
	ResultObserved Result = 102
	// ResultPaused means that an operator has paused the Go nodes; see [PauseAll].
	ResultPaused Result = 103
)

// resultTexts are the name of a result, mosparo's own name, and a sentence.
var resultTexts = map[Result][3]string{
	ResultCompleted:      {"completed", "COMPLETED", "the cleanup ran to its end"},
	ResultUnfinished:     {"unfinished", "UNFINISHED", "the cleanup ran and left something to delete"},
	ResultNotDue:         {"not_due", "NEXT_CLEANUP_IN_THE_FUTURE", "the cleanup is not due yet"},
	ResultAlreadyRunning: {"already_running", "CLEANUP_RUNNING_ALREADY", "another node cleans"},
	ResultRunPending:     {"run_pending", "UNFINISHED_CLEANUP_STATISTIC_OBJECT", "a run has begun and may still be under way"},
	ResultJustExecuted:   {"just_executed", "CLEANUP_JUST_EXECUTED", "a cleanup ran just now"},
	ResultUnavailable:    {"unavailable", "", "the lock, the cache or the database could not be reached"},
	ResultRefused:        {"refused", "", "this node must not clean"},
	ResultObserved:       {"observed", "", "the cleanup is due, and this node only observes"},
	ResultPaused:         {"paused", "", "the Go nodes are paused"},
}

// String returns the result in lower_snake_case.
func (r Result) String() string {
	if texts, ok := resultTexts[r]; ok {
		return texts[0]
	}
	return "result_" + strconv.Itoa(int(r))
}

// MosparoName returns the name of the constant in mosparo, such as
// NEXT_CLEANUP_IN_THE_FUTURE. It is empty for results of Go nodes.
func (r Result) MosparoName() string { return resultTexts[r][1] }

// Describe returns the result as a sentence for people, without a full stop.
func (r Result) Describe() string { return resultTexts[r][2] }

// Executor is what starts a cleanup, by mosparo's numbers.
type Executor int

// The command and the web cron job are forced: they ignore schedule and marker.
const (
	ExecutorUnknown     Executor = 0
	ExecutorCommand     Executor = 1
	ExecutorFrontendAPI Executor = 2
	ExecutorWebCronJob  Executor = 3
)

// isKnown reports whether mosparo has the number: its enum fails on any other.
func (e Executor) isKnown() bool { return e >= ExecutorUnknown && e <= ExecutorWebCronJob }

// Forced reports whether the executor ignores schedule and marker.
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

// Status of a run, by mosparo's numbers.
type Status int

const (
	// StatusUnknown is the status of a run that is under way, or whose node has
	// crashed.
	StatusUnknown Status = 0
	// StatusIncomplete is that of a run that failed or reached its limits.
	StatusIncomplete Status = 1
	// StatusComplete is that of a run that left nothing to delete.
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
