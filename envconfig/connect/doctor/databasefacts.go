package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// serverFacts are queries for what a server says about itself. The names are those of the
// facts.
var serverFacts = map[sqlcleaner.Dialect]map[string]string{
	sqlcleaner.MySQL: {
		"version": "SELECT VERSION()", "max_connections": "SELECT @@max_connections",
		"isolation": "SHOW VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')",
		"time_zone": "SELECT @@global.time_zone", "connections": "SHOW STATUS LIKE 'Threads_connected'",
		"user": "SELECT CURRENT_USER()",
	},
	sqlcleaner.PostgreSQL: {
		"version": "SHOW server_version", "max_connections": "SHOW max_connections",
		"isolation": "SHOW default_transaction_isolation", "time_zone": "SHOW TimeZone",
		"connections": "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'",
		"user":        "SELECT current_user",
	},
	sqlcleaner.SQLite: {"version": "SELECT sqlite_version()", "journal_mode": "PRAGMA journal_mode"},
}

// server reads what the server says about itself. What it does not say is left out.
func (x *databaseServer) server(ctx context.Context) {
	for name, query := range serverFacts[x.dialect] {
		if text := x.lastText(ctx, query); name == "version" {
			x.result.part.Version = text
		} else {
			x.result.fact(name, text)
		}
	}
	x.result.add(serverFindings(x.result.part.Facts)...)
}

// lastText returns the last column of the first row as text.
func (x *databaseServer) lastText(ctx context.Context, query string) string {
	rows, err := x.db.QueryContext(ctx, query)
	if err != nil {
		return ""
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil || !rows.Next() {
		return ""
	}
	values, to := make([]string, len(names)), make([]any, len(names))
	for i := range values {
		to[i] = &values[i]
	}
	if rows.Scan(to...) != nil || rows.Err() != nil {
		return ""
	}
	return values[len(values)-1]
}

// serverFindings returns what is wrong with a server by its facts.
func serverFindings(facts map[string]string) (all []Finding) {
	if i := strings.ToLower(facts["isolation"]); i == "serializable" {
		all = append(all, Finding{
			Code: "database_isolation", Severity: Warning, Subject: "database", What: "the default isolation of transactions is SERIALIZABLE",
			Consequence: "PHP nodes wait for each other's reads, or their transactions fail, more so during a cleanup; Go nodes set READ COMMITTED for their own",
			Remedy:      "set the default of the server (MySQL: REPEATABLE READ, PostgreSQL: read committed), which mosparo is written for",
		})
	}
	used, limit := number(facts["connections"]), number(facts["max_connections"])
	if limit > 0 && used*10 >= limit*8 {
		all = append(all, Finding{
			Code: "database_connections_scarce", Severity: Warning, Subject: "database", What: fmt.Sprintf("%d of %d connections of the server are in use", used, limit),
			Consequence: "when none is left, visitors get errors from PHP nodes, and Go nodes do not clean",
			Remedy:      "raise max_connections, or put a pooler such as PgBouncer or ProxySQL in front",
		})
	}
	return all
}
