package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"unicode"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// rightsFlags are the flags of commands that print statements for a user.
type rightsFlags struct {
	clusterFlags
	user    string
	observe bool
	asJSON  *bool
}

func (r *rightsFlags) register(flags *flag.FlagSet) {
	r.cacheFlags(flags)
	flags.StringVar(&r.user, "user", "mosparo_go", "name of the user")
	flags.BoolVar(&r.observe, "observe", false, "only the rights of a node that observes")
	r.asJSON = jsonFlag(flags)
}

// read checks the command line and reads the settings.
func (r *rightsFlags) read(a *app, args []string) (*envconfig.Settings, cleanup.Mode, error) {
	mode := cleanup.ModeClean
	if r.observe {
		mode = cleanup.ModeObserve
	}
	if len(args) > 0 {
		return nil, mode, usageError{"the command takes no arguments"}
	}
	if r.user == "" || strings.ContainsFunc(r.user, func(c rune) bool { return !unicode.IsPrint(c) || unicode.IsSpace(c) }) {
		return nil, mode, usageError{"--user is a name without spaces"}
	}
	s, err := r.settings(a.environ)
	return s, mode, err
}

func doctorGrants(_ context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var r rightsFlags
	r.register(flags)
	flags.StringVar(&r.dsn, "dsn", "", "the cluster's own database, instead of mosparo's settings")
	host := flags.String("host", "%", "on MySQL and MariaDB: from which host the user connects")
	return func(args []string) error {
		s, mode, err := r.read(a, args)
		if err != nil {
			return err
		}
		c, err := s.DatabaseConnection()
		if err != nil {
			return err
		}
		dialect, err := sqlcleaner.DialectOf(c.Driver)
		if err != nil {
			return err
		}
		if dialect == sqlcleaner.SQLite {
			return errors.New("SQLite has no users: the file and its directory must be writable for the user of this program")
		}
		statements := userStatements(dialect, r.user, *host, s.Database.Name, mode)
		if *r.asJSON {
			return a.printJSON(struct {
				Statements []string `json:"statements"`
			}{statements})
		}
		for _, line := range statements {
			if _, err := fmt.Fprintln(a.stdout, shell.Plain(line)+";"); err != nil {
				return err
			}
		}
		return nil
	}
}

// userStatements returns the statements that create a user with the rights of a node, in
// the database.
func userStatements(dialect sqlcleaner.Dialect, user, host, database string, mode cleanup.Mode) []string {
	if dialect == sqlcleaner.MySQL {
		name := quoteText(user) + "@" + quoteText(host)
		return append([]string{
			"CREATE USER " + name + " IDENTIFIED BY 'PASSWORD'",
			"USE `" + strings.ReplaceAll(database, "`", "``") + "`",
		}, doctor.Grants(dialect, name, mode)...)
	}
	name := `"` + strings.ReplaceAll(user, `"`, `""`) + `"`
	return append([]string{"CREATE USER " + name + " PASSWORD 'PASSWORD'"}, doctor.Grants(dialect, name, mode)...)
}

// quoteText quotes a text for MySQL.
func quoteText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(s) + "'"
}

func doctorACL(_ context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	var r rightsFlags
	r.register(flags)
	flags.StringVar(&r.locks, "lock-url", "", "the server of the Go nodes' locks, if it is not the cache server")
	return func(args []string) error {
		s, mode, err := r.read(a, args)
		if err != nil {
			return err
		}
		if r.locks != "" && !strings.HasPrefix(r.locks, "memcached:") {
			if _, err := dsn.ParseRedis(r.locks); err != nil {
				return usageError{"--lock-url: " + err.Error()}
			}
		}
		all := doctor.ACLs(s, r.user, mode, doctor.WithLockURL(r.locks))
		switch {
		case len(all) == 0:
			return errors.New("neither the shared cache nor the locks are on Redis, so there is no ACL")
		case *r.asJSON:
			return a.printJSON(all)
		}
		for _, acl := range all {
			if _, err := fmt.Fprintf(a.stdout, "# %s: %s\n%s\n", acl.Part, shell.Plain(acl.Server), acl.Statement); err != nil {
				return err
			}
		}
		return nil
	}
}
