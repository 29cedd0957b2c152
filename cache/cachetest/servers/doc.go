// Package servers starts real servers for tests: Redis, memcached, MariaDB,
// PostgreSQL, nginx as a balancer, the proxies twemproxy and PgBouncer, and PHP
// with Symfony's cache. It finds them by their binaries, gives each a free
// loopback port and a scratch directory, and stops them when the test ends,
// fails or is killed. It returns addresses only and links no client.
//
// A test whose server is not installed is skipped, and says what is missing;
// with MOSPARO_TEST_REQUIRE=1 in the environment it fails.
package servers
