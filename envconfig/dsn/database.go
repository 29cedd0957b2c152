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

// Database holds mosparo's settings of its database. It is plain data;
// [Database.Connection] converts it for a driver.
type Database struct {
	// Driver is Doctrine's: pdo_mysql, mysqli, pdo_pgsql, pgsql, pdo_sqlite or
	// sqlite3.
	Driver string
	// Host is a name or an address. For PostgreSQL it may also be the directory of a Unix
	// socket, or a list of hosts with commas, which all have the same port: the first one
	// that answers counts, or with PGTARGETSESSIONATTRS=read-write the first one that
	// takes writes. PHP reads it in the same way.
	Host string
	Port int
	Name string
	User string
	// Password is empty for none.
	Password Secret
	// Path is the absolute path of a SQLite file.
	Path string
	// TLS holds the options of TLS to MySQL and MariaDB; nil for no TLS.
	TLS *TLS
	// SSLMode is PGSSLMODE. The driver reads it from the environment itself; here it
	// only affects the warnings.
	SSLMode string
}

// Connection holds the arguments of [database/sql.Open]. The program imports the driver:
// github.com/go-sql-driver/mysql for "mysql", github.com/jackc/pgx/v5/stdlib for "pgx",
// modernc.org/sqlite for "sqlite".
type Connection struct {
	Driver string
	// DSN is the data source name in the format of the driver. That of SQLite opens only
	// a file that exists, and never creates one.
	DSN Secret
	// TLS must be registered with mysql.RegisterTLSConfig under [MySQLTLSName], which
	// the DSN refers to, before the database is opened; nil if the DSN refers to none.
	TLS *tls.Config
	// Warnings are for the operator.
	Warnings []string
}

// MySQLTLSName is the name of [Connection].TLS in a DSN. A driver without a configuration
// of that name refuses the DSN, so that no connection is made without TLS by mistake.
const MySQLTLSName = "mosparo"

// connectTimeout limits opening a connection, in seconds.
const connectTimeout = 5

// Connection returns driver, data source name and TLS configuration. It reads the TLS
// files and connects to nothing. The error is an [*Error] with Kind "database" and the
// Part that is wrong. It unwraps to [errors.ErrUnsupported] for a driver that mosparo does
// not support.
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

// address returns host:port.
func (d *Database) address() string {
	return net.JoinHostPort(strings.Trim(d.Host, "[]"), strconv.Itoa(d.Port))
}

// execMode makes pgx ask for the types of each statement once and prepare no named
// statements: behind a pooler such as PgBouncer, which may use another connection for the
// next transaction, those are missing or exist already.
const execMode = "cache_describe"

func (d *Database) postgres() Connection {
	u := url.URL{Scheme: "postgres", User: url.User(d.User), Path: "/" + d.Name}
	if !d.Password.IsZero() {
		u.User = url.UserPassword(d.User, d.Password.Reveal())
	}
	q := url.Values{"connect_timeout": {strconv.Itoa(connectTimeout)}, "default_query_exec_mode": {execMode}}
	socket := strings.HasPrefix(d.Host, "/")
	if socket || strings.Contains(d.Host, ",") { // in a URL the port would be that of the last host
		q.Set("host", d.Host)
		q.Set("port", strconv.Itoa(d.Port))
	} else {
		u.Host = d.address()
	}
	u.RawQuery = q.Encode()
	c := Connection{Driver: "pgx", DSN: NewSecret(u.String())}
	if w := d.sslModeWarning(); w != "" && !socket {
		c.Warnings = append(c.Warnings, w)
	}
	return c
}

// sslModeWarning returns the warning for the modes of PostgreSQL that do not verify the
// server's certificate. PHP nodes use the same mode.
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

// sqlite opens only a file that exists: a wrong path is an error, not an empty database.
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
