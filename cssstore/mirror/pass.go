package mirror

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/lockwait"
	"github.com/mosparo/go-cluster/cssstore/internal/sleep"
)

// shortLockWait is how long a pass waits for a lock, once: further projects whose
// lock is held wait for their next turn.
const shortLockWait = 100 * time.Millisecond

// pass compares every project once, and looks for orphaned ones.
type pass struct {
	*Mirror
	bytesToo bool // compares the bytes also if the hash is the same
	repairs  bool
	waits    bool // until versions are settled and locks are free

	found   []Drift
	errs    []error
	metLock bool
	outage  outage
}

// unfinished is a project that has to be compared again, and why.
type unfinished struct {
	project cssstore.UUID
	drift   *Drift
	err     error
}

func (p *pass) run(ctx context.Context) ([]Drift, error) {
	projects, err := p.projects(ctx)
	if err != nil {
		return nil, err
	}
	began, todo := time.Now(), p.memory.order(projects)
	for {
		again, err := p.round(ctx, todo, time.Since(began) < lockwait.Default)
		if err == nil && p.waits && len(again) > 0 {
			err = sleep.For(ctx, cssstore.SettleTime)
		}
		if err != nil || !p.waits || len(again) == 0 {
			p.finish(again)
			if err != nil {
				return p.found, errors.Join(append(p.errs, err)...)
			}
			break
		}
		todo = todo[:0:0]
		for _, u := range again {
			todo = append(todo, u.project)
		}
	}
	if len(projects) > 0 { // an empty list is more likely a mistake
		p.removeOrphans(ctx, projects)
	}
	return p.found, errors.Join(p.errs...)
}

// round compares projects, and returns those that have to be compared again. An error
// means that it stopped: because the context ended, or because of an outage.
func (p *pass) round(ctx context.Context, projects []cssstore.UUID, waitsForLocks bool) (again []unfinished, err error) {
	p.metLock = false
	for i, project := range projects {
		if err := context.Cause(ctx); err != nil {
			return again, err
		}
		began := time.Now()
		d, r, err := p.compareProject(ctx, project, p.bytesToo)
		switch {
		case err != nil:
			p.errs = append(p.errs, err)
		case d == nil:
			continue
		case d.Kind == Unsettled:
			again = append(again, unfinished{project, d, nil})
			continue
		default:
			err = p.repair(ctx, *d, r)
			if lockwait.IsHeld(err) && waitsForLocks {
				again = append(again, unfinished{project, d, err})
				continue
			}
			p.note(d, err)
		}
		if rest := projects[i+1:]; p.outage.add(err, began) && len(rest) > 0 {
			p.memory.stopBefore(rest[0])
			return again, p.outage.err(len(rest))
		}
	}
	return again, nil
}

// finish notes projects that are not compared again.
func (p *pass) finish(all []unfinished) {
	for _, u := range all {
		p.note(u.drift, u.err)
	}
}

func (p *pass) note(d *Drift, err error) {
	p.found = append(p.found, *d)
	if err != nil {
		p.errs = append(p.errs, err)
	}
}

func (p *pass) removeOrphans(ctx context.Context, projects []cssstore.UUID) {
	found, err := confirmedOrphans(ctx, p.target, projects, p.projects)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		p.errs = append(p.errs, err)
	}
	for _, project := range found {
		p.memory.forget(project)
		have, _ := p.target.Hash(ctx, project) // for the report
		d := Drift{Project: project, Kind: Orphaned, Have: have}
		p.note(&d, p.repair(ctx, d, nil))
	}
}

// repair makes a project of the target like that of the source. In a round it waits for
// the first lock that is held, for a short time, and not for others.
func (p *pass) repair(ctx context.Context, d Drift, r *cssstore.Resource) error {
	if !p.repairs {
		return nil
	}
	wait := shortLockWait
	if p.metLock {
		wait = 0
	}
	ctx = lockwait.With(ctx, wait)
	var err error
	switch d.Kind {
	case Missing, Stale:
		err = p.target.Put(ctx, *r)
		p.memory.notePut(d.Project, err)
	case Orphaned:
		err = p.target.Delete(ctx, d.Project)
	default:
		return nil
	}
	if err == nil {
		p.logger.InfoContext(ctx, "css mirrored", slog.String("project", d.Project.String()), slog.String("difference", string(d.Kind)), slog.String("hash", d.Want.String()))
	}
	p.metLock = p.metLock || lockwait.IsHeld(err)
	return err
}
