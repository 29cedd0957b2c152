// Command mosparoctl inspects and operates a mosparo cluster from the shell. It uses the
// same environment variables as mosparo, and mosparo's files with --dir. Run it without
// arguments for a list of its commands.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // PHP's time zones, for hosts without a zone database

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// app is the environment of a command.
type app struct {
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	environ []string
	// dir is mosparo's directory; empty without --dir.
	dir string
	// timeout is --timeout.
	timeout time.Duration
	// limit starts the timeout of a command that asks once.
	limit func()
}

// command is a word of the command line. It runs, has subcommands, or both.
type command struct {
	name string
	// args is the usage of the arguments, help one sentence.
	args, help string
	// cluster adds --dir, for commands that act on the cluster of mosparo's settings.
	cluster bool
	// asks says what --timeout limits.
	asks asking
	run  func(ctx context.Context, a *app, flags *flag.FlagSet) func(args []string) error
	sub  []command
}

// asking says how a command uses servers.
type asking int

const (
	// asksOnce: the command reads or changes something and ends. --timeout limits all
	// of it.
	asksOnce asking = iota
	// works: the command runs for as long as its work takes. --timeout limits each
	// request.
	works
	// offline: the command sends no requests and has no --timeout.
	offline
)

// defaultTimeout is the default of --timeout.
const defaultTimeout = 10 * time.Second

// errTimeout reports servers that do not answer in time.
type errTimeout time.Duration

func (e errTimeout) Error() string {
	return fmt.Sprintf("no answer within %v; --timeout changes that", time.Duration(e))
}

// usageError reports a wrong command line; the program exits with 2.
type usageError struct{ msg string }

func (e usageError) Error() string { return e.msg }

// exitError is an exit code without a message.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func main() {
	redis.SetLogger(connect.NewRedisLogger(nil)) // failed calls return errors
	ctx, stop := signal.NotifyContext(context.Background(), shell.StopSignals()...)
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ()}
	code := a.main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// main runs the command line and returns the exit code: 0 for success, 1 for a failure, 2
// for a wrong command line.
func (a *app) main(ctx context.Context, args []string) int {
	err := a.dispatch(ctx, "mosparoctl", commands(), args)
	var usage usageError
	var exit exitError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &usage):
		a.complain(usage)
		return 2
	default:
		a.complain(err)
		return 1
	}
}

// complain prints an error. Its text may come from a server.
func (a *app) complain(err error) {
	fmt.Fprintln(a.stderr, "mosparoctl:", shell.Lines(err.Error()))
}

func (a *app) dispatch(ctx context.Context, path string, cmds []command, args []string) error {
	if len(args) == 0 || args[0] == "-h" || args[0] == "--help" || args[0] == "help" {
		if len(args) == 0 {
			usage(a.stderr, path, cmds)
			return usageError{"a command is missing"}
		}
		usage(a.stdout, path, cmds)
		return nil
	}
	for _, c := range cmds {
		if c.name != args[0] {
			continue
		}
		path += " " + c.name
		if c.run == nil || len(args) > 1 && c.has(args[1]) {
			return a.dispatch(ctx, path, c.sub, args[1:])
		}
		return a.runCommand(ctx, path, c, args[1:])
	}
	return usageError{fmt.Sprintf("unknown command %q; see %s --help", args[0], path)}
}

// has reports whether the command has a subcommand with this name.
func (c command) has(name string) bool {
	return slices.ContainsFunc(c.sub, func(s command) bool { return s.name == name })
}

func (a *app) runCommand(ctx context.Context, path string, c command, args []string) error {
	flags := flag.NewFlagSet(path, flag.ContinueOnError)
	var said bytes.Buffer
	flags.SetOutput(&said)
	flags.Usage = func() {
		w := flags.Output()
		fmt.Fprintf(w, "usage: %s\n%s\n", c.line(path), c.help)
		flags.PrintDefaults()
		if c.sub != nil {
			usage(w, path, c.sub)
		}
	}
	if c.cluster {
		flags.StringVar(&a.dir, "dir", "", dirHelp)
	}
	switch c.asks {
	case asksOnce:
		flags.DurationVar(&a.timeout, "timeout", defaultTimeout, "time limit for all requests of the command")
	case works:
		flags.DurationVar(&a.timeout, "timeout", defaultTimeout, "time limit for each request")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a.limit = func() {
		if c.asks == asksOnce {
			timer := time.AfterFunc(a.timeout, func() { cancel(errTimeout(a.timeout)) })
			context.AfterFunc(ctx, func() { timer.Stop() })
		}
	}
	body := c.run(ctx, a, flags)
	err := flags.Parse(args)
	flags.SetOutput(a.stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, _ = said.WriteTo(a.stdout)
		return err
	case err != nil:
		_, _ = said.WriteTo(a.stderr)
		return exitError(2)
	}
	return nameTimeout(ctx, body(flags.Args()))
}

// line returns the command with its arguments, for the usage text.
func (c command) line(path string) string {
	words := []string{path}
	if c.cluster {
		words = append(words, "[--dir DIR]")
	}
	if c.args != "" {
		words = append(words, c.args)
	}
	return strings.Join(words, " ")
}

func usage(w io.Writer, path string, cmds []command) {
	fmt.Fprintf(w, "usage: %s COMMAND\n\n", path)
	for _, c := range cmds {
		if c.run != nil {
			fmt.Fprintf(w, "  %s\n        %s\n", c.line(c.name), c.help)
		}
		for _, s := range c.sub {
			fmt.Fprintf(w, "  %s\n        %s\n", s.line(c.name+" "+s.name), s.help)
		}
	}
}
