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
		{name: "break", args: "NAME", help: "Take a lock from its holder, and show who held it. The holder notices at its next renewal.", run: lockBreak, cluster: true},
	}
}

// Errors that prevent a cron job of every node from running on every node.
var (
	errNotShared = errors.New("the nodes do not share the locks of this cache; use Redis or memcached")
	errLocal     = errors.New("the settings name no cache that the nodes share, so the lock would hold on this host only; set the variables of the cache, use --dir, or allow it with --this-host-only")
)

// withLocker calls do with a Locker on the backend of the settings.
func (a *app) withLocker(do func(*lock.Locker) error) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	return a.withLockerOf(s, do)
}

func (a *app) withLockerOf(s *envconfig.Settings, do func(*lock.Locker) error) error {
	opts, err := a.connectOptions()
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

// withSharedLocker calls do with a Locker of the cluster, or of this host if the settings
// name no shared cache.
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

// withLockerToRun is withSharedLocker for a command that must run on one node: a lock of
// this host is an error unless local allows it. There is no warning then, which cron
// would mail each time.
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

// withHostLocks calls do with a Locker of this host.
func withHostLocks(do func(*lock.Locker) error) error {
	backend, err := shell.HostLocks()
	if err != nil {
		return err
	}
	l := lock.New(backend)
	defer l.Close()
	return do(l)
}

// holding is a line of output about a lock.
type holding struct {
	Name  string     `json:"name"`
	Held  bool       `json:"held"`
	Host  string     `json:"host,omitempty"`
	PID   int        `json:"pid,omitempty"`
	Label string     `json:"label,omitempty"`
	Since *time.Time `json:"since,omitempty"`
	// ExpiresIn is in seconds, unless renewed; absent if unknown.
	ExpiresIn float64 `json:"expires_in,omitempty"`
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

// oneName returns the only argument of a command.
func oneName(args []string) (string, error) {
	if len(args) != 1 {
		return "", usageError{"a lock's name is missing"}
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
				a.complain(fmt.Errorf("the former holder is unknown: %w", unknown))
				h = lock.Holder{Name: name}
			}
			return a.printHolding(holdingOf(h))
		})
	}
}
