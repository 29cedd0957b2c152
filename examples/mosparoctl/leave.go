package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
)

func leaveCommand() command {
	return command{
		name: "leave", args: clusterArgs + " [--last] [--force] [--json]", run: leave,
		examples: []string{"mosparoctl leave --dir /var/www/mosparo", "mosparoctl leave --dir /var/www/mosparo --last"},
		help:     "Remove this Go node from the cluster. An unfinished run of it is ended. With --last also remove all keys of Go nodes, with locks and fencing counters, unless a lock is held; on memcached and on the server of --lock-url these expire instead.",
	}
}

// goKeys is the prefix of all keys of Go nodes.
const goKeys = "mosparoGo"

func leave(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where clusterFlags
	where.register(flags)
	last := flags.Bool("last", false, "this is the last Go node of the cluster; stop the others first: those that take part are detected")
	force := flags.Bool("force", false, "with --last: also while other nodes run or locks are held, which are lost; a cleanup in progress still prevents this")
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"leave takes no arguments"}
		}
		c, err := a.openCluster(&where, cleanup.ModeClean)
		if err != nil {
			return err
		}
		defer c.close()
		if *last && !*force {
			if err := checkIdle(ctx, c.pool, c.locker, anyLock); err != nil {
				return err
			}
			if err := checkStopped(ctx, c.pool); err != nil {
				return err
			}
		}
		if err := c.scheduler.Leave(ctx, *last); err != nil {
			return err
		}
		if !*last {
			if *asJSON {
				return a.writeJSON(left{}, "")
			}
			return nil
		}
		n, err := c.forget(ctx)
		if err == nil {
			err = c.forgetFiles(ctx)
		}
		if err != nil {
			return err
		}
		if *asJSON {
			return a.writeJSON(left{Last: true, Keys: n}, "")
		}
		_, err = fmt.Fprintf(a.stdout, "removed the keys of the Go nodes (%d more found); PHP nodes keep to the schedule\n", n)
		return err
	}
}

// checkStopped returns an error if Go nodes that take part have a record.
func checkStopped(ctx context.Context, pool *cache.Pool) error {
	all, err := nodes.Read(ctx, pool)
	if err != nil {
		return fmt.Errorf("cannot find out whether other Go nodes run (--force skips this check): %w", err)
	}
	var running []string
	for _, n := range all {
		if n.Mode == nodes.ModeClean && !n.Stopped {
			running = append(running, fmt.Sprintf("%s, last seen %s", n.Host, timeOrNone(n.Seen)))
		}
	}
	if len(running) == 0 {
		return nil
	}
	return fmt.Errorf("there are Go nodes that take part; stop them first, or use --force. One that has crashed is forgotten after five minutes:\n%s", strings.Join(running, "\n"))
}

// left is the output of "leave".
type left struct {
	Last bool `json:"last"`
	// Keys counts the keys that were removed besides those of the cleanup.
	Keys int `json:"more_keys_removed"`
}

// forget removes all keys of Go nodes from the cache, and the locks that are stored with
// them. A cache that cannot list its keys has only those of the cleanup, which are removed
// already, and keys that expire.
func (c *cluster) forget(ctx context.Context) (int, error) {
	l, ok := c.adapter.(cache.Lister)
	if !ok {
		return 0, nil
	}
	var keys []string
	for key, err := range l.List(ctx, goKeys) {
		if errors.Is(err, errors.ErrUnsupported) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return 0, nil
	}
	return len(keys), c.adapter.Delete(ctx, keys...)
}

// forgetFiles removes locks that are files in the directory of the cache.
func (c *cluster) forgetFiles(ctx context.Context) error {
	files, ok := c.locks.(interface {
		Clear(ctx context.Context) (int, error)
	})
	if !ok {
		return nil
	}
	_, err := files.Clear(ctx)
	return err
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
