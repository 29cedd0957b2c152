package dsn_test

import (
	"fmt"

	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// What an address means to a PHP node.
func Example() {
	d, err := dsn.ParseRedis("redis://node:secret@cache.example.com/1/2")
	fmt.Println(d, err)
	fmt.Println(d.Hosts[0].Network())
	fmt.Println(d.Warnings)
	// Output:
	// redis://node:********@cache.example.com:6379/2 <nil>
	// tcp cache.example.com:6379
	// [of several numbers in the path only the last one counts: database 2]
}

// What this module cannot use although PHP can is an error with a reason.
func ExampleDescribe() {
	d, err := dsn.Describe("memcached:?host[10.0.0.1]=33&host[10.0.0.2:11212]=67")
	fmt.Println(d.Kind, d.Hosts, err)

	_, err = dsn.Describe("redis:?host[10.0.0.1]&host[10.0.0.2]")
	fmt.Println(err)
	// Output:
	// memcached [10.0.0.1:11211 10.0.0.2:11212] <nil>
	// Redis DSN: not supported: several hosts without redis_cluster or redis_sentinel: PHP spreads the keys over them by itself (RedisArray); use one server, Sentinel or a Redis cluster
}
