package envconfig_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mosparo/go-cluster/envconfig"
)

// A node reads its settings once, shows what its operator should know, and
// starts only if all of them can be used.
func Example() {
	dir, err := os.MkdirTemp("", "mosparo")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	env := "MOSPARO_CACHE_ADAPTER=redis # as on the PHP nodes\nREDIS_URL=redis://:secret@cache.example.com/1/2\n"
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte(env), 0o600); err != nil {
		log.Fatal(err)
	}

	s, err := envconfig.Load(dir, []string{"MOSPARO_CLEANUP_PROCESS_INTERVAL=30"}) // or os.Environ()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Cache.Adapter, filepath.Base(string(s.Variable("MOSPARO_CACHE_ADAPTER").Source)))
	fmt.Println(s.Cache.Redis.Hosts[0], s.Cache.Redis.Database, s.Cache.Redis.Password)
	for v := range s.Warnings() {
		fmt.Printf("%s: %s\n", v.Name, v.Warning)
	}
	// Output:
	// redis .env
	// cache.example.com:6379 2 ********
	// REDIS_URL: of several numbers in the path only the last one counts: database 2
	// MOSPARO_CLEANUP_PROCESS_INTERVAL: 30 is outside 1-24, so the default 6 is used
}

// A container without files has its settings in the environment alone. Of values that
// cannot be used all are named.
func ExampleFromEnviron() {
	_, err := envconfig.FromEnviron([]string{"MOSPARO_CACHE_ADAPTER=apcu", "MOSPARO_CLEANUP_PROCESS_INTERVAL=six"}) // or os.Environ()
	fmt.Println(err)
	// Output:
	// envconfig: MOSPARO_CACHE_ADAPTER (environment): unknown adapter; it must be filesystem, memcached or redis
	// envconfig: MOSPARO_CLEANUP_PROCESS_INTERVAL (environment): not a number
}

// What a driver needs for mosparo's database. Package connect opens it.
func ExampleSettings_DatabaseConnection() {
	s, err := envconfig.FromEnviron([]string{"database_driver=pdo_mysql", "database_host=db.example.com", "database_password=secret"})
	if err != nil {
		log.Fatal(err)
	}
	c, err := s.DatabaseConnection()
	fmt.Println(c.Driver, c.DSN, err) // sql.Open(c.Driver, c.DSN.Reveal())

	s, err = envconfig.FromEnviron(nil)
	if err != nil {
		log.Fatal(err)
	}
	_, err = s.DatabaseConnection()
	fmt.Println(errors.Is(err, envconfig.ErrNotConfigured))
	// Output:
	// mysql ******** <nil>
	// true
}
