package page

import (
	"fmt"
	"strconv"
	"time"

	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// maxText limits text of others, in characters.
const maxText = 1000

// plain returns text of others in one line of limited length, without characters that are
// invisible or change the direction of writing. html/template escapes the rest.
func plain(text string) string {
	runes := []rune(shell.Plain(text))
	if len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return string(runes)
}

// duration returns a duration in words with its two largest units, such as "5 h 12 min".
func duration(d time.Duration) string {
	day := 24 * time.Hour
	switch d = max(d, 0); {
	case d < time.Second:
		return "less than a second"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < day:
		return units(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "min")
	}
	return units(int(d/day), "d", int(d%day/time.Hour), "h")
}

func units(a int, unitA string, b int, unitB string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, unitA)
	}
	return fmt.Sprintf("%d %s %d %s", a, unitA, b, unitB)
}

// latency returns a short duration with two significant digits, such as "0.42 ms".
func latency(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 0.1:
		return fmt.Sprintf("%.0f µs", ms*1000)
	case ms < 1:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// number returns a number with commas, such as "1,204".
func number(n int) string {
	if n < 0 {
		return "-" + number(-n)
	}
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// count returns a number with its noun, such as "2 problems".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// moment is a point in time for people and machines.
type moment struct{ time.Time }

// Text returns the time to the second, in UTC, which all nodes share.
func (m moment) Text() string { return m.UTC().Format("2006-01-02 15:04:05 UTC") }

// Minute returns the time to the minute, in UTC.
func (m moment) Minute() string { return m.UTC().Format("2006-01-02 15:04 UTC") }

// Machine returns the time for the attribute datetime.
func (m moment) Machine() string { return m.UTC().Format(time.RFC3339) }

// ago returns how long ago a time was, or "just now".
func ago(t, now time.Time) string {
	d := now.Sub(t)
	if d < time.Second {
		return "just now"
	}
	return duration(d) + " ago"
}
