package redislocker

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
)

func TestOwner_ComesBackAsItWas(t *testing.T) {
	for _, text := range []string{"", "host.example", `"quoted" \ {}`, "two\nlines\x00", "Grüße 🔒", "<&>", strings.Repeat("x", 500)} {
		o := lock.Owner{Host: text, PID: 4711, Label: text, Since: time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("", 3600))}
		text, err := json.Marshal(o)
		require.NoError(t, err)
		back := decodeOwner(string(text))
		require.True(t, back.Since.Equal(o.Since))
		back.Since = o.Since
		require.Equal(t, o, back)
	}
	for _, damaged := range []any{nil, 7, "", "{", `{"host":7}`, `{"since":"yesterday"}`, `[]`} {
		require.Zero(t, decodeOwner(damaged), "%v", damaged)
	}
}
