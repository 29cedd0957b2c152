package cssstore_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
)

func TestParseUUID(t *testing.T) {
	const text = "51b9091d-8e8b-482b-a8f1-d930e8da931e"
	u, err := cssstore.ParseUUID(text)
	require.NoError(t, err)
	require.Equal(t, text, u.String())
	for _, bad := range []string{
		"", text[1:], text + "0", strings.ToUpper(text), "51b9091d8e8b482ba8f1d930e8da931e", text[:35] + "g", text[:35] + "/",
		"51b9091d-8e8b-482b-a8f1-d930e8da931\x00", "51b9091d08e8b-482b-a8f1-d930e8da931e", "------------------------------------",
		"51b9091d-8e8b-482b-a8f1d930-e8da931e", strings.Repeat("0", 36), "../../../../../../../../etc/passwd00", strings.Repeat("x", 1<<20),
	} {
		_, err := cssstore.ParseUUID(bad)
		var id *cssstore.IDError
		require.ErrorAs(t, err, &id, "%.50q", bad)
		require.Equal(t, "uuid", id.Kind)
		require.Less(t, len(err.Error()), 500)
	}
}

func TestParseHash(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 4)
	h, err := cssstore.ParseHash(text)
	require.NoError(t, err)
	require.Equal(t, text, h.String())
	for _, bad := range []string{"", text[1:], text + "0", strings.ToUpper(text), text[:63] + "g", text[:63] + ".", strings.Repeat("0", 64)} {
		_, err := cssstore.ParseHash(bad)
		var id *cssstore.IDError
		require.ErrorAs(t, err, &id, "%q", bad)
		require.Equal(t, "hash", id.Kind)
	}
}

func TestIDs_AreTextInJSON(t *testing.T) {
	type pair struct {
		U cssstore.UUID
		H cssstore.Hash
	}
	in := pair{U: cssstore.UUID{1, 15: 2}, H: cssstore.Hash{3}}
	b, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"U":"01000000-0000-0000-0000-000000000002","H":"03`+strings.Repeat("0", 62)+`"}`, string(b))
	var out pair
	require.NoError(t, json.Unmarshal(b, &out))
	require.Equal(t, in, out)
	require.NoError(t, json.Unmarshal([]byte(`{"H":""}`), &out))
	require.True(t, out.H.IsZero())
	require.Error(t, json.Unmarshal([]byte(`{"U":"x"}`), &out))
}
