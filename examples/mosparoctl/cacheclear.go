package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

// errNotConfirmed reports that the user did not confirm a clear.
var errNotConfirmed = errors.New("not confirmed; nothing was removed")

func cacheClear(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	yes := flags.Bool("yes", false, "do not ask for confirmation")
	force := flags.Bool("force", false, "also while a Go node is working")
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"cache clear takes no arguments: it removes all entries of mosparo"}
		}
		return a.withCache(func(c cache.Adapter) error {
			clearer, ok := c.(cache.Clearer)
			if !ok {
				return errors.New("this cache cannot be cleared")
			}
			if !*force {
				check := func(l *lock.Locker) error { return checkIdle(ctx, cache.NewPool(c), l, isOwnLock) }
				if err := a.withLocker(check); err != nil { //nolint:contextcheck // closing waits for its own goroutines
					return err
				}
			}
			if !*yes {
				if err := a.confirmClear(ctx, c); err != nil {
					return err
				}
			}
			n, err := clearer.Clear(ctx)
			if err != nil {
				if n > 0 {
					err = fmt.Errorf("%w (%s removed before that)", err, countOf(n))
				}
				return err
			}
			return a.showCleared(n, *asJSON)
		})
	}
}

// showCleared shows how many entries were removed; negative if the cache cannot count them.
func (a *app) showCleared(n int, asJSON bool) error {
	var err error
	switch {
	case asJSON && n < 0:
		err = a.writeJSON(cleared{}, "")
	case asJSON:
		err = a.writeJSON(cleared{&n}, "")
	case n < 0:
		_, err = fmt.Fprintln(a.stdout, "removed all entries of mosparo; this cache cannot count them")
	default:
		_, err = fmt.Fprintln(a.stdout, "removed", countOf(n))
	}
	return err
}

// cleared is the output of "cache clear". Removed is null if the cache cannot count.
type cleared struct {
	Removed *int `json:"removed"`
}

// confirmClear counts the entries to be removed and asks for confirmation.
func (a *app) confirmClear(ctx context.Context, c cache.Adapter) error {
	what := "all entries of mosparo, which this cache cannot count"
	if lister, ok := c.(cache.Lister); ok {
		n, owned := 0, connect.KeyPatterns()
		for key, err := range lister.List(ctx, "") {
			if err != nil {
				return err
			}
			if owned.Match(key) {
				n++
			}
		}
		what = countOf(n) + " of mosparo"
	}
	fmt.Fprintf(a.stderr, "This removes %s for all nodes, including the schedule of the cleanup. Locks and foreign entries stay.\nType yes to continue: ", what)
	answer, _ := bufio.NewReader(a.stdin).ReadString('\n')
	if strings.TrimSpace(answer) != "yes" {
		return errNotConfirmed
	}
	return nil
}

func countOf(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

func cacheList(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	all := flags.Bool("all", false, "also list foreign entries")
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		if len(args) > 1 {
			return usageError{"cache ls takes one prefix at most"}
		}
		prefix := strings.Join(args, "")
		return a.withCache(func(c cache.Adapter) error {
			lister, ok := c.(cache.Lister)
			if !ok {
				return errors.New("this cache cannot list its entries")
			}
			keys, owned := []string{}, connect.KeyPatterns()
			for key, err := range lister.List(ctx, prefix) {
				if err != nil {
					return err
				}
				if *all || owned.Match(key) || strings.HasPrefix(key, lock.KeyPrefix) {
					keys = append(keys, key)
				}
			}
			slices.Sort(keys)
			if *asJSON {
				return a.writeJSON(struct {
					Keys []string `json:"keys"`
				}{keys}, "  ")
			}
			for _, key := range keys {
				if _, err := fmt.Fprintln(a.stdout, plain(key)); err != nil {
					return err
				}
			}
			return nil
		})
	}
}
