package dotenv

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/internal/phptest"
)

type dotenvCase struct {
	Kind       string
	Name       string
	Content    *string
	ContentB64 string `json:"content_b64"`
	Files      map[string]string
	Env        json.RawMessage
	OK         bool
	Message    string
	Values     []struct{ Name, Value string }
	Command    bool   `json:"command_substitution"`
	Loaded     string `json:"loaded_names"`
}

func (c dotenvCase) environ(t *testing.T) (environ []string) {
	t.Helper()
	vars := map[string]string{}
	if len(c.Env) > 0 && c.Env[0] == '{' { // an empty PHP array is a list
		require.NoError(t, json.Unmarshal(c.Env, &vars))
	}
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		environ = append(environ, name+"="+vars[name])
	}
	return environ
}

func TestParse_AgreesWithSymfony(t *testing.T) {
	for _, c := range phptest.ReadCases[dotenvCase](t, "testdata", "dotenv") {
		if c.Kind != "parse" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			content, err := base64.StdEncoding.DecodeString(c.ContentB64)
			require.NoError(t, err)
			if c.Content != nil {
				content = []byte(*c.Content)
			}
			got, err := Parse(".env", content, c.environ(t))
			if c.Command && !strings.Contains(c.Values[0].Value, "$(") {
				require.ErrorIs(t, err, errors.ErrUnsupported)
				return
			}
			if !c.OK {
				requireDotenvError(t, c, err)
				return
			}
			require.NoError(t, err)
			require.Len(t, got, len(c.Values))
			for i, want := range c.Values {
				require.Equal(t, Variable{Name: want.Name, Value: want.Value, File: ".env"}, got[i])
			}
		})
	}
}

// The names of Vite begin with two underscores.
func TestParse_TakesNamesWithUnderscoresInFront(t *testing.T) {
	vars, err := Parse(".env", []byte("__VITE_HOSTS=h\nA=$__VITE_HOSTS-${__VITE_HOSTS}-${___C:-c}-$_-$__1\n"), nil)
	require.NoError(t, err)
	require.Equal(t, []Variable{{Name: "__VITE_HOSTS", Value: "h", File: ".env"}, {Name: "A", Value: "h-h-c-$_-$__1", File: ".env"}}, vars)
	for _, name := range []string{"_", "__", "__1"} {
		_, err := Parse(".env", []byte(name+"=x\n"), nil)
		require.ErrorContains(t, err, "invalid character", name)
	}
}

// requireDotenvError compares the line, and the reason.
func requireDotenvError(t *testing.T, c dotenvCase, err error) {
	t.Helper()
	var refused *FileError
	require.ErrorAs(t, err, &refused)
	before, after, ok := strings.Cut(c.Message, ` in ".env" at line `)
	require.True(t, ok)
	line, _, _ := strings.Cut(after, ".")
	want, err2 := strconv.Atoi(line)
	require.NoError(t, err2)
	if strings.Contains(before, "Unclosed braces") {
		want-- // PHP resolves when it has read on to the next value
	}
	require.Equal(t, want, refused.Line)
	require.Positive(t, refused.Column)
	if c.Name != "BOM" {
		reason := strings.Replace(before, "Whitespace are", "Whitespace characters are", 1)
		require.Contains(t, strings.ToLower(err.Error()), strings.ToLower(reason))
	}
}

func TestLoadFiles_TakesSymfonysOrder(t *testing.T) {
	for _, c := range phptest.ReadCases[dotenvCase](t, "testdata", "dotenv") {
		if c.Kind != "loadEnv" && c.Kind != "bootEnv" {
			continue
		}
		t.Run(c.Kind+" "+c.Name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range c.Files {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
			}
			env := newEnvironment(c.environ(t))
			err := fileError(env.loadFiles(dir))
			if !c.OK {
				var refused *FileError
				require.ErrorAs(t, err, &refused)
				require.Contains(t, c.Message, strings.Replace(refused.Path, dir, "{DIR}", 1))
				return
			}
			require.NoError(t, err)
			for _, want := range c.Values {
				if want.Name == "APP_DEBUG" {
					require.Equal(t, want.Value == "1", env.debug())
					continue
				}
				got, ok := env.get(want.Name)
				require.True(t, ok, want.Name)
				require.Equal(t, want.Value, got.text, want.Name)
			}
			loaded := strings.Split(c.Loaded, ",")
			slices.Sort(loaded)
			require.Equal(t, loaded, slices.Sorted(maps.Keys(env.loaded)))
		})
	}
}

