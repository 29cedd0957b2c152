package fixturetest

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/mosparo/go-cluster/cache/php/typedjson"
	"github.com/mosparo/go-cluster/cssstore/design"
)

// Unpack returns the content of a file that gzip has compressed.
func Unpack(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Rows returns recorded design settings: pairs of a name and a value in the form of
// package typedjson.
func Rows(t testing.TB, recorded [][2]json.RawMessage) []design.Row {
	t.Helper()
	rows := make([]design.Row, len(recorded))
	for i, r := range recorded {
		err := json.Unmarshal(r[0], &rows[i].Name)
		if err == nil {
			rows[i].Value, err = typedjson.Unmarshal(r[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return rows
}
