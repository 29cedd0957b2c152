package mysqlconnector_test

import (
	"fmt"
	"log/slog"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/mysqlconnector"
)

func Example() {
	settings, err := envconfig.FromEnviron([]string{"database_driver=pdo_mysql", "database_host=db.example.com", "database_user=mosparo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	db, driver, err := connect.Database(settings, mysqlconnector.New, connect.WithLogger(slog.Default()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	fmt.Println(driver)
	// Output: mysql
}
