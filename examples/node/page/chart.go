package page

import (
	"fmt"
	"slices"
	"strings"
	"time"
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
