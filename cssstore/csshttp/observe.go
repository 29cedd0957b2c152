package csshttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// Event is a request that was served, or a call of the [Generator] that returned.
type Event struct {
	// Op is the kind of request, or generate:
	//
	//	hash      /resources/{uuid}/{hash}.css
	//	current   /resources/{uuid}.css
	//	url       /resources/{uuid}/url
	//	logo      /resources/logo.svg
	//	unknown   any other path
	//	generate  a call of the generator, in the background
	Op string
	// Project is zero for the logo and for paths without a known project. So it can
	// be a label of metrics, although clients can request any path.
	Project cssstore.UUID
	// Duration is measured on the monotonic clock. For a request it includes writing
	// the response.
	Duration time.Duration
	// Result is a word for a label of metrics. For a request it is one of:
	//
	//	hit           CSS, URL or logo
	//	not_modified  the same, which the client has already (304)
	//	stale         CSS that may be out of date, since the store cannot be read
	//	              (Err) or nodes differ
	//	redirect      a redirect to the current version, or to the path without a
	//	              slash at its end
	//	miss          a redirect to the base CSS, since there is no prepared CSS
	//	not_found     no such path or project (404)
	//	refused       an invalid host, or a condition or range that is not met
	//	              (400, 412, 416)
	//	error         a redirect to the base CSS, or 503, since store or database
	//	              cannot be read; or no response, since the handler panicked
	//
	// For the generator it is generated, refused (it left things as they are on
	// purpose, see [Generator]) or error.
	Result string
	// Age is the time since the CSS of a response was last read from the store. It is
	// zero for a response without CSS.
	Age time.Duration
	// Err is the cause of stale, refused and error, if there is one. Otherwise it is
	// nil.
	Err error
}

// Observer is called once for each [Event]: for a request with its context, before the
// handler returns; for a call of the generator with the values of the context of the
// request that started it. It should be quick, and must be safe for concurrent use.
type Observer func(context.Context, Event)

// WithObserver sets a function that is called for every request and every call of the
// generator. Without one (the default, and nil) nothing is measured.
func WithObserver(f Observer) Option { return func(h *Handler) { h.observer = f } }

var operations = [...]string{noRoute: "unknown", projectCSS: "current", hashCSS: "hash", projectURL: "url", logoSVG: "logo"}

// serveObserved is [Handler.serve] with an observer.
func (h *Handler) serveObserved(w http.ResponseWriter, r *http.Request, path string) {
	o := &observed{ResponseWriter: w, event: Event{Op: operations[parsePath(path).route]}}
	defer h.observeRequest(r.Context(), o, time.Now())
	h.serve(o, r, path)
}

// observeRequest is deferred to report a request, also if its handler panics.
func (h *Handler) observeRequest(ctx context.Context, o *observed, began time.Time) {
	panicked := recover()
	e := &o.event
	e.Duration = time.Since(began)
	switch {
	case panicked != nil:
		e.Result, e.Err = "error", fmt.Errorf("csshttp: panic: %v", panicked)
	case e.Result == "":
		e.Result = resultOf(o.status)
	}
	h.observer(ctx, *e)
	if panicked != nil {
		panic(panicked) // net/http ends the connection
	}
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

// observed is a ResponseWriter that collects the event of a request. If there is no
// observer, responses are written to another type, and the functions below do nothing.
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

// Unwrap returns the ResponseWriter below, for [http.ResponseController].
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

func noteProject(w http.ResponseWriter, project cssstore.UUID) {
	if o, ok := w.(*observed); ok {
		o.event.Project = project
	}
}

func noteAge(w http.ResponseWriter, v *version) {
	if o, ok := w.(*observed); ok {
		o.event.Age = time.Since(v.read)
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

// notePlace records a redirect to the base CSS.
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
