// Package phptest helps the tests of envconfig and the packages below it compare
// with PHP: with recorded cases, and with a PHP that runs beside the test.
package phptest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// ReadCases reads the recorded cases of dir/name.json.
func ReadCases[C any](t testing.TB, dir, name string) []C {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []C }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatalf("%s holds no cases", name)
	}
	return file.Cases
}

// Typed is a PHP value as the recorded cases describe it.
type Typed struct {
	T       string
	V       json.RawMessage
	VB64    string `json:"v_b64"`
	Entries [][]Typed
}

// Text is the value as PHP casts it to a text.
func (v Typed) Text(t testing.TB) string {
	t.Helper()
	switch {
	case v.VB64 != "":
		b, err := base64.StdEncoding.DecodeString(v.VB64)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	case v.T == "bool":
		return map[string]string{"true": "1", "false": ""}[string(v.V)]
	case v.T == "null":
		return ""
	}
	s, err := strconv.Unquote(string(v.V))
	if err != nil {
		if err := json.Unmarshal(v.V, &s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// Pieces joins random words, the same ones in every run.
func Pieces(n, most int, heads, words []string, between string) (texts []string) {
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

// Ask runs the code, which sets $out from $in, for every text and returns the
// answers as JSON.
func Ask(t *testing.T, php *servers.PHPRuntime, code string, texts []string) []json.RawMessage {
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
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(answer)), "\n")
	if len(lines) != len(texts) {
		t.Fatalf("%d answers to %d texts", len(lines), len(texts))
	}
	raw := make([]json.RawMessage, len(lines))
	for i := range lines {
		raw[i] = json.RawMessage(lines[i])
	}
	return raw
}
