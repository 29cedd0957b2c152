package doctor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cssstore/projectdb"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

// databaseServer is the examination of the database.
type databaseServer struct {
	*examination
	db       *sql.DB
	dialect  sqlcleaner.Dialect
	schedule func() (cleanup.Snapshot, []Finding)
	result   *result
}

// database examines mosparo's database.
func (e *examination) database(ctx context.Context) (r result) {
	c, err := e.settings.DatabaseConnection()
	if err != nil {
		return r // the settings show it
	}
	r.part = Part{Name: "database", Kind: kindOf(c.Driver), Server: e.databaseServer()}
	db, driver, err := connect.Database(e.settings, e.mysql, e.connect...)
	if err != nil {
		r.add(cannotOpen("database", err))
		return r
	}
	defer db.Close()
	dialect, err := sqlcleaner.DialectOf(driver)
	if err != nil {
		r.add(cannotOpen("database", err))
		return r
	}
	x := &databaseServer{e, db, dialect, e.snapshotLater(ctx), &r}
	if !x.reach(ctx) {
		return r
	}
	x.clock(ctx)
	x.server(ctx)
	x.checks(ctx)
	x.projects(ctx)
	return r
}

// kindOf returns the kind of server of a driver.
func kindOf(driver string) string {
	if driver == "pgx" {
		return "postgresql"
	}
	return driver
}

// databaseServer returns the address of the database.
func (e *examination) databaseServer() string {
	d := e.settings.Database
	if strings.Contains(d.Driver, "sqlite") {
		return d.Path
	}
	return fmt.Sprintf("%s:%d/%s", d.Host, d.Port, d.Name)
}

// reach measures the latency, and reports whether the server answers.
func (x *databaseServer) reach(ctx context.Context) bool {
	latency, err := ping(ctx, func(ctx context.Context) error {
		var one int
		return x.db.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	})
	if err != nil {
		x.result.add(databaseUnreachable(x.result.part.Server, err))
		return false
	}
	x.result.part.Latency = latency
	x.result.add(latencyFinding("database", latency)...)
	return true
}

// databaseUnreachable explains why the database cannot be used at all.
func databaseUnreachable(server string, err error) Finding {
	f := Finding{
		Code: "database_unreachable", Severity: Error, Subject: "database", What: fmt.Sprintf("%s cannot be reached: %v", server, err),
		Consequence: "a Go node does not clean, and serves the CSS that it has in memory; PHP nodes answer with errors",
		Remedy:      "see whether the server runs, whether host and port are right, and whether a firewall is in between",
	}
	switch {
	case hasText(err, "unable to open database file"): // SQLite
		f.Remedy = "correct database_path, and see whether PHP's user and this one may write to the file and its folder"
	case hasState(err, "28P01", "28000") || hasText(err, "Error 1045", "Error 1698"):
		f.Code, f.Remedy = "database_unauthorized", "correct database_user and database_password, and on MySQL from which host the user may connect"
	case hasState(err, "3D000") || hasText(err, "Error 1049", "Error 1044"):
		f.Code, f.Remedy = "database_missing", "correct database_name, and let the user use that database"
	case isTLS(err):
		f.Code, f.Remedy = "database_tls", "correct DATABASE_MYSQL_SSL… (or PGSSLMODE), the files of the certificates, or the name in database_host"
	case hasState(err, "53300") || hasText(err, "Error 1040", "Error 1203", "Error 1226"):
		f.Code, f.Remedy = "database_connections_exhausted", "raise max_connections (or that of the user), or put a pooler such as PgBouncer or ProxySQL in front"
	}
	return f
}

// hasState reports whether an error has one of the SQL states.
func hasState(err error, states ...string) bool {
	var s interface{ SQLState() string }
	return errors.As(err, &s) && containsAny(s.SQLState(), states)
}

func hasText(err error, texts ...string) bool { return containsAny(err.Error(), texts) }

func containsAny(text string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}

