package nodes_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// Two installations publish their records, as PHP nodes do from cron; a third program shows
// in what they differ.
func Example() {
	ctx := context.Background()
	pool, locker := cache.NewPool(memoryadapter.New()), lock.New(memorylocker.New())
	defer locker.Close()
	for host, mailer := range map[string]string{"web1": "smtp", "web2": "sendmail"} {
		dir, err := os.MkdirTemp("", "mosparo-")
		if err != nil {
			log.Fatal(err)
		}
		defer os.RemoveAll(dir)
		config := "<?php return ['encryption_key' => 'secret', 'mailer_transport' => '" + mailer + "'];"
		if err := os.Mkdir(filepath.Join(dir, "config"), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte(config), 0o600); err != nil {
			log.Fatal(err)
		}
		settings, err := envconfig.Load(dir, nil)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := nodes.New(pool, locker, settings, nodes.WithHost(host)).Publish(ctx, time.Hour); err != nil {
			log.Fatal(err)
		}
	}

	all, err := nodes.Read(ctx, pool)
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range all {
		fmt.Println(n.Host, n.Mode)
	}
	for _, d := range nodes.Compare(all) {
		fmt.Println(d.Kind, d.Name)
	}
	// Output:
	// web1 published
	// web2 published
	// setting mailer_transport
}
