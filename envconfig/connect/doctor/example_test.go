package doctor_test

import (
	"fmt"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

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
