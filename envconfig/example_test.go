package envconfig_test

import (
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
