package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// How far a server may be from this host.
const (
	slowLatency  = 20 * time.Millisecond
	clockWarning = time.Second
	clockError   = 5 * time.Second
)

// median returns the middle one of some values.
func median[N cmp.Ordered](all []N) (m N) {
	if len(all) == 0 {
		return m
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// latencyFinding returns a finding for a slow server, if it is one.
func latencyFinding(part string, latency time.Duration) []Finding {
	if latency <= slowLatency {
		return nil
	}
	return []Finding{{
		Code: part + "_slow", Severity: Warning, Subject: part,
		What:        fmt.Sprintf("half of the small requests take more than %v; in one data center they take less than 1ms", latency.Round(time.Millisecond)),
		Consequence: "every request of a PHP node, and a cleanup with its many small transactions, takes as much longer",
		Remedy:      "see whether the server is overloaded, far away, or behind a name server that is slow",
	}}
}

// clockOf returns how far the clock that read returns is ahead of this host's, and how far
// that may be from the truth.
func clockOf(ctx context.Context, read func(context.Context) (time.Time, error)) (ahead, accuracy time.Duration, err error) {
	start := time.Now()
	theirs, err := read(ctx)
	took := time.Since(start)
	if err != nil {
		return 0, 0, err
	}
	return theirs.Sub(start.Add(took / 2)), took / 2, nil
}

// clockFinding returns a finding for a clock that is surely too far from this host's.
func clockFinding(part string, ahead, accuracy time.Duration) []Finding {
	apart := ahead.Abs() - accuracy
	f := Finding{
		Code: part + "_clock", Severity: Warning, Subject: part,
		What:        fmt.Sprintf("the server's clock is %v %s this host's", ahead.Abs().Round(10*time.Millisecond), direction(ahead)),
		Consequence: "times that PHP and Go nodes compare (the schedule, the marker of a running cleanup, the age of submissions) are off by as much; from 5 minutes on a Go node refuses to clean",
		Remedy:      "run an NTP client (chrony, systemd-timesyncd) on this host and the server, and see which of the two is wrong",
	}
	switch {
	case apart > clockError:
		f.Severity = Error
	case apart <= clockWarning:
		return nil
	}
	return []Finding{f}
}

func direction(ahead time.Duration) string {
	if ahead < 0 {
		return "behind"
	}
	return "ahead of"
}
