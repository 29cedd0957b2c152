package cssstore

import (
	"context"
	"errors"
	"time"
)

// shortLockWait is how long a pass waits for a lock, once: the others that are
// held with it wait for their next turn.
const shortLockWait = 100 * time.Millisecond

// pass looks at every project once, and at what belongs to none.
type pass struct {
	*Mirror
	bytesToo bool // compares bytes also where the hash is the same
	repairs  bool
	waits    bool // for what is not settled, and for locks

	found   []Drift
	errs    []error
	metLock bool
}

// unfinished is why a project has to be looked at again.
type unfinished struct {
	project UUID
	drift   *Drift
	err     error
}

func (p *pass) run(ctx context.Context) ([]Drift, error) {
	projects, err := p.projects(ctx)
	if err != nil {
		return nil, err
	}
	began, todo := time.Now(), projects
	for {
		again, err := p.round(ctx, todo, time.Since(began) < lockWait)
		if err == nil && p.waits && len(again) > 0 {
			err = pause(ctx, SettleTime)
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
	if len(projects) > 0 { // none is rather a mistake than the truth
		p.removeOrphans(ctx, projects)
	}
	return p.found, errors.Join(p.errs...)
}

// round looks at projects, and returns those that have to be looked at again.
// The error is the cause of a context that ended.
func (p *pass) round(ctx context.Context, projects []UUID, waitsForLocks bool) (again []unfinished, err error) {
	p.metLock = false
	for _, project := range projects {
		if err := context.Cause(ctx); err != nil {
			return again, err
		}
		d, r, err := p.look(ctx, project, p.bytesToo)
		switch {
		case err != nil:
			p.errs = append(p.errs, err)
			continue
		case d == nil:
			continue
		case d.Kind == DriftUnsettled:
			again = append(again, unfinished{project, d, nil})
			continue
		}
		err = p.repair(ctx, *d, r)
		if isHeld(err) && waitsForLocks {
			again = append(again, unfinished{project, d, err})
			continue
		}
		p.note(d, err)
	}
	return again, nil
}

// finish notes projects that are not looked at again.
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

func (p *pass) removeOrphans(ctx context.Context, projects []UUID) {
	orphans, err := sureOrphans(ctx, p.to, projects, p.projects)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		p.errs = append(p.errs, err)
	}
	for _, project := range orphans {
		p.forget(project)
		have, _ := p.to.Hash(ctx, project) // for the report
		d := Drift{Project: project, Kind: DriftOrphaned, Have: have}
		p.note(&d, p.repair(ctx, d, nil))
	}
}

// repair makes a project of the mirror like that of the shared store. It waits
// for no lock but the first that it meets, and for that only a short while.
func (p *pass) repair(ctx context.Context, d Drift, r *Resource) error {
	if !p.repairs {
		return nil
	}
	wait := shortLockWait
	if p.metLock {
		wait = 0
	}
	ctx = withLockWait(ctx, wait)
	var err error
	switch d.Kind {
	case DriftMissing, DriftStale:
		err = p.to.Put(ctx, *r)
		p.noteFailure(d.Project, err != nil)
	case DriftOrphaned:
		err = p.to.Delete(ctx, d.Project)
	default:
		return nil
	}
	if err == nil {
		p.logger.Info("css mirrored", "project", d.Project, "was", string(d.Kind), "hash", d.Want)
	}
	p.metLock = p.metLock || isHeld(err)
	return err
}
