package cachestore_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cache/redisadapter"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

// phpStore reads what is there and stores another version, as mosparo does in
// shared-cache mode; $pool is defined before it.
const phpStore = `
[, , $uuid, $css] = $argv;
$content = $pool->getItem("design_{$uuid}_content");
$hash = $pool->getItem("design_{$uuid}_hash");
echo json_encode([$content->isHit(), bin2hex((string) $content->get()), $hash->isHit(), $hash->get()]);
$pool->save($content->set($css));
$pool->save($hash->set(hash('sha256', $css)));`

// pools open PHP's pool at the address in $argv[1].
var pools = map[string]string{
	"redis":     `$pool = new Symfony\Component\Cache\Adapter\RedisAdapter(Symfony\Component\Cache\Adapter\RedisAdapter::createConnection('redis://' . $argv[1]));`,
	"memcached": `$pool = new Symfony\Component\Cache\Adapter\MemcachedAdapter(Symfony\Component\Cache\Adapter\MemcachedAdapter::createConnection($argv[1]));`,
	// With the file names of Symfony 6.1 and later, whichever is installed.
	"files": `
class Files extends Symfony\Component\Cache\Adapter\AbstractAdapter {
	use Symfony\Component\Cache\Traits\FilesystemTrait;
	public function __construct(string $directory) {
		$this->marshaller = new Symfony\Component\Cache\Marshaller\DefaultMarshaller();
		parent::__construct('', 0);
		$this->init('', $directory);
	}
	private function getFile(string $id, bool $mkdir = false, ?string $directory = null): string {
		$hash = str_replace('/', '-', base64_encode(hash('xxh128', 'Symfony\Component\Cache\Adapter\FilesystemAdapter' . $id, true)));
		$dir = ($directory ?? $this->directory) . strtoupper($hash[0] . '/' . $hash[1] . '/');
		if ($mkdir && !is_dir($dir)) { @mkdir($dir, 0777, true); }
		return $dir . substr($hash, 2, 20);
	}
}
$pool = new Files($argv[1]);`,
}

func TestPHP_ReadsWhatGoStoredAndGoWhatPHPStored(t *testing.T) {
	p := servers.PHP(t)
	for name, open := range map[string]func(t *testing.T) (cache.Adapter, string){
		"redis": func(t *testing.T) (cache.Adapter, string) {
			c := redisClient(t)
			servers.PHP(t, "redis")
			return redisadapter.New(c), c.Options().Addr
		},
		"memcached": func(t *testing.T) (cache.Adapter, string) {
			servers.PHP(t, "memcached")
			return memcachedAdapter(t, 3)
		},
		"files": func(t *testing.T) (cache.Adapter, string) {
			dir := t.TempDir()
			a, err := fileadapter.New(dir)
			require.NoError(t, err)
			return a, dir
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, addr := open(t)
			s := cachestore.New(cache.NewPool(a), cachestore.WithLocker(fixturetest.Locker(t)))
			run := func(css string) string { return p.Run(pools[name]+phpStore, addr, project.String(), css) }

			require.JSONEq(t, `[false, "", false, null]`, run(".php {}"))
			r, err := cssstore.GetSettled(t.Context(), s, project)
			require.NoError(t, err)
			require.Equal(t, ".php {}", string(r.CSS))
			require.Equal(t, hashOf(".php {}"), r.Hash)

			for _, css := range []string{".go {}", "\x00\xff\n" + strings.Repeat(".go {}", 5000), ""} {
				require.NoError(t, s.Put(t.Context(), fixturetest.Resource(css)))
				want := `[true, "` + hex.EncodeToString([]byte(css)) + `", true, "` + hashOf(css).String() + `"]`
				require.JSONEq(t, want, run(".php { a: b }"))
				r := fixturetest.Get(t, s)
				require.Equal(t, ".php { a: b }", string(r.CSS))
				require.Equal(t, hashOf(".php { a: b }"), r.Hash)
			}

			require.NoError(t, s.Delete(t.Context(), project))
			require.JSONEq(t, `[false, "", false, null]`, run(".php {}"))
		})
	}
}