// clock compares the clocks. SQLite has that of this host.
func (x *databaseServer) clock(ctx context.Context) {
	query := map[sqlcleaner.Dialect]string{
		sqlcleaner.MySQL:      "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)",
		sqlcleaner.PostgreSQL: "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
	}[x.dialect]
	if query == "" {
		return
	}
	ahead, accuracy, err := clockOf(ctx, func(ctx context.Context) (t time.Time, err error) {
		var text string
		if err := x.db.QueryRowContext(ctx, query).Scan(&text); err != nil {
			return t, err
		}
		return time.Parse("2006-01-02 15:04:05.999999", text)
	})
	if err != nil {
		return // the same server has just answered: the next question fails as well
	}
	x.result.part.Ahead = &ahead
	x.result.add(clockFinding("database", ahead, accuracy)...)
}

// checks makes the checks that a node makes before it cleans.
func (x *databaseServer) checks(ctx context.Context) {
	d := sqlcleaner.New(x.db, x.dialect, sqlcleaner.WithZone(x.zone), sqlcleaner.WithReconnect(0))
	schedule, findings := x.schedule()
	x.result.add(findings...)
	for name, err := range d.Checks(ctx, connect.CleanupPolicy(x.settings), schedule) {
		if name == "clock" && len(clockFindings(x.result.findings)) > 0 {
			continue // it has been said
		}
		if err != nil {
			x.result.add(checkFinding(name, err, x.writeSeverity()))
		}
	}
}

func clockFindings(all []Finding) (clocks []Finding) {
	for _, f := range all {
		if f.Code == "database_clock" {
			clocks = append(clocks, f)
		}
	}
	return clocks
}

// checkFinding converts the error of a check. writes is the severity of a missing right to
// write.
func checkFinding(name string, err error, writes Severity) Finding {
	f := Finding{Code: "database_" + name, Severity: Error, Subject: "database", What: err.Error(), Consequence: "a Go node does not clean"}
	if !errors.Is(err, cleanup.ErrRefused) {
		f.Code, f.Remedy = "database_check_failed", "see whether the server is overloaded or has gone away, or whether it lacks a table, and look again"
		return f
	}
	var rights *sqlcleaner.RightsError
	switch name {
	case "writable":
		f.Code, f.Remedy = "database_read_only", "connect to the primary (database_host), or end read_only on this server if it is the primary"
	case "rights":
		f.Remedy = "let the file and its directory be writable for this user"
		if errors.As(err, &rights) {
			f.Remedy = strings.Join(rights.Grants, "; ")
			if !strings.Contains(f.Remedy, "SELECT") {
				f.Severity, f.Consequence = writes, "a node that cleans does not clean; one that only observes does not need these rights"
			}
		}
	case "columns", "foreign_keys", "migrations":
		f.Consequence += ": it does not touch tables that it does not know"
		f.Remedy = "finish the update of mosparo (its migrations); for a newer mosparo or a plugin with tables of its own, use a version of this program that knows them"
	case "clock":
		f.Remedy = "run an NTP client (chrony, systemd-timesyncd) on this host and the server"
	case "zone":
		f.Code, f.Consequence = "time_zone", "a Go node does not clean: it would delete rows hours too early or too late"
		f.Remedy = "give all Go nodes PHP's date.timezone (WithZone, --zone), and all PHP nodes the same one"
	}
	return f
}

// projects reads the list of the projects, whose CSS a node serves.
func (x *databaseServer) projects(ctx context.Context) {
	all, err := projectdb.New(x.db, x.dialect).Projects(ctx)
	if err == nil {
		x.result.fact("projects", fmt.Sprint(len(all)))
		return
	}
	f := Finding{
		Code: "database_projects", Severity: Error, Subject: "database", What: err.Error(),
		Consequence: "a Go node serves no CSS, and is not ready",
		Remedy:      "see whether the server has gone away, and look again",
	}
	if hasState(err, "42501") || hasText(err, "Error 1142", "Error 1143") {
		f.Remedy = "GRANT SELECT ON project, project_config_value to the user (see mosparoctl doctor grants)"
	}
	x.result.add(f)
}
