package design_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

// recorded is a case of mosparo's own.
type recorded struct {
	Name          string               `json:"name"`
	Project       cssstore.UUID        `json:"project"`
	Rows          [][2]json.RawMessage `json:"rows"`
	Base          string               `json:"base"`
	BaseCSS       string               `json:"base_css"`
	BaseB64       []byte               `json:"base_css_b64"`
	Serialized    string               `json:"serialized"`
	SerializedB64 []byte               `json:"serialized_b64"`
	Hash          cssstore.Hash        `json:"hash"`
	CSSSHA256     string               `json:"css_sha256"`
	CSS           string               `json:"css"`
	CSSB64        []byte               `json:"css_b64"`
	Throws        string               `json:"throws"`
}

func (r *recorded) base(t testing.TB) []byte {
	switch {
	case r.Base != "":
		return fixturetest.Unpack(t, "testdata/base.css.gz")
	case r.BaseB64 != nil:
		return r.BaseB64
	}
	return []byte(r.BaseCSS)
}

func vectors(t testing.TB) []recorded {
	t.Helper()
	var file struct{ Cases []recorded }
	require.NoError(t, json.Unmarshal(fixturetest.Unpack(t, "testdata/design.json.gz"), &file))
	require.Len(t, file.Cases, 117)
	return file.Cases
}

func TestVectors_SettingsBecomeMosparosHashAndCSS(t *testing.T) {
	for _, c := range vectors(t) {
		t.Run(c.Name, func(t *testing.T) {
			d, err := design.New(fixturetest.Rows(t, c.Rows))
			require.NoError(t, err)
			serialized, err := php.Marshal(d.Values())
			require.NoError(t, err)
			require.Equal(t, c.Serialized+string(c.SerializedB64), string(serialized))
			require.Equal(t, c.Hash, d.Hash())
			base := c.base(t)
			before := bytes.Clone(base)
			css, err := d.CSS(c.Project, base)
			require.Equal(t, before, base, "the base is left alone")
			if c.Throws != "" {
				var value *design.ValueError
				require.ErrorAs(t, err, &value)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.CSS+string(c.CSSB64), string(css))
			sum := sha256.Sum256(css)
			require.Equal(t, c.CSSSHA256, hex.EncodeToString(sum[:]))
		})
	}
}
