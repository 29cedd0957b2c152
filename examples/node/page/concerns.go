package page

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
)

// concern is something that an operator should know.
type concern struct {
	Level level
	// Title is short and stays the same while the concern does.
	Title string
	// Text says what happens if it stays, Remedy what to do; either may be empty.
	Text, Remedy string
}

// outage describes a server that fails, by what its error is.
func outage(server string, err error, since, now time.Time, consequence string) concern {
	c := concern{Level: bad, Text: consequence}
	switch {
	case errors.Is(err, cache.ErrUnauthorized), errors.Is(err, lock.ErrUnauthorized):
		c.Title = server + " refuses this node"
		c.Remedy = "Check user and password in the settings, and what that user may do."
	case isTimeout(err):
		c.Title = server + " does not answer"
		c.Remedy = "See whether the server hangs or is overloaded, and the network in between."
	case errors.As(err, new(net.Error)), errors.Is(err, cache.ErrUnavailable), errors.Is(err, lock.ErrUnavailable):
		c.Title = server + " cannot be reached"
		c.Remedy = "See whether the server runs, and its address in the settings."
	default:
		c.Title = server + " fails"
		c.Remedy = "The error is in the log of this node."
	}
	if d := now.Sub(since); !since.IsZero() && d >= time.Second {
		c.Text = "For " + duration(d) + " now. " + c.Text
	}
	return c
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, errNoAnswer) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// What the outage of a server means for the cluster.
const (
	withoutCache    = "No node can clean meanwhile. This node serves the CSS that it has in memory."
	withoutDatabase = "No node can clean meanwhile, and PHP nodes cannot check forms. This node serves the CSS that it has in memory."
	withoutLocks    = "No Go node can clean meanwhile; PHP nodes can."
)

// concerns collects what an operator should know, the worst first.
func (v *view) concerns(s state) []concern {
	var all []concern
	add := func(level level, title, text string) {
		all = append(all, concern{Level: level, Title: title, Text: text})
	}
	if s.cacheErr != nil {
		all = append(all, outage("The shared cache", s.cacheErr, s.cacheSince, v.Now.Time, withoutCache))
	}
	if s.databaseErr != nil {
		all = append(all, outage("The database", s.databaseErr, s.databaseSince, v.Now.Time, withoutDatabase))
	}
	if s.locksErr != nil && s.cacheErr == nil { // they are often on one server
		all = append(all, outage("The lock server", s.locksErr, time.Time{}, v.Now.Time, withoutLocks))
	}
	if s.overviewErr != nil && len(all) == 0 {
		add(bad, "The state of the cleanup cannot be read", "Cache and database answer, but not what the page asks for; the error is in the log of this node.")
	}
	if s.projectsErr != nil && s.databaseErr == nil {
		add(bad, "The projects cannot be read", "Cache and database answer, but not the list of the projects; the error is in the log of this node.")
	}
	all = append(all, readinessConcerns(s)...)
	all = append(all, differences(s.nodes)...)
	all = append(all, examinationConcerns(s.report)...)
	for _, o := range s.overview.Overlaps {
		add(warning, "Two cleanups ran at the same time", plain(o.String())+".")
	}
	for _, w := range s.overview.Warnings {
		add(warning, "The schedule looks odd", plain(w)+".")
	}
	if errors.Is(s.overview.CheckErr, cleanup.ErrRefused) {
		add(warning, "This node must not clean", refusal(s.overview.CheckErr)+".")
	}
	return all
}

// readinessConcerns says why balancers send this node no requests.
func readinessConcerns(s state) []concern {
	const title = "This node is not ready"
	if s.ready.Status == "draining" {
		return []concern{{Level: notice, Title: "This node is about to stop", Text: "Balancers send it no new requests."}}
	}
	var all []concern
	for _, name := range slices.Sorted(maps.Keys(s.ready.Checks)) {
		if check := s.ready.Checks[name]; !check.OK {
			all = append(all, concern{Level: warning, Title: title, Text: "Balancers send it no requests: " + plain(name) + ": " + plain(check.Why) + "."})
		}
	}
	return all
}
