package dsn

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/internal/secrettest"
)

func TestSecret_ShowsAsStarsHoweverItIsPrinted(t *testing.T) {
	type holder struct {
		Name   string
		secret Secret
		Secret Secret
	}
	s := NewSecret(secrettest.Password)
	for _, v := range []any{s, &s, holder{"n", s, s}, &holder{"n", s, s}, []Secret{s}, map[string]Secret{"k": s}} {
		secrettest.RequireHidden(t, fmt.Sprintf("%T", v), v)
	}
	require.Equal(t, secrettest.Password, s.Reveal())
	require.Equal(t, "********", s.String())
	require.Equal(t, "********", fmt.Sprintf("%q", s))
	require.Equal(t, `{"password":"********"}`, func() string {
		raw, err := json.Marshal(map[string]Secret{"password": s})
		require.NoError(t, err)
		return string(raw)
	}())
	require.Empty(t, fmt.Sprintf("%v%#v%s", Secret{}, Secret{}, NewSecret("")))
	require.True(t, NewSecret("").IsZero())
}

// hostIsSecret: with an unquoted @ in the password, its rest is what Symfony
// connects to, and must be shown.
func hostIsSecret(d *Description) bool {
	for _, h := range d.Hosts {
		if strings.Contains(h.Name+h.Path, secrettest.Password) {
			return true
		}
	}
	return false
}

func TestDSN_NothingShowsAPassword(t *testing.T) {
	step := 5
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		step = 1
	}
	parsed := 0
	for i, dsn := range secrettest.DSNs() {
		if i%step != 0 {
			continue
		}
		d, err := Describe(dsn)
		secrettest.RequireHidden(t, dsn, err)
		if d == nil {
			continue
		}
		if parsed++; hostIsSecret(d) || strings.Contains(dsn, "timeout=x"+secrettest.Password) {
			continue
		}
		secrettest.RequireHidden(t, dsn, *d)
		if d.Kind == "redis" {
			r, err := ParseRedis(dsn)
			require.NoError(t, err)
			secrettest.RequireHidden(t, dsn, *r)
			secrettest.RequireHidden(t, dsn, r.String())
		} else {
			m, err := ParseMemcached(dsn)
			require.NoError(t, err)
			secrettest.RequireHidden(t, dsn, *m)
			secrettest.RequireHidden(t, dsn, m.String())
		}
	}
	require.Greater(t, parsed, 500/step)
}
