package memcachedadapter_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

// phpLoop runs "get 10" or "set 10" for each line that it reads, with PHP's
// extension alone, and prints the nanoseconds.
const phpLoop = `
$m = Symfony\Component\Cache\Adapter\MemcachedAdapter::createConnection($argv[1]);
$key = $argv[2];
$value = file_get_contents($argv[3]);
while (false !== $line = fgets(STDIN)) {
	[$what, $n] = explode(' ', trim($line));
	$start = hrtime(true);
	if ($what === 'get') {
		for ($i = 0; $i < $n; $i++) $m->get($key) === $value or exit(1);
	} else {
		for ($i = 0; $i < $n; $i++) $m->set($key, $value) or exit(1);
	}
	echo hrtime(true) - $start, "\n";
}`

// phpExtension is a running phpLoop.
type phpExtension struct {
	b   *testing.B
	in  io.Writer
	out *bufio.Scanner
}

func startPHP(b *testing.B, dsn, key string, value []byte) *phpExtension {
	b.Helper()
	file := filepath.Join(b.TempDir(), "value")
	require.NoError(b, os.WriteFile(file, value, 0o600))
	cmd := servers.PHP(b, "memcached").Command(b.Context(), phpLoop, dsn, key, file)
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		in.Close()
		require.NoError(b, cmd.Wait())
	})
	return &phpExtension{b, in, bufio.NewScanner(out)}
}

// inARow is how often each does the same in its turn.
const inARow = 10

func (p *phpExtension) measure(what string) time.Duration {
	_, err := fmt.Fprintln(p.in, what, inARow)
	require.NoError(p.b, err)
	require.True(p.b, p.out.Scan(), "PHP has ended")
	var ns time.Duration
	_, err = fmt.Sscan(p.out.Text(), &ns)
	require.NoError(p.b, err)
	return ns / inARow
}

// cssOf returns n bytes that FastLZ takes to about two thirds.
func cssOf(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, ".m%08x{color:#%08x;top:%d.%dpx}\n", rnd.Uint32(), rnd.Uint32(), rnd.IntN(1000), rnd.IntN(10))
	}
	return []byte(b.String()[:n])
}

// BenchmarkBesidePHP measures the adapter beside PHP's extension on the same
// value, taking turns.
func BenchmarkBesidePHP(b *testing.B) {
	all := start(b, 1)
	a := open(b, all)
	value := cssOf(20_000)
	require.NoError(b, a.Set(b.Context(), cache.Item{Key: "css", Value: value}))
	raw, err := a.RawKey(b.Context(), "css")
	require.NoError(b, err)
	php := startPHP(b, dsn(all, 0), raw, value)
	for what, do := range map[string]func() error{
		"get": func() error { _, err := a.Get(b.Context(), "css"); return err },
		"set": func() error { return a.Set(b.Context(), cache.Item{Key: "css", Value: value}) },
	} {
		b.Run(what, func(b *testing.B) {
			var ours, theirs []time.Duration
			for b.Loop() {
				theirs = append(theirs, php.measure(what))
				began := time.Now()
				for range inARow {
					require.NoError(b, do())
				}
				ours = append(ours, time.Since(began)/inARow)
			}
			slices.Sort(ours)
			slices.Sort(theirs)
			adapter, extension := ours[len(ours)/2], theirs[len(theirs)/2]
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(extension), "php-ns")
			b.ReportMetric(float64(adapter), "adapter-ns")
			b.ReportMetric(testing.AllocsPerRun(100, func() { _ = do() }), "adapter-allocs")
			b.ReportMetric(float64(adapter)/float64(extension), "adapter/php")
		})
	}
}

// The value of the benchmark is one that gains by compression, but not much.
func TestCSSOfTheBenchmark_ShrinksToTwoThirds(t *testing.T) {
	all := start(t, 1)
	a := open(t, all)
	client := pool(t, all).Client(patient)
	defer client.Close()
	value := cssOf(20_000)
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "css", Value: value}))
	raw, err := a.RawKey(t.Context(), "css")
	require.NoError(t, err)
	item, err := client.Get(raw)
	require.NoError(t, err)
	require.InDelta(t, 0.667, float64(len(item.Value))/float64(len(value)), 0.07)
	back, err := memcachedadapter.Decode(item.Value, item.Flags, 0)
	require.NoError(t, err)
	require.Equal(t, value, back)
}