// variables are the texts by name.
func variables(vars []Variable) map[string]string {
	m := map[string]string{}
	for _, v := range vars {
		m[v.Name] = v.Value
	}
	return m
}

func TestLoad_ReferencesDoNotSeeVariablesNamedAsHeaders(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte("A=${HTTP_A:-none}\nB=$HTTP_B\nHTTP_B=file\nHTTP_C=${HTTP_C:-none}\n"), 0o600))
	vars, _, err := Load(dir, []string{"HTTP_A=real", "HTTP_B=real", "HTTP_C=real"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"A": "none", "B": "file", "HTTP_B": "file", "HTTP_C": "real", "APP_ENV": "dev", "APP_DEBUG": "1",
	}, variables(vars))
}

func TestLoad_SaysWhereAReferenceIsWrong(t *testing.T) {
	for content, place := range map[string]string{
		"A=1\nB=${A\n": ":2:3", "A=1\n\nB=\"x\ny\" # c\nC=$(id)": ":5:3", "A=\n\nD=${A:-{}": ":3:3", "A=$B\nB=$C\nC=$A": ":1:3", "A=$B$B\nB=$A$A": ":1:3",
		"APP_ENV=${X": ":1:9", "A=1\x002": ":1:4",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte(content), 0o600))
		_, _, err := Load(dir, nil)
		var refused *FileError
		require.ErrorAs(t, err, &refused, content)
		require.Contains(t, err.Error(), ".env"+place+": ", content)
	}
}

func TestLoad_ReadsTheDumpOfAllFiles(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte("A=file\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".env.local.php"), []byte("<?php return ['APP_ENV' => 'prod', 'A' => '$B'];"), 0o600))
	for env, want := range map[string]map[string]string{
		"B=1":         {"A": "$B", "APP_ENV": "prod", "APP_DEBUG": "0"},
		"APP_ENV=dev": {"A": "file", "APP_DEBUG": "1"},
		"A=real":      {"A": "real", "APP_ENV": "prod", "APP_DEBUG": "0"},
		"APP_DEBUG=1": {"A": "$B", "APP_ENV": "prod", "APP_DEBUG": "1"},
	} {
		vars, _, err := Load(dir, []string{env})
		require.NoError(t, err)
		require.Equal(t, want, variables(vars), env)
	}
}

// Symfony reads the .env files beside a dump without an array, and an array without
// values stands for all of them.
func TestLoad_AnEmptyDumpStandsForNoFile(t *testing.T) {
	for dump, want := range map[string]map[string]string{
		"":                 {"A": "file", "APP_ENV": "dev", "APP_DEBUG": "1"},
		"0":                {"A": "file", "APP_ENV": "dev", "APP_DEBUG": "1"},
		"<?php return [];": {"APP_DEBUG": "1"},
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte("A=file\n"), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".env.local.php"), []byte(dump), 0o600))
		vars, _, err := Load(dir, nil)
		require.NoError(t, err)
		require.Equal(t, want, variables(vars), "%q", dump)
	}
}

func TestLoad_BoundsWhatReferencesStandFor(t *testing.T) {
	var b strings.Builder
	b.WriteString("A='" + strings.Repeat("x", maxValue) + "'\n")
	for i := range 100 {
		fmt.Fprintf(&b, "B%d=$A\n", i)
	}
	many := b.String()
	for content, want := range map[string]string{
		many: "the values are longer than",
		"A=xxxxxxxx\nB=$A$A$A$A$A$A$A$A\nC=" + strings.Repeat("$B", 20000) + "\n": "the value is longer than",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte(content), 0o600))
		_, _, err := Load(dir, nil)
		require.ErrorContains(t, err, want)
	}
}

