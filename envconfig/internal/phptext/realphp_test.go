package phptext

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/internal/phptest"
)

func TestParseFileURL_AgreesWithPHP(t *testing.T) {
	php := servers.PHP(t)
	texts := phptest.Pieces(4000, 7, []string{"", "//", "/"}, []string{"/", "//", ":", "@", "?", "#", "a", "host", "1", "6379", "99999", "[::1]", "[", "]", "=", "&", " ", "\t", "\x01", "c:", "-1", "%", "+"}, "")
	for i, raw := range phptest.Ask(t, php, `$u = parse_url("file:".$in); $out = false === $u ? null : array_map(fn ($v) => base64_encode((string) $v), $u)`, texts) {
		var want map[string]string
		require.NoError(t, json.Unmarshal(raw, &want))
		got, ok := ParseFileURL(texts[i])
		require.Equal(t, want != nil, ok, "%q", texts[i])
		for name, component := range map[string]*string{"host": got.Host, "path": got.Path, "query": got.Query} {
			encoded, given := want[name]
			text, err := base64.StdEncoding.DecodeString(encoded)
			require.NoError(t, err)
			require.Equal(t, given, component != nil, "%q %s", texts[i], name)
			if given {
				require.Equal(t, string(text), *component, "%q %s", texts[i], name)
			}
		}
		port, given := want["port"]
		require.Equal(t, given, got.Port != nil, "%q", texts[i])
		if given {
			text, err := base64.StdEncoding.DecodeString(port)
			require.NoError(t, err)
			require.Equal(t, string(text), fmt.Sprint(*got.Port), "%q", texts[i])
		}
	}
}

func TestParseQuery_AgreesWithPHP(t *testing.T) {
	php := servers.PHP(t)
	texts := phptest.Pieces(4000, 9, []string{"", "host["}, []string{"a", "b", "[", "]", "[", "]", "=", "&", ".", " ", "0", "1", "05", "-1", "%5B", "%00", "+", "%20", "[]", "host[", "%"}, "")
	const code = `parse_str($in, $q);
		$list = function ($a) use (&$list) { $l = []; foreach ($a as $k => $v) { $l[] = [base64_encode((string) $k), is_array($v) ? $list($v) : base64_encode($v)]; } return $l; };
		$out = $list($q)`
	for i, raw := range phptest.Ask(t, php, code, texts) {
		got, err := json.Marshal(queryList(ParseQuery(texts[i])))
		require.NoError(t, err)
		require.JSONEq(t, string(raw), string(got), "%q", texts[i])
	}
}

func queryList(a *Array) []any {
	list := []any{}
	for _, k := range a.Keys {
		var v any = base64.StdEncoding.EncodeToString([]byte(a.At[k].Text))
		if a.At[k].Arr != nil {
			v = queryList(a.At[k].Arr)
		}
		list = append(list, []any{base64.StdEncoding.EncodeToString([]byte(k)), v})
	}
	return list
}

func TestFilters_AgreeWithPHP(t *testing.T) {
	php := servers.PHP(t)
	texts := phptest.Pieces(4000, 6, []string{"", "1", " "}, []string{"1", "0", "9", ".", "-", "+", "e", "E", " ", "\n", "5", "true", "on", "yes", "x", "9223372036854775807", "8", "400", "\x00", "\v", "\f"}, "")
	const code = `$f = filter_var($in, FILTER_VALIDATE_FLOAT); $i = filter_var($in, FILTER_VALIDATE_INT);
		$out = [filter_var($in, FILTER_VALIDATE_BOOL), false === $i ? "" : (string) $i, false === $f ? "" : bin2hex(strrev(pack("d", $f + 0.0))), (string) (int) $in]`
	for i, raw := range phptest.Ask(t, php, code, texts) {
		var want [4]any
		require.NoError(t, json.Unmarshal(raw, &want))
		n, isInt := FilterInt(texts[i])
		f, isFloat := FilterFloat(texts[i])
		got := [4]any{FilterBool(texts[i]), "", "", fmt.Sprint(Int(texts[i]))}
		if isInt {
			got[1] = fmt.Sprint(n)
		}
		if isFloat {
			got[2] = fmt.Sprintf("%016x", floatBits(f))
		}
		require.Equal(t, want, got, "%q", texts[i])
	}
}

func floatBits(f float64) uint64 {
	if f == 0 {
		return 0 // PHP reads -0 as 0
	}
	return math.Float64bits(f)
}
