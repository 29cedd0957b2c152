package redisadapter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

func connect(t testing.TB, addr string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: time.Second})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestConformance(t *testing.T) {
	addr := servers.Redis(t).Addr()
	cachetest.Conformance(t, func(t *testing.T) cache.Adapter { return redisadapter.New(connect(t, addr)) })
}

// counter counts round trips and remembers the commands.
type counter struct {
	trips int
	names []string
}

// greeting is what the client says on a new connection.
func greeting(cmd redis.Cmder) bool { return cmd.Name() == "hello" || cmd.Name() == "client" }

func (c *counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if greeting(cmd) {
			return next(ctx, cmd)
		}
		c.trips, c.names = c.trips+1, append(c.names, cmd.Name())
		return next(ctx, cmd)
	}
}

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if greeting(cmds[0]) {
			return next(ctx, cmds)
		}
		c.trips++
		for _, cmd := range cmds {
			c.names = append(c.names, cmd.Name())
		}
		return next(ctx, cmds)
	}
}

func TestAdapter_TakesOneRoundTripForAnyNumberOfKeys(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	a := redisadapter.New(c)
	require.NoError(t, a.Ping(t.Context()))
	var n counter
	c.AddHook(&n)
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "a", Value: []byte("1")}, cache.Item{Key: "b", Value: []byte("2"), TTL: time.Minute}))
	require.Equal(t, 1, n.trips)
	v, err := a.Get(t.Context(), "a", "b", "c")
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte("1"), []byte("2"), nil}, v)
	require.Equal(t, 2, n.trips)
	_, err = a.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, 3, n.trips)
	require.Equal(t, "get", n.names[len(n.names)-1])
}

func TestClear_RemovesMosparosKeysAndNoOthers(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	a := redisadapter.New(c)
	owned := []string{"mosparoNextCleanup", "mosparoGoCleanup", "design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_hash", "p7rc_0123456789abcdef0123456789abcdef"}
	foreign := []string{"session:1", "design_x_hash", "mosparoGoLock{cleanup}", "p7rc_short"}
	for _, k := range append(owned, foreign...) {
		require.NoError(t, c.Set(t.Context(), k, "v", 0).Err())
	}
	var n counter
	c.AddHook(&n)
	removed, err := a.Clear(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(owned), removed)
	left, err := c.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.ElementsMatch(t, foreign, left)
	require.NotContains(t, n.names, "flushdb")
}

func TestErrors_AreClassified(t *testing.T) {
	set := func(a *redisadapter.Adapter) error {
		return a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v")})
	}
	locked := servers.Redis(t, "--requirepass", "secret")
	require.ErrorIs(t, set(redisadapter.New(connect(t, locked.Addr()))), cache.ErrUnauthorized)
	_, err := redisadapter.New(connect(t, locked.Addr())).Get(t.Context(), "k")
	require.ErrorIs(t, err, cache.ErrUnauthorized)
	require.NotContains(t, err.Error(), "secret")

	full := servers.Redis(t, "--maxmemory", "1", "--maxmemory-policy", "noeviction")
	require.ErrorIs(t, set(redisadapter.New(connect(t, full.Addr()))), cache.ErrFull)

	s := servers.Redis(t)
	c := connect(t, s.Addr())
	require.NoError(t, c.ReplicaOf(t.Context(), "127.0.0.1", "1").Err())
	require.ErrorIs(t, set(redisadapter.New(c)), cache.ErrReadOnly)
	s.Kill()
	require.ErrorIs(t, set(redisadapter.New(c)), cache.ErrUnavailable)
	_, err = redisadapter.New(c).Get(t.Context(), "a", "b")
	require.ErrorIs(t, err, cache.ErrUnavailable)
	s.Restart()
	require.NoError(t, set(redisadapter.New(c)), "it recovers by itself")
}

