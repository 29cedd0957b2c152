package main

import (
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// recordedRun is one call of mosparo's own cleanup, with its saves in order.
type recordedRun struct {
	In  map[string]json.RawMessage
	Out struct {
		Result string
		Saves  [][2]json.RawMessage
	}
}

func recordedRuns(t *testing.T) (all []recordedRun) {
	t.Helper()
	f, err := os.Open("../../cleanup/testdata/cleanup-decisions.json.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	var doc struct{ Cases []recordedRun }
	require.NoError(t, json.NewDecoder(z).Decode(&doc))
	for _, c := range doc.Cases {
		if len(c.Out.Saves) == 4 && c.In["cache"] == nil {
			all = append(all, c)
		}
	}
	require.Len(t, all, 401, "runs with a cache that takes them")
	return all
}

// changed is what the saves make of the entries: a null where there was no entry
// is a change.
func (c recordedRun) changed(t *testing.T, in map[string]json.RawMessage) map[string]json.RawMessage {
	t.Helper()
	after := map[string]json.RawMessage{}
	for _, save := range c.Out.Saves {
		var key string
		require.NoError(t, json.Unmarshal(save[0], &key))
		after[key] = save[1]
	}
	for key, value := range after {
		before := in[key]
		if before == nil {
			before = json.RawMessage("null")
		}
		if string(before) == string(value) {
			delete(after, key)
		}
	}
	return after
}

func TestCleanupDecide_SavesWhatPHPSaves(t *testing.T) {
	for _, c := range recordedRuns(t) {
		for _, absent := range [][]string{nil, {"additional"}, {"started"}, {"additional", "started"}} {
			in := maps.Clone(c.In)
			for _, key := range absent {
				if in[key] != nil {
					continue // its time decides
				}
				in[key] = json.RawMessage(`"missing"`)
			}
			doc, err := json.Marshal(map[string]any{"in": in})
			require.NoError(t, err)
			got, err := decide(doc)
			require.NoError(t, err)
			want, err := json.Marshal(map[string]any{"result": c.Out.Result, "changed": c.changed(t, in)})
			require.NoError(t, err)
			require.JSONEq(t, string(want), string(got), "%s", doc)
		}
	}
}
