// Command cronlock runs a command on one node of a cluster at a time. Put the same line
// into the crontab of every node:
//
//	cronlock report php bin/console app:report
//
// The lock is on the cache server that mosparo's environment variables name; mosparo's
// files are not read. A crontab has its own environment: if that names no shared cache,
// cronlock runs nothing and exits with 78, unless --this-host-only allows a lock of this
// host. "mosparoctl lock run" does the same with more options, such as --dir and --wait.
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

// exitConfig is EX_CONFIG of sysexits.h: the settings name no shared cache.
const exitConfig = 78

// errNotShared prevents every node from running the command.
var errNotShared = errors.New("the environment names no cache that the nodes share (MOSPARO_CACHE_ADAPTER, REDIS_URL, …)")

func main() {
	log.SetFlags(0)
	local := flag.Bool("this-host-only", false, "use a lock of this host if the environment names no cache that the nodes share")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: cronlock [--this-host-only] NAME COMMAND…")
		flag.PrintDefaults()
		fmt.Fprint(flag.CommandLine.Output(), "\n", shell.GuideHelp)
	}
	flag.Parse()
	if flag.NArg() < 2 || strings.HasPrefix(flag.Arg(0), lock.ReservedPrefix) {
		fmt.Fprintf(os.Stderr, "cronlock: needs a name that does not begin with %s, and a command; see --help\n", lock.ReservedPrefix)
		os.Exit(2)
	}
	redis.SetLogger(connect.NewRedisLogger(nil)) // failed calls return errors
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
	// The command is killed when the lock is lost or this program is told to end. The
	// lock is held for at least half a minute, since the clocks of the nodes differ.
	return locker.Do(ctx, name, func(ctx context.Context) error {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		return cmd.Run()
	}, lock.WithMinHold(30*time.Second))
}