// mosparo's keys, as PHP values and as Go's.
var (
	when     = time.Date(2026, 7, 1, 12, 34, 56, 789012000, time.UTC)
	css      = "body { color: \"red\" }\n" + string(make([]byte, 3000))
	ruleKey  = cache.Key[rules]("p7rc_0123456789abcdef0123456789abcdef")
	nextKey  = cache.Key[time.Time]("mosparoNextCleanup")
	nullKey  = cache.Key[*time.Time]("mosparoAdditionalCleanup")
	cssKey   = cache.Key[[]byte]("design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_content")
	hashKey  = cache.Key[string]("design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_hash")
	hashText = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

type rules struct {
	Items    []int `php:"ri"`
	Packages []int `php:"rpric"`
}

const phpPool = `
$marshaller = new Symfony\Component\Cache\Marshaller\DefaultMarshaller($argv[2] === '1');
$pool = new Symfony\Component\Cache\Adapter\RedisAdapter(Symfony\Component\Cache\Adapter\RedisAdapter::createConnection('redis://' . $argv[1]), '', 0, $marshaller);
`

func TestPHP_WritesAndGoReads(t *testing.T) {
	php := servers.PHP(t, "redis", "igbinary")
	for _, igbinary := range []string{"0", "1"} {
		t.Run("igbinary "+igbinary, func(t *testing.T) {
			s := servers.Redis(t)
			php.Run(phpPool+`
				$values = [
					'mosparoNextCleanup' => new DateTime('2026-07-01 14:34:56.789012', new DateTimeZone('Europe/Zurich')),
					'mosparoAdditionalCleanup' => null,
					'design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_content' => "body { color: \"red\" }\n" . str_repeat("\0", 3000),
					'design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_hash' => '`+hashText+`',
					'p7rc_0123456789abcdef0123456789abcdef' => ['ri' => [3, 1, 2], 'rpric' => []],
				];
				foreach ($values as $key => $value) {
					$item = $pool->getItem($key);
					$item->set($value);
					if ($key[0] === 'p') $item->expiresAfter(3600);
					$pool->save($item) or exit(1);
				}`, s.Addr(), igbinary)

			pool := cache.NewPool(redisadapter.New(connect(t, s.Addr())))
			next, err := nextKey.Get(t.Context(), pool)
			require.NoError(t, err)
			require.True(t, next.Equal(when), next)
			require.Equal(t, "Europe/Zurich", next.Location().String())
			null, err := nullKey.Get(t.Context(), pool)
			require.NoError(t, err)
			require.Nil(t, null)
			_, err = cache.Key[time.Time](nullKey).Get(t.Context(), pool)
			require.ErrorIs(t, err, cache.ErrNull)
			content, err := cssKey.Get(t.Context(), pool)
			require.NoError(t, err)
			require.Equal(t, css, string(content))
			hash, err := hashKey.Get(t.Context(), pool)
			require.NoError(t, err)
			require.Equal(t, hashText, hash)
			r, err := ruleKey.Get(t.Context(), pool)
			require.NoError(t, err)
			require.Equal(t, rules{Items: []int{3, 1, 2}, Packages: []int{}}, r)
		})
	}
}

func TestGo_WritesAndPHPReads(t *testing.T) {
	php := servers.PHP(t, "redis", "igbinary")
	s := servers.Redis(t)
	pool := cache.NewPool(redisadapter.New(connect(t, s.Addr())))
	require.NoError(t, cache.Write(t.Context(), pool,
		nextKey.With(when, 0), nullKey.With(nil, 0), cssKey.With([]byte(css), 0), hashKey.With(hashText, 0),
		ruleKey.With(rules{Items: []int{3, 1, 2}}, time.Hour)))
	for _, igbinary := range []string{"0", "1"} {
		out := php.Run(phpPool+`
			$get = function ($key) use ($pool) { $i = $pool->getItem($key); $i->isHit() or exit(1); return $i->get(); };
			$next = $get('mosparoNextCleanup');
			echo json_encode([
				get_class($next), $next->format('Y-m-d H:i:s.u e'), $get('mosparoAdditionalCleanup'),
				md5($get('design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_content')), $get('design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_hash'),
				$get('p7rc_0123456789abcdef0123456789abcdef'), md5($argv[3]),
			]);`, s.Addr(), igbinary, "x")
		var got []any
		require.NoError(t, json.Unmarshal([]byte(out), &got), out)
		require.Equal(t, []any{"DateTime", "2026-07-01 12:34:56.789012 UTC", nil}, got[:3])
		require.Equal(t, php.Run(`echo md5("body { color: \"red\" }\n" . str_repeat("\0", 3000));`), got[3])
		require.Equal(t, hashText, got[4])
		require.Equal(t, map[string]any{"ri": []any{3.0, 1.0, 2.0}, "rpric": nil}, got[5])
	}
}

func BenchmarkGet(b *testing.B) {
	s := servers.Redis(b)
	c := connect(b, s.Addr())
	a := redisadapter.New(c)
	pool := cache.NewPool(a)
	ctx := context.Background()
	require.NoError(b, cssKey.Set(ctx, pool, make([]byte, 20_000), 0))
	b.Run("bare client", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Get(ctx, string(cssKey)).Bytes(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("adapter", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := a.Get(ctx, string(cssKey)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := cssKey.Get(ctx, pool); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func Example() {
	client := redis.NewClient(&redis.Options{Addr: os.Getenv("REDIS_ADDR"), ContextTimeoutEnabled: true})
	defer client.Close()
	pool := cache.NewPool(redisadapter.New(client))

	next, err := cache.Key[time.Time]("mosparoNextCleanup").Get(context.Background(), pool)
	fmt.Println(next, err)
}
