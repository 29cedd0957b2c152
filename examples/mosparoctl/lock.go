package main

import (
	"context"
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
		{
			name: "run", args: "NAME [--ttl D] [--wait D] [--min-hold D] [--slot SLOT] -- COMMAND…", run: lockRun, cluster: true, asks: works,
			wraps: true, short: map[string]string{"conflict-exit-code": "E"}, completesFiles: true,
			help: "Run a command on one node at a time.", more: lockRunHelp,
			examples: []string{
				"mosparoctl lock run report --dir /var/www/mosparo --min-hold 30s -- /usr/local/bin/report",
				`mosparoctl lock run report --dir /var/www/mosparo --slot "$(date +%F)" -- /usr/local/bin/report`,
			},
		},
		{
			name: "show", args: "[--json] NAME", run: lockShow, cluster: true,
			help:     "Show who holds a lock. Not on a terminal, and with --json, it writes a JSON line.",
			examples: []string{"mosparoctl lock show --dir /var/www/mosparo report"},
		},
		{
			name: "ls", aliases: []string{"list"}, args: "[--json]", run: lockList, cluster: true,
			help:     "Show all locks that are held. Not on a terminal, and with --json, it writes one JSON line for each.",
			examples: []string{"mosparoctl lock ls --dir /var/www/mosparo", "mosparoctl locks ls --dir /var/www/mosparo --json"},
		},
		{
			name: "break", args: "[--json] NAME", run: lockBreak, cluster: true,
			help:     "Take a lock from its holder, and show who held it. The holder notices at its next renewal.",
			examples: []string{"mosparoctl lock break --dir /var/www/mosparo report"},
		},
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

// showHoldings writes a table on a terminal, and JSON lines elsewhere.
func (a *app) showHoldings(asJSON bool, all ...holding) error {
	if asJSON || !a.outTTY {
		return writeLines(a, all)
	}
	t := a.newTable("NAME", "HOST", "PID", "LABEL", "SINCE", "EXPIRES IN", "FENCE")
	for _, h := range all {
		if !h.Held {
			t.add(h.Name, cell{"free", green})
			continue
		}
		since, expires := "", ""
		if h.Since != nil {
			since = shortTime(*h.Since)
		}
		if h.ExpiresIn > 0 {
			expires = fmt.Sprintf("%.1f s", h.ExpiresIn)
		}
		t.add(h.Name, h.Host, h.PID, h.Label, since, expires, h.Fence)
	}
	return t.write()
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

func lockShow(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		name, err := oneName(args)
		if err != nil {
			return err
		}
		return a.withSharedLocker(func(l *lock.Locker) error {
			h, err := l.Holder(ctx, name)
			switch {
			case errors.Is(err, lock.ErrNotHeld):
				return a.showHoldings(*asJSON, holding{Name: name})
			case err != nil:
				return err
			}
			return a.showHoldings(*asJSON, holdingOf(h))
		})
	}
}

func lockList(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"lock ls takes no arguments"}
		}
		return a.withSharedLocker(func(l *lock.Locker) error {
			var all []holding
			for h, err := range l.Holders(ctx) {
				if err != nil {
					return errors.Join(a.showHoldings(*asJSON, all...), err)
				}
				all = append(all, holdingOf(h))
			}
			return a.showHoldings(*asJSON, all...)
		})
	}
}

func lockBreak(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	asJSON := jsonFlag(flags)
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
			return a.showHoldings(*asJSON, holdingOf(h))
		})
	}
}
