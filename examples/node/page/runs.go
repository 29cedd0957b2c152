package page

import (
	"fmt"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// runsChart has a bar for each of the last runs, oldest first, as high as the number of
// submissions that it deleted.
type runsChart struct {
	Bars    []bar
	Summary string
}

func newRunsChart(runs []cleanup.Run) *runsChart {
	if len(runs) == 0 {
		return nil
	}
	const gap = 0.25 // of the space of a bar
	most := slices.MaxFunc(runs, func(a, b cleanup.Run) int { return a.DeletedSubmissions - b.DeletedSubmissions }).DeletedSubmissions
	c := &runsChart{}
	step := float64(chartWidth) / float64(len(runs))
	i := 0
	for _, r := range slices.Backward(runs) {
		height := max(2, chartHeight*float64(r.DeletedSubmissions)/float64(max(most, 1)))
		c.Bars = append(c.Bars, bar{
			X: coordinate(float64(i)*step + step*gap/2), Y: coordinate(chartHeight - height),
			Width: coordinate(step * (1 - gap)), Height: coordinate(height), Level: levelOf(r.Status),
			Title: fmt.Sprintf("%s: %s, %s", moment{r.Time}.Text(), statusWord(r.Status), count(r.DeletedSubmissions, "submission", "submissions")),
		})
		i++
	}
	c.Summary = fmt.Sprintf("Deleted submissions of %s, the oldest on the left; at most %s.", count(len(runs), "cleanup", "cleanups"), number(most))
	return c
}

func levelOf(s cleanup.Status) level {
	switch s {
	case cleanup.StatusComplete:
		return fine
	case cleanup.StatusIncomplete:
		return warning
	}
	return busy
}

func statusWord(s cleanup.Status) string {
	switch s {
	case cleanup.StatusComplete:
		return "complete"
	case cleanup.StatusIncomplete:
		return "incomplete"
	}
	return "under way or crashed"
}

// runView is a row of the table of runs.
type runView struct {
	Started                           moment
	Ago                               string
	Node                              string
	Executor, Status                  string
	Level                             level
	DeletedSubmissions, DeletedTokens string
	StoredSubmissions, StoredTokens   string
	Took                              string
}

func runViews(runs []cleanup.Run, now time.Time) []runView {
	views := make([]runView, 0, len(runs))
	for _, r := range runs {
		views = append(views, runView{
			Started: moment{r.Time}, Ago: ago(r.Time, now), Node: nodeOf(r), Executor: executorWord(r.Executor),
			Status: statusWord(r.Status), Level: levelOf(r.Status),
			DeletedSubmissions: number(r.DeletedSubmissions), DeletedTokens: number(r.DeletedTokens),
			StoredSubmissions: number(r.StoredSubmissions), StoredTokens: number(r.StoredTokens), Took: took(r.Duration),
		})
	}
	return views
}

func nodeOf(r cleanup.Run) string {
	switch {
	case r.IsGo():
		return plain(r.Host)
	case r.NodeUnknown:
		return "unknown"
	}
	return "a PHP node"
}

func executorWord(e cleanup.Executor) string {
	switch e {
	case cleanup.ExecutorCommand:
		return "command"
	case cleanup.ExecutorFrontendAPI:
		return "schedule"
	case cleanup.ExecutorWebCronJob:
		return "web cron job"
	}
	return "unknown"
}

func took(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < time.Second:
		return latency(d)
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return duration(d)
}
