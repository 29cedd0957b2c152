package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mosparo/go-cluster/examples/internal/shell"
)

const programHelp = `Inspects and operates a mosparo cluster. It uses the environment variables of mosparo, and the files of an installation with --dir.`

// helpWidth is the width of help texts.
const helpWidth = 90

// writeHelp writes the help of a command.
func (a *app) writeHelp(w io.Writer, cmd *cobra.Command, c command) {
	tty := w == a.stdout && a.outTTY || w == a.stderr && a.errTTY
	title := func(text string) { fmt.Fprintf(w, "\n%s\n", a.paint(tty, bold, text)) }
	fmt.Fprintln(w, wrapText(c.help, "", helpWidth))
	if c.more != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(c.more))
	}
	title("Usage:")
	fmt.Fprintln(w, " ", c.line(cmd.CommandPath()))
	if len(c.aliases) > 0 {
		title("Other names:")
		fmt.Fprintln(w, " ", strings.Join(c.aliases, ", "))
	}
	if examples := c.allExamples(); len(examples) > 0 {
		title("Examples:")
		for _, e := range examples {
			fmt.Fprintln(w, " ", e)
		}
	}
	if subs := shown(c.sub); len(subs) > 0 {
		title("Commands:")
		writeCommands(w, subs)
	}
	if flags := cmd.Flags(); flags.HasAvailableFlags() {
		title("Flags:")
		fmt.Fprint(w, flags.FlagUsagesWrapped(helpWidth))
	}
	if c.run != nil {
		title("Exit codes:")
		writeExitCodes(w, exitCodes(pathOf(cmd)))
	}
	if c.run == nil {
		fmt.Fprintf(w, "\n%q shows the help of a command.\n", cmd.CommandPath()+" COMMAND --help")
	}
	if !cmd.HasParent() {
		fmt.Fprint(w, "\n", shell.GuideHelp)
	}
}

// shown returns the commands that are not hidden.
func shown(all []command) (visible []command) {
	for _, c := range all {
		if !c.hidden {
			visible = append(visible, c)
		}
	}
	return visible
}

// allExamples returns the examples of a command, or the first one of each subcommand.
func (c command) allExamples() []string {
	if c.run != nil {
		return c.examples
	}
	var all []string
	for _, s := range shown(c.sub) {
		if of := s.allExamples(); len(of) > 0 {
			all = append(all, of[0])
		}
	}
	return all
}

func writeCommands(w io.Writer, all []command) {
	width := 0
	for _, c := range all {
		width = max(width, len(c.name))
	}
	indent := strings.Repeat(" ", width+4)
	for _, c := range all {
		fmt.Fprintf(w, "  %-*s  %s\n", width, c.name, wrapText(c.summary(), indent, helpWidth))
	}
}

func writeExitCodes(w io.Writer, codes []exitEntry) {
	for _, c := range codes {
		name := fmt.Sprint(c.code)
		if c.code < 0 {
			name = "n"
		}
		fmt.Fprintf(w, "  %4s %s\n", name, wrapText(c.meaning, "       ", helpWidth))
	}
}

// wrapText breaks text into lines of at most width characters, and indents all but the
// first. The first line is taken to be indented already.
func wrapText(text, indent string, width int) string {
	var b strings.Builder
	column := len(indent)
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case column+1+n > width:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// helpCommand is the command that shows the help of another one.
func helpCommand() command {
	return command{
		name: "help", args: "[COMMAND…]", asks: offline,
		help:     "Show the help of a command. The topic exit-codes lists the exit codes of all commands.",
		examples: []string{"mosparoctl help cache get", "mosparoctl help exit-codes"},
		run: func(_ context.Context, a *app, _ *flag.FlagSet) func([]string) error {
			return func(args []string) error {
				if len(args) == 1 && args[0] == "exit-codes" {
					return a.writeAllExitCodes()
				}
				return a.showHelp(a.root, args)
			}
		},
	}
}

// showHelp shows the help of a command below another one.
func (a *app) showHelp(from *cobra.Command, words []string) error {
	cmd, rest, err := from.Find(words)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return unknownCommand(cmd, rest[0])
	}
	cmd.InitDefaultHelpFlag()
	cmd.HelpFunc()(cmd, nil)
	return nil
}
