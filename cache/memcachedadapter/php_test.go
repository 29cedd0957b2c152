package memcachedadapter_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

// phpPool is PHP's own adapter on the servers of the DSN, and the texts that
// both sides write: text(kind, n) has n bytes.
const phpPool = `
use Symfony\Component\Cache\Adapter\MemcachedAdapter;
$pool = new MemcachedAdapter(MemcachedAdapter::createConnection($argv[1]), '', 0, new Symfony\Component\Cache\Marshaller\DefaultMarshaller($argv[2] === '1'));
function text($kind, $n) {
	if ($kind === 'css') { return substr(str_repeat("body{color:red}\n.a>b{padding:0 2em}\n", intdiv($n, 10) + 1), 0, $n); }
	$s = '';
	for ($i = 0; strlen($s) < $n; $i++) { $s .= md5("$kind $i", true); }
	return substr($s, 0, $n);
}
`

func text(kind string, n int) []byte {
	var b []byte
	if kind == "css" {
		b = []byte(strings.Repeat("body{color:red}\n.a>b{padding:0 2em}\n", n/10+1))
	} else {
		for i := 0; len(b) < n; i++ {
			sum := md5.Sum(fmt.Appendf(nil, "%s %d", kind, i))
			b = append(b, sum[:]...)
		}
	}
	return b[:n]
}

func md5Of(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// dsn names the servers with these weights.
func dsn(all []*servers.MemcachedServer, weights ...int) string {
	var hosts []string
	for i, s := range all {
		hosts = append(hosts, fmt.Sprintf("host[%s]=%d", s.Addr(), weights[i%len(weights)]))
	}
	return "memcached:?" + strings.Join(hosts, "&")
}

func openWeighted(t testing.TB, all []*servers.MemcachedServer, weights []int, opts ...memcachedadapter.Option) *memcachedadapter.Adapter {
	t.Helper()
	var list []memcachedadapter.Server
	for i, s := range all {
		list = append(list, memcachedadapter.Server{Host: "127.0.0.1", Port: s.Port(), Weight: weights[i%len(weights)]})
	}
	p, err := memcachedadapter.NewServers(list)
	require.NoError(t, err)
	client := p.Client(patient)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return memcachedadapter.New(client, p, append(opts, owned)...)
}

// setUps are the servers, what is written to them, and how it is compressed.
var setUps = []setUp{
	{1, []int{0}, []int{0, 1, 1900, 1999, 2000, 2001, 20_000, 65_535, 65_536, 900_000}, [][]memcachedadapter.Option{nil, {memcachedadapter.WithZlib()}, {memcachedadapter.WithoutCompression()}}},
	{8, []int{46, 32, 18, 42, 59, 19, 20, 31}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20_000}, [][]memcachedadapter.Option{nil}},
}

type setUp struct {
	servers      int
	weights      []int
	sizes        []int
	compressions [][]memcachedadapter.Option
}

func eachSetUp(t *testing.T, do func(t *testing.T, s setUp, php *servers.PHPRuntime, dsn string, open func(...memcachedadapter.Option) *memcachedadapter.Adapter)) {
	php := servers.PHP(t, "memcached", "igbinary")
	for _, s := range setUps {
		t.Run(fmt.Sprintf("%d servers, weights %v", s.servers, s.weights), func(t *testing.T) {
			t.Parallel()
			all := start(t, s.servers)
			do(t, s, php, dsn(all, s.weights...), func(opts ...memcachedadapter.Option) *memcachedadapter.Adapter {
				return openWeighted(t, all, s.weights, opts...)
			})
		})
	}
}

func TestPHP_WritesAndGoReads(t *testing.T) {
	eachSetUp(t, func(t *testing.T, s setUp, php *servers.PHPRuntime, dsn string, open func(...memcachedadapter.Option) *memcachedadapter.Adapter) {
		for _, igbinary := range []string{"0", "1"} {
			out := php.Run(phpPool+`
				$sums = [];
				foreach (['css', 'noise'] as $kind) foreach (json_decode($argv[3]) as $n) {
					$text = text($kind, $n);
					$item = $pool->getItem("$kind $n");
					$item->set($text);
					if ($n % 2) $item->expiresAfter(31 * 86400);
					$pool->save($item) or exit(1);
					$sums["$kind $n"] = md5($text);
				}
				$pool->save($pool->getItem('mosparoNextCleanup')->set(new DateTime('2026-07-01 14:34:56.789012', new DateTimeZone('Europe/Zurich')))) or exit(1);
				$pool->save($pool->getItem('mosparoAdditionalCleanup')->set(null)) or exit(1);
				echo json_encode($sums);`, dsn, igbinary, marshalled(t, s.sizes))
			var sums map[string]string
			require.NoError(t, json.Unmarshal([]byte(out), &sums))
			require.Len(t, sums, 2*len(s.sizes))
			pool := cache.NewPool(open())
			for name, sum := range sums {
				got, err := cache.Key[[]byte](name).Get(t.Context(), pool)
				require.NoError(t, err, name)
				require.Equal(t, sum, md5Of(got), name)
			}
			var next cache.Result[time.Time]
			var additional cache.Result[*time.Time]
			require.NoError(t, cache.Read(t.Context(), pool, cache.Key[time.Time]("mosparoNextCleanup").Into(&next), cache.Key[*time.Time]("mosparoAdditionalCleanup").Into(&additional)))
			require.True(t, next.Value.Equal(time.Date(2026, 7, 1, 12, 34, 56, 789012000, time.UTC)), next)
			require.NoError(t, additional.Err)
			require.Nil(t, additional.Value)
		}
	})
}

