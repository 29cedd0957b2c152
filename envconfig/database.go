package envconfig

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// DatabaseConnection returns driver, data source name and TLS configuration of mosparo's
// database; see [dsn.Database.Connection]. The error is that of env.mosparo.php if the
// file could not be read, [ErrNotConfigured] if no variable of the database is set, with
// the names of the variables and the places to set them, or a [*ValueError] for a value that cannot be used. The last unwraps to
// [errors.ErrUnsupported] for a driver that mosparo does not support.
func (s *Settings) DatabaseConnection() (dsn.Connection, error) {
	switch {
	case s.unread != nil:
		return dsn.Connection{}, fmt.Errorf("envconfig: the database is unknown: %w", s.unread)
	case s.Database == nil:
		return dsn.Connection{}, fmt.Errorf("envconfig: %w: %s", ErrNotConfigured, s.databaseHelp)
	}
	c, err := s.Database.Connection()
	var wrong *dsn.Error
	if errors.As(err, &wrong) {
		name := databaseVariables[wrong.Part]
		err = &ValueError{Name: name, Source: s.Variable(name).Source, Err: wrong.Err}
	}
	return c, err
}

// databaseVariables maps the parts of a [dsn.Error] to variables.
var databaseVariables = map[string]string{
	"driver": "database_driver", "host": "database_host", "user": "database_user", "path": "database_path", "TLS": "DATABASE_MYSQL_SSL",
}

// database returns nil if no variable of the connection is set.
func (r *resolver) database() *dsn.Database {
	path := ""
	if r.dir != "" {
		path = filepath.Join(r.dir, "var", "data", "data.sqlite")
	}
	r.text("database_system", "mysql")
	d := &dsn.Database{
		Driver:   r.text("database_driver", "pdo_mysql"),
		Host:     r.text("database_host", "127.0.0.1"),
		Port:     resolve(r, r.lookup, "database_port", 3306, convertPort, strconv.Itoa),
		Name:     r.text("database_name", "mosparo"),
		User:     r.text("database_user", "root"),
		Password: r.secret("database_password"),
	}
	r.text("database_version", "1.0")
	d.Path = r.text("database_path", path)
	d.TLS = r.databaseTLS()
	if v, ok := r.env.get("PGSSLMODE"); ok && v.source == SourceEnvironment {
		d.SSLMode = v.text
	}
	if text, src, found, _ := r.lookup(databaseURL); found && text != "" {
		r.warn("database_driver", fmt.Sprintf("%s (%s) is set, which is no setting of mosparo: it reads database_driver, database_host and so on", databaseURL, src))
	}
	if !slices.ContainsFunc([]string{"driver", "host", "port", "name", "user", "password", "path"}, func(part string) bool {
		return r.variable("database_" + part).IsSet()
	}) {
		return nil
	}
	return d
}

// databaseURL is the setting of other Symfony applications. mosparo's .env has it only in
// a comment, and its doctrine.yaml does not use it.
const databaseURL = "DATABASE_URL"

// databaseHelp says how to set the variables of the database.
func (r *resolver) databaseHelp() string {
	help := "set database_driver and database_path, or database_host, database_name, database_user and so on, in the environment"
	if r.config != nil {
		help += " or in " + r.config.path
	}
	if w := r.variable("database_driver").Warning; w != "" {
		help += "; " + w
	}
	return help
}

// databaseTLS returns nil if TLS is off.
func (r *resolver) databaseTLS() *dsn.TLS {
	on := r.phpBool(r.lookupEnv, "DATABASE_MYSQL_SSL")
	t := &dsn.TLS{
		KeyFile:  r.envPath("DATABASE_MYSQL_SSL_KEY"),
		CertFile: r.envPath("DATABASE_MYSQL_SSL_CERT"),
		CAFile:   r.envPath("DATABASE_MYSQL_SSL_CA"),
	}
	t.SkipVerify = !r.phpBool(r.lookupEnv, "DATABASE_MYSQL_SSL_VERIFY_SERVER_CERT")
	t.SkipVerifyName = t.SkipVerify
	if !on {
		return nil
	}
	return t
}

func convertPort(s string) (int, string, error) {
	n, err := convertInt(s)
	if err == nil && (n < 0 || n > 65535) {
		err = errors.New("out of range for a port")
	}
	return int(n), "", err
}
