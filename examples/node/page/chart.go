package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// The sizes of the charts, in units of their own: the page scales them.
const (
	chartWidth  = 300
	chartHeight = 60
)

// latencyChart is the latency of a server over the last quarter of an hour. Time goes to
// the right, and the top is the slowest answer.
type latencyChart struct {
	// Line is the path of the line, with a gap at each failure.
	Line string
	// Failures are where requests failed.
	Failures []bar
	// Summary says what the chart shows.
	Summary         string
	Median, Slowest string
}

// bar is a rectangle of a chart.
type bar struct {
	X, Y, Width, Height string
	Level               level
	Title               string
}

func newLatencyChart(samples []sample, now time.Time) *latencyChart {
	const window = samplesKept * sampleEvery
	from := now.Add(-window)
	samples = slices.DeleteFunc(samples, func(s sample) bool { return s.at.Before(from) })
	if len(samples) == 0 {
		return nil
	}
	c := &latencyChart{}
	var ok []time.Duration
	for _, s := range samples {
		if !s.failed {
			ok = append(ok, s.latency)
		}
	}
	slices.Sort(ok)
	var top time.Duration
	if len(ok) > 0 {
		top = ok[len(ok)-1]
		c.Median, c.Slowest = latency(ok[len(ok)/2]), latency(top)
	}
	c.draw(samples, from, window, max(top, 1))
	c.summarize(len(ok), len(samples)-len(ok), now.Sub(samples[0].at))
	return c
}

func (c *latencyChart) draw(samples []sample, from time.Time, window, top time.Duration) {
	const width = float64(chartWidth) / samplesKept
	var line strings.Builder
	command := "M"
	for _, s := range samples {
		x := float64(chartWidth) * float64(s.at.Sub(from)) / float64(window)
		if s.failed {
			c.Failures = append(c.Failures, bar{X: coordinate(x - width/2), Y: "0", Width: coordinate(width), Height: coordinate(chartHeight), Level: bad})
			command = "M"
			continue
		}
		y := chartHeight - 3 - (chartHeight-6)*float64(s.latency)/float64(top)
		if command == "M" { // a line of one point shows as a dot with round caps
			fmt.Fprintf(&line, "M%s %sh0", coordinate(x), coordinate(y))
		}
		fmt.Fprintf(&line, "L%s %s", coordinate(x), coordinate(y))
		command = "L"
	}
	c.Line = line.String()
}

func (c *latencyChart) summarize(ok, failed int, span time.Duration) {
	if span > time.Minute {
		span = span.Round(time.Minute)
	}
	over := "the last " + duration(max(span, sampleEvery))
	switch {
	case ok == 0:
		c.Summary = "No answer over " + over + "."
	case failed == 0:
		c.Summary = fmt.Sprintf("Over %s: median %s, slowest %s, no failure.", over, c.Median, c.Slowest)
	default:
		c.Summary = fmt.Sprintf("Over %s: median %s, slowest %s, %s.", over, c.Median, c.Slowest, count(failed, "failure", "failures"))
	}
}

func coordinate(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}

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
