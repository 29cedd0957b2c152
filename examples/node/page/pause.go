package page

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// pauseChoices are the durations of a pause that the form offers, in minutes.
var pauseChoices = []int{15, 60, 4 * 60, 12 * 60, 24 * 60}

// The longest texts that the form takes, in bytes.
const (
	maxReason = 200
	maxForm   = 8 << 10
)

// formView has the values of the form's template.
type formView struct {
	// Error says why nothing was done, empty at first.
	Error   string
	Reason  string
	Choices []choice
	Pause   *pauseView
	// Unknown is true if it is not known whether the nodes are paused.
	Unknown bool
}

type choice struct {
	Minutes int
	Text    string
}

type pauseView struct {
	Until      moment
	By, Reason string
}

// serveForm shows the form to pause the Go nodes, or to resume them.
func (p *Page) serveForm(w http.ResponseWriter, r *http.Request) {
	p.renderForm(w, r, http.StatusOK, formView{})
}

func (p *Page) renderForm(w http.ResponseWriter, r *http.Request, status int, v formView) {
	o, err := p.overview.get(r.Context())
	if v.Unknown = err != nil; o.Pause != nil {
		v.Pause = &pauseView{Until: moment{o.Pause.Until}, By: plain(o.Pause.By), Reason: plain(o.Pause.Reason)}
	}
	for _, minutes := range pauseChoices {
		v.Choices = append(v.Choices, choice{minutes, duration(time.Duration(minutes) * time.Minute)})
	}
	p.render(w, r, status, "pause", v)
}

// pauseOrResume does what the form says, and shows the page again.
func (p *Page) pauseOrResume(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.renderForm(w, r, http.StatusBadRequest, formView{Error: "The form is not valid."})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	var err error
	switch r.PostForm.Get("action") {
	case "pause":
		minutes, parseErr := strconv.Atoi(r.PostForm.Get("minutes"))
		reason := r.PostForm.Get("reason")
		if parseErr != nil || minutes <= 0 || minutes > 24*60 || len(reason) > maxReason {
			p.renderForm(w, r, http.StatusBadRequest, formView{Error: "A pause lasts up to 24 hours, and its reason has up to 200 characters.", Reason: plain(reason)})
			return
		}
		_, err = cleanup.PauseAll(ctx, p.node.Pool, time.Duration(minutes)*time.Minute, p.operator(r), plain(reason))
	case "resume":
		err = cleanup.ResumeAll(ctx, p.node.Pool)
	default:
		p.renderForm(w, r, http.StatusBadRequest, formView{Error: "The form is not valid."})
		return
	}
	p.overview.forget()
	if err != nil {
		p.logger.WarnContext(r.Context(), "pausing or resuming the cleanup failed", slog.Any("error", err))
		p.renderForm(w, r, http.StatusServiceUnavailable, formView{Error: "The shared cache could not be written, so nothing has changed for sure; the error is in the log of this node.", Reason: plain(r.PostForm.Get("reason"))})
		return
	}
	// A relative address, which is right behind a path prefix as well.
	w.Header().Set("Location", "./")
	w.WriteHeader(http.StatusSeeOther)
}

// operator returns who gives an order: the name that the browser sent with the token, and
// the host of the page.
func (p *Page) operator(r *http.Request) string {
	host := "the status page of " + cmp.Or(p.host, "a node")
	if name, _, ok := r.BasicAuth(); ok && name != "" {
		return plain(name[:min(len(name), 60)]) + ", on " + host
	}
	return host
}
