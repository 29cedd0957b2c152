package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// discussions is where mosparo's operators ask.
const discussions = "https://github.com/mosparo/mosparo/discussions"

// bundle is the output of "doctor report".
type bundle struct {
	About    string               `json:"about"`
	Time     time.Time            `json:"time"`
	Program  versionInfo          `json:"program"`
	Dir      string               `json:"dir,omitempty"`
	Files    []string             `json:"files"`
	Settings []envconfig.Variable `json:"settings"`
	Report   doctor.Report        `json:"report"`
	// Cleanup is null if it could not be read; CleanupError says why, or what of it.
	Cleanup      *cleanupState `json:"cleanup"`
	CleanupError string        `json:"cleanup_error,omitempty"`
}

func doctorReport(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where clusterFlags
	where.register(flags)
	alwaysJSON(flags)
	output := flags.String("output", "", "write to this file, which must not exist, instead of standard output")
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"doctor report takes no arguments; --output FILE writes to a file"}
		}
		b, err := a.bundle(ctx, &where)
		if err != nil {
			return err
		}
		if err := a.writeBundle(b, *output); err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.stderr, "Passwords are masked; names of hosts, users and paths are not: look through it before you publish it.\nQuestions and mistakes:", discussions)
		return err
	}
}

func (a *app) bundle(ctx context.Context, where *clusterFlags) (*bundle, error) {
	end := time.Now().Add(a.timeout)
	state := a.stateLater(ctx, where)
	r, s, err := a.examine(ctx, where)
	if err != nil {
		return nil, err
	}
	b := &bundle{
		About: "made by mosparoctl doctor report; passwords are masked", Time: r.Time, Program: newVersionInfo(), Report: r,
		Files: []string{}, Settings: []envconfig.Variable{},
	}
	if s == nil {
		return b, nil
	}
	b.Dir, b.Files = s.Dir, append(b.Files, s.Files...)
	for v := range s.Variables() {
		b.Settings = append(b.Settings, v)
	}
	b.Cleanup, b.CleanupError = state(end)
	return b, nil
}

// stateLater reads the state of the cleanup in the background. The returned function waits
// for it until a time.
func (a *app) stateLater(ctx context.Context, where *clusterFlags) func(end time.Time) (*cleanupState, string) {
	type answer struct {
		state *cleanupState
		err   error
	}
	got := make(chan answer, 1)
	go func() {
		state, err := a.cleanupState(ctx, where)
		got <- answer{state, err}
	}()
	return func(end time.Time) (*cleanupState, string) {
		select {
		case r := <-got:
			if r.err != nil {
				return r.state, r.err.Error()
			}
			return r.state, ""
		case <-time.After(time.Until(end)):
			return nil, errTimeout(a.timeout).Error()
		}
	}
}

// cleanupState reads the state of the cleanup.
func (a *app) cleanupState(ctx context.Context, where *clusterFlags) (*cleanupState, error) {
	silent := *a
	silent.stderr = io.Discard
	c, err := silent.openCluster(where, cleanup.ModeObserve, cleanup.WithLogger(nil))
	if err != nil {
		return nil, err
	}
	defer c.close()
	_ = c.scheduler.Check(ctx) // its answer is in the overview
	o, err := c.scheduler.Overview(ctx)
	if o.Decision.Due.IsZero() {
		return nil, err
	}
	state := stateOf(o)
	return &state, err
}

// writeBundle writes to standard output, or to a file that only this user can read.
func (a *app) writeBundle(b *bundle, path string) (err error) {
	if path == "" {
		return a.printJSON(b)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := json.NewEncoder(shell.JSON(f))
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(b)
}
