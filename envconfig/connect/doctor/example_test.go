package doctor_test

import (
	"context"
	"fmt"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/envconfig/connect/mysqlconnector"
)

// What is wrong with a node, the worst first, and what to do. This one's Redis does not
// run.
func Example() {
	settings, err := envconfig.FromEnviron([]string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://127.0.0.1:1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), doctor.DefaultTimeout)
	defer cancel()
	report := doctor.Examine(ctx, settings, doctor.WithMySQL(mysqlconnector.New), doctor.WithMode(cleanup.ModeObserve))
	fmt.Println("worst:", doctor.Worst(report.Findings))
	for _, f := range report.Findings {
		if f.Subject == "cache" && f.Severity == doctor.Error {
			fmt.Println(f.Code) // and f.What, with the words of the system
			fmt.Println("if it stays:", f.Consequence)
			fmt.Println("what to do:", f.Remedy)
		}
	}
	// Output:
	// worst: error
	// cache_unreachable
	// if it stays: a Go node does not clean, and serves the CSS that it has in memory; PHP nodes go on without the cache, and each may clean whenever it likes
	// what to do: see whether the server runs, whether host and port are right, and whether a firewall is in between
}

func ExampleSettings() {
	settings, err := envconfig.FromEnviron([]string{
		"MOSPARO_CACHE_ADAPTR=redis", "REDIS_URL=redis://cache.example.com", "FILESYSTEM_CACHE_PATH=/var/cache/mosparo",
		"mosparo_installed=1", "mosparo_installed_version=1.5.4", "database_driver=pdo_mysql", "database_host=db.example.com",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range doctor.Settings(settings) {
		fmt.Printf("%s: %s\n  %s\n", f.Severity, f.What, f.Remedy)
	}
	// Output:
	// warning: MOSPARO_CACHE_ADAPTR is set (environment), which mosparo does not read; it reads MOSPARO_CACHE_ADAPTER
	//   rename it to MOSPARO_CACHE_ADAPTER if that is meant
	// warning: REDIS_URL is set (environment), but MOSPARO_CACHE_ADAPTER is filesystem, so it is not used
	//   set MOSPARO_CACHE_ADAPTER=redis on all nodes, or remove REDIS_URL
}

func ExampleACLs() {
	settings, err := envconfig.FromEnviron([]string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://cache.example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, acl := range doctor.ACLs(settings, "node", cleanup.ModeObserve) {
		fmt.Println(acl.Server)
		fmt.Println(acl.Statement)
	}
	// Output:
	// cache.example.com:6379
	// ACL SETUSER node reset on >PASSWORD ~mosparoNextCleanup ~mosparoAdditionalCleanup ~mosparoCleanupStartedAt ~mosparoGo* +get +mget +pttl
}
