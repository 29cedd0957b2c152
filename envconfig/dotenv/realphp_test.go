package dotenv

import (
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/internal/phptest"
)

// realVars are the real variables beside the random files.
var realVars = []string{"REAL=real$A\\\\x", "EMPTY=", "HTTP_H=header", "SPACE=a b"}

// randomDotenv is the content of a .env file that is right more often than not.
func randomDotenv(r *rand.Rand, first bool) string {
	names := []string{"A", "B", "C", "LONG_NAME", "REAL", "EMPTY", "HTTP_H", "__TWICE"}
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	pieces := []string{
		"$", "${", "$#", "${#}", "${#:-d}", "${#:=e}", "${#:-}", "${#:=}", "x", "y1", "\\", "\\\\", "}", ":-z", "\\$", "\\$#", "\\\\$#", "_", "$(", ")", "\\$(a)",
		"$#", "${#}", "$#", "${#}", "${#:-f}", "\\n", ".", "=",
	}
	value := func(n int) (s string) {
		for range r.IntN(n) {
			s += strings.ReplaceAll(pick(pieces), "#", pick(names))
		}
		return s
	}
	var b strings.Builder
	if first {
		b.WriteString("HTTP_H=file\n") // what references see of the real one depends on PHP's surroundings
	}
	for range r.IntN(5) {
		name := pick(names)
		if r.IntN(8) == 0 {
			b.WriteString(pick([]string{"APP_ENV=dev", "APP_ENV=prod", "APP_ENV=$A", "APP_ENV=${APP_ENV:-prod}", "APP_ENV='pro\\d'", "APP_DEBUG=" + pick([]string{"0", "1", "on", "no", ""})}) + "\n")
			continue
		}
		b.WriteString(pick([]string{"", "", "", "export "}) + name + "=")
		for range 1 + r.IntN(2) {
			switch r.IntN(6) {
			case 0:
				b.WriteString("'" + value(4) + pick([]string{"", " '", "'"}))
			case 1, 2:
				b.WriteString(`"` + value(4) + pick([]string{"", " ", "\n"}) + pick([]string{`"`, `"`, `"`, `\""`}))
			default:
				b.WriteString(value(4))
			}
		}
		b.WriteString(pick([]string{"\n", "\n", "\n", "\r\n", " # c\n", "#c\n", " \n"}))
	}
	return b.String()
}

func TestLoad_AgreesWithPHP(t *testing.T) {
	php := servers.PHP(t)
	r := rand.New(rand.NewPCG(3, 4))
	count := 300
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		count = 1500
	}
	var dirs []string
	root := t.TempDir()
	for i := range count {
		dir := filepath.Join(root, strconv.Itoa(i))
		require.NoError(t, os.Mkdir(dir, 0o700))
		dirs = append(dirs, dir)
		for i, name := range []string{".env", ".env.local", ".env.dev", ".env.prod", ".env.prod.local"} {
			if i == 0 || r.IntN(2) == 0 {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(randomDotenv(r, i == 0)), 0o600))
			}
		}
	}
	encoded, err := json.Marshal(realVars)
	require.NoError(t, err)
	code := `$_SERVER = $_ENV = [];
		foreach (json_decode(base64_decode("` + base64.StdEncoding.EncodeToString(encoded) + `")) as $v) { [$k, $v] = explode("=", $v, 2); $_SERVER[$k] = $v; putenv("$k=$v"); }
		try {
			(new Symfony\Component\Dotenv\Dotenv)->bootEnv($in."/.env");
			foreach (explode(",", $_ENV["SYMFONY_DOTENV_VARS"].",APP_ENV,APP_DEBUG") as $k) { $out[$k] = base64_encode($_ENV[$k]); }
		} catch (Throwable $e) { $out = $e->getMessage(); }`
	taken := 0
	for i, raw := range phptest.Ask(t, php, code, dirs) {
		got, _, err := Load(dirs[i], realVars)
		var want map[string]string
		if json.Unmarshal(raw, &want) != nil {
			require.Error(t, err, "%s: %s", filesOf(t, dirs[i]), raw)
			continue
		}
		require.NoError(t, err, filesOf(t, dirs[i]))
		taken++
		for name, text := range want {
			j := slices.IndexFunc(got, func(v Variable) bool { return v.Name == name })
			require.GreaterOrEqual(t, j, 0, "%s: %s", filesOf(t, dirs[i]), name)
			require.Equal(t, text, base64.StdEncoding.EncodeToString([]byte(got[j].Value)), "%s: %s: %q", filesOf(t, dirs[i]), name, got[j].Value)
		}
	}
	require.Greater(t, taken, count*7/15)
}

// PHP prints a dump that is no PHP code.
func TestLoad_AgreesWithPHPOnDumps(t *testing.T) {
	php := servers.PHP(t)
	var dirs []string
	for _, dump := range []string{"", "0", "<?php return [];", "<?php return ['A' => 'dump'];", "<?php return ['APP_ENV' => 'prod', 'A' => 'dump'];"} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte("A=file\n"), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".env.local.php"), []byte(dump), 0o600))
		dirs = append(dirs, dir)
	}
	code := `$_SERVER = $_ENV = [];
		ob_start();
		@(new Symfony\Component\Dotenv\Dotenv)->bootEnv($in."/.env");
		ob_end_clean();
		$out = array_intersect_key($_ENV, ["A" => 1, "APP_ENV" => 1, "APP_DEBUG" => 1]);`
	for i, raw := range phptest.Ask(t, php, code, dirs) {
		vars, _, err := Load(dirs[i], nil)
		require.NoError(t, err)
		got, err := json.Marshal(variables(vars))
		require.NoError(t, err)
		require.JSONEq(t, string(raw), string(got), filesOf(t, dirs[i]))
	}
}

func filesOf(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		b.WriteString(e.Name() + ":\n" + string(content))
	}
	return b.String()
}

func TestParse_AgreesWithPHP(t *testing.T) {
	php := servers.PHP(t)
	r := rand.New(rand.NewPCG(5, 6))
	var texts []string
	for range 2000 {
		texts = append(texts, randomDotenv(r, false))
	}
	encoded, err := json.Marshal(realVars)
	require.NoError(t, err)
	code := `$_SERVER = $_ENV = [];
		foreach (json_decode(base64_decode("` + base64.StdEncoding.EncodeToString(encoded) + `")) as $v) { [$k, $v] = explode("=", $v, 2); $_SERVER[$k] = $v; putenv("$k=$v"); }
		try {
			$out = [];
			foreach ((new Symfony\Component\Dotenv\Dotenv)->parse($in) as $k => $v) { $out[] = [$k, base64_encode($v)]; }
		} catch (Throwable $e) { $out = $e->getMessage(); }`
	taken := 0
	for i, raw := range phptest.Ask(t, php, code, texts) {
		vars, err := Parse(".env", []byte(texts[i]), realVars)
		var want [][]string
		if json.Unmarshal(raw, &want) != nil {
			require.Error(t, err, "%s: %s", texts[i], raw)
			continue
		}
		require.NoError(t, err, texts[i])
		taken++
		got := [][]string{}
		for _, v := range vars {
			got = append(got, []string{v.Name, base64.StdEncoding.EncodeToString([]byte(v.Value))})
		}
		require.Equal(t, want, got, texts[i])
	}
	require.Greater(t, taken, 1000)
}
