// Package servers starts real servers for tests:
//
//	server := servers.Redis(t)
//	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
//
// It finds them by their binaries, gives each a free loopback port and a scratch
// directory, and stops them when the test ends, fails or is killed. It returns
// addresses only and links no client.
//
// The servers of a cluster are [Redis], also with replicas, as [RedisCluster] or
// behind [RedisSentinel], [Memcached], [MariaDB] and [PostgreSQL]. Between a node
// and them may be [TwemproxyRedis], [TwemproxyMemcached], [PgBouncer], or a [Proxy]
// that cuts the connection; before the nodes may be [Nginx],
// [NginxRetrying] or [HAProxy]. [PHP] runs PHP with
// Symfony's cache, and [Prometheus] scrapes nodes. [Program] starts any other program.
//
// A test whose server is not installed is skipped, and says what is missing;
// with MOSPARO_TEST_REQUIRE=1 in the environment it fails.
package servers
