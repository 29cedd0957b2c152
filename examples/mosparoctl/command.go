package main

import (
	"context"
	"flag"
	"strings"
	"time"
)

// command is a word of the command line. It runs, has subcommands, or both.
type command struct {
	name string
	// aliases are other names of the command.
	aliases []string
	// args is the usage of the arguments. help is a text of whole sentences, and the first
	// one is shown in lists. more is the rest of the help, as it is to be printed.
	args, help, more string
	// examples are command lines, from the word mosparoctl on.
	examples []string
	// hidden leaves the command out of help and completion.
	hidden bool
	// cluster adds --dir, for commands that act on the cluster of mosparo's settings.
	cluster bool
	// asks says what --timeout limits.
	asks asking
	// short has the letter of a flag, by the flag's name.
	short map[string]string
	// wraps is set for a command that runs another one: flags end at the argument after
	// the first one, or at --.
	wraps bool
	// complete returns completions of the arguments; without it there are none, and
	// completesFiles completes names of files.
	complete       func(ctx context.Context, a *app, args []string) []string
	completesFiles bool
	// run registers the flags and returns the body of the command, which gets the
	// arguments that are left. Only the values of the flags are set: the methods of the
	// FlagSet that ask about parsing, such as Args and Visit, do not work.
	run func(ctx context.Context, a *app, flags *flag.FlagSet) func(args []string) error
	sub []command
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

// line returns the command with its arguments, for the usage text.
func (c command) line(path string) string {
	words := []string{path}
	if c.run == nil {
		return path + " COMMAND"
	}
	if c.cluster {
		words = append(words, "[--dir DIR]")
	}
	if c.args != "" {
		words = append(words, c.args)
	}
	return strings.Join(words, " ")
}

// summary returns the first sentence of the help, without its period.
func (c command) summary() string {
	first, _, _ := strings.Cut(c.help, ". ")
	return strings.TrimSuffix(first, ".")
}

// hide returns the command without a place in help and completion.
func hide(c command) command {
	c.hidden = true
	return c
}
