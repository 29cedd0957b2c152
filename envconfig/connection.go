package envconfig

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
)

// Connection is what [database/sql.Open] needs. This package links no driver:
// "mysql" is github.com/go-sql-driver/mysql, "pgx" is
// github.com/jackc/pgx/v5/stdlib, "sqlite" is modernc.org/sqlite.
type Connection struct {
	Driver string
	// DSN is the data source name in the driver's form.
	DSN dsn.Secret
	// TLS is to be registered with mysql.RegisterTLSConfig under
	// [MySQLTLSName], which the DSN names, before the database is opened; nil
	// when it need not be.
	TLS *tls.Config
	// Warnings are for the operator.
	Warnings []string
}

// MySQLTLSName is the name under which a DSN asks for [Connection.TLS].
const MySQLTLSName = "mosparo"

// connectTimeout is that of opening a connection, in seconds.
const connectTimeout = 5

// ConnectionOption changes what [Database.Connection] accepts.
type ConnectionOption func(*connectionOptions)

type connectionOptions struct {
	plainMySQL bool
}

// AllowPlainMySQL connects without TLS where DATABASE_MYSQL_SSL is on and no
// file is named, which is what PHP does then without a word.
func AllowPlainMySQL() ConnectionOption {
	return func(o *connectionOptions) { o.plainMySQL = true }
}

// Connection returns driver, data source name and TLS settings. It reads the
// TLS files. It returns the error of env.mosparo.php if that could not be
// read, [ErrNotConfigured] if nothing of the database was set, and an error
// that unwraps to [errors.ErrUnsupported] for another driver than mosparo's three.
func (d *Database) Connection(opts ...ConnectionOption) (Connection, error) {
	var o connectionOptions
	for _, f := range opts {
		f(&o)
	}
	if d.unread != nil {
		return Connection{}, fmt.Errorf("envconfig: the database is unknown: %w", d.unread)
	}
	if !d.IsConfigured() {
		return Connection{}, fmt.Errorf("envconfig: %w", ErrNotConfigured)
	}
	switch d.Driver.V {
	case "pdo_mysql", "mysqli":
		return d.mysql(o)
	case "pdo_pgsql", "pgsql":
		return d.postgres(), nil
	case "pdo_sqlite", "sqlite3":
		return d.sqlite()
	}
	return Connection{}, &ValueError{Name: d.Driver.Name, Source: d.Driver.Source, Err: errtext.NotSupported("the driver must be pdo_mysql, pdo_pgsql or pdo_sqlite")}
}

func (d *Database) mysql(o connectionOptions) (Connection, error) {
	c := Connection{Driver: "mysql"}
	params := "charset=utf8mb4&timeout=" + strconv.Itoa(connectTimeout) + "s"
	if d.TLS.V {
		config, err := d.mysqlTLS()
		switch {
		case err != nil:
			return Connection{}, &ValueError{Name: d.TLS.Name, Source: d.TLS.Source, Err: err}
		case config != nil:
			c.TLS = config
			params += "&tls=" + MySQLTLSName
		case !o.plainMySQL:
			return Connection{}, &ValueError{Name: d.TLS.Name, Source: d.TLS.Source, Err: errors.New("it is on, but neither _KEY, _CERT nor _CA names a file; PHP then connects without TLS")}
		default:
			c.Warnings = append(c.Warnings, "DATABASE_MYSQL_SSL is on, but without a file there is no TLS")
		}
		if c.TLS != nil && !d.TLSVerifyCert.V {
			c.Warnings = append(c.Warnings, "the certificate of the database server is not verified")
		}
	}
	if strings.ContainsRune(d.User.V, ':') {
		return Connection{}, &ValueError{Name: d.User.Name, Source: d.User.Source, Err: errtext.NotSupported("a user with a colon")}
	}
	if strings.ContainsAny(d.Host.V, "()/@") {
		return Connection{}, &ValueError{Name: d.Host.Name, Source: d.Host.Source, Err: errors.New("not a host name")}
	}
	if d.Host.V == "localhost" {
		c.Warnings = append(c.Warnings, "PHP reaches a MySQL at localhost through its Unix socket, this node through TCP")
	}
	login := d.User.V
	if !d.Password.V.IsZero() {
		login += ":" + d.Password.V.Reveal()
	}
	c.DSN = dsn.NewSecret(login + "@tcp(" + d.address() + ")/" + url.PathEscape(d.Name.V) + "?" + params)
	return c, nil
}

// mysqlTLS is nil when no file is named.
func (d *Database) mysqlTLS() (*tls.Config, error) {
	if d.TLSKey.V == "" && d.TLSCert.V == "" && d.TLSCA.V == "" {
		return nil, nil
	}
	return dsn.TLS{
		SkipVerify: !d.TLSVerifyCert.V, SkipVerifyName: !d.TLSVerifyCert.V,
		CAFile: d.TLSCA.V, CertFile: d.TLSCert.V, KeyFile: d.TLSKey.V,
	}.Config(d.Host.V)
}

// address is host:port.
func (d *Database) address() string {
	return net.JoinHostPort(strings.Trim(d.Host.V, "[]"), strconv.Itoa(d.Port.V))
}

// execMode of pgx asks the server for the types of each statement once, and
// prepares none by name: one that is prepared is missing, or there already, when a
// pooler such as PgBouncer gives the next transaction another connection.
const execMode = "cache_describe"

func (d *Database) postgres() Connection {
	u := url.URL{Scheme: "postgres", User: url.User(d.User.V), Path: "/" + d.Name.V}
	if !d.Password.V.IsZero() {
		u.User = url.UserPassword(d.User.V, d.Password.V.Reveal())
	}
	q := url.Values{"connect_timeout": {strconv.Itoa(connectTimeout)}, "default_query_exec_mode": {execMode}}
	if strings.HasPrefix(d.Host.V, "/") { // the directory of a Unix socket
		q.Set("host", d.Host.V)
		q.Set("port", strconv.Itoa(d.Port.V))
	} else {
		u.Host = d.address()
	}
	u.RawQuery = q.Encode()
	c := Connection{Driver: "pgx", DSN: dsn.NewSecret(u.String())}
	if w := d.sslModeWarning(); w != "" && u.Host != "" {
		c.Warnings = append(c.Warnings, w)
	}
	return c
}

// sslModeWarning is about PostgreSQL's modes without a check of the server's
// certificate; a PHP node uses the same one.
func (d *Database) sslModeWarning() string {
	switch d.sslMode {
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
	if !filepath.IsAbs(d.Path.V) {
		return Connection{}, &ValueError{Name: d.Path.Name, Source: d.Path.Source, Err: errors.New("must be an absolute path")}
	}
	path := filepath.ToSlash(d.Path.V)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: "mode=rw&_pragma=busy_timeout(5000)&_txlock=immediate"}
	return Connection{Driver: "sqlite", DSN: dsn.NewSecret(u.String())}, nil
}
