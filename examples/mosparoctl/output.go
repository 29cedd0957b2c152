package main

import (
	"encoding/json"
	"flag"

	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// jsonFlag registers --json.
func jsonFlag(flags *flag.FlagSet) *bool { return flags.Bool("json", false, "write JSON") }

// alwaysJSON registers --json for a command that always writes JSON.
func alwaysJSON(flags *flag.FlagSet) {
	flags.Bool("json", false, "write JSON, which this command always does")
}

// jsonLines returns a function that writes one line of JSON.
func (a *app) jsonLines() func(any) error {
	out := json.NewEncoder(shell.JSON(a.stdout))
	out.SetEscapeHTML(false)
	return out.Encode
}

// writeLines writes one line of JSON for each value.
func writeLines[T any](a *app, values []T) error {
	write := a.jsonLines()
	for _, v := range values {
		if err := write(v); err != nil {
			return err
		}
	}
	return nil
}

// writeJSON writes one value for programs.
func (a *app) writeJSON(v any, indent string) error {
	out := json.NewEncoder(shell.JSON(a.stdout))
	out.SetEscapeHTML(false)
	out.SetIndent("", indent)
	return out.Encode(v)
}

// printJSON writes one value for programs, on several lines.
func (a *app) printJSON(v any) error { return a.writeJSON(v, "  ") }
