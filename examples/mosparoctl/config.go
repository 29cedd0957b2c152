package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mosparo/go-cluster/cache/php/typedjson"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/dotenv"
	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

func configCommand() command {
	return command{
		name: "config", args: "[--dir DIR] [--all] [--json]", run: configShow, asks: offline,
		help: "Show the settings in effect that are not the defaults, with their sources and warnings. It changes nothing and sends nothing, and masks secrets.",
		examples: []string{
			"mosparoctl config --dir /var/www/mosparo",
			"mosparoctl config --dir /var/www/mosparo --all --json",
			"MOSPARO_CACHE_ADAPTER=redis REDIS_URL=redis://cache.example.com mosparoctl config",
		},
		sub: withHidden(nil, configReadCommands()...),
	}
}

// configReadCommands are the commands that show how addresses and files are read.
func configReadCommands() []command {
	return []command{
		{
			name: "dsn", args: "[--reveal] DSN|-", run: configDSN,
			help:     "Show how a Redis or memcached address is interpreted, as JSON. With - it is read from standard input, since other users can see command lines. The sentinels of a Redis address are asked for the master.",
			examples: []string{"mosparoctl debug config dsn redis://cache.example.com/2", "mosparoctl debug config dsn - < address.txt"},
		},
		{
			name: "dotenv", args: "FILE|DIR", run: configDotenv, asks: offline, completesFiles: true,
			help:     "Show the variables of a .env file, or of all .env files of a directory as PHP ends with them, as a JSON object. It includes secrets.",
			examples: []string{"mosparoctl debug config dotenv /var/www/mosparo", "mosparoctl debug config dotenv /var/www/mosparo/.env"},
		},
		{
			name: "php", args: "FILE", run: configPHP, asks: offline, completesFiles: true,
			help:     "Show the value that a PHP file returns as typed JSON. The file is not run. It includes secrets.",
			examples: []string{"mosparoctl debug config php /var/www/mosparo/config/env.mosparo.php"},
		},
	}
}

// report is the output of "config".
type report struct {
	Dir   string   `json:"dir,omitempty"`
	Files []string `json:"files"`
	// Settings are those that are not the defaults, or all.
	Settings []envconfig.Variable `json:"settings"`
	// Defaults is how many settings are left out because they are the defaults.
	Defaults int `json:"defaults_left_out"`
	// Warnings are the warnings that are not about a single setting.
	Warnings []string `json:"warnings"`
	// Problems are the reasons why a node would not start.
	Problems []string `json:"problems"`
}

func configShow(_ context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	dir := flags.String("dir", "", dirHelp)
	all := flags.Bool("all", false, "also show the settings that have their defaults")
	asJSON := jsonFlag(flags)
	return func([]string) error {
		r, err := a.report(*dir)
		if err != nil {
			return err
		}
		if !*all {
			err = r.leaveOutDefaults()
		}
		switch {
		case err != nil:
		case *asJSON:
			err = a.printJSON(r)
		default:
			err = a.writeReport(r)
		}
		if err == nil && len(r.Problems) > 0 {
			err = exitError(1)
		}
		return err
	}
}

// report reads the settings. It fails only if there is nothing to show.
func (a *app) report(dir string) (*report, error) {
	var s *envconfig.Settings
	var err error
	if dir == "" {
		s, err = envconfig.FromEnviron(a.environ)
	} else {
		s, err = envconfig.Load(dir, a.environ)
	}
	if s == nil {
		return nil, err
	}
	r := &report{Dir: s.Dir, Files: append([]string{}, s.Files...), Warnings: []string{}, Problems: []string{}}
	if dir == "" {
		r.Warnings = append(r.Warnings, "only the environment was read; use --dir DIR to read mosparo's files as well")
	}
	for e := range s.Variables() {
		r.Settings = append(r.Settings, e)
	}
	if err == nil {
		err = r.checkOpenable(s)
	}
	r.addProblem(err)
	return r, nil
}

// checkOpenable returns why the cache or the database cannot be opened, as far as that shows
// without a connection.
func (r *report) checkOpenable(s *envconfig.Settings) error {
	c, cacheErr := connect.Cache(s)
	if cacheErr == nil {
		cacheErr = c.Close()
	}
	db, dbErr := s.DatabaseConnection()
	r.Warnings = append(r.Warnings, db.Warnings...)
	if errors.Is(dbErr, envconfig.ErrNotConfigured) {
		dbErr = nil
	}
	return errors.Join(cacheErr, dbErr)
}

