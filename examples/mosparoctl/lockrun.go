package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// Exit codes of "lock run", besides those of the command and that of a
// conflict: the ones of sysexits.h that flock(1) uses for its own failures.
const (
	exitUnavailable = 69  // the command cannot be executed
	exitTempFail    = 75  // the lock server cannot be asked, or the lock was lost
	exitConfig      = 78  // the settings name no lock that nodes share
	exitSignal      = 128 // plus the number of the signal that ended the command
)

const lockRunHelp = `Tries once unless told to wait. The command's standard streams are those of
mosparoctl, and MOSPARO_LOCK_NAME and MOSPARO_LOCK_FENCE are in its
environment. Signals are passed on to it, and without a terminal to all that it
has started. When the lock is lost, or cannot be renewed in time, the command
gets SIGTERM, and SIGKILL after --kill-after. A mosparoctl that is stopped
(SIGSTOP) cannot do that; a store that refuses smaller fences than it has seen
is safe also then.

Exit code: that of the command, 128+n if signal n ended it, as flock(1) has it;
1 (--conflict-exit-code) if another node holds the lock or has used the slot,
without a message unless --verbose; 2 wrong command line; 69 the command cannot
be executed; 75 the lock server cannot be asked or the lock was lost while the
command ran; 78 no lock that is shared between nodes is configured, and
--this-host-only is not given.

Names that begin with mosparo/ are the library's own.

`

// lockJob is a command line of "lock run".
type lockJob struct {
	name, slot         string
	ttl, wait, minHold time.Duration
	retention          time.Duration
	killAfter          time.Duration
	conflict           int
	verbose, local     bool
	command            []string
}

func lockRun(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	j := &lockJob{}
	flags.DurationVar(&j.ttl, "ttl", lock.DefaultTTL, "how long the lock outlives a node that died")
	flags.DurationVar(&j.wait, "wait", 0, "wait so long for the lock; a negative duration waits for ever")
	flags.DurationVar(&j.minHold, "min-hold", 0, "keep the lock so long at least, for short commands on nodes whose clocks differ")
	flags.StringVar(&j.slot, "slot", "", `run once for this text, such as "$(date +%F)", also if the run fails or dies`)
	flags.DurationVar(&j.retention, "retention", 24*time.Hour, "how long a slot is remembered")
	flags.DurationVar(&j.killAfter, "kill-after", 0, "time between SIGTERM and SIGKILL; a sixth of the TTL, 5s at most, unless given")
	flags.IntVar(&j.conflict, "conflict-exit-code", 1, "exit code when another node holds the lock or has used the slot")
	flags.IntVar(&j.conflict, "E", 1, "the same")
	flags.BoolVar(&j.verbose, "verbose", false, "say who holds the lock")
	flags.BoolVar(&j.local, "this-host-only", false, "let it be a lock of this host, where the settings name no cache that nodes share")
	usage := flags.Usage
	flags.Usage = func() { usage(); fmt.Fprint(flags.Output(), "\n", lockRunHelp) }
	return func(args []string) error {
		if err := j.parse(flags, args); err != nil {
			return err
		}
		return a.exit(a.runLocked(ctx, j))
	}
}

// parse reads what follows the first flags: the name, more flags, and the
// command, whose own flags are left alone.
func (j *lockJob) parse(flags *flag.FlagSet, args []string) error {
	if len(args) == 0 {
		return usageError{"which lock?"}
	}
	j.name = args[0]
	if err := flags.Parse(args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return exitError(2)
	}
	j.command = flags.Args()
	if j.killAfter == 0 {
		j.killAfter = min(j.ttl/6, 5*time.Second)
	}
	switch {
	case strings.HasPrefix(j.name, lock.ReservedPrefix):
		return usageError{fmt.Sprintf("names that begin with %q are the library's own", lock.ReservedPrefix)}
	case len(j.command) == 0 || j.command[0] == "":
		return usageError{"which command?"}
	case j.conflict < 0 || j.conflict > 255:
		return usageError{"--conflict-exit-code is 0 to 255"}
	case j.killAfter < 0 || j.killAfter > j.ttl/3:
		return usageError{"--kill-after is at most a third of the TTL"}
	}
	return nil
}

// exit gives an error of the locks its exit code.
func (a *app) exit(err error) error {
	var exit exitError
	var option *lock.ArgumentError
	code := exitError(exitConfig)
	switch {
	case err == nil, errors.As(err, &exit):
		return err
	case errors.As(err, &option):
		return usageError{err.Error()}
	case errors.Is(err, lock.ErrUnavailable), errors.Is(err, lock.ErrLost):
		code = exitTempFail
	}
	a.complain(err)
	return code
}

