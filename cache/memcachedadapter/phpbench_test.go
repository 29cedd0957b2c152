package memcachedadapter_test

import (
	"bufio"
	"context"
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
	"github.com/mosparo/go-cluster/cache/cachetest"
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
	cmd := servers.PHP(b, "memcached").Command(context.WithoutCancel(b.Context()), phpLoop, dsn, key, file)
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
const inARow = 2

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
// value, and beside the bare client on the stored bytes: what is left is the
// compression.
func BenchmarkBesidePHP(b *testing.B) {
	all := start(b, 1)
	p := pool(b, all)
	client := p.Client(patient)
	defer client.Close()
	a := memcachedadapter.New(client, p)
	ctx := context.Background()
	item := cache.Item{Key: "css", Value: cssOf(20_000)}
	require.NoError(b, a.Set(ctx, item))
	raw, err := a.RawKey(ctx, item.Key)
	require.NoError(b, err)
	stored, err := client.Get(raw)
	require.NoError(b, err)
	php := startPHP(b, dsn(all, 0), raw, item.Value)
	for what, ways := range map[string][]cachetest.Way{
		"get": {
			{Name: "client", Do: func() error { _, err := client.Get(raw); return err }},
			{Name: "adapter", Do: func() error { _, err := a.Get(ctx, item.Key); return err }},
		},
		"set": {
			{Name: "client", Do: func() error { return client.Set(stored) }},
			{Name: "adapter", Do: func() error { return a.Set(ctx, item) }},
		},
	} {
		b.Run(what, func(b *testing.B) {
			times := make([][]time.Duration, 1+len(ways)) // PHP's first
			for b.Loop() {
				times[0] = append(times[0], php.measure(what))
				for i, w := range ways {
					began := time.Now()
					for range inARow {
						require.NoError(b, w.Do())
					}
					times[1+i] = append(times[1+i], time.Since(began)/inARow)
				}
			}
			b.ReportMetric(0, "ns/op")
			median := func(d []time.Duration) float64 {
				slices.Sort(d)
				return float64(d[len(d)/2])
			}
			first := median(times[0])
			b.ReportMetric(first, "php-ns")
			for i, w := range ways {
				ns := median(times[1+i])
				b.ReportMetric(ns, w.Name+"-ns")
				b.ReportMetric(testing.AllocsPerRun(100, func() { _ = w.Do() }), w.Name+"-allocs")
				b.ReportMetric(ns/first, w.Name+"/php")
			}
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
