// Command cronlock runs a command on one node of a cluster only: put the same
// line into the crontab of every node. It uses the server that mosparo's
// environment variables name; it reads none of mosparo's files. "mosparoctl
// lock run" does the same with --dir, a time to wait, and exit codes.
//
//	cronlock report php bin/console app:report
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: cronlock NAME COMMAND…")
	}
	redis.SetLogger(connect.NewRedisLogger(nil)) // what matters comes back as an error
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1], os.Args[2:]); err != nil && !errors.Is(err, lock.ErrHeld) {
		log.Fatal("cronlock: ", err)
	}
}

func run(ctx context.Context, name string, command []string) error {
	settings, err := envconfig.FromEnviron(os.Environ())
	if err != nil {
		return err
	}
	backend, err := connect.Lock(settings)
	if err != nil {
		return err
	}
	defer backend.Close()
	locker := lock.New(backend)
	defer locker.Close()
	if !locker.Properties().Shared {
		return errors.New("this cache has no locks that nodes share")
	}
	// The command is killed when the lock is lost or we are to end. However
	// short it is, the lock is kept for half a minute: some clocks are behind.
	return locker.Do(ctx, name, func(ctx context.Context) error {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		return cmd.Run()
	}, lock.WithMinHold(30*time.Second))
}