func (a *app) runLocked(ctx context.Context, j *lockJob) error {
	// From here on signals are the command's. While there is none, they end
	// the waiting.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded()...)
	defer signal.Stop(signals)
	if ctx.Err() != nil { // one came before
		return exitError(exitSignal + int(syscall.SIGTERM))
	}
	return a.withLockerToRun(j.local, func(l *lock.Locker) error {
		lease, err := j.acquire(ctx, l, signals)
		var signalled exitError
		switch {
		case errors.As(err, &signalled):
			return signalled
		case errors.Is(err, lock.ErrHeld):
			if j.verbose {
				a.complain(err)
			}
			return exitError(j.conflict)
		case err != nil:
			return err
		}
		code, err := a.supervise(j, lease, signals)
		if released := lease.Release(context.WithoutCancel(ctx)); released != nil && err == nil {
			err = released
		}
		switch {
		case errors.Is(err, lock.ErrUnavailable):
			// The command has ended; only others have to wait for the TTL.
			a.complain(err)
		case err != nil:
			return err
		}
		if code != 0 {
			return exitError(code)
		}
		return nil
	})
}

// acquire takes the lock, unless a signal comes first.
func (j *lockJob) acquire(ctx context.Context, l *lock.Locker, signals <-chan os.Signal) (*lock.Lease, error) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case s := <-signals:
			cancel(exitError(exitSignal + number(s)))
		case <-done:
		}
	}()
	lease, err := j.take(ctx, l)
	close(done)
	<-watched
	if cause := context.Cause(ctx); cause != nil && err == nil {
		return nil, errors.Join(cause, lease.Release(ctx))
	}
	return lease, err
}

// take takes the slot, if there is one, and then the lock: a slot is used by
// whoever tries to run, also if the run of an earlier slot still holds the
// lock.
func (j *lockJob) take(ctx context.Context, l *lock.Locker) (*lock.Lease, error) {
	opts := []lock.AcquireOption{lock.WithWait(j.wait), lock.WithLabel(j.label())}
	if j.slot != "" {
		if err := l.Once(ctx, lock.Slot{Name: j.name, Key: j.slot}, j.retention, opts...); err != nil {
			return nil, err
		}
	}
	return l.Acquire(ctx, j.name, append(opts, lock.WithTTL(j.ttl), lock.WithMinHold(j.minHold))...)
}

// label is the command for people to see, without its arguments, which may be
// secret.
func (j *lockJob) label() string {
	name := filepath.Base(j.command[0])
	const longest = 200 // of lock.WithLabel
	return strings.ToValidUTF8(name[:min(len(name), longest)], "")
}

func number(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return int(n)
	}
	return 0
}

// never is when nothing more is to be done.
var never = make(<-chan time.Time)

// supervise runs the command for as long as the lease holds, and returns its
// exit code; an error means that there is none, or that the lease was lost.
func (a *app) supervise(j *lockJob, lease *lock.Lease, signals <-chan os.Signal) (int, error) {
	p, err := startProcess(j.command, a, append(a.environ,
		"MOSPARO_LOCK_NAME="+j.name, "MOSPARO_LOCK_FENCE="+strconv.FormatUint(lease.Fence(), 10)))
	if err != nil {
		a.complain(err)
		return exitUnavailable, nil
	}
	// The command is told to end so early that it is gone when the lease is.
	late := time.NewTimer(time.Until(lease.Expiry()) - j.killAfter)
	defer late.Stop()
	var kill <-chan time.Time
	end := lease.Context().Done()
	for {
		select {
		case code := <-p.exited:
			if kill != nil {
				p.endRest(kill)
				return 0, lostWhileRunning(lease, code)
			}
			return code, nil
		case s := <-signals:
			p.forward(s)
			continue
		case <-kill:
			p.kill()
			kill = never // nothing more can be done
			continue
		case <-late.C:
			if left := time.Until(lease.Expiry()) - j.killAfter; left > 0 {
				late.Reset(left)
				continue
			}
		case <-end:
		}
		end = nil
		if kill == nil {
			fmt.Fprintln(a.stderr, "mosparoctl: the lock is lost, ending the command")
			p.terminate()
			// No grace beyond the lease, as when this process was stopped.
			kill = time.After(min(j.killAfter, time.Until(lease.Expiry())))
		}
	}
}

// endRest waits for what a command that was told to end has started and left
// behind, until it is to be killed.
func (p *process) endRest(kill <-chan time.Time) {
	for kill != never && p.leftBehind() {
		select {
		case <-kill:
			p.killRest()
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func lostWhileRunning(lease *lock.Lease, code int) error {
	why := lease.Err()
	if why == nil {
		why = fmt.Errorf("%w: it could not be renewed", lock.ErrLost)
	}
	return fmt.Errorf("lock %q: %w; the command was ended (exit code %d)", lease.Name(), why, code)
}
