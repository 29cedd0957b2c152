package dsn

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/internal/phptest"
)

// Symfony's own createConnection and the extension's own opinion of what the
// options mean.
func TestParseMemcached_AgreesWithThePHPOfThisMachine(t *testing.T) {
	php := servers.PHP(t, "memcached")
	texts := phptest.Pieces(3000, 6,
		[]string{"memcached:?", "memcached://?", "memcached:///?", "memcached://u:p@?", "memcached://a?", "memcached://a:11?", "memcached:a?", "memcached://a/3?", "memcached://[::1]:5?", "memcached:///run/x.sock?", "memcached:/run/x.sock/4?", "memcached://a:0?"},
		[]string{
			"host[a]", "host[b:12]=3", "host[c:99999]", "host[/run/s.sock:]=2", "host[d:]", "host[]=e", "hash=md5", "hash=crc", "HASH=default",
			"hash=Murmur", "hash=x", "distribution=consistent", "distribution=modula", "distribution=virtual_bucket", "libketama_compatible=1",
			"libketama_compatible=0", "libketama_compatible=yes", "compression=0", "compression=off", "compression_type=zlib", "prefix_key=ab",
			"prefix_key=", "serializer=json", "serializer=php", "weight=3", "connect_timeout=5", "unknown=1", "verify_key=1", "poll_timeout=x",
			"number_of_replicas=1", "tcp_keepalive=1", "cache_lookups=1", "noreply=1", "#x", "/7", "@",
		}, "&")
	const code = `try {
			$c = Symfony\Component\Cache\Adapter\MemcachedAdapter::createConnection($in); new Symfony\Component\Cache\Adapter\MemcachedAdapter($c);
			$out = [implode(" ", array_map(fn ($s) => $s["host"]."|".$s["port"], $c->getServerList())), $c->getOption(Memcached::OPT_HASH),
				$c->getOption(Memcached::OPT_DISTRIBUTION), $c->getOption(Memcached::OPT_COMPRESSION), $c->getOption(Memcached::OPT_PREFIX_KEY)];
		} catch (Throwable $e) {}`
	distributions := map[string]int{ketama: 5, consistent: 1, virtualBucket: 6, modula: 0}
	taken := 0
	for i, raw := range phptest.Ask(t, php, code, texts) {
		d, err := ParseMemcached(texts[i])
		if string(raw) == "null" {
			require.Error(t, err, texts[i])
			continue
		}
		require.NoError(t, err, texts[i])
		taken++
		var servers []string
		for _, s := range d.Servers {
			servers = append(servers, fmt.Sprintf("%s%s|%d", s.Name, s.Path, s.Port))
		}
		hash := 0
		for n, name := range memcachedHashes {
			if name == d.Hash {
				hash = n
			}
		}
		got, err := json.Marshal([]any{strings.Join(servers, " "), hash, distributions[d.Distribution], d.Compression, d.PrefixKey})
		require.NoError(t, err)
		require.JSONEq(t, string(raw), string(got), texts[i])
	}
	require.Greater(t, taken, 1000)
}
