// Command cronlock runs a command on one node of a cluster only: put the same
// line into the crontab of every node. It uses the server that mosparo's
// environment variables name; it reads none of mosparo's files. "mosparoctl
// lock run" does the same with --dir, a time to wait, and exit codes.
//
//	cronlock report php bin/console app:report
//
// A crontab has an environment of its own: where that names no cache that nodes
// share, cronlock exits with 78 and runs nothing, unless --this-host-only says
// that a lock of this host is meant.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/examples/internal/shell"
	"github.com/mosparo/go-cluster/lock"
)

// exitConfig is the exit code for settings that name no shared lock, as in
// sysexits.h.
const exitConfig = 78

// errNotShared: every node would run the command.
var errNotShared = errors.New("the environment names no cache whose locks nodes share (MOSPARO_CACHE_ADAPTER, REDIS_URL, …)")

func main() {
	log.SetFlags(0)
	local := flag.Bool("this-host-only", false, "let it be a lock of this host, where the environment names no cache that nodes share")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: cronlock [--this-host-only] NAME COMMAND…")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() < 2 || strings.HasPrefix(flag.Arg(0), lock.ReservedPrefix) {
		fmt.Fprintf(os.Stderr, "cronlock: it takes a name, which does not begin with %s, and a command\n", lock.ReservedPrefix)
		flag.Usage()
		os.Exit(2)
	}
	redis.SetLogger(connect.NewRedisLogger(nil)) // what matters comes back as an error
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, flag.Arg(0), flag.Args()[1:], *local); {
	case errors.Is(err, errNotShared):
		log.Print("cronlock: ", err)
		os.Exit(exitConfig)
	case err != nil && !errors.Is(err, lock.ErrHeld):
		log.Fatal("cronlock: ", err)
	}
}

func run(ctx context.Context, name string, command []string, local bool) error {
	settings, err := envconfig.FromEnviron(os.Environ())
	if err != nil {
		return err
	}
	var backend lock.Backend
	switch here := connect.LocksAreLocal(settings); {
	case here && !local:
		return errNotShared
	case here:
		hostLocks, err := shell.HostLocks()
		if err != nil {
			return err
		}
		backend = hostLocks
	default:
		shared, closer, err := connect.Lock(settings)
		if err != nil {
			return err
		}
		defer closer.Close()
		backend = shared
	}
	locker := lock.New(backend)
	defer locker.Close()
	if !locker.Properties().Shared {
		return errNotShared
	}
	// The command is killed when the lock is lost or we are to end. However
	// short it is, the lock is kept for half a minute: some clocks are behind.
	return locker.Do(ctx, name, func(ctx context.Context) error {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		return cmd.Run()
	}, lock.WithMinHold(30*time.Second))
}
