package cleanup

import "strconv"

// Result says how an attempt ended.
type Result int

// The results below 100 are those of mosparo's CleanupHelper, by number. The others
// exist on Go nodes only. No node stores a result.
const (
	// ResultCompleted means that the cleanup ran and nothing was left to delete.
	ResultCompleted Result = 0
	// ResultUnfinished means that the cleanup ran and left something to delete.
	ResultUnfinished Result = 1
	// ResultNotDue means that the next cleanup is in the future.
	ResultNotDue Result = 2
	// ResultAlreadyRunning means that the marker or the lock shows that another node
	// cleans.
	ResultAlreadyRunning Result = 3
	// ResultRunPending means that the statistics have a run of unknown status that
	// is younger than the unfinished interval.
	ResultRunPending Result = 4
	// ResultJustExecuted means that the cache cannot be written and the newest run
	// is younger than the unfinished interval.
	ResultJustExecuted Result = 5

	// ResultUnavailable means that nothing was done, since the lock, the cache or the
	// database could not be reached.
	ResultUnavailable Result = 100
	// ResultRefused means that a check found that cleaning might do harm.
	ResultRefused Result = 101
	// ResultObserved means that the cleanup is due and this node only observes.
	ResultObserved Result = 102
	// ResultPaused means that an operator has paused the Go nodes; see [PauseAll].
	ResultPaused Result = 103
)

// resultTexts has the name of each result, mosparo's name, and a sentence.
var resultTexts = map[Result][3]string{
	ResultCompleted:      {"completed", "COMPLETED", "the cleanup ran to its end"},
	ResultUnfinished:     {"unfinished", "UNFINISHED", "the cleanup ran and left something to delete"},
	ResultNotDue:         {"not_due", "NEXT_CLEANUP_IN_THE_FUTURE", "the cleanup is not due yet"},
	ResultAlreadyRunning: {"already_running", "CLEANUP_RUNNING_ALREADY", "another node cleans"},
	ResultRunPending:     {"run_pending", "UNFINISHED_CLEANUP_STATISTIC_OBJECT", "a run has begun and may still be under way"},
	ResultJustExecuted:   {"just_executed", "CLEANUP_JUST_EXECUTED", "a cleanup has just run"},
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