func marshalled(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func TestGo_WritesAndPHPReads(t *testing.T) {
	eachSetUp(t, func(t *testing.T, s setUp, php *servers.PHPRuntime, dsn string, open func(...memcachedadapter.Option) *memcachedadapter.Adapter) {
		for _, compression := range s.compressions {
			pool := cache.NewPool(open(compression...))
			want := map[string]string{}
			for _, kind := range []string{"css", "noise"} {
				for i, n := range s.sizes {
					value := text(kind, n)
					name := fmt.Sprintf("%s %d", kind, n)
					want[name] = md5Of(value)
					require.NoError(t, cache.Key[[]byte](name).Set(t.Context(), pool, value, time.Duration(i%3)*20*24*time.Hour), name)
				}
			}
			// What PHP has not heard of it cannot delete, and it writes over what it has.
			out := php.Run(phpPool+`
				$sums = [];
				foreach ($pool->getItems(array_keys(json_decode($argv[3], true))) as $name => $item) {
					$item->isHit() or exit(1);
					$sums[$name] = md5($item->get());
				}
				$pool->deleteItem('css 1') or exit(1);
				echo json_encode($sums);`, dsn, "1", marshalled(t, want))
			var got map[string]string
			require.NoError(t, json.Unmarshal([]byte(out), &got), out)
			require.Equal(t, want, got)
			_, err := cache.Key[[]byte]("css 1").Get(t.Context(), pool)
			require.ErrorIs(t, err, cache.ErrNotFound)
		}
	})
}

// PHP's clear: a Go node finds nothing of the old within two seconds, and what
// it writes then is found by PHP.
func TestPHP_ClearsAndGoFollows(t *testing.T) {
	eachSetUp(t, func(t *testing.T, s setUp, php *servers.PHPRuntime, dsn string, open func(...memcachedadapter.Option) *memcachedadapter.Adapter) {
		a := open()
		pool := cache.NewPool(a)
		k := cache.Key[string](key)
		require.NoError(t, k.Set(t.Context(), pool, "old", 0))
		php.Run(phpPool+`$pool->hasItem('mosparoNextCleanup') or exit(1); $pool->clear() or exit(2);`, dsn, "0")
		cleared := time.Now()
		for {
			start := time.Now()
			if _, err := k.Get(t.Context(), pool); err != nil {
				require.ErrorIs(t, err, cache.ErrNotFound)
				break
			}
			require.Less(t, start.Sub(cleared), 2*time.Second)
			time.Sleep(20 * time.Millisecond)
		}
		require.NoError(t, k.Set(t.Context(), pool, "new", 0))
		require.Equal(t, "new", php.Run(phpPool+`echo $pool->getItem('mosparoNextCleanup')->get();`, dsn, "0"))

		n, err := a.Clear(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, "miss", php.Run(phpPool+`echo $pool->hasItem('mosparoNextCleanup') ? 'hit' : 'miss';`, dsn, "0"))
	})
}

// PHP and Go write and read the same keys at the same time. Every value is its
// own checksum and body, so that a broken or mixed one shows.
func TestPHPAndGo_AtTheSameTime(t *testing.T) {
	t.Parallel()
	php := servers.PHP(t, "memcached", "igbinary")
	all, weights := start(t, 3), []int{5, 2, 1}
	pool := cache.NewPool(openWeighted(t, all, weights))
	var keys []cache.Key[[]byte]
	var names []string
	for i := range 12 {
		names = append(names, fmt.Sprintf("shared%d", i))
		keys = append(keys, cache.Key[[]byte](names[i]))
		require.NoError(t, keys[i].Set(t.Context(), pool, append([]byte(md5Of(nil)), 0)[:32], 0))
	}
	var wg sync.WaitGroup
	var phpOut string
	wg.Go(func() {
		phpOut = php.Run(phpPool+`
			$keys = json_decode($argv[3]);
			$end = microtime(true) + 1; $reads = 0;
			for ($i = 0; microtime(true) < $end; $i++) {
				$body = text($i % 2 ? 'css' : 'noise', random_int(0, 4) ? random_int(0, 5000) : random_int(0, 300000));
				$pool->save($pool->getItem($keys[array_rand($keys)])->set(md5($body).$body)) or exit(1);
				foreach ($pool->getItems([$keys[array_rand($keys)], $keys[array_rand($keys)]]) as $key => $item) {
					$item->isHit() or exit(2);
					$v = $item->get();
					substr($v, 0, 32) === md5(substr($v, 32)) or exit(3);
					$reads++;
				}
			}
			echo $reads > 10 ? 'fine' : $reads;`, dsn(all, weights...), "1", marshalled(t, names))
	})
	for w := range 4 {
		wg.Go(func() { exchange(t, pool, keys, rand.New(rand.NewPCG(uint64(w), 3))) })
	}
	wg.Wait()
	require.Equal(t, "fine", phpOut)
}

func exchange(t *testing.T, pool *cache.Pool, keys []cache.Key[[]byte], rnd *rand.Rand) {
	ctx := context.Background()
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		n := rnd.IntN(5000)
		if rnd.IntN(5) == 0 {
			n = rnd.IntN(300_000)
		}
		body := text([]string{"css", "noise"}[rnd.IntN(2)], n)
		if err := keys[rnd.IntN(len(keys))].Set(ctx, pool, append([]byte(md5Of(body)), body...), 0); err != nil {
			t.Error(err)
		}
		var one, two cache.Result[[]byte]
		if err := cache.Read(ctx, pool, keys[rnd.IntN(len(keys))].Into(&one), keys[rnd.IntN(len(keys))].Into(&two)); err != nil {
			t.Error(err)
		}
		for _, r := range []cache.Result[[]byte]{one, two} {
			if r.Err != nil || string(r.Value[:32]) != md5Of(r.Value[32:]) {
				t.Errorf("%v, %d bytes", r.Err, len(r.Value))
			}
		}
	}
}
