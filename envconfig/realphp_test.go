package envconfig

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// pieces joins random words, the same ones in every run.
func pieces(n, most int, heads, words []string, between string) (texts []string) {
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		text := heads[r.IntN(len(heads))]
		for range r.IntN(most) {
			text += words[r.IntN(len(words))] + between
		}
		texts = append(texts, text)
	}
	return texts
}

// askPHP runs the code, which sets $out from $in, for every text and returns
// the answers as JSON.
func askPHP(t *testing.T, php *servers.PHPRuntime, code string, texts []string) []json.RawMessage {
	t.Helper()
	encoded := make([]string, len(texts))
	for i, s := range texts {
		encoded[i] = base64.StdEncoding.EncodeToString([]byte(s))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // PHP's own reader never ends with some texts
	defer cancel()
	cmd := php.Command(ctx, `while (false !== $in = fgets(STDIN)) { $in = base64_decode($in); $out = null; `+code+`; echo json_encode($out), "\n"; }`)
	cmd.Stdin = strings.NewReader(strings.Join(encoded, "\n") + "\n")
	answer, err := cmd.Output()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(answer)), "\n")
	require.Len(t, lines, len(texts))
	raw := make([]json.RawMessage, len(lines))
	for i := range lines {
		raw[i] = json.RawMessage(lines[i])
	}
	return raw
}

func TestParseFileURL_AgreesWithPHP(t *testing.T) {
	php := servers.PHP(t)
	texts := pieces(4000, 7, []string{"", "//", "/"}, []string{"/", "//", ":", "@", "?", "#", "a", "host", "1", "6379", "99999", "[::1]", "[", "]", "=", "&", " ", "\t", "\x01", "c:", "-1", "%", "+"}, "")
	for i, raw := range askPHP(t, php, `$u = parse_url("file:".$in); $out = false === $u ? null : array_map(fn ($v) => base64_encode((string) $v), $u)`, texts) {
		var want map[string]string
		require.NoError(t, json.Unmarshal(raw, &want))
		got, ok := parseFileURL(texts[i])
		require.Equal(t, want != nil, ok, "%q", texts[i])
		for name, component := range map[string]*string{"host": got.host, "path": got.path, "query": got.query} {
			encoded, given := want[name]
			text, err := base64.StdEncoding.DecodeString(encoded)
			require.NoError(t, err)
			require.Equal(t, given, component != nil, "%q %s", texts[i], name)
			if given {
				require.Equal(t, string(text), *component, "%q %s", texts[i], name)
			}
		}
		port, given := want["port"]
		require.Equal(t, given, got.port != nil, "%q", texts[i])
		if given {
			text, err := base64.StdEncoding.DecodeString(port)
			require.NoError(t, err)
			require.Equal(t, string(text), fmt.Sprint(*got.port), "%q", texts[i])
		}
	}
}

func TestParseQuery_AgreesWithPHP(t *testing.T) {
	php := servers.PHP(t)
	texts := pieces(4000, 9, []string{"", "host["}, []string{"a", "b", "[", "]", "[", "]", "=", "&", ".", " ", "0", "1", "05", "-1", "%5B", "%00", "+", "%20", "[]", "host[", "%"}, "")
	const code = `parse_str($in, $q);
		$list = function ($a) use (&$list) { $l = []; foreach ($a as $k => $v) { $l[] = [base64_encode((string) $k), is_array($v) ? $list($v) : base64_encode($v)]; } return $l; };
		$out = $list($q)`
	for i, raw := range askPHP(t, php, code, texts) {
		got, err := json.Marshal(queryList(parseQuery(texts[i])))
		require.NoError(t, err)
		require.JSONEq(t, string(raw), string(got), "%q", texts[i])
	}
}

func queryList(a *phpArray) []any {
	list := []any{}
	for _, k := range a.keys {
		var v any = base64.StdEncoding.EncodeToString([]byte(a.at[k].text))
		if a.at[k].arr != nil {
			v = queryList(a.at[k].arr)
		}
		list = append(list, []any{base64.StdEncoding.EncodeToString([]byte(k)), v})
	}
	return list
}

func TestFilters_AgreeWithPHP(t *testing.T) {
	php := servers.PHP(t)
	texts := pieces(4000, 6, []string{"", "1", " "}, []string{"1", "0", "9", ".", "-", "+", "e", "E", " ", "\n", "5", "true", "on", "yes", "x", "9223372036854775807", "8", "400", "\x00", "\v", "\f"}, "")
	const code = `$f = filter_var($in, FILTER_VALIDATE_FLOAT); $i = filter_var($in, FILTER_VALIDATE_INT);
		$out = [filter_var($in, FILTER_VALIDATE_BOOL), false === $i ? "" : (string) $i, false === $f ? "" : bin2hex(strrev(pack("d", $f + 0.0))), (string) (int) $in]`
	for i, raw := range askPHP(t, php, code, texts) {
		var want [4]any
		require.NoError(t, json.Unmarshal(raw, &want))
		n, isInt := filterInt(texts[i])
		f, isFloat := filterFloat(texts[i])
		got := [4]any{filterBool(texts[i]), "", "", fmt.Sprint(phpInt(texts[i]))}
		if isInt {
			got[1] = fmt.Sprint(n)
		}
		if isFloat {
			got[2] = fmt.Sprintf("%016x", floatBits(f))
		}
		require.Equal(t, want, got, "%q", texts[i])
	}
}

// Symfony's own createConnection and the extension's own opinion of what the
// options mean.
func TestParseMemcachedDSN_AgreesWithThePHPOfThisMachine(t *testing.T) {
	php := servers.PHP(t, "memcached")
	texts := pieces(3000, 6,
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
	distributions := map[Distribution]int{DistributionKetama: 5, DistributionConsistent: 1, DistributionVirtualBucket: 6, DistributionModula: 0}
	taken := 0
	for i, raw := range askPHP(t, php, code, texts) {
		d, err := ParseMemcachedDSN(texts[i])
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

func floatBits(f float64) uint64 {
	if f == 0 {
		return 0 // PHP reads -0 as 0
	}
	return math.Float64bits(f)
}
