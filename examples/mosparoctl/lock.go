package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/examples/internal/shell"
	"github.com/mosparo/go-cluster/lock"
)

func lockCommands() []command {
	return []command{
		{name: "run", args: "NAME [--ttl D] [--wait D] [--min-hold D] [--slot SLOT] -- COMMAND…", help: "Run a command on one node at a time; see --help for the exit codes.", run: lockRun, cluster: true, asks: works},
		{name: "show", args: "NAME", help: "Show who holds a lock, as a JSON line.", run: lockShow, cluster: true},
		{name: "ls", args: "", help: "Show all locks that are held, one JSON line each.", run: lockList, cluster: true},
		{name: "break", args: "NAME", help: "Free a lock whoever holds it, and show who did. The holder notices at its next renewal.", run: lockBreak, cluster: true},
	}
}

// Cron on every node would run the command on every node.
var (
	errNotShared = errors.New("this cache has no locks that are shared between nodes; use Redis or memcached")
	errLocal     = errors.New("the settings name no cache that nodes share, so the lock would hold on this host only; name it in the environment or by --dir, or say --this-host-only")
)

// withLocker runs do with a Locker on the backend that the settings name.
func (a *app) withLocker(do func(*lock.Locker) error) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	return a.withLockerOf(s, do)
}

func (a *app) withLockerOf(s *envconfig.Settings, do func(*lock.Locker) error) error {
	opts, err := a.connecting()
	if err != nil {
		return err
	}
	backend, closer, err := connect.Lock(s, opts...)
	if err != nil {
		return err
	}
	defer closer.Close()
	l := lock.New(backend)
	defer l.Close()
	return do(l)
}

// withSharedLocker is the same where the nodes of a cluster share the locks;
// otherwise it runs do with those of this host.
func (a *app) withSharedLocker(do func(*lock.Locker) error) error {
	s, err := a.readSettings()
	switch {
	case err != nil:
		return err
	case connect.LocksAreLocal(s):
		return withHostLocks(whereShared(do))
	}
	return a.withLocker(whereShared(do))
}

func whereShared(do func(*lock.Locker) error) func(*lock.Locker) error {
	return func(l *lock.Locker) error {
		if !l.Properties().Shared {
			return errNotShared
		}
		return do(l)
	}
}

// withLockerToRun is the same where each node runs what it has the lock for:
// local lets it be a lock of this host, of which cron need not send a mail each
// time.
func (a *app) withLockerToRun(local bool, do func(*lock.Locker) error) error {
	s, err := a.readSettings()
	switch {
	case err != nil:
		return err
	case !connect.LocksAreLocal(s):
		return a.withLockerOf(s, whereShared(do))
	case !local:
		return errLocal
	}
	return withHostLocks(whereShared(do))
}

// withHostLocks runs do with a Locker of this host.
func withHostLocks(do func(*lock.Locker) error) error {
	backend, err := shell.HostLocks()
	if err != nil {
		return err
	}
	l := lock.New(backend)
	defer l.Close()
	return do(l)
}

// holding is one line about a lock.
type holding struct {
	Name  string     `json:"name"`
	Held  bool       `json:"held"`
	Host  string     `json:"host,omitempty"`
	PID   int        `json:"pid,omitempty"`
	Label string     `json:"label,omitempty"`
	Since *time.Time `json:"since,omitempty"`
	// ExpiresIn is in seconds, unless renewed; absent where unknown.
	ExpiresIn float64 `json:"expiresIn,omitempty"`
	Fence     uint64  `json:"fence,omitempty"`
}

func holdingOf(h lock.Holder) holding {
	line := holding{
		Name: h.Name, Held: true, Host: h.Owner.Host, PID: h.Owner.PID, Label: h.Owner.Label,
		ExpiresIn: h.TTL.Round(time.Millisecond).Seconds(), Fence: h.Fence,
	}
	if !h.Owner.Since.IsZero() {
		line.Since = &h.Owner.Since
	}
	return line
}

func (a *app) printHolding(h holding) error {
	out := json.NewEncoder(shell.JSON(a.stdout))
	out.SetEscapeHTML(false)
	return out.Encode(h)
}

// oneName is the only argument of a command.
func oneName(args []string) (string, error) {
	if len(args) != 1 {
		return "", usageError{"which lock?"}
	}
	if err := lock.CheckName(args[0]); err != nil {
		return "", usageError{err.Error()}
	}
	return args[0], nil
}

func lockShow(ctx context.Context, a *app, _ *flag.FlagSet) func([]string) error {
	return func(args []string) error {
		name, err := oneName(args)
		if err != nil {
			return err
		}
		return a.withSharedLocker(func(l *lock.Locker) error {
			h, err := l.Holder(ctx, name)
			switch {
			case errors.Is(err, lock.ErrNotHeld):
				return a.printHolding(holding{Name: name})
			case err != nil:
				return err
			}
			return a.printHolding(holdingOf(h))
		})
	}
}

func lockList(ctx context.Context, a *app, _ *flag.FlagSet) func([]string) error {
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"lock ls takes no arguments"}
		}
		return a.withSharedLocker(func(l *lock.Locker) error {
			for h, err := range l.Holders(ctx) {
				if err != nil {
					return err
				}
				if err := a.printHolding(holdingOf(h)); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func lockBreak(ctx context.Context, a *app, _ *flag.FlagSet) func([]string) error {
	return func(args []string) error {
		name, err := oneName(args)
		if err != nil {
			return err
		}
		return a.withSharedLocker(func(l *lock.Locker) error {
			h, unknown := l.Holder(ctx, name)
			if errors.Is(unknown, lock.ErrNotHeld) {
				return unknown
			}
			if err := l.Break(ctx, name); err != nil {
				return errors.Join(unknown, err)
			}
			if unknown != nil {
				a.complain(fmt.Errorf("whose it was cannot be told: %w", unknown))
				h = lock.Holder{Name: name}
			}
			return a.printHolding(holdingOf(h))
		})
	}
}
