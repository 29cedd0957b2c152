package envconfig

import (
	"errors"
	"path/filepath"
	"strconv"

	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// Database is mosparo's database. Most of it is normally set in
// env.mosparo.php; [Database.Connection] gives what a driver needs.
type Database struct {
	System   Value[string]     // database_system: mysql, postgres or sqlite
	Driver   Value[string]     // database_driver: pdo_mysql, pdo_pgsql or pdo_sqlite
	Host     Value[string]     // database_host
	Port     Value[int]        // database_port
	Name     Value[string]     // database_name
	User     Value[string]     // database_user
	Password Value[dsn.Secret] // database_password
	Version  Value[string]     // database_version, that of the server
	Path     Value[string]     // database_path, of the SQLite file

	TLS           Value[bool]   // DATABASE_MYSQL_SSL
	TLSKey        Value[string] // DATABASE_MYSQL_SSL_KEY
	TLSCert       Value[string] // DATABASE_MYSQL_SSL_CERT
	TLSCA         Value[string] // DATABASE_MYSQL_SSL_CA
	TLSVerifyCert Value[bool]   // DATABASE_MYSQL_SSL_VERIFY_SERVER_CERT

	// unread is why env.mosparo.php could not be read.
	unread error
	// sslMode is PGSSLMODE of the real environment, which PHP and the driver
	// read on their own.
	sslMode string
}

func (r *resolver) database() Database {
	path := ""
	if r.dir != "" {
		path = filepath.Join(r.dir, "var", "data", "data.sqlite")
	}
	d := Database{
		System:   r.text("database_system", "mysql"),
		Driver:   r.text("database_driver", "pdo_mysql"),
		Host:     r.text("database_host", "127.0.0.1"),
		Port:     value(r, r.lookup, "database_port", 3306, convertPort, strconv.Itoa),
		Name:     r.text("database_name", "mosparo"),
		User:     r.text("database_user", "root"),
		Password: r.secret("database_password"),
		Version:  r.text("database_version", "1.0"),
		Path:     r.text("database_path", path),

		TLS:           r.truth(r.lookupEnv, "DATABASE_MYSQL_SSL"),
		TLSKey:        r.envPath("DATABASE_MYSQL_SSL_KEY"),
		TLSCert:       r.envPath("DATABASE_MYSQL_SSL_CERT"),
		TLSCA:         r.envPath("DATABASE_MYSQL_SSL_CA"),
		TLSVerifyCert: r.truth(r.lookupEnv, "DATABASE_MYSQL_SSL_VERIFY_SERVER_CERT"),
	}
	if r.config != nil {
		d.unread = r.config.err
	}
	if v, ok := r.env.get("PGSSLMODE"); ok && v.source == SourceEnvironment {
		d.sslMode = v.text
	}
	return d
}

func convertPort(s string) (int, string, error) {
	n, err := convertInt(s)
	if err == nil && (n < 0 || n > 65535) {
		err = errors.New("out of range for a port")
	}
	return int(n), "", err
}

// IsConfigured reports whether someone has set anything of the connection.
func (d *Database) IsConfigured() bool {
	return !d.Driver.IsDefault() || !d.Host.IsDefault() || !d.Port.IsDefault() || !d.Name.IsDefault() ||
		!d.User.IsDefault() || !d.Password.IsDefault() || !d.Path.IsDefault()
}
