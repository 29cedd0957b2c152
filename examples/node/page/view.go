package page

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
)

// state is what the page has read from the cluster, each part with its error.
type state struct {
	overview    cleanup.Overview
	overviewErr error

	cacheErr, databaseErr     error
	cacheSince, databaseSince time.Time // since when they fail
	cacheSamples              []sample
	databaseSamples           []sample

	locks    heldLocks
	locksErr error

	ready readiness

	nodes    nodes.Overview
	nodesErr error

	report   doctor.Report
	examined bool

	projects    []cssstore.Project
	projectsErr error
	names       map[cssstore.UUID]string
}

// isUnknown reports whether the state of the cleanup could not be read. Without the lock
// server it is known.
func (s *state) isUnknown() bool { return s.overviewErr != nil && s.overview.Decision.Reason == "" }

// read reads all parts at the same time.
func (p *Page) read(ctx context.Context) state {
	var s state
	var all sync.WaitGroup
	all.Go(func() { s.cacheErr = p.cache.ask(ctx) })
	all.Go(func() { s.databaseErr = p.database.ask(ctx) })
	all.Go(func() { s.overview, s.overviewErr = p.overview.get(ctx) })
	all.Go(func() { s.locks, s.locksErr = p.locks.get(ctx) })
	all.Go(func() { s.ready, _ = p.ready.get(ctx) })
	all.Go(func() { s.nodes, s.nodesErr = p.nodes.get(ctx) })
	all.Go(func() { s.projects, s.projectsErr = p.projects.get(ctx) })
	all.Go(func() { s.names, _ = p.names.get(ctx) }) // without names it shows identifiers
	s.report, s.examined = p.readExamination(ctx)
	all.Wait()
	s.cacheSamples, s.cacheSince = p.cache.recent()
	s.databaseSamples, s.databaseSince = p.database.recent()
	return s
}

// view has the values of the page's template. Text of others is [plain].
type view struct {
	Now          moment
	Host         string
	Introduction []string
	Glance       glance
	// Unknown is true if the state of the cleanup could not be read.
	Unknown  bool
	Facts    []fact
	CanPause bool
	Paused   bool
	Concerns []concern
	Servers  []serverView
	// Nodes is nil if this node does not know the others.
	Nodes *nodesView
	// NodesRead is true if the list of the nodes could be read.
	NodesRead bool
	// Examination is nil if there is none.
	Examination *examinationView
	Locks       []lockView
	// LocksNote says what the table of locks lacks, empty for nothing.
	LocksNote string
	LocksRead bool
	Chart     *runsChart
	Runs      []runView
	// Projects is nil if the node serves no CSS or cannot read the list.
	Projects *projectsView
}

// fact is a name and its value. Time is nil for a value that is none.
type fact struct {
	Name, Value string
	Time        *moment
}

// serverView is what the page shows of cache or database.
type serverView struct {
	Name, Kind string
	Level      level
	Status     string
	Chart      *latencyChart
}

// view reads the cluster and describes it.
func (p *Page) view(ctx context.Context) *view {
	s := p.read(ctx)
	p.logErrors(ctx, &s)
	now := time.Now()
	v := &view{
		Now: moment{now}, Host: plain(cmp.Or(p.host, "unknown")), Introduction: p.introduction,
		Unknown: s.isUnknown(), CanPause: p.token != nil, Paused: s.overview.Pause != nil,
	}
	if i := slices.IndexFunc(s.nodes.Nodes, func(n nodes.Node) bool { return n.Self }); i >= 0 {
		v.Host = plain(s.nodes.Nodes[i].Host) // which an operator may have chosen
	}
	v.Concerns = v.concerns(s)
	slices.SortStableFunc(v.Concerns, func(a, b concern) int { return cmp.Compare(b.Level.rank(), a.Level.rank()) })
	v.Glance = glanceAt(s.overview, p.node.Scheduler.MaxDelay(), now)
	v.worsen()
	v.Facts = p.facts(s, now)
	v.Servers = []serverView{
		newServerView("Shared cache", p.cacheKind(), s.cacheErr, s.cacheSamples, now),
		newServerView("Database", p.databaseKind(), s.databaseErr, s.databaseSamples, now),
	}
	v.Locks, v.LocksRead = lockViews(s.locks, now), s.locksErr == nil
	switch {
	case s.locks.only:
		v.LocksNote = "The lock server cannot list its locks: only the lock of the cleanup is shown."
	case s.locks.more:
		v.LocksNote = "There are more locks than these."
	}
	if v.NodesRead = s.nodesErr == nil; p.node.Nodes != nil {
		v.Nodes = newNodesView(s.nodes, now)
	}
	if p.examine != nil {
		v.Examination = newExaminationView(s.report, s.examined, now)
	}
	v.Chart, v.Runs = newRunsChart(s.overview.Runs), runViews(s.overview.Runs, now)
	if p.node.Projects != nil && s.projectsErr == nil {
		v.Projects = newProjectsView(s.projects, s.names, p.node.CSS != nil)
	}
	return v
}

