package page

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

// The page examines the node when it is requested, and no more often than this: an
// examination opens connections of its own, and a command that Redis refuses is in that
// server's log.
const keepExamination = 15 * time.Minute

// examinationTimeout limits an examination. The page does not wait for it.
const examinationTimeout = 10 * time.Second

// maxFindings is how many findings the page shows.
const maxFindings = 50

// WithExamination shows what an examination of the node finds, such as one by
// [doctor.Examine]. The page calls examine in the background, while it is being read, at
// most once in a quarter of an hour; its context ends after ten seconds. The default, or
// nil, is no such section.
func WithExamination(examine func(ctx context.Context) doctor.Report) Option {
	return func(p *Page) { p.examine = examine }
}

func (p *Page) setExamination() {
	p.examination = part[doctor.Report]{keep: keepExamination, timeout: examinationTimeout, read: func(ctx context.Context) (doctor.Report, error) {
		r := p.examine(ctx)
		for _, f := range r.Findings {
			if _, quotes := inWords(f); quotes {
				p.logger.WarnContext(ctx, "the examination quotes an error, which the status page does not show", slog.String("check", f.Code), slog.String("error", f.What))
			}
		}
		return r, nil
	}}
}

// quoting are the findings that consist of the error of a driver, a client or the system,
// with what the page says instead. It may have addresses, which the page does not show.
var quoting = map[string]string{
	"cache_address_unusable":    "The address of the shared cache cannot be used",
	"locks_address_unusable":    "The address of the lock server cannot be used",
	"database_address_unusable": "The address of the database cannot be used",
	"cache_unreadable":          "The directory of the shared cache cannot be read",
	"directory_unreadable":      "mosparo's directory cannot be read",
	"database_check_failed":     "A check of the database could not be made",
	"database_projects":         "The list of the projects cannot be read",
	"nodes_unreadable":          "The records of the other nodes cannot be read",
	"cache_write_failed":        "An entry of the shared cache could not be written, read or removed",
	"lock_failed":               "A lock could not be taken or released",
	"check_failed":              "A check ended in a panic",
}

// inWords returns what a finding says, and whether the page says it in words of its own.
func inWords(f doctor.Finding) (what string, quotes bool) {
	if what, quotes = quoting[f.Code]; quotes {
		return what + "; the error is in the log of this node", true
	}
	server := map[string]string{"cache": "The shared cache", "locks": "The lock server", "database": "The database"}[f.Subject]
	if server != "" && strings.Contains(f.What, " cannot be reached: ") {
		return server + " cannot be reached; the error is in the log of this node", true
	}
	what, _, quotes = strings.Cut(f.What, "\n") // what follows a refusal is the error of a server
	return what, quotes
}

// readExamination returns the report of the last examination, false before the first one.
func (p *Page) readExamination(ctx context.Context) (doctor.Report, bool) {
	if p.examine == nil {
		return doctor.Report{}, false
	}
	return p.examination.latest(ctx)
}

// examinationView is what the page shows of an examination. Findings is empty if
// everything is as it should be.
type examinationView struct {
	Done     bool
	At       moment
	Ago      string
	Findings []findingView
}

type findingView struct {
	Level                              level
	Subject, What, Consequence, Remedy string
}

// newExaminationView leaves out the differences between nodes, which the page shows as
// they are now.
func newExaminationView(r doctor.Report, done bool, now time.Time) *examinationView {
	v := &examinationView{Done: done}
	if !done {
		return v
	}
	v.At, v.Ago = moment{r.Time}, ago(r.Time, now)
	for _, f := range ownFindings(r) {
		if len(v.Findings) == maxFindings {
			break
		}
		what, _ := inWords(f)
		v.Findings = append(v.Findings, findingView{
			Level: severityLevel(f.Severity), Subject: plain(f.Subject), What: sentence(what), Consequence: sentence(f.Consequence), Remedy: sentence(f.Remedy),
		})
	}
	return v
}

func ownFindings(r doctor.Report) []doctor.Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f doctor.Finding) bool { return f.Code == "nodes_differ" })
}

func severityLevel(s doctor.Severity) level {
	switch s {
	case doctor.Error:
		return bad
	case doctor.Warning:
		return warning
	}
	return notice
}

// examinationConcerns sends readers to the findings, if one of them is more than a note.
func examinationConcerns(r doctor.Report) []concern {
	errors, warnings := 0, 0
	for _, f := range ownFindings(r) {
		switch f.Severity {
		case doctor.Error:
			errors++
		case doctor.Warning:
			warnings++
		}
	}
	const below = "What they mean and what to do is below, under Examination."
	switch {
	case errors > 0:
		return []concern{{Level: bad, Title: "The examination found " + count(errors, "error", "errors"), Text: below}}
	case warnings > 0:
		return []concern{{Level: warning, Title: "The examination found " + count(warnings, "warning", "warnings"), Text: below}}
	}
	return nil
}
