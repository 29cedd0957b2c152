package php_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/php"
)

func dateIn(zone string) (serialized, igbinary []byte) {
	date := "2026-11-23 14:00:00.123456"
	return fmt.Appendf(nil, `O:8:"DateTime":3:{s:4:"date";s:26:"%s";s:13:"timezone_type";i:3;s:8:"timezone";s:%d:"%s";}`, date, len(zone), zone),
		fmt.Appendf(nil, "\x00\x00\x00\x02\x17\x08DateTime\x14\x03\x11\x04date\x11\x1a%s\x11\x0dtimezone_type\x06\x03\x11\x08timezone\x11%c%s", date, len(zone), zone)
}

func BenchmarkUnmarshal_DateTime(b *testing.B) {
	for _, zone := range []string{"UTC", "Europe/Zurich"} {
		serialized, igbinary := dateIn(zone)
		for name, in := range map[string][]byte{"serialize": serialized, "igbinary": igbinary} {
			b.Run(zone+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				var t time.Time
				for b.Loop() {
					if err := php.Unmarshal(in, &t); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	b.Run("offset", func(b *testing.B) {
		in := []byte(`O:8:"DateTime":3:{s:4:"date";s:26:"2026-11-23 14:00:00.000000";s:13:"timezone_type";i:1;s:8:"timezone";s:6:"+02:00";}`)
		b.ReportAllocs()
		var t time.Time
		for b.Loop() {
			if err := php.Unmarshal(in, &t); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkDate measures all ways to read a date beside the one that a node uses.
func BenchmarkDate(b *testing.B) {
	for _, zone := range []string{"UTC", "Europe/Zurich"} {
		in, ig := dateIn(zone)
		var t time.Time
		if err := php.Unmarshal(in, &t); err != nil { // the zone is known from here on
			b.Fatal(err)
		}
		decode := func(in []byte) func() error {
			return func() error { _, err := php.Decode(in); return err }
		}
		cachetest.Compare(b, zone,
			cachetest.Way{Name: "Time", Do: func() error { _, _ = php.Time(in); return nil }},
			cachetest.Way{Name: "Unmarshal", Do: func() error { return php.Unmarshal(in, &t) }},
			cachetest.Way{Name: "Decode", Do: decode(in)},
			cachetest.Way{Name: "igbinary", Do: decode(ig)},
		)
	}
}

func TestUnmarshal_ADateTimeTakesOneAllocationAtMost(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/Zurich", "+02:00"} {
		serialized, igbinary := dateIn(zone)
		if zone[0] == '+' {
			serialized = bytes.Replace(serialized, []byte("i:3"), []byte("i:1"), 1)
			igbinary = bytes.Replace(igbinary, []byte("type\x06\x03"), []byte("type\x06\x01"), 1)
		}
		for _, in := range [][]byte{serialized, igbinary} {
			var got time.Time
			allocs := testing.AllocsPerRun(100, func() {
				if err := php.Unmarshal(in, &got); err != nil {
					t.Error(err)
				}
			})
			if allocs > 1 {
				t.Errorf("%q: %v allocations", in, allocs)
			}
		}
	}
}

func BenchmarkMarshal_Time(b *testing.B) {
	t := time.Date(2026, 11, 23, 14, 0, 0, 123456000, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := php.Marshal(t); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnmarshal_CSS(b *testing.B) {
	css := strings.Repeat("a{b:c}\n", 20_000/7)
	in, err := php.Marshal(css)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("copy", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(in)))
		var out []byte
		for b.Loop() {
			if err := php.Unmarshal(in, &out); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkMarshal_CSS(b *testing.B) {
	css := []byte(strings.Repeat("a{b:c}\n", 20_000/7))
	b.ReportAllocs()
	b.SetBytes(int64(len(css)))
	for b.Loop() {
		if _, err := php.Marshal(css); err != nil {
			b.Fatal(err)
		}
	}
}

// ruleItems are what mosparo stores for the rules that match a field.
type ruleItems struct {
	Items    []int `php:"ri"`
	Packages []int `php:"rpric"`
}

func BenchmarkRuleItems(b *testing.B) {
	var v ruleItems
	for i := range 300 {
		v.Items = append(v.Items, 1000+i)
	}
	v.Packages = []int{7, 8, 9}
	in, err := php.Marshal(v)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Unmarshal", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(in)))
		for b.Loop() {
			var out ruleItems
			if err := php.Unmarshal(in, &out); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Decode", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(in)))
		for b.Loop() {
			if _, err := php.Decode(in); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Marshal", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(in)))
		for b.Loop() {
			if _, err := php.Marshal(v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkIsNull(b *testing.B) {
	in, _ := dateIn("UTC")
	for _, in := range [][]byte{[]byte("N;"), in, []byte(`a:1:{s:2:"ri";a:0:{}}`)} {
		b.Run(fmt.Sprintf("%.8s", in), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				php.IsNull(in)
			}
		})
	}
}
