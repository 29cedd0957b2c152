package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/mosparo/go-cluster/cache/php/typedjson"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

func cssCommands() []command {
	const project = "51b9091d-8e8b-482b-a8f1-d930e8da931e"
	return withHidden([]command{
		{
			name: "get", args: "[--resources DIR] [--json] UUID", run: cssGet, cluster: true,
			help:     "Show the stored CSS of a project.",
			examples: []string{"mosparoctl css get --dir /var/www/mosparo " + project, "mosparoctl css get --resources /var/www/mosparo/public/resources --json " + project},
		},
		{
			name: "put", args: "[--resources DIR [--mappings]] --hash HASH UUID < CSS", run: cssPut, cluster: true,
			help:     "Store the CSS of a project.",
			examples: []string{"mosparoctl css put --dir /var/www/mosparo --hash 147a432c541ffb177b27afb330b961c25593198172d8f09f0119da97e03ffb8e " + project + " < project.css"},
		},
		{
			name: "rm", aliases: []string{"remove", "delete"}, args: "[--resources DIR [--mappings]] UUID…", run: cssRemove, cluster: true,
			help:     "Remove the CSS of projects, all versions.",
			examples: []string{"mosparoctl css rm --dir /var/www/mosparo " + project},
		},
		{
			name: "ls", aliases: []string{"list"}, args: "[--resources DIR] [--json]", run: cssList, cluster: true,
			help:     "List the projects that have stored CSS. Not on a terminal, and with --json, it writes one JSON line for each.",
			examples: []string{"mosparoctl css ls --dir /var/www/mosparo", "mosparoctl projects ls --dir /var/www/mosparo --json"},
		},
		{
			name: "check", args: cssClusterArgs + " [--json]", run: cssCheck, cluster: true,
			help:     "Compare what is stored with the hashes in mosparo's database.",
			examples: []string{"mosparoctl css check --dir /var/www/mosparo"},
		},
		{
			name: "warm", args: cssClusterArgs + " [--mappings] [--save-hash] [--json]", run: cssWarm, cluster: true, asks: works,
			help:     "Prepare and store the CSS of all projects, as mosparo does at the end of an update.",
			examples: []string{"mosparoctl css warm --dir /var/www/mosparo --save-hash"},
		},
	}, cssPrepareCommand())
}

func cssPrepareCommand() command {
	return command{
		name: "prepare", args: "--base FILE [--lines] < JSON", run: cssPrepare, asks: offline,
		help:     `Prepare the CSS of a project from its design settings. They are {"project": uuid, "rows": [[name, typed value], …]}.`,
		examples: []string{"mosparoctl debug css prepare --base /var/www/mosparo/public/build/mosparo-frontend.css < design.json"},
	}
}

// preparation is the input of "css prepare".
type preparation struct {
	Project cssstore.UUID        `json:"project"`
	Rows    [][2]json.RawMessage `json:"rows"`
}

// prepared is the output of "css prepare". CSSB64 replaces CSS if that is not UTF-8.
type prepared struct {
	Hash   cssstore.Hash `json:"hash"`
	CSS    *string       `json:"css,omitempty"`
	CSSB64 []byte        `json:"css_b64,omitempty"`
}

func cssPrepare(_ context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	base := flags.String("base", "", "the base CSS, mosparo's public/build/mosparo-frontend.css")
	alwaysJSON(flags)
	lines := flags.Bool("lines", false, "one project a line")
	return func(args []string) error {
		if len(args) > 0 || *base == "" {
			return usageError{"css prepare takes --base FILE, and its input from standard input"}
		}
		css, err := os.ReadFile(*base)
		if err != nil {
			return err
		}
		prepare := func(doc []byte) ([]byte, error) { return prepareOne(doc, css) }
		if *lines {
			return a.eachLine(prepare)
		}
		doc, err := a.input()
		if err != nil {
			return err
		}
		out, err := prepare(doc)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(shell.JSON(a.stdout), "%s\n", out)
		return err
	}
}

func prepareOne(doc, base []byte) ([]byte, error) {
	var in preparation
	if err := json.Unmarshal(doc, &in); err != nil {
		return nil, err
	}
	if in.Project == (cssstore.UUID{}) {
		return nil, errors.New(`"project" is missing`)
	}
	rows := make([]design.Row, len(in.Rows))
	for i, r := range in.Rows {
		if err := json.Unmarshal(r[0], &rows[i].Name); err != nil {
			return nil, fmt.Errorf("row %d: name: %w", i, err)
		}
		var err error
		if rows[i].Value, err = typedjson.Unmarshal(r[1]); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
	}
	r, err := design.Prepare(in.Project, rows, base)
	if err != nil {
		return nil, err
	}
	out := prepared{Hash: r.Hash}
	if css := string(r.CSS); utf8.ValidString(css) {
		out.CSS = &css
	} else {
		out.CSSB64 = r.CSS
	}
	return json.Marshal(out)
}
