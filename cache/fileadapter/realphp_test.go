package fileadapter_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/fileadapter"
)

// symfony6 is Symfony's own filesystem adapter, with the file names of 6.1 and
// later whichever version is installed.
const symfony6 = `
class Files extends Symfony\Component\Cache\Adapter\AbstractAdapter {
	use Symfony\Component\Cache\Traits\FilesystemTrait;
	public function __construct(string $directory) {
		$this->marshaller = new Symfony\Component\Cache\Marshaller\DefaultMarshaller(false);
		parent::__construct('', 0);
		$this->init('', $directory);
	}
	private function getFile(string $id, bool $mkdir = false, ?string $directory = null): string {
		$hash = str_replace('/', '-', base64_encode(hash('xxh128', 'Symfony\Component\Cache\Adapter\FilesystemAdapter'.$id, true)));
		$dir = ($directory ?? $this->directory).strtoupper($hash[0].DIRECTORY_SEPARATOR.$hash[1].DIRECTORY_SEPARATOR);
		if ($mkdir && !is_dir($dir)) @mkdir($dir, 0777, true);
		return $dir.substr($hash, 2, 20);
	}
}
$files = new Files($argv[1]);
`

// Each value is one letter many times over: half a value, or two, would show.
const letters = `
function whole(string $v): bool { return strlen($v) >= 1000 && trim($v, $v[0]) === ''; }
$item = $files->getItem('mosparoShared');
for ($n = 0; $n < 400; $n++) {
	$files->save($item->set(str_repeat(chr(97 + $n % 26), 1000 + $n * 97))) or exit(1);
	$read = new Files($argv[1]);
	$got = $read->getItem('mosparoShared');
	if (!$got->isHit()) { fwrite(STDERR, "miss in round $n\n"); exit(1); }
	if (!whole($got->get())) { fwrite(STDERR, "torn in round $n\n"); exit(1); }
}
echo 'done';`

func TestPHP_AndGoWriteTheSameEntryWithoutTornReads(t *testing.T) {
	php := servers.PHP(t)
	dir := t.TempDir()
	a, err := fileadapter.New(dir)
	require.NoError(t, err)
	pool := cache.NewPool(a)
	const shared cache.Key[string] = "mosparoShared"
	require.NoError(t, shared.Set(t.Context(), pool, strings.Repeat("A", 1000), 0))

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var goes sync.WaitGroup
	var writes, reads int
	goes.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			if err := shared.Set(t.Context(), pool, strings.Repeat(string(rune('A'+n%26)), 1000+n%400*97), time.Hour); err != nil {
				t.Errorf("writing: %v", err)
				return
			}
			writes++
		}
	})
	goes.Go(func() {
		for ctx.Err() == nil {
			v, err := shared.Get(t.Context(), pool)
			if err != nil || len(v) < 1000 || strings.Trim(v, v[:1]) != "" {
				t.Errorf("reading %d bytes: %v", len(v), err)
				return
			}
			reads++
		}
	})
	require.Equal(t, "done", php.Run(symfony6+letters, dir))
	cancel()
	goes.Wait()
	require.NotZero(t, writes)
	require.NotZero(t, reads)
}

func TestPHP_ReadsWhatGoWroteAndTheOtherWayRound(t *testing.T) {
	php := servers.PHP(t)
	dir := t.TempDir()
	a, err := fileadapter.New(dir)
	require.NoError(t, err)
	pool := cache.NewPool(a)
	const next cache.Key[time.Time] = "mosparoNextCleanup"
	const odd cache.Key[[]byte] = "odd key %\n\xff"
	at := time.Date(2026, 3, 29, 1, 30, 0, 123456000, time.UTC)
	require.NoError(t, next.Set(t.Context(), pool, at, time.Hour))
	require.NoError(t, odd.Set(t.Context(), pool, []byte("\x00\r\n\xff"), 0))
	require.Equal(t, "2026-03-29T01:30:00.123456+00:00 000d0aff", php.Run(symfony6+`
		echo $files->getItem('mosparoNextCleanup')->get()->format('Y-m-d\TH:i:s.uP'), ' ', bin2hex($files->getItem("odd key %\n\xff")->get());
		$next = $files->getItem('mosparoNextCleanup');
		$files->save($next->set(new DateTime('2026-10-25 02:30:00.5', new DateTimeZone('Europe/Zurich')))->expiresAfter(3600)) or exit(1);
		$files->deleteItem("odd key %\n\xff") or exit(1);`, dir))
	got, err := next.Get(t.Context(), pool)
	require.NoError(t, err)
	require.Equal(t, "2026-10-25 02:30:00.5 Europe/Zurich", got.Format("2006-01-02 15:04:05.9 ")+got.Location().String())
	_, err = odd.Get(t.Context(), pool)
	require.ErrorIs(t, err, cache.ErrNotFound)
}
