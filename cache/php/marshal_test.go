package php_test

import (
	"math/big"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/php"
)

// counter hides its number, and tells it with methods that have pointer receivers.
type counter struct{ n int64 }

func (c *counter) MarshalPHP() (any, error) { return c.n, nil }

func (c *counter) UnmarshalPHP(v any) error { return php.Assign(&c.n, v) }

// What Unmarshal fills, Marshal writes, with and without a pointer: a Key passes values.
func TestMarshal_WritesTheValuesThatUnmarshalFills(t *testing.T) {
	type values struct {
		Array   php.Array
		Date    php.DateTime
		Enum    php.Enum
		Object  php.Object
		Counter counter
		List    []counter
		Map     map[string]counter
	}
	const date = `O:8:"DateTime":3:{s:4:"date";s:26:"2026-07-01 14:34:56.789012";s:13:"timezone_type";i:3;s:8:"timezone";s:13:"Europe/Zurich";}`
	const stored = `a:7:{s:5:"Array";a:1:{s:1:"k";i:1;}s:4:"Date";` + date + `s:4:"Enum";E:3:"E:A";s:6:"Object";O:1:"A":1:{s:1:"p";N;}` +
		`s:7:"Counter";i:5;s:4:"List";a:2:{i:0;i:6;i:1;i:7;}s:3:"Map";a:1:{s:1:"m";i:8;}}`
	var v values
	require.NoError(t, php.Unmarshal([]byte(stored), &v))
	for _, v := range []any{v, &v} {
		got, err := php.Marshal(v)
		require.NoError(t, err)
		require.Equal(t, stored, string(got))
	}
	var item php.ValueWrapper
	const wrapped = "O:1:\"\xa9\":1:{s:6:\"\x00\x00\x00\x00\x00\x11\";i:5;}"
	require.NoError(t, php.Unmarshal([]byte(wrapped), &item))
	got, err := php.Marshal(item)
	require.NoError(t, err)
	again, err := php.Marshal(&item)
	require.NoError(t, err)
	require.Equal(t, string(again), string(got))
}

// An embedded time is a field like any other: it has no fields of its own to show.
func TestMarshal_KeepsEmbeddedDates(t *testing.T) {
	type run struct {
		time.Time
		N int
	}
	want := run{time.Date(2026, 7, 1, 12, 34, 56, 789012000, time.UTC), 3}
	stored, err := php.Marshal(want)
	require.NoError(t, err)
	require.Equal(t, `a:2:{s:4:"Time";O:8:"DateTime":3:{s:4:"date";s:26:"2026-07-01 12:34:56.789012";s:13:"timezone_type";i:3;s:8:"timezone";s:3:"UTC";}s:1:"N";i:3;}`, string(stored))
	var got run
	require.NoError(t, php.Unmarshal(stored, &got))
	require.Equal(t, want, got)
}

func TestMarshal_RefusesWhatItWouldLose(t *testing.T) {
	for _, v := range []any{netip.MustParseAddr("192.0.2.1"), map[string]any{"k": big.NewInt(5)}, struct{ n int }{5}} {
		_, err := php.Marshal(v)
		var refused *php.EncodeError
		require.ErrorAs(t, err, &refused, "%T", v)
		require.ErrorContains(t, err, "no exported fields")
	}
	for _, v := range []any{struct{}{}, struct {
		N int `php:"-"`
	}{5}} {
		got, err := php.Marshal(v)
		require.NoError(t, err)
		require.Equal(t, "a:0:{}", string(got))
	}
}
