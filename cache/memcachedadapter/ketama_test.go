package memcachedadapter

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// readVectors reads recorded cases of real PHP and libmemcached.
func readVectors(t testing.TB, name string, to any) {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".json.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	require.NoError(t, json.NewDecoder(z).Decode(to))
}

func serversOf(d *dsn.Memcached) (*Servers, error) {
	var list []Server
	for _, h := range d.Servers {
		list = append(list, Server{Host: h.Name + h.Path, Port: h.Port, Weight: h.Weight})
	}
	return NewServers(list, WithDistribution(d.Distribution), WithHash(d.Hash), WithKeyPrefix(d.PrefixKey))
}

func TestServers_ChooseAsLibmemcachedDoes(t *testing.T) {
	var file struct {
		Keys  [][]byte `json:"keys_b64"`
		Cases []struct {
			Name    string
			DSN     string
			Options map[string]int
			Servers []struct {
				Host string
				Port int
			}
			Chosen []int
		}
	}
	readVectors(t, "ketama", &file)
	require.NotEmpty(t, file.Cases)
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			d, err := dsn.ParseMemcached(c.DSN)
			require.NoError(t, err)
			s, err := serversOf(d)
			modula := c.Options != nil && c.Options["distribution"] == 0
			if modula || c.Options["hash"] > 1 {
				require.ErrorIs(t, err, errors.ErrUnsupported)
				require.ErrorIs(t, d.Supported(), errors.ErrUnsupported)
				return
			}
			require.NoError(t, err)
			for i, want := range c.Servers {
				host := want.Host
				if want.Port != 0 {
					host += ":" + strconv.Itoa(want.Port)
				}
				require.Equal(t, host, s.List()[i].String())
			}
			for i, key := range file.Keys {
				require.Equal(t, s.List()[c.Chosen[i]], s.ServerOf(string(key)), "%q", key)
				require.Equal(t, s.List()[c.Chosen[i]], s.ServerOf(d.PrefixKey+string(key)), "%q", key)
			}
		})
	}
}

// What no case was recorded of: weights with every distribution and hash, and
// many random ones.
func TestServers_ChooseAsPHPDoes(t *testing.T) {
	run := servers.PHP(t, "memcached")
	dsns := []string{
		"memcached://cache1?host[cache2]=3&hash=default",
		"memcached://cache1?host[cache2]=3&distribution=consistent",
		"memcached://cache1?host[cache2]=1&host[cache3]&libketama_compatible=0&distribution=consistent",
		"memcached://cache1/2?host[cache2]=3&host[cache3]&libketama_compatible=0&distribution=consistent",
		"memcached://cache1/2?host[cache2]=3&libketama_compatible=0&distribution=consistent&hash=md5",
		"memcached://caché?host[kühl]&host[cache3]&libketama_compatible=0&distribution=consistent&hash=default",
		"memcached://cache1:11212/9?host[/run/m.sock:]=2&host[[::1]:5]&prefix_key=app_",
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		dsn := "memcached:?"
		for i := range 2 + rnd.IntN(10) {
			dsn += fmt.Sprintf("host[n%d.example.com:%d]=%d&", i, 11211+rnd.IntN(3), rnd.IntN(100))
		}
		dsns = append(dsns, strings.TrimSuffix(dsn, "&"))
	}
	// Half of the keys have bytes that are negative to C.
	keys := make([][]byte, 200)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "key%d", i)
		if i%2 == 1 {
			keys[i] = append(keys[i], byte(0x80+rnd.IntN(0x80)), 'k', byte(0x80+rnd.IntN(0x80)))
		}
	}
	out := run.Run(`
		foreach (json_decode($argv[1]) as $dsn) {
			$client = Symfony\Component\Cache\Adapter\MemcachedAdapter::createConnection($dsn);
			foreach (json_decode($argv[2]) as $key) {
				$s = $client->getServerByKey(base64_decode($key));
				echo $s['host'], $s['host'][0] === '/' ? '' : ':'.$s['port'], "\n";
			}
		}`, toJSON(t, dsns), toJSON(t, keys))
	lines := strings.Fields(out)
	require.Len(t, lines, len(keys)*len(dsns))
	for i, address := range dsns {
		d, err := dsn.ParseMemcached(address)
		require.NoError(t, err)
		s, err := serversOf(d)
		require.NoError(t, err)
		for k, key := range keys {
			require.Equal(t, lines[len(keys)*i+k], s.ServerOf(string(key)).String(), "%s %q", address, key)
		}
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func TestNewServers_RefusesByName(t *testing.T) {
	two := []Server{{Host: "a"}, {Host: "b"}}
	for _, d := range []string{"modula", "virtual_bucket"} {
		_, err := NewServers(two, WithDistribution(d))
		require.ErrorIs(t, err, errors.ErrUnsupported)
		require.ErrorContains(t, err, d)
	}
	for _, h := range []string{"crc", "fnv1_64", "fnv1a_64", "fnv1_32", "fnv1a_32", "hsieh", "murmur"} {
		_, err := NewServers(two, WithHash(h))
		require.ErrorIs(t, err, errors.ErrUnsupported)
		require.ErrorContains(t, err, h)
	}
	heavy := int64(math.MaxInt32) // and one more, which is negative where int has 32 bits
	for _, list := range [][]Server{nil, {{}}, {{Host: "a", Port: 65536}}, {{Host: "a", Port: -1}}, {{Host: "a", Weight: -1}}, {{Host: "a", Weight: int(heavy + 1)}}} {
		_, err := NewServers(list)
		require.Error(t, err, list)
	}
	_, err := NewServers(two, WithKeyPrefix("a b"))
	require.Error(t, err)
}

func TestServers_AddressesCanBeDialled(t *testing.T) {
	s, err := NewServers([]Server{{Host: "cache1"}, {Host: "[::1]", Port: 1}, {Host: "::1", Port: 2}, {Host: "/run/m.sock"}})
	require.NoError(t, err)
	var got []string
	for _, a := range s.addrs {
		got = append(got, a.Network()+" "+a.String())
	}
	require.Equal(t, []string{"tcp cache1:11211", "tcp [::1]:1", "tcp [::1]:2", "unix /run/m.sock"}, got)
}

func eight(t testing.TB) *Servers {
	t.Helper()
	var list []Server
	for i := range 8 {
		list = append(list, Server{Host: fmt.Sprintf("10.0.0.%d", i+1)})
	}
	s, err := NewServers(list)
	require.NoError(t, err)
	return s
}

const cssKey = "design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_content"

func TestServers_ChooseWithoutAllocating(t *testing.T) {
	s := eight(t)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := s.PickServer("4EYEa:" + cssKey); err != nil {
			t.Fatal(err)
		}
	}))
}

// Keys of the lengths that mosparo has, each one another, so that no branch is
// known before.
func BenchmarkServers(b *testing.B) {
	s := eight(b)
	for name, format := range map[string]string{"short": "4EYEa:mosparoGo%06d", "css": "4EYEa:design_0b0e7ab6-2b1c-4c1e-9a44-012345%06d_content"} {
		keys := make([]string, 4096)
		for i := range keys {
			keys[i] = fmt.Sprintf(format, i)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.PickServer(keys[i%len(keys)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
