package redisadapter_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

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
