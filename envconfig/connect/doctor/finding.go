package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Finding is something that is wrong, or worth knowing, about a node or its cluster. Its
// texts are plain sentences in one line: they contain no secret of the settings and no
// control characters, also where they quote a server.
type Finding struct {
	// Code identifies the kind of finding, in lower_snake_case. It does not change
	// between versions.
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	// Subject is what the finding is about: the name of a setting such as REDIS_URL, or
	// "cache", "locks", "database", "files" or "nodes".
	Subject string `json:"subject"`
	// What says what is wrong.
	What string `json:"what"`
	// Consequence says what happens if it stays.
	Consequence string `json:"consequence"`
	// Remedy says what to do.
	Remedy string `json:"remedy"`
}

// Severity says how bad a finding is. The zero value is [Note].
type Severity int

// The severities, in rising order.
const (
	// Note is for what an operator should know, and may be as it should be.
	Note Severity = iota
	// Warning is for what will probably do harm.
	Warning
	// Error is for what keeps the node from its work, or harms the cluster now.
	Error
)

var severities = []string{"note", "warning", "error"}

// String returns the name: "note", "warning" or "error".
func (s Severity) String() string {
	if s < Note || s > Error {
		return fmt.Sprintf("Severity(%d)", int(s))
	}
	return severities[s]
}

// MarshalText implements [encoding.TextMarshaler] with the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Severity) UnmarshalText(text []byte) error {
	i := slices.Index(severities, string(text))
	if i < 0 {
		return fmt.Errorf("doctor: unknown severity %q", text)
	}
	*s = Severity(i)
	return nil
}

// Worst returns the highest severity of the findings, [Note] if there are none.
func Worst(findings []Finding) Severity {
	worst := Note
	for _, f := range findings {
		worst = max(worst, f.Severity)
	}
	return worst
}

// sorted returns the findings, the worst first, without duplicates.
func sorted(findings []Finding) []Finding {
	out := make([]Finding, 0, len(findings))
	for _, f := range findings {
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Code, b.Code))
	})
	return out
}
