package cleanuptest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"
)

var (
	errRefused  = errors.New("simulated: connection refused")
	errNoAnswer = errors.New("simulated: no answer in time")
	errGone     = errors.New("simulated: Start returned before the request was answered")
	errStopped  = errors.New("simulated: this process is to stop")
)

// ask sends a request to the node, and returns the status of the answer. me tells requests
// of one moment apart.
func (n *goNode) ask(r *http.Request, timeout time.Duration, me string) (status int, err error) {
	w := n.w
	if err := sleep(w.ctx, w.between(time.Microsecond, near, me, n.name, "request")); err != nil {
		return 0, err
	}
	p := n.listening()
	if p == nil {
		return 0, errRefused
	}
	return p.serve(r, timeout+w.between(0, near, me, n.name, "timeout"))
}

// serve answers a request on a goroutine of its own, as the process may crash meanwhile.
func (p *process) serve(r *http.Request, timeout time.Duration) (status int, err error) {
	h := p.handler.Load()
	if h == nil {
		return 0, errRefused
	}
	ctx, cancel := context.WithTimeout(p.alive, timeout)
	defer cancel()
	answer := httptest.NewRecorder()
	answered := make(chan error, 1)
	go func() { answered <- run(*h, answer, r.WithContext(ctx)) }()
	select {
	case err = <-answered:
	case <-ctx.Done():
	}
	switch { // in this order, since a handler often returns because its context ends
	case p.alive.Err() != nil:
		return 0, context.Cause(p.alive)
	case ctx.Err() != nil:
		return 0, errNoAnswer
	case err != nil:
		return 0, err
	}
	return answer.Code, nil
}

// run calls the handler. After a panic there is no answer, as in package http.
func run(h http.Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	h.ServeHTTP(w, r)
	return nil
}