func TestParse_SaysWhereAndNotWhat(t *testing.T) {
	const secret = "hunter2"
	for _, content := range []string{
		"A=1\nB=" + secret + " x\n", "A=1\nB=\"" + secret, "A=1\nB='" + secret, "A=1\nB= " + secret, "A=1\nB=${" + secret,
		"A=1\nB=${X:-" + secret + "'}", "A=1\nB=$(" + secret + ")", "A=1\nB=" + secret + "\x00", "A=1\nB=$(" + secret, "A=1\n" + secret + "-x=1", "A=1\n-" + secret,
	} {
		_, err := Parse("/etc/x/.env", []byte(content), nil)
		var refused *FileError
		require.ErrorAs(t, err, &refused, content)
		require.Equal(t, 2, refused.Line, content)
		require.Contains(t, err.Error(), "/etc/x/.env:2:")
		require.NotContains(t, err.Error(), secret)
	}
}

func TestParse_BoundsTheLengthOfValues(t *testing.T) {
	var b strings.Builder
	b.WriteString("A0=xxxxxxxxxxxxxxxx\n")
	for i := range 64 {
		b.WriteString("A" + strconv.Itoa(i+1) + "=$A" + strconv.Itoa(i) + "$A" + strconv.Itoa(i) + "\n")
	}
	_, err := Parse(".env", []byte(b.String()), nil)
	require.ErrorContains(t, err, "longer than")
}

func TestParse_BoundsWhatAFewBytesStandFor(t *testing.T) {
	var b strings.Builder
	b.WriteString("A='" + strings.Repeat("x", maxValue) + "'\n")
	for i := range 100 {
		fmt.Fprintf(&b, "B%d=$A\n", i)
	}
	_, err := Parse(".env", []byte(b.String()), nil)
	require.ErrorContains(t, err, ".env:65:")
	require.ErrorContains(t, err, "the values are longer than")
}

func FuzzParse(f *testing.F) {
	for _, c := range phptest.ReadCases[dotenvCase](f, "testdata", "dotenv") {
		if c.Content != nil {
			f.Add([]byte(*c.Content))
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		vars, err := Parse(".env", content, []string{"FROM_ENV=env value"})
		var refused *FileError
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("error of another type: %T", err)
		}
		if refused != nil && (refused.Line < 1 || refused.Column < 1) {
			t.Fatalf("error without a place: %v", err)
		}
		for _, v := range vars {
			if nameLength(v.Name) != len(v.Name) {
				t.Fatalf("invalid name %q", v.Name)
			}
		}
		e := newEnvironment([]string{"FROM_ENV=env value", "HTTP_X=header"})
		assignments, err := lex(".env", content)
		for _, a := range assignments {
			e.setRaw(a)
		}
		if err == nil {
			err = e.resolveLoaded()
		}
		if err != nil && (!errors.As(err, &refused) || refused.Line < 1 || refused.Column < 1) {
			t.Fatalf("error of another type, or without a place: %v", err)
		}
	})
}

// A megabyte of parentheses takes no longer than one of anything else.
func TestParse_TakesTimeInProportion(t *testing.T) {
	for _, piece := range []string{"$(", `\$(a)`, "$(()", "(", "\\$((a)"} {
		for _, quote := range []string{"'", `"`} {
			text := strings.Repeat(piece, maxValue/2/len(piece))
			start := time.Now()
			_, err := Parse(".env", []byte("A="+quote+text+quote), nil)
			if err != nil {
				require.ErrorIs(t, err, errors.ErrUnsupported)
			}
			require.Less(t, time.Since(start), 10*time.Second, piece)
		}
	}
}
