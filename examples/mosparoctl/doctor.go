package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/envconfig/connect/mysqlconnector"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

func doctorCommand() command {
	return command{
		name: "doctor", args: clusterArgs + " [--observe] [--write] [--json]", run: doctorExamine,
		help:     "Examine this node: what is wrong with its settings, cache, locks, database and files, what happens if it stays, and what to do. It writes nothing without --write.",
		examples: []string{"mosparoctl doctor --dir /var/www/mosparo", "mosparoctl doctor --dir /var/www/mosparo --timeout 20s --json"},
		sub: []command{
			{
				name: "grants", args: "[--dir DIR] [--dsn URL] [--user NAME] [--host HOST] [--observe] [--json]", run: doctorGrants, asks: offline,
				help:     "Print SQL statements for a user of the database with the least rights that a Go node needs. Replace PASSWORD by a password.",
				examples: []string{"mosparoctl doctor grants --dsn mysql://db.example.com/mosparo --user node --host 10.0.0.%", "mosparoctl doctor grants --dsn postgres://db.example.com/mosparo --observe"},
			},
			{
				name: "acl", args: "[--dir DIR] [--lock-url URL] [--user NAME] [--observe] [--json]", run: doctorACL, asks: offline,
				help:     "Print commands for a user of Redis with the least rights that a Go node needs. Replace PASSWORD by a password.",
				examples: []string{"mosparoctl doctor acl --dir /var/www/mosparo", "mosparoctl doctor acl --dir /var/www/mosparo --observe --json"},
			},
			{
				name: "report", args: clusterArgs + " [--output FILE] [--json]", run: doctorReport,
				help:     "Write versions, settings without secrets, findings and the state of the cleanup as JSON, for a question at " + discussions + ".",
				examples: []string{"mosparoctl doctor report --dir /var/www/mosparo", "mosparoctl doctor report --dir /var/www/mosparo --output report.json"},
			},
		},
	}
}

func doctorExamine(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var where clusterFlags
	where.register(flags)
	observe := flags.Bool("observe", false, "the node only observes, so it needs no rights to write")
	write := flags.Bool("write", false, "also write an entry of 10 s to the cache and take a lock of 5 s, both under names of their own")
	asJSON := jsonFlag(flags)
	return func([]string) error {
		r, _, err := a.examine(ctx, &where, doctorMode(*observe, *write)...)
		if err != nil {
			return err
		}
		if *asJSON {
			err = a.printJSON(r)
		} else {
			err = a.writeExamination(r)
		}
		if err != nil {
			return err
		}
		return severityCode(doctor.Worst(r.Findings))
	}
}

// severityCode returns the exit code of an examination, nil for 0.
func severityCode(worst doctor.Severity) error {
	switch worst {
	case doctor.Error:
		return exitError(exitErrors)
	case doctor.Warning:
		return exitError(exitWarnings)
	}
	return nil
}

// examine examines the cluster that the flags name, within the timeout. The settings are
// nil if they could not be read.
func (a *app) examine(ctx context.Context, where *clusterFlags, more ...doctor.Option) (doctor.Report, *envconfig.Settings, error) {
	if a.timeout <= 0 {
		return doctor.Report{}, nil, usageError{"--timeout must be positive, such as 30s"}
	}
	opts, err := a.doctorOptions(where)
	if err != nil {
		return doctor.Report{}, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	s, err := a.settingsWithin(ctx, where)
	var usage usageError
	switch {
	case errors.As(err, &usage):
		return doctor.Report{}, nil, err
	case s == nil:
		return doctor.Report{Time: time.Now(), Findings: []doctor.Finding{settingsUnread(err)}, Parts: []doctor.Part{}}, nil, nil
	}
	r := doctor.Examine(ctx, s, append(opts, more...)...) // what is wrong with the settings is among its findings
	if where.dir == "" && where.dsn == "" {
		r.Findings = append(r.Findings, doctor.Finding{
			Code: "no_directory", Severity: doctor.Note, Subject: "settings", What: "only the environment was read",
			Consequence: "settings in mosparo's .env files and config/env.mosparo.php do not count", Remedy: "name mosparo's directory with --dir",
		})
	}
	return r, s, nil
}

// settingsWithin reads the settings. Files on a network file system may hang.
func (a *app) settingsWithin(ctx context.Context, where *clusterFlags) (*envconfig.Settings, error) {
	type answer struct {
		s   *envconfig.Settings
		err error
	}
	read := make(chan answer, 1)
	go func() {
		s, err := where.settings(a.environ)
		read <- answer{s, err}
	}()
	select {
	case r := <-read:
		return r.s, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("the files of the settings could not be read: %w", errTimeout(a.timeout))
	}
}

func settingsUnread(err error) doctor.Finding {
	return doctor.Finding{
		Code: "settings_unreadable", Severity: doctor.Error, Subject: "settings", What: err.Error(),
		Consequence: "no node starts with these settings", Remedy: "name mosparo's directory with --dir, and correct the file that the error names",
	}
}

func (a *app) doctorOptions(where *clusterFlags) ([]doctor.Option, error) {
	zone, err := time.LoadLocation(where.zone)
	if err != nil {
		return nil, usageError{"--zone: " + err.Error()}
	}
	params, err := databaseParameters(where.dsn)
	if err != nil {
		return nil, err
	}
	each := min(max(connect.DefaultTimeout, a.timeout/5), a.timeout*2/3)
	return []doctor.Option{
		doctor.WithConnect(connect.WithTimeout(each), connect.WithDatabaseParameters(params)),
		doctor.WithMySQL(mysqlconnector.New), doctor.WithZone(zone), doctor.WithLockURL(where.locks),
	}, nil
}

// doctorMode returns the options for --observe and --write.
func doctorMode(observe, write bool) (opts []doctor.Option) {
	if observe {
		opts = append(opts, doctor.WithMode(cleanup.ModeObserve))
	}
	if write {
		opts = append(opts, doctor.WithWrites())
	}
	return opts
}

// writeExamination prints a report for people.
func (a *app) writeExamination(r doctor.Report) error {
	count := map[doctor.Severity]int{}
	styles := map[doctor.Severity]style{doctor.Error: red, doctor.Warning: yellow}
	for _, f := range r.Findings {
		count[f.Severity]++
		fmt.Fprintf(a.stdout, "%s: %s (%s)\n  %s\n  If it stays: %s.\n  What to do:  %s.\n\n", a.paint(a.outTTY, styles[f.Severity], f.Severity.String()),
			shell.Plain(f.Subject), f.Code, shell.Plain(f.What), shell.Plain(f.Consequence), shell.Plain(f.Remedy))
	}
	t := a.newTable("PART", "KIND", "SERVER", "VERSION", "LATENCY", "CLOCK")
	for _, p := range r.Parts {
		latency, clock := "-", "-"
		if p.Latency > 0 {
			latency = fmt.Sprintf("%.2f ms", p.Latency.Seconds()*1000)
		}
		if p.Ahead != nil {
			clock = fmt.Sprintf("%+.2f s", p.Ahead.Round(10*time.Millisecond).Seconds()) // no -0.00
		}
		version, _, _ := strings.Cut(p.Version, " ")
		t.add(p.Name, p.Kind, p.Server, cmp.Or(version, "-"), latency, clock)
	}
	if len(r.Parts) > 0 {
		if err := t.write(); err != nil {
			return err
		}
		fmt.Fprintln(a.stdout)
	}
	_, err := fmt.Fprintf(a.stdout, "%s, %s, %s\n", plural(count[doctor.Error], "error"), plural(count[doctor.Warning], "warning"), plural(count[doctor.Note], "note"))
	return err
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
