// Command mosparoctl inspects and operates a mosparo cluster from the shell. It uses the
// same environment variables as mosparo, and mosparo's files with --dir. Run it without
// arguments for a list of its commands.
//
// In a clone of the repository,
//
//	go build -o /usr/local/bin/mosparoctl ./examples/mosparoctl
//
// installs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
	_ "time/tzdata" // PHP's time zones, for hosts without a zone database

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// app is the environment of a command.
type app struct {
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	environ []string
	// outTTY and errTTY report that stdout and stderr are terminals.
	outTTY, errTTY bool
	// dir is mosparo's directory; empty without --dir.
	dir string
	// timeout is --timeout.
	timeout time.Duration
	// limit starts the timeout of a command that asks once.
	limit func()
	// root is the program as a command of cobra.
	root *cobra.Command
}

// errTimeout reports servers that do not answer in time.
type errTimeout time.Duration

func (e errTimeout) Error() string {
	return fmt.Sprintf("no answer within %v; --timeout changes that", time.Duration(e))
}

// usageError reports a wrong command line.
type usageError struct{ msg string }

func (e usageError) Error() string { return e.msg }

// exitError is an exit code without a message.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func main() {
	redis.SetLogger(connect.NewRedisLogger(nil)) // failed calls return errors
	ctx, stop := signal.NotifyContext(context.Background(), shell.StopSignals()...)
	a := &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(),
		outTTY: isTerminal(os.Stdout), errTTY: isTerminal(os.Stderr),
	}
	code := a.main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// main runs the command line and returns the exit code, which is one of [exitCodes].
func (a *app) main(ctx context.Context, args []string) int {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	root := a.rootCommand(ctx, cancel)
	root.SetArgs(append([]string{}, args...)) // cobra takes those of the process for nil
	ran, err := root.ExecuteContextC(ctx)
	var usage usageError
	var exit exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &usage):
		a.complain(usage)
		return usageCode(pathOf(ran))
	default:
		a.complain(err)
		return 1
	}
}

// complain prints an error. Its text may come from a server.
func (a *app) complain(err error) {
	fmt.Fprintln(a.stderr, a.paint(a.errTTY, red, "mosparoctl:"), shell.Lines(err.Error()))
}
