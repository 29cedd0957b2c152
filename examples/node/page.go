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

// pageTimeout bounds what the page asks the cluster: it answers within 2 s also
// while a server hangs.
const pageTimeout = time.Second

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"time": showTime, "mayClean": mayClean}).Parse(pageSource))

// servePage shows what the node sees of the cluster.
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

// pageView is what the page shows.
type pageView struct {
	cleanup.Overview
	Demo   bool
	Shared bool
	Why    string
	Now    time.Time
	Error  string
	// CSS: the projects are known, and their CSS is served.
	CSS      bool
	Projects []cssstore.Project
}

// mayClean says what the checks of the node found. Errors of servers are in the
// log alone: they may name what no visitor has to know.
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