// logErrors logs the errors for which the page sends its readers to the log, each once
// until it ends. Those of cache and database are logged by their probes, and explain all
// others.
func (p *Page) logErrors(ctx context.Context, s *state) {
	if s.cacheErr != nil || s.databaseErr != nil {
		return
	}
	p.errs.Lock()
	defer p.errs.Unlock()
	for what, err := range map[string]error{"cleanup": s.overviewErr, "locks": s.locksErr, "projects": s.projectsErr} {
		if err != nil && !p.errs.failing[what] {
			p.logger.WarnContext(ctx, "the status page cannot read a part of the state", slog.String("check", what), slog.Any("error", err))
		}
		p.errs.failing[what] = err != nil
	}
}

// rank orders the levels.
func (l level) rank() int {
	return slices.Index([]level{fine, busy, notice, warning, bad}, l)
}

// worsen lets the headline say that something is worse than the schedule.
func (v *view) worsen() {
	if v.Unknown {
		v.Glance = glance{Level: bad, Sentence: "What the cluster does is unknown."}
	}
	var worst []concern
	for _, c := range v.Concerns {
		if c.Level == v.Concerns[0].Level {
			worst = append(worst, c)
		}
	}
	if len(worst) == 0 || worst[0].Level.rank() <= v.Glance.Level.rank() && !v.Unknown {
		return
	}
	v.Glance.Level, v.Glance.Headline = worst[0].Level, worst[0].Title
	if n := len(worst); n > 1 && worst[0].Level != bad {
		v.Glance.Headline = count(n, "thing needs", "things need") + " attention"
	}
}

func newServerView(name, kind string, err error, samples []sample, now time.Time) serverView {
	v := serverView{Name: name, Kind: kind, Level: fine, Status: "answers", Chart: newLatencyChart(samples, now)}
	if err != nil {
		v.Level, v.Status = bad, "fails"
	}
	return v
}

// facts are the details below the headline.
func (p *Page) facts(s state, now time.Time) []fact {
	o := s.overview
	facts := []fact{{Name: "This node", Value: p.mode()}}
	add := func(name, value string, at *moment) {
		facts = append(facts, fact{Name: name, Value: value, Time: at})
	}
	add("May clean", mayClean(o, now), nil)
	if !s.isUnknown() {
		due := o.Decision.Due
		if o.Decision.Grace > 0 {
			add("Next cleanup", "by the cron job", &moment{due.Add(-o.Decision.Grace)})
			add("Without the cron job", "by any node", &moment{due})
		} else {
			add("Next cleanup", "", &moment{due})
		}
		add("An attempt now", attempt(o.Decision), nil)
		if o.SinceComplete >= 0 {
			add("Last complete cleanup", duration(o.SinceComplete)+" ago", nil)
		} else {
			add("Last complete cleanup", "none among the last runs", nil)
		}
		if o.Pause != nil {
			add("Paused until", "", &moment{o.Pause.Until})
		}
	}
	if s.ready.Status != "" {
		add("Readiness", strings.ReplaceAll(plain(s.ready.Status), "_", " "), nil)
	}
	return facts
}

func attempt(d cleanup.Decision) string {
	if d.Run {
		return "would clean"
	}
	return d.Result.Describe()
}

func (p *Page) mode() string {
	if p.node.Mode == cleanup.ModeClean {
		return "takes part in the cleanup"
	}
	return "only observes: " + plain(p.node.WhyObserve)
}

func (p *Page) cacheKind() string {
	if a := p.node.Settings.Cache.Adapter; a != "" {
		return plain(string(a))
	}
	return ""
}

func (p *Page) databaseKind() string {
	if d := p.node.Settings.Database; d != nil {
		return plain(string(d.Driver))
	}
	return ""
}
