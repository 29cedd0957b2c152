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

// The servers of a memcached address, and how PHP spreads keys over them.
func ExampleParseMemcached() {
	d, err := dsn.ParseMemcached("memcached:?host[10.0.0.1]=33&host[10.0.0.2:11212]=67")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Distribution, d.Hash, d.Supported())
	for _, server := range d.Servers {
		fmt.Println(server, server.Weight)
	}
	// Output:
	// ketama md5 <nil>
	// 10.0.0.1:11211 33
	// 10.0.0.2:11212 67
}

// What a Go driver needs for mosparo's database.
func ExampleDatabase_Connection() {
	d := dsn.Database{ // envconfig.Settings has a node's own
		Driver: "pdo_pgsql", Host: "db.example.com", Port: 5432, Name: "mosparo", User: "mosparo", Password: dsn.NewSecret("secret"),
		SSLMode: "require",
	}
	c, err := d.Connection()
	fmt.Println(c.Driver, c.DSN, err) // sql.Open(c.Driver, c.DSN.Reveal())
	fmt.Println(c.Warnings)
	// Output:
	// pgx ******** <nil>
	// [the certificate of the database server is not verified (PGSSLMODE=require)]
}

// A secret shows only where a program asks for it.
func ExampleSecret() {
	s := dsn.NewSecret("hunter2")
	fmt.Printf("%v %+v %q %s\n", s, s, s, struct{ Password dsn.Secret }{s})
	fmt.Println(s.Reveal())
	// Output:
	// ******** ******** ******** {********}
	// hunter2
}
