package main

import (
	"context"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// pageTimeout limits the requests of the page to the cluster, so that it answers within
// 2 s even if a server hangs.
const pageTimeout = time.Second

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"time": showTime, "mayClean": mayClean}).Parse(pageSource))

// servePage shows the state of the cluster as this node sees it.
func (n *node) servePage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	o, err := n.Scheduler.Overview(ctx)
	view := pageView{Overview: o, Demo: n.demo, Shared: n.shared, Why: n.WhyObserve, Now: time.Now()}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err != nil {
		view.Error = "The state of the cluster cannot be read; see the log."
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	if n.Projects != nil {
		view.Projects, err = n.Projects.Projects(ctx)
		view.CSS = err == nil
	}
	_ = page.Execute(w, view) // fails only if the client is gone
}

// pageView holds the values for the page.
type pageView struct {
	cleanup.Overview
	Demo   bool
	Shared bool
	Why    string
	Now    time.Time
	Error  string
	// CSS reports whether the node knows the projects and serves their CSS.
	CSS      bool
	Projects []cssstore.Project
}

// mayClean describes the result of the node's checks. Server errors are only in the log:
// they may contain what a visitor must not know.
func mayClean(err error) string {
	switch {
	case err == nil:
		return "yes"
	case errors.Is(err, cleanup.ErrRefused):
		return shell.Plain("no: " + err.Error())
	}
	return "unknown; see the log"
}

func showTime(t any) string {
	switch t := t.(type) {
	case time.Time:
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	case *time.Time:
		if t != nil {
			return showTime(*t)
		}
	}
	return "not set"
}