// addProblem adds an error, or each of joined errors.
func (r *report) addProblem(err error) {
	if err == nil {
		return
	}
	errs := []error{err}
	if joined, ok := any(err).(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	for _, e := range errs {
		r.Problems = append(r.Problems, e.Error())
	}
}

// leaveOutDefaults removes the settings whose values are the defaults, also if a file or
// the environment sets them, unless they have a warning.
func (r *report) leaveOutDefaults() error {
	defaults, err := envconfig.FromEnviron(nil)
	if err != nil {
		return err
	}
	all := len(r.Settings)
	r.Settings = slices.DeleteFunc(r.Settings, func(v envconfig.Variable) bool {
		isDefault := v.Source == envconfig.SourceDefault || v.Value == defaults.Variable(v.Name).Value // that of database_path has the directory
		return isDefault && v.Warning == "" && v.Error == ""
	})
	r.Defaults = all - len(r.Settings)
	return nil
}

// writeReport prints the report for people.
func (a *app) writeReport(r *report) error {
	t := a.newTable("NAME", "VALUE", "SOURCE")
	var warnings []string
	for _, v := range r.Settings {
		value := cell{text: plain(v.Value)}
		if v.Error != "" {
			value = cell{"(unusable)", red}
		}
		t.add(v.Name, value, plain(string(v.Source)))
		if v.Warning != "" {
			warnings = append(warnings, v.Name+": "+v.Warning)
		}
	}
	if err := t.write(); err != nil {
		return err
	}
	if r.Defaults > 0 {
		fmt.Fprintf(a.stdout, "\n%d settings have their defaults; --all shows them\n", r.Defaults)
	}
	section := func(title string, s style, lines []string) {
		if len(lines) > 0 {
			fmt.Fprintf(a.stdout, "\n%s\n  %s\n", a.paint(a.outTTY, s, title), shell.Lines(strings.Join(lines, "\n")))
		}
	}
	section("Files (of the .env files later ones win; the PHP file fills in what has no value yet):", bold, r.Files)
	section("Warnings:", yellow, append(warnings, r.Warnings...))
	section("Problems:", red, r.Problems)
	return nil
}

// plain quotes a value that is not safe to print on a terminal.
func plain(s string) string {
	if shell.Plain(s) == s {
		return s
	}
	return strconv.Quote(s)
}

// revealed is a description that shows its passwords.
type revealed struct {
	*dsn.Description
	Password         string `json:"password,omitempty"`
	SentinelPassword string `json:"sentinel_password,omitempty"`
}

func configDSN(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	reveal := flags.Bool("reveal", false, "show passwords")
	alwaysJSON(flags)
	return func(args []string) error {
		if len(args) != 1 {
			return usageError{"config dsn takes one address, or - for standard input"}
		}
		dsn := args[0]
		if dsn == "-" {
			in, err := a.input()
			if err != nil {
				return err
			}
			if dsn = strings.TrimRight(string(in), "\r\n"); strings.Contains(dsn, "\n") {
				return usageError{"config dsn takes one address from standard input, on one line"}
			}
		}
		opts, err := a.connectOptions()
		if err != nil {
			return err
		}
		d, err := connect.DescribeDSN(ctx, dsn, opts...)
		if err != nil {
			return err
		}
		if *reveal {
			return a.writeJSON(revealed{d, d.Password.Reveal(), d.SentinelPassword.Reveal()}, "")
		}
		return a.writeJSON(d, "")
	}
}

func configDotenv(_ context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	alwaysJSON(flags)
	return func(args []string) error {
		if len(args) != 1 {
			return usageError{"config dotenv takes one file or directory"}
		}
		vars, err := a.dotenv(args[0])
		if err != nil {
			return err
		}
		return a.writeObject(vars)
	}
}

// dotenv reads one file, or those of a directory.
func (a *app) dotenv(path string) ([]dotenv.Variable, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		vars, _, err := dotenv.Load(path, a.environ)
		return vars, err
	}
	content, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return dotenv.Parse(path, content, a.environ)
}

// writeObject writes a JSON object in the order of the file.
func (a *app) writeObject(vars []dotenv.Variable) error {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, v := range vars {
		if !utf8.ValidString(v.Value) {
			return fmt.Errorf("the value of %s is not UTF-8, so JSON cannot contain it", v.Name)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		for _, text := range []string{v.Name, v.Value} {
			if err := out.Encode(text); err != nil {
				return err
			}
			b.Truncate(b.Len() - 1) // the line break
			b.WriteByte(':')
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteString("}\n")
	_, err := shell.JSON(a.stdout).Write(b.Bytes())
	return err
}

func configPHP(_ context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	alwaysJSON(flags)
	return func(args []string) error {
		if len(args) != 1 {
			return usageError{"config php takes one file"}
		}
		v, err := envconfig.ReadPHPFile(args[0])
		if err != nil {
			return err
		}
		doc, err := typedjson.Marshal(v)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(shell.JSON(a.stdout), "%s\n", doc)
		return err
	}
}

// readFile reads a file of limited size.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxInput+1))
	if err == nil && len(b) > maxInput {
		err = fmt.Errorf("%s has more than %d bytes", path, maxInput)
	}
	return b, err
}
