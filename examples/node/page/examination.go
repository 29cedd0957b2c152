package page

import (
	"context"
	"slices"
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
	p.examination = part[doctor.Report]{keep: keepExamination, timeout: examinationTimeout, read: func(ctx context.Context) (doctor.Report, error) { return p.examine(ctx), nil }}
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
		v.Findings = append(v.Findings, findingView{
			Level: severityLevel(f.Severity), Subject: plain(f.Subject), What: sentence(f.What), Consequence: sentence(f.Consequence), Remedy: sentence(f.Remedy),
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
