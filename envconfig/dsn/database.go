package dsn

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
)

// Database is where mosparo's database is, as its settings say. It is plain data;
// [Database.Connection] gives what a driver needs.
type Database struct {
	// Driver is Doctrine's: pdo_mysql, mysqli, pdo_pgsql, pgsql, pdo_sqlite or
	// sqlite3.
	Driver string
	// Host is a name or an address, for PostgreSQL also the directory of a Unix
	// socket.
	Host string
	Port int
	Name string
	User string
	// Password is empty where there is none.
	Password Secret
	// Path is the absolute path of a SQLite file.
	Path string
	// TLS is for MySQL and MariaDB, nil without.
	TLS *TLS
	// SSLMode is PGSSLMODE, which PostgreSQL's driver reads from the environment
	// itself; here it decides about a warning alone.
	SSLMode string
}

// Connection is what [database/sql.Open] needs. This package links no driver:
// "mysql" is github.com/go-sql-driver/mysql, "pgx" is
// github.com/jackc/pgx/v5/stdlib, "sqlite" is modernc.org/sqlite.
type Connection struct {
	Driver string
	// DSN is the data source name in the driver's form.
	DSN Secret
	// TLS is to be registered with mysql.RegisterTLSConfig under
	// [MySQLTLSName], which the DSN names, before the database is opened; nil
	// when it need not be.
	TLS *tls.Config
	// Warnings are for the operator.
	Warnings []string
}

// MySQLTLSName is the name under which a DSN asks for [Connection.TLS]. A
// driver that has none of that name refuses the DSN, so that no connection is
// made without TLS by mistake.
const MySQLTLSName = "mosparo"

// connectTimeout is that of opening a connection, in seconds.
const connectTimeout = 5

// Connection returns driver, data source name and TLS configuration. It reads
// the TLS files and connects to nothing. The error is an [*Error] with Kind
// "database" that names the part; it unwraps to [errors.ErrUnsupported] for
// another driver than mosparo's three.
func (d *Database) Connection() (Connection, error) {
	switch d.Driver {
	case "pdo_mysql", "mysqli":
		return d.mysql()
	case "pdo_pgsql", "pgsql":
		return d.postgres(), nil
	case "pdo_sqlite", "sqlite3":
		return d.sqlite()
	}
	return Connection{}, databaseError("driver", errtext.NotSupported("the driver must be pdo_mysql, pdo_pgsql or pdo_sqlite"))
}

func databaseError(part string, err error) error {
	return &Error{Kind: "database", Part: part, Err: err}
}

func (d *Database) mysql() (Connection, error) {
	switch {
	case strings.ContainsRune(d.User, ':'):
		return Connection{}, databaseError("user", errtext.NotSupported("a user with a colon"))
	case strings.ContainsAny(d.Host, "()/@"):
		return Connection{}, databaseError("host", errors.New("not a host name"))
	}
	c := Connection{Driver: "mysql"}
	params := "charset=utf8mb4&timeout=" + strconv.Itoa(connectTimeout) + "s"
	if d.TLS != nil {
		if d.TLS.CAFile == "" && d.TLS.CertFile == "" && d.TLS.KeyFile == "" {
			return Connection{}, databaseError("TLS", errors.New("it is on, but neither _KEY, _CERT nor _CA names a file; PHP then connects without TLS"))
		}
		config, err := d.TLS.Config(d.Host)
		if err != nil {
			return Connection{}, databaseError("TLS", err)
		}
		c.TLS = config
		params += "&tls=" + MySQLTLSName
		if d.TLS.SkipVerify {
			c.Warnings = append(c.Warnings, "the certificate of the database server is not verified")
		}
	}
	if d.Host == "localhost" {
		c.Warnings = append(c.Warnings, "PHP reaches a MySQL at localhost through its Unix socket, this node through TCP")
	}
	login := d.User
	if !d.Password.IsZero() {
		login += ":" + d.Password.Reveal()
	}
	c.DSN = NewSecret(login + "@tcp(" + d.address() + ")/" + url.PathEscape(d.Name) + "?" + params)
	return c, nil
}

// address is host:port.
func (d *Database) address() string {
	return net.JoinHostPort(strings.Trim(d.Host, "[]"), strconv.Itoa(d.Port))
}

// execMode of pgx asks the server for the types of each statement once, and
// prepares none by name: one that is prepared is missing, or there already, when a
// pooler such as PgBouncer gives the next transaction another connection.
const execMode = "cache_describe"

func (d *Database) postgres() Connection {
	u := url.URL{Scheme: "postgres", User: url.User(d.User), Path: "/" + d.Name}
	if !d.Password.IsZero() {
		u.User = url.UserPassword(d.User, d.Password.Reveal())
	}
	q := url.Values{"connect_timeout": {strconv.Itoa(connectTimeout)}, "default_query_exec_mode": {execMode}}
	if strings.HasPrefix(d.Host, "/") { // the directory of a Unix socket
		q.Set("host", d.Host)
		q.Set("port", strconv.Itoa(d.Port))
	} else {
		u.Host = d.address()
	}
	u.RawQuery = q.Encode()
	c := Connection{Driver: "pgx", DSN: NewSecret(u.String())}
	if w := d.sslModeWarning(); w != "" && u.Host != "" {
		c.Warnings = append(c.Warnings, w)
	}
	return c
}

// sslModeWarning is about PostgreSQL's modes without a check of the server's
// certificate; a PHP node uses the same one.
func (d *Database) sslModeWarning() string {
	switch d.SSLMode {
	case "", "prefer":
		return "PostgreSQL is reached with sslmode prefer: in clear text if the server offers no TLS, and its certificate is not verified; set PGSSLMODE=verify-full to be sure of both"
	case "allow":
		return "PostgreSQL is reached with PGSSLMODE=allow: in clear text if the server takes it, and its certificate is not verified"
	case "disable":
		return "PostgreSQL is reached in clear text (PGSSLMODE=disable)"
	case "require":
		return "the certificate of the database server is not verified (PGSSLMODE=require)"
	}
	return ""
}

// sqlite never makes a new database: a wrong path is an error, not an empty
// installation.
func (d *Database) sqlite() (Connection, error) {
	if !filepath.IsAbs(d.Path) {
		return Connection{}, databaseError("path", errors.New("must be an absolute path"))
	}
	path := filepath.ToSlash(d.Path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: "mode=rw&_pragma=busy_timeout(5000)&_txlock=immediate"}
	return Connection{Driver: "sqlite", DSN: NewSecret(u.String())}, nil
}
