package envconfig

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// readCases reads the recorded cases of testdata/name.json.
func readCases[C any](t testing.TB, name string) []C {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	var file struct{ Cases []C }
	require.NoError(t, json.Unmarshal(raw, &file))
	require.NotEmpty(t, file.Cases)
	return file.Cases
}

// typed is a PHP value as the recorded cases describe it.
type typed struct {
	T       string
	V       json.RawMessage
	VB64    string `json:"v_b64"`
	Entries [][]typed
}

func (v typed) text(t testing.TB) string {
	t.Helper()
	switch {
	case v.VB64 != "":
		b, err := base64.StdEncoding.DecodeString(v.VB64)
		require.NoError(t, err)
		return string(b)
	case v.T == "bool":
		return map[string]string{"true": "1", "false": ""}[string(v.V)]
	case v.T == "null":
		return ""
	}
	s, err := strconv.Unquote(string(v.V))
	if err != nil {
		require.NoError(t, json.Unmarshal(v.V, &s))
	}
	return s
}
