package redisadapter_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

// sizes go from nothing to what a memcached server would just hold.
var sizes = []int{0, 1, 2, 5, 255, 256, 1999, 2000, 65_535, 65_536, 300_000, 900_000}

// noise is a value of n bytes that both sides can make.
func noise(seed string, n int) []byte {
	var b []byte
	block := sha256.Sum256([]byte(seed))
	for len(b) < n {
		b = append(b, block[:]...)
		block = sha256.Sum256(block[:])
	}
	return b[:n]
}

const phpNoise = `
function noise($seed, $n) { $b = ''; $block = hash('sha256', $seed, true); while (strlen($b) < $n) { $b .= $block; $block = hash('sha256', $block, true); } return substr($b, 0, $n); }
`

func TestPHPAndGo_ReadEachOthersValuesOfAllSizesAtOnce(t *testing.T) {
	php := servers.PHP(t, "redis", "igbinary")
	for _, igbinary := range []string{"0", "1"} {
		t.Run("igbinary "+igbinary, func(t *testing.T) {
			t.Parallel()
			s := servers.Redis(t)
			pool := cache.NewPool(redisadapter.New(connect(t, s.Addr())))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := php.Command(ctx, phpPool+phpNoise+`
				foreach (explode(' ', $argv[3]) as $n) {
					$item = $pool->getItem("mosparoPHP$n");
					$item->set(noise("php$n", (int) $n));
					$pool->save($item->expiresAfter(3600)) or exit("not saved: $n");
					do { $item = $pool->getItem("mosparoGoValue$n"); } while (!$item->isHit() && !usleep(1000));
					$item->get() === noise("go$n", (int) $n) or exit("differs: $n");
				}
				echo "all";`, s.Addr(), igbinary, strings.Trim(fmt.Sprint(sizes), "[]"))
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			require.NoError(t, cmd.Start())
			for _, n := range sizes {
				require.NoError(t, cache.Key[[]byte]("mosparoGoValue"+strconv.Itoa(n)).Set(ctx, pool, noise("go"+strconv.Itoa(n), n), time.Hour))
				key := cache.Key[[]byte]("mosparoPHP" + strconv.Itoa(n))
				got, err := key.Get(ctx, pool)
				for ; err != nil; got, err = key.Get(ctx, pool) {
					require.ErrorIs(t, err, cache.ErrNotFound)
					time.Sleep(time.Millisecond)
				}
				require.True(t, bytes.Equal(noise("php"+strconv.Itoa(n), n), got), n)
			}
			require.NoError(t, cmd.Wait())
			require.Equal(t, "all", out.String())
		})
	}
}

// Each value says what it must be, so that half a value or a mixture of two
// would show.
func TestPHPAndGo_RewriteTheSameKeysAtOnce(t *testing.T) {
	php := servers.PHP(t, "redis", "igbinary")
	s := servers.Redis(t)
	pool := cache.NewPool(redisadapter.New(connect(t, s.Addr())))
	keys := []cache.Key[string]{"mosparoX", "mosparoY", "mosparoZ"}
	for _, k := range keys {
		require.NoError(t, k.Set(t.Context(), pool, sealed("start", 10), 0))
	}
	var all sync.WaitGroup
	for _, igbinary := range []string{"0", "1"} {
		all.Go(func() {
			cmd := php.Command(t.Context(), phpPool+phpNoise+`
				for ($i = 0; $i < 300; $i++) {
					$payload = noise("$argv[2]-$i", ($i * 7919) % 20000);
					$item = $pool->getItem('mosparo'.'XYZ'[$i % 3]);
					$pool->save($item->set(bin2hex(hash('sha256', $payload, true)).$payload)) or exit('not saved');
					foreach ($pool->getItems(['mosparoX', 'mosparoY', 'mosparoZ']) as $item) {
						$v = $item->get();
						hash('sha256', substr($v, 64)) === substr($v, 0, 64) or exit('damaged');
					}
				}
				echo 'all';`, s.Addr(), igbinary)
			if out, err := cmd.CombinedOutput(); err != nil || string(out) != "all" {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	for g := range 4 {
		all.Go(func() {
			for i := range 300 {
				if err := keys[i%3].Set(t.Context(), pool, sealed(fmt.Sprint(g, i), i*7919%20000), 0); err != nil {
					t.Error(err)
				}
				var got [3]cache.Result[string]
				if err := cache.Read(t.Context(), pool, keys[0].Into(&got[0]), keys[1].Into(&got[1]), keys[2].Into(&got[2])); err != nil {
					t.Error(err)
				}
				for _, r := range got {
					if v := r.Value; r.Err != nil || len(v) < 64 || v != seal(v[64:]) {
						t.Errorf("%v, %d bytes", r.Err, len(v))
					}
				}
			}
		})
	}
	all.Wait()
}

func sealed(seed string, n int) string { return seal(string(noise(seed, n))) }

func seal(payload string) string {
	sum := sha256.Sum256([]byte(payload))
	return hex.EncodeToString(sum[:]) + payload
}
