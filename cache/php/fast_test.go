package php_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/php"
)

// The short way and the general reader agree on every date, also on those
// that the short way leaves to the other.
func TestUnmarshal_TheShortWayForDatesIsTheGeneralOne(t *testing.T) {
	zones := []string{
		"UTC", "Europe/Zurich", "America/St_Johns", "Nowhere/Land", "+02:00", "-03:30", "+00:00", "-00:00", "+14:00", "+13:59",
		"-13:59", "+99:59", "+02:60", "+2:00", "+02", "+02:00:15", "+0200", "CEST", "utc", "", "+02:0x", "*02:00",
	}
	short := 0
	for _, class := range []string{"DateTime", "DateTimeImmutable", "DateTimeX"} {
		for kind := range 5 {
			for _, zone := range zones {
				for _, date := range []string{"2026-11-23 14:00:00.123456", "2026-10-25 02:30:00.000000", "2026-02-30 24:00:00.000000", "2026-13-01 00:00:00.000000"} {
					in := fmt.Appendf(nil, `O:%d:"%s":3:{s:4:"date";s:26:"%s";s:13:"timezone_type";i:%d;s:8:"timezone";s:%d:"%s";}`, len(class), class, date, kind, len(zone), zone)
					ig := fmt.Appendf(nil, "\x00\x00\x00\x02\x17%c%s\x14\x03\x11\x04date\x11\x1a%s\x11\x0dtimezone_type\x06%c\x11\x08timezone\x11%c%s", len(class), class, date, kind, len(zone), zone)
					for _, in := range [][]byte{in, ig} {
						for range 2 { // a zone is known after the first
							var got time.Time
							if !php.UnmarshalFast(in, &got) {
								require.Zero(t, got)
								_ = php.Unmarshal(in, &got)
								continue
							}
							short++
							var want struct{ D time.Time }
							wrapped := append(append([]byte(`a:1:{s:1:"D";`), in...), '}')
							if in[0] == 0 {
								wrapped = append([]byte("\x00\x00\x00\x02\x14\x01\x11\x01D"), in[4:]...)
							}
							require.NoError(t, php.Unmarshal(wrapped, &want), "%q", in)
							require.Equal(t, want.D.String(), got.String(), "%q", in)
							require.True(t, want.D.Equal(got))
							tree, err := php.Decode(wrapped)
							require.NoError(t, err)
							inside, _ := tree.(*php.Array).Get(php.StringKey("D"))
							whole, err := php.Decode(in)
							require.NoError(t, err)
							require.Equal(t, inside, whole, "%q", in)
						}
					}
				}
			}
		}
	}
	require.Greater(t, short, 100)
}
