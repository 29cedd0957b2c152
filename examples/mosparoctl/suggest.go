package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// unknownCommand returns the error for a word that is no subcommand, with the names that
// are like it.
func unknownCommand(cmd *cobra.Command, word string) error {
	see := "see " + cmd.CommandPath() + " --help"
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		see = fmt.Sprintf("did you mean %q?", strings.Join(near, `" or "`))
	}
	shown := strconv.Quote(word)
	if strings.ContainsAny(word, "@:/=") { // an address may contain a password
		shown = "with such a name"
	}
	return usageError{fmt.Sprintf("unknown command %s of %s; %s", shown, cmd.CommandPath(), see)}
}

// flagError returns the error for flags that are wrong, with the flag that may be meant. It
// does not show the values of flags that are unknown, which may be secret.
func flagError(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	see := "see " + cmd.CommandPath() + " --help"
	msg := err.Error()
	var unknown *pflag.NotExistError
	var syntax *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &syntax):
		msg = "a flag has no name"
	case errors.As(err, &unknown):
		// A long flag with one dash was parsed as several letters.
		name, dashes := unknown.GetSpecifiedShortnames(), "-"
		if name == "" {
			name, dashes = unknown.GetSpecifiedName(), "--"
		}
		name, _, _ = strings.Cut(name, "=")
		if name == "elp" { // of -help, whose h is a flag
			return pflag.ErrHelp
		}
		msg = "unknown flag " + dashes + name
		if near := nearFlag(cmd.Flags(), name); near != "" {
			see = "did you mean --" + near + "?"
		}
	}
	return usageError{msg + "; " + see}
}

// nearFlag returns the flag whose name is most like name, or "" if none is.
func nearFlag(flags *pflag.FlagSet, name string) (near string) {
	best := 3
	flags.VisitAll(func(f *pflag.Flag) {
		d := distance(name, f.Name)
		if len(name) > 1 && strings.HasPrefix(f.Name, name) {
			d = min(d, 1)
		}
		if d < best && d < len(f.Name) && !f.Hidden {
			best, near = d, f.Name
		}
	})
	return near
}

// distance returns how many letters have to be inserted, removed, replaced or exchanged with
// the next one to turn one name into the other.
func distance(a, b string) int {
	// d[i][j] is the distance of the first i and j letters.
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			if i == 0 || j == 0 {
				d[i][j] = i + j
				continue
			}
			replaced := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			d[i][j] = min(replaced, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
