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

// Exit codes of "lock run", besides those of the command and of a conflict. They are from
// sysexits.h, as those of flock(1).
const (
	exitLockUsage   = 2   // wrong command line
	exitUnavailable = 69  // the command cannot be executed
	exitTempFail    = 75  // the lock server is unavailable, or the lock was lost
	exitConfig      = 78  // the settings name no locks that the nodes share
	exitSignal      = 128 // plus the number of the signal that ended the command
)

const lockRunHelp = `Tries once, unless --wait is given. The command gets the standard streams of
mosparoctl, and MOSPARO_LOCK_NAME and MOSPARO_LOCK_FENCE in its environment.
Signals are passed on to it, and without a terminal also to its child
processes. If the lock is lost or cannot be renewed in time, the command gets
SIGTERM, and SIGKILL after --kill-after. A stopped mosparoctl (SIGSTOP) cannot
do that; use the fence to protect a store also in this case: let it refuse
fences that are smaller than the largest one so far.

Names that begin with mosparo/ are reserved.`

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
	flags.DurationVar(&j.ttl, "ttl", lock.DefaultTTL, "time after which the lock of a crashed node expires")
	flags.DurationVar(&j.wait, "wait", 0, "how long to wait for the lock; a negative duration waits without limit")
	flags.DurationVar(&j.minHold, "min-hold", 0, "minimum time to hold the lock, for short commands on nodes whose clocks differ")
	flags.StringVar(&j.slot, "slot", "", `run only once in the cluster for this text, such as "$(date +%F)", also if that run fails`)
	flags.DurationVar(&j.retention, "retention", 24*time.Hour, "how long a slot is remembered")
	flags.DurationVar(&j.killAfter, "kill-after", 0, "time between SIGTERM and SIGKILL; the default is a sixth of the TTL, at most 5s")
	flags.IntVar(&j.conflict, "conflict-exit-code", 1, "exit code when another node holds the lock or has used the slot")
	flags.BoolVar(&j.verbose, "verbose", false, "show who holds the lock")
	flags.BoolVar(&j.local, "this-host-only", false, "use a lock of this host if the settings name no cache that the nodes share")
	return func(args []string) error {
		if err := j.parse(args); err != nil {
			return err
		}
		return a.exit(a.runLocked(ctx, j))
	}
}

// parse takes the name and the command from the arguments.
func (j *lockJob) parse(args []string) error {
	if len(args) == 0 {
		return usageError{"a lock's name is missing"}
	}
	j.name, j.command = args[0], args[1:]
	if j.killAfter == 0 {
		j.killAfter = min(j.ttl/6, 5*time.Second)
	}
	switch {
	case strings.HasPrefix(j.name, lock.ReservedPrefix):
		return usageError{fmt.Sprintf("names that begin with %q are reserved", lock.ReservedPrefix)}
	case len(j.command) == 0 || j.command[0] == "":
		return usageError{"a command is missing"}
	case j.conflict < 0 || j.conflict > 255:
		return usageError{"--conflict-exit-code must be from 0 to 255"}
	case j.killAfter < 0 || j.killAfter > j.ttl/3:
		return usageError{"--kill-after must be at most a third of the TTL"}
	}
	return nil
}

// exit maps an error of the locks to its exit code.
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
	// From here on signals are passed on to the command. While it does not run, they end
	// the waiting.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwardedSignals()...)
	defer signal.Stop(signals)
	if ctx.Err() != nil { // a signal came before that
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
			// The command has ended. Other nodes have to wait until the lock expires.
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

// acquire acquires the lock, unless a signal comes first.
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

// take claims the slot, if there is one, and then acquires the lock. So an attempt uses
// its slot even if the run of an earlier slot still holds the lock.
func (j *lockJob) take(ctx context.Context, l *lock.Locker) (*lock.Lease, error) {
	opts := []lock.AcquireOption{lock.WithWait(j.wait), lock.WithLabel(j.label())}
	if j.slot != "" {
		if err := l.Once(ctx, lock.Slot{Name: j.name, Key: j.slot}, j.retention, opts...); err != nil {
			return nil, err
		}
	}
	return l.Acquire(ctx, j.name, append(opts, lock.WithTTL(j.ttl), lock.WithMinHold(j.minHold))...)
}

// label returns the command for the lock's label, without its arguments, which may be
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

// never is a channel that never fires.
var never = make(<-chan time.Time)

// supervise runs the command while the lease holds and returns its exit code. An error
// means that the lease was lost.
func (a *app) supervise(j *lockJob, lease *lock.Lease, signals <-chan os.Signal) (int, error) {
	p, err := startProcess(j.command, a, append(a.environ,
		"MOSPARO_LOCK_NAME="+j.name, "MOSPARO_LOCK_FENCE="+strconv.FormatUint(lease.Fence(), 10)))
	if err != nil {
		a.complain(err)
		return exitUnavailable, nil
	}
	// The command gets SIGTERM early enough to end before the lease does.
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
			kill = never
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
			// Not later than the end of the lease, which matters if this process was stopped.
			kill = time.After(min(j.killAfter, time.Until(lease.Expiry())))
		}
	}
}

// endRest waits for child processes that outlive a terminated command, and kills them when
// it is time.
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
