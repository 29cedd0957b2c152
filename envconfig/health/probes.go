package health

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// maxWhy limits the text of an error in a body, in bytes.
const maxWhy = 300

// answer is the JSON body of liveness and readiness.
type answer struct {
	Status string             `json:"status"`
	Checks map[string]outcome `json:"checks"`
}

type outcome struct {
	OK  bool   `json:"ok"`
	Why string `json:"why,omitempty"`
}

type namedCheck struct {
	name   string
	runner runner
	outage outage
}

func newNamedCheck(c Check) *namedCheck {
	return &namedCheck{name: c.Name, runner: runner{f: c.Func}}
}

func (h *Handler) serveLive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, answer{Status: "live", Checks: map[string]outcome{}})
}

func (h *Handler) serveReady(w http.ResponseWriter, r *http.Request) {
	if h.draining.Load() {
		writeJSON(w, http.StatusServiceUnavailable, answer{Status: "draining", Checks: map[string]outcome{}})
		return
	}
	a := answer{Status: "ready", Checks: h.runChecks(r.Context())}
	status := http.StatusOK
	for _, o := range a.Checks {
		if !o.OK {
			a.Status, status = "not_ready", http.StatusServiceUnavailable
		}
	}
	writeJSON(w, status, a)
}

// runChecks runs all checks at the same time.
func (h *Handler) runChecks(ctx context.Context) map[string]outcome {
	errs := make([]error, len(h.checks))
	var running sync.WaitGroup
	for i, c := range h.checks {
		running.Go(func() { errs[i] = c.runner.run(ctx) })
	}
	running.Wait()
	outcomes := map[string]outcome{}
	for i, c := range h.checks {
		c.outage.note(ctx, c.name, errs[i])
		o := outcome{OK: errs[i] == nil}
		if !o.OK {
			o.Why = errs[i].Error()
			o.Why = strings.ToValidUTF8(o.Why[:min(len(o.Why), maxWhy)], "")
		}
		outcomes[c.name] = o
	}
	return outcomes
}

func writeJSON(w http.ResponseWriter, status int, a answer) {
	body, _ := json.Marshal(a) // strings and booleans, which cannot fail
	write(w, status, jsonType, string(body)+"\n")
}
