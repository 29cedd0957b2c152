package main

import (
	"context"
	"flag"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// builder makes commands of cobra from those of the table. They run in its context.
type builder struct {
	*app
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// rootCommand returns the program as a command of cobra.
func (a *app) rootCommand(ctx context.Context, cancel context.CancelCauseFunc) *cobra.Command {
	b := builder{a, ctx, cancel}
	root := b.build(command{name: "mosparoctl", help: programHelp, sub: commands()})
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(b.build(helpCommand()))
	root.Flags().Bool("version", false, "show the version, as the command version does")
	a.root = root
	return root
}

func (b builder) build(c command) *cobra.Command {
	cmd := &cobra.Command{
		Use: c.name, Aliases: c.aliases, Short: c.summary(), Hidden: c.hidden,
		Args: cobra.ArbitraryArgs, SuggestionsMinimumDistance: 2,
		ValidArgsFunction: b.completion(c),
	}
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) { b.writeHelp(b.stdout, cmd, c) })
	for _, s := range c.sub {
		cmd.AddCommand(b.build(s))
	}
	if c.run == nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error { return b.runGroup(cmd, c, args) }
		return cmd
	}
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	b.addCommonFlags(flags, c)
	body := c.run(b.ctx, b.app, flags)
	addFlags(cmd, c, flags)
	cmd.Flags().SetInterspersed(!c.wraps)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 && c.sub != nil {
			return unknownCommand(cmd, args[0])
		}
		if c.wraps && len(args) > 0 {
			if err := parseRest(cmd, args[1:]); err != nil {
				return err
			}
			args = append(args[:1:1], cmd.Flags().Args()...)
		}
		b.limit = func() { b.startTimeout(c.asks) }
		return nameTimeout(b.ctx, body(args))
	}
	return cmd
}

// addCommonFlags registers the flags that many commands have.
func (b builder) addCommonFlags(flags *flag.FlagSet, c command) {
	if c.cluster {
		flags.StringVar(&b.dir, "dir", "", dirHelp)
	}
	switch c.asks {
	case asksOnce:
		flags.DurationVar(&b.timeout, "timeout", defaultTimeout, "time limit for all requests of the command")
	case works:
		flags.DurationVar(&b.timeout, "timeout", defaultTimeout, "time limit for each request")
	}
}

// startTimeout limits a command that asks once.
func (b builder) startTimeout(asks asking) {
	if asks == asksOnce {
		timer := time.AfterFunc(b.timeout, func() { b.cancel(errTimeout(b.timeout)) })
		context.AfterFunc(b.ctx, func() { timer.Stop() })
	}
}

// addFlags adds the flags of a command to those of cobra.
func addFlags(cmd *cobra.Command, c command, flags *flag.FlagSet) {
	flags.VisitAll(func(f *flag.Flag) {
		added := pflag.PFlagFromGoFlag(f)
		added.Shorthand = c.short[f.Name]
		if added.DefValue == "0s" {
			added.DefValue = "0" // which help does not show
		}
		cmd.Flags().AddFlag(added)
	})
	completeFlags(cmd)
}

// parseRest parses the flags between the first argument of a command and the command that
// it wraps.
func parseRest(cmd *cobra.Command, args []string) error {
	if err := cmd.Flags().Parse(args); err != nil {
		return flagError(cmd, err)
	}
	if asked, _ := cmd.Flags().GetBool("help"); asked { // cobra has registered it
		return pflag.ErrHelp
	}
	return nil
}

// runGroup runs a command that only has subcommands.
func (b builder) runGroup(cmd *cobra.Command, c command, args []string) error {
	version, _ := cmd.Flags().GetBool("version") // only the program has it
	switch {
	case version && len(args) == 0:
		return b.writeVersion(newVersionInfo())
	case len(args) == 0:
		b.writeHelp(b.stderr, cmd, c)
		return usageError{"a command is missing"}
	case args[0] == "help":
		return b.showHelp(cmd, args[1:])
	}
	return unknownCommand(cmd, args[0])
}
