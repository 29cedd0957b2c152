package servers

import (
	"fmt"
	"net"
	"net/url"
	"time"
)

// What the database servers have when they start: an empty database, and a user
// who may do everything.
const (
	DatabaseName     = "mosparo"
	DatabaseUser     = "mosparo"
	DatabasePassword = "correct-horse"
)

// MariaDBServer is a running mariadbd.
type MariaDBServer struct {
	*Process
}

// PostgreSQLServer is a running postgres.
type PostgreSQLServer struct {
	*Process
}

// DSN is the empty database for github.com/go-sql-driver/mysql.
func (m *MariaDBServer) DSN() string { return m.DSNFor(DatabaseUser, DatabasePassword, DatabaseName) }

// DSNFor is the same for another user and database.
func (m *MariaDBServer) DSNFor(user, password, database string) string {
	return fmt.Sprintf("%s:%s@tcp(%s)/%s", user, password, m.Addr(), database)
}

// URL is the empty database as mosparo's DATABASE_URL has it.
func (m *MariaDBServer) URL() string {
	return dsnURL("mysql", DatabaseUser, DatabasePassword, m.Addr(), DatabaseName)
}

// DSN is the empty database for github.com/jackc/pgx and
// github.com/lib/pq.
func (p *PostgreSQLServer) DSN() string {
	return p.DSNFor(DatabaseUser, DatabasePassword, DatabaseName)
}

// DSNFor is the same for another user and database.
func (p *PostgreSQLServer) DSNFor(user, password, database string) string {
	return dsnURL("postgres", user, password, p.Addr(), database) + "?sslmode=disable"
}

// URL is the empty database as mosparo's DATABASE_URL has it.
func (p *PostgreSQLServer) URL() string {
	return dsnURL("postgresql", DatabaseUser, DatabasePassword, p.Addr(), DatabaseName)
}

func dsnURL(scheme, user, password, addr, database string) string {
	u := url.URL{Scheme: scheme, User: url.UserPassword(user, password), Host: addr, Path: "/" + database}
	return u.String()
}

// greet dials a server, sends what is to be said first, and returns the
// beginning of the answer.
func greet(addr string, say []byte) ([]byte, error) {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := c.Write(say); err != nil {
		return nil, err
	}
	b := make([]byte, 512)
	n, err := c.Read(b)
	return b[:n], err
}
