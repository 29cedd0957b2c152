package dsn

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/internal/phptest"

	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
)

type memcachedCase struct {
	DSN     string
	OK      bool
	Servers []struct {
		Host string
		Port int
		Type string
	}
	Added          []phptest.Typed
	SASL           []string
	OptionsGiven   map[string]phptest.Typed `json:"options_given"`
	OptionsChanged map[string]any           `json:"options_changed"`
}

func TestParseMemcachedDSN_AgreesWithSymfony(t *testing.T) {
	for _, c := range phptest.ReadCases[memcachedCase](t, "testdata", "memcached-dsn") {
		t.Run(c.DSN, func(t *testing.T) {
			d, err := ParseMemcached(c.DSN)
			if !c.OK {
				var refused *Error
				require.ErrorAs(t, err, &refused)
				require.Nil(t, d)
				return
			}
			require.NoError(t, err)
			require.Len(t, d.Servers, len(c.Servers))
			for i, want := range c.Servers {
				got := d.Servers[i]
				require.Equal(t, want.Host, got.Name+got.Path)
				require.Equal(t, want.Port, got.Port)
				require.Equal(t, want.Type == "SOCKET", got.Path != "")
				require.EqualValues(t, phptext.Int(c.Added[i].Entries[2][1].Text(t)), got.Weight)
			}
			if c.SASL != nil {
				require.Equal(t, c.SASL, []string{d.User, d.Password.Reveal()})
				require.ErrorIs(t, d.Supported(), errors.ErrUnsupported)
			}
			requireMemcachedOptions(t, c, d)
		})
	}
}

func requireMemcachedOptions(t *testing.T, c memcachedCase, d *Memcached) {
	t.Helper()
	for name := range c.OptionsGiven {
		if name != "serializer" {
			require.Contains(t, d.options, name)
		}
	}
	effective := func(name string, unchanged any) any {
		if v, ok := c.OptionsChanged[name]; ok {
			return v
		}
		return unchanged
	}
	numbers := map[string]float64{ketama: 5, modula: 0, consistent: 1}
	require.Equal(t, effective("distribution", 5.0), numbers[d.Distribution])
	require.Equal(t, effective("hash", 1.0), map[string]float64{"default": 0, "md5": 1}[d.Hash])
	require.Equal(t, effective("prefix_key", ""), d.PrefixKey)
	require.Equal(t, effective("compression", 1.0) != 0.0, d.Compression)
}

func TestParseMemcachedDSN_ReadsTimesAndLimits(t *testing.T) {
	d, err := ParseMemcached("memcached://a?connect_timeout=500&poll_timeout=250&compression_type=1&item_size_limit=2097152")
	require.NoError(t, err)
	require.Equal(t, 500*time.Millisecond, d.ConnectTimeout)
	require.Equal(t, 250*time.Millisecond, d.PollTimeout)
	require.True(t, d.Zlib)
	require.Equal(t, 2<<20, d.ItemLimit)

	d, err = ParseMemcached("memcached://a?connect_timeout=-1&poll_timeout=x&compression_type=2&item_size_limit=-5")
	require.NoError(t, err)
	require.Zero(t, d.ConnectTimeout)
	require.Zero(t, d.PollTimeout)
	require.False(t, d.Zlib)
	require.Zero(t, d.ItemLimit)
}
