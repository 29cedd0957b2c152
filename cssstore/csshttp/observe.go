package csshttp

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// Event is one answered request, or one call of the [Generator].
type Event struct {
	// Op is what was done:
	//
	//	hash      /resources/{uuid}/{hash}.css was answered
	//	current   /resources/{uuid}.css was answered
	//	url       /resources/{uuid}/url was answered
	//	logo      /resources/logo.svg was answered
	//	unknown   another path was answered
	//	generate  the generator returned, in the background of some request
	Op string
	// Project is zero for the logo, and for a path without a known project.
	Project cssstore.UUID
	// Duration is measured on the monotonic clock, and of a request includes
	// writing the answer.
	Duration time.Duration
	// Result is what came of it, a word for a label of metrics. Of a request:
	//
	//	hit           CSS, URL or logo, as they are now
	//	not_modified  the same, which the client has already (304)
	//	stale         CSS that may be out of date: the store cannot be read (Err),
	//	              or nodes differ
	//	redirect      to the current version, or to the path without a slash at
	//	              its end
	//	miss          the base CSS, since the project has no prepared CSS
	//	not_found     no such path or project (404)
	//	refused       a host that is none, or a condition or range that cannot be
	//	              met (400, 412, 416)
	//	error         the base CSS, or 503, since store or database cannot be read
	//
	// Of the generator: generated, refused (it left things as they are on
	// purpose, see [Generator]) or error.
	Result string
	// Err is what failed: nil but for stale, refused and error, and maybe nil
	// for these.
	Err error
}

// Observer is called once for each [Event], for a request with its context and
// before its handler returns, so it should be quick; it must be safe for
// concurrent use. Anybody can ask for any number of paths: projects are known
// ones only, and their number is a good bound for metrics with a label.
type Observer func(context.Context, Event)

// WithObserver lets f see every request and every call of the generator. Without
// one, or with nil, nothing is measured.
func WithObserver(f Observer) Option { return func(h *Handler) { h.observer = f } }

var operations = [...]string{noRoute: "unknown", projectCSS: "current", hashCSS: "hash", projectURL: "url", logoSVG: "logo"}

// serveObserved is [Handler.serve] with an observer.
func (h *Handler) serveObserved(w http.ResponseWriter, r *http.Request, path string) {
	o := &observed{ResponseWriter: w, event: Event{Op: operations[parsePath(path).route]}}
	start := time.Now()
	h.serve(o, r, path)
	o.event.Duration = time.Since(start)
	if o.event.Result == "" {
		o.event.Result = resultOf(o.status)
	}
	h.observer(r.Context(), o.event)
}

func resultOf(status int) string {
	switch status {
	case http.StatusNotModified:
		return "not_modified"
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect:
		return "redirect"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusBadRequest, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return "refused"
	case http.StatusServiceUnavailable:
		return "error"
	}
	return "hit"
}

// observed is the answer to a request, as an observer will see it. Without an
// observer answers are of another type, and the functions below do nothing.
type observed struct {
	http.ResponseWriter
	event  Event
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (o *observed) WriteHeader(status int) {
	o.status = status
	o.ResponseWriter.WriteHeader(status)
}

// Unwrap is for [http.ResponseController].
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

func noteProject(w http.ResponseWriter, project cssstore.UUID) {
	if o, ok := w.(*observed); ok {
		o.event.Project = project
	}
}

func noteError(w http.ResponseWriter, err error) {
	if o, ok := w.(*observed); ok {
		o.event.Err = err
	}
}

func noteStale(w http.ResponseWriter, err error) {
	if o, ok := w.(*observed); ok {
		o.event.Result, o.event.Err = "stale", err
	}
}

// notePlace notes a redirect to the base CSS.
func notePlace(w http.ResponseWriter, to place) {
	o, ok := w.(*observed)
	switch {
	case !ok || !to.hash.IsZero():
	case to.err == nil, errors.Is(to.err, cssstore.ErrNotFound):
		o.event.Result = "miss"
	default:
		o.event.Result, o.event.Err = "error", to.err
	}
}

// observeGenerator reports a call of the generator.
func (h *Handler) observeGenerator(ctx context.Context, project cssstore.UUID, began time.Time, err error) {
	if h.observer == nil {
		return
	}
	e := Event{Op: "generate", Project: project, Duration: time.Since(began), Result: "generated", Err: err}
	var refusal interface{ Refused() bool }
	switch {
	case errors.As(err, &refusal) && refusal.Refused():
		e.Result = "refused"
	case err != nil:
		e.Result = "error"
	}
	h.observer(ctx, e)
}
