package page

import (
	"errors"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// level is how good or bad something is. It is the name of a class of the style sheet.
type level string

const (
	fine    level = "fine"
	busy    level = "busy"
	notice  level = "notice"
	warning level = "warning"
	bad     level = "bad"
)

// Word names the level for those who do not see colours.
func (l level) Word() string {
	switch l {
	case bad:
		return "Error"
	case warning:
		return "Warning"
	case notice:
		return "Note"
	case busy:
		return "Running"
	}
	return "Fine"
}

// glance is the state of the cluster in a sentence.
type glance struct {
	Level    level
	Headline string // of a few words, which changes only if the state does
	Sentence string
}

// glanceAt describes the schedule of the cleanup.
func glanceAt(o cleanup.Overview, maxDelay time.Duration, now time.Time) glance {
	switch {
	case o.Running != nil:
		return glanceRunning(*o.Running, now)
	case o.Pause != nil:
		return glancePaused(*o.Pause, now)
	case o.Decision.Due.After(now):
		return glance{fine, "All is well", nextCleanup(o.Decision, now)}
	}
	late := now.Sub(o.Decision.Due)
	if late > maxDelay {
		return glance{warning, "The cleanup is late", "The cleanup has been due for " + duration(late) + ": no node that cleans seems to run. A PHP node cleans only when a visitor's request or its cron job starts it."}
	}
	return glance{busy, "The cleanup is due", "The cleanup is due now; the next node that looks starts it."}
}

func glanceRunning(r cleanup.Run, now time.Time) glance {
	sentence := "A cleanup is running"
	switch {
	case r.IsGo():
		sentence += " on " + plain(r.Host)
	case r.NodeUnknown:
		sentence += " on a node that the cache does not name"
	default:
		sentence += " on a PHP node"
	}
	if !r.Time.IsZero() {
		sentence += ", for " + duration(now.Sub(r.Time))
	}
	return glance{busy, "A cleanup is running", sentence + "."}
}

func glancePaused(p cleanup.Pause, now time.Time) glance {
	sentence := "The Go nodes do not clean for another " + duration(p.Until.Sub(now))
	if p.By != "" {
		sentence += ", on the order of " + plain(p.By)
	}
	if p.Reason != "" {
		sentence += ": " + plain(p.Reason)
	}
	return glance{notice, "The Go nodes are paused", sentence + ". PHP nodes still clean."}
}

// nextCleanup says when an unforced cleanup is due, and why. The grace period leaves the
// cleanup to the cron job first.
func nextCleanup(d cleanup.Decision, now time.Time) string {
	because := map[string]string{
		"regular_schedule": "on the regular schedule",
		"unfinished_run":   "to continue an unfinished run",
		"newest_run":       "one interval after the newest run, since the cache has no schedule",
		"nothing_planned":  "since nothing is planned yet",
	}[d.Reason]
	planned := d.Due.Add(-d.Grace)
	switch {
	case d.Grace == 0:
		return "Next cleanup in " + duration(d.Due.Sub(now)) + ", " + because + "."
	case planned.After(now):
		return "Next cleanup in " + duration(planned.Sub(now)) + ", " + because + "; the grace period adds " + duration(d.Grace) + "."
	}
	return "Next cleanup in " + duration(d.Due.Sub(now)) + ": it was due " + ago(planned, now) + ", " + because +
		", and the grace period of " + duration(d.Grace) + " leaves it to the cron job first."
}

// mayClean describes the result of the node's checks. Other errors than a refusal are in
// the log only: they may contain what a visitor must not know.
func mayClean(o cleanup.Overview, now time.Time) string {
	if o.CheckedAt.IsZero() {
		return "not checked yet"
	}
	checked := " (checked " + ago(o.CheckedAt, now) + ")"
	switch {
	case o.CheckErr == nil:
		return "yes" + checked
	case errors.Is(o.CheckErr, cleanup.ErrRefused):
		return "no: " + refusal(o.CheckErr) + checked
	}
	return "unknown; see the log" + checked
}

// refusal returns why a check forbids this node to clean, in its own words: what a refusal
// joins is the error of a server.
func refusal(err error) string {
	words, _, _ := strings.Cut(err.Error(), "\n")
	return plain(words)
}
