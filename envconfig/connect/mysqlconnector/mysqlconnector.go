package mysqlconnector

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// New returns the connector for [database/sql.OpenDB]; it is a connect.MySQL. Nothing is
// sent. The driver's messages about failed connections are logged at level Info, since
// its calls return errors as well; a nil logger is silent. An error contains no part of
// the address.
func New(c dsn.Connection, logger *slog.Logger) (driver.Connector, error) {
	if c.Driver != "mysql" {
		return nil, fmt.Errorf("mysqlconnector: the settings name the driver %q", c.Driver)
	}
	config, err := mysql.ParseDSN(withoutTLSName(c.DSN.Reveal()))
	if err != nil {
		return nil, errors.New("mysqlconnector: the database's address cannot be used") // the driver's error may contain it
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	config.Logger = driverLog{logger}
	if c.TLS != nil {
		config.TLS = c.TLS
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, errors.New("mysqlconnector: the database's address cannot be used")
	}
	return connector, nil
}

// withoutTLSName removes the name of a TLS configuration, which is not registered. The
// parameters follow the last question mark.
func withoutTLSName(address string) string {
	i := strings.LastIndexByte(address, '?')
	if i < 0 {
		return address
	}
	params := strings.Split(address[i+1:], "&")
	kept := params[:0]
	for _, p := range params {
		if p != "tls="+url.QueryEscape(dsn.MySQLTLSName) {
			kept = append(kept, p)
		}
	}
	return address[:i+1] + strings.Join(kept, "&")
}

// driverLog is a [mysql.Logger].
type driverLog struct{ logger *slog.Logger }

// Print implements [mysql.Logger].
func (l driverLog) Print(v ...any) {
	l.logger.Info("the MySQL driver reports", slog.String("message", strings.TrimSpace(fmt.Sprint(v...))))
}
