package main

import (
	"context"
	"flag"
	"slices"

	"github.com/spf13/cobra"
)

const completionHelp = `To load it in every new shell:

  bash  mosparoctl completion bash > /etc/bash_completion.d/mosparoctl
        (needs the package bash-completion)
  zsh   mosparoctl completion zsh > "${fpath[1]}/_mosparoctl"
        (needs "autoload -U compinit; compinit" in ~/.zshrc)
  fish  mosparoctl completion fish > ~/.config/fish/completions/mosparoctl.fish`

func completionCommand() command {
	return command{
		name: "completion", args: "bash|zsh|fish", run: completionWrite, asks: offline,
		help: "Write a script that completes command lines in a shell.", more: completionHelp,
		examples: []string{"mosparoctl completion bash", "mosparoctl completion zsh", "mosparoctl completion fish"},
		complete: func(context.Context, *app, []string) []string { return []string{"bash", "zsh", "fish"} },
	}
}

func completionWrite(_ context.Context, a *app, _ *flag.FlagSet) func([]string) error {
	return func(args []string) error {
		if len(args) == 1 {
			switch args[0] {
			case "bash":
				return a.root.GenBashCompletionV2(a.stdout, true)
			case "zsh":
				return a.root.GenZshCompletion(a.stdout)
			case "fish":
				return a.root.GenFishCompletion(a.stdout, true)
			}
		}
		return usageError{"completion takes bash, zsh or fish"}
	}
}

// completion completes the arguments of a command.
func (b builder) completion(c command) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		how := cobra.ShellCompDirectiveNoFileComp
		if c.completesFiles {
			how = cobra.ShellCompDirectiveDefault
		}
		if c.complete == nil {
			return nil, how
		}
		all := c.complete(b.ctx, b.app, args)
		return slices.DeleteFunc(all, func(word string) bool { return slices.Contains(args, word) }), how
	}
}

// completeFlags sets how the values of flags are completed, by their names.
func completeFlags(cmd *cobra.Command) {
	for _, name := range []string{"dir", "public", "resources"} {
		if cmd.Flags().Lookup(name) != nil {
			_ = cmd.MarkFlagDirname(name) // the flag is there
		}
	}
	for _, name := range []string{"dsn", "zone", "lock-url", "hash", "timeout", "ttl", "number", "reason"} {
		if cmd.Flags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions) // likewise, and once
		}
	}
}
