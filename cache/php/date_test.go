package php_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/php"
)

// stored is a date as it stands in the cache.
type stored struct {
	date string
	kind int64
	zone string
}

func (s stored) serialized(class string) []byte {
	return fmt.Appendf(nil, `O:%d:"%s":3:{s:4:"date";s:%d:"%s";s:13:"timezone_type";i:%d;s:8:"timezone";s:%d:"%s";}`,
		len(class), class, len(s.date), s.date, s.kind, len(s.zone), s.zone)
}

var (
	writtenDate = regexp.MustCompile(`^([+-]?[0-9]{4}|[+-][0-9]{5,6})-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}$`)
	writtenZone = regexp.MustCompile(`^([+-][0-9]{2}:[0-9]{2}(:[0-9]{2})?|[A-Z][a-z]+([_/-][A-Za-z]+)+)$`)
)

// isWritten reports whether a date has the form that PHP writes: then it has to
// be read if PHP reads it. What PHP reads beyond that may be refused.
func (s stored) isWritten() bool {
	if !writtenDate.MatchString(s.date) {
		return false
	}
	if s.kind == 3 || strings.Contains(s.zone, "/") {
		_, err := time.LoadLocation(s.zone)
		if err != nil || s.zone == "" || s.zone == "localtime" || strings.Contains(s.zone, "//") {
			return false
		}
	}
	abbreviation := s.zone != "" && !strings.ContainsAny(s.zone, "0123456789") && slices.Contains(dateZones, stored{"", s.kind, s.zone})
	return s.kind == 3 || writtenZone.MatchString(s.zone) || abbreviation
}

// hasSeconds: PHP 8.2 reads such an offset and forgets the seconds when it
// writes the date.
func (s stored) hasSeconds() bool { return s.kind != 3 && len(s.zone) == len("+00:00:00") }

// requireReadAsPHP asks PHP what it makes of the dates, and requires that Decode
// reads the same or refuses, and that PHP reads the same moment from what
// Marshal writes.
func requireReadAsPHP(t *testing.T, dates []stored) (read, refused int) {
	t.Helper()
	inputs := make([][]byte, len(dates))
	for i, d := range dates {
		inputs[i] = d.serialized([]string{"DateTime", "DateTimeImmutable"}[i%2])
	}
	var back [][]byte
	var moments []string
	for i, want := range ask(t, `$d = unserialize($in); $out = $d->format('U u Z') . ' ' . serialize($d);`, inputs) {
		var d *php.DateTime
		if err := php.Unmarshal(inputs[i], &d); err != nil {
			var syntax *php.SyntaxError
			require.ErrorAs(t, err, &syntax)
			if dates[i].isWritten() {
				require.Equal(t, "-", want, "%s: %v", inputs[i], err)
			}
			refused++
			continue
		}
		read++
		require.NotEqual(t, "-", want, "PHP refuses %s, which is read as %v", inputs[i], d.Time)
		_, off := d.Time.Zone()
		moment := fmt.Sprintf("%d %06d", d.Time.Unix(), d.Time.Nanosecond()/1000)
		if !dates[i].hasSeconds() {
			require.True(t, strings.HasPrefix(want, moment+fmt.Sprintf(" %d ", off)), "%s is %s to PHP and %v here", inputs[i], want, d.Time)
		}
		written, err := php.Marshal(d)
		if y := d.Time.Year(); y < -9999 || y > 9999 {
			require.ErrorContains(t, err, "PHP cannot read the year "+strconv.Itoa(y))
			continue
		}
		require.NoError(t, err, "%s", inputs[i])
		back, moments = append(back, written), append(moments, moment)
		if !dates[i].hasSeconds() {
			require.Equal(t, want[strings.Index(want, "O:"):], string(written))
		}
		var at time.Time
		require.NoError(t, php.Unmarshal(inputs[i], &at))
		require.True(t, d.Time.Equal(at), "%s", inputs[i])
	}
	for i, got := range ask(t, `$out = unserialize($in)->format('U u');`, back) {
		require.Equal(t, moments[i], got, "%s", back[i])
	}
	return read, refused
}

var dateTexts = []string{
	"2026-11-23 14:05:06.123456", "2026-02-30 10:00:00.000000", "2024-02-30 10:00:00.000000", "2026-12-31 24:00:00.000000",
	"2026-06-30 23:59:60.000000", "2026-00-00 00:00:00.000000", "0000-01-01 00:00:00.000000", "-0044-03-15 12:00:00.000000",
	"+12345-06-07 08:09:10.000000", "-12345-06-07 08:09:10.000000", "+012345-06-07 08:09:10.000000", "12345-06-07 08:09:10.000000",
	"+2026-06-07 08:09:10.000000", "-0000-06-07 08:09:10.000000", "0000001-70A00700.00.000000", "2026-11-23 14:05:06.999999999",
	"9999-12-31 23:59:59.999999", "026-11-23 14:05:06.1", "26-1-2 3:4:5", "2026-11 14:05", "2026-11-23T14:05:06.123456789",
	"2026-11-23 14.05.06", "2026211 14:05:06", "r2026-11-23 14:05:06", "2026-11-23 14:05:06.1 3456", "2026-11-23 14:05:06 +02:00",
	"2026-11-23 14:05:06 America/New_York", "2026-11-23 14:05:06 EST CEST", "2026-11-23\t14:05:06,", "2026-11-23 14605:06.123456",
	"2026-11-23", "2026-13-23 14:05:06", "2026-11-32 14:05:06", "2026-11-23 25:05:06", "2026-11-23 14:65:06",
	"2026-11-23 14:05:06 15:00", "2026-11-23 2026-11-23 14:05", "2026-11-23 14:05:06 ?", "2026-11-23 14:05:06.0g0000",
	"2026-11-23 14:05:06.0t0000", "2026-11-23 14:05:06.0CEST1999", "2026-11-23 14:05:06.123z", "2026-11-23 14:05:06.0a9999", "2026-11-23 14:05:06.0UTC",
}

var dateZones = slices.Concat(
	zonesOf(3, "UTC", "Europe/Zurich", "europe/zurich", "America/New_York", "Australia/Lord_Howe", "Nowhere/At_All", "", "+02:00"),
	zonesOf(3, "../../etc/passwd", "utc", "CEST", "EST5EDT"),
	zonesOf(2, "CEST", "est", "Z", "UTC", "utc", "A", "XYZ", "Europe/Zurich"),
	zonesOf(2, "GMT", "GMT+2", "EST5EDT", "Cuba", "cuba", "America/Port-au-Prince", "US/Pacific"),
	zonesOf(1, "+02:00", "-00:00", "-0530", "+2", "+545", "+02:30:15", "-02:30:15", "+24:59"),
	zonesOf(1, "+25:00", "-70:00", "+99:00", "+02:60", "-2:3", "Asia/Tokyo", "x+02:00", "Etc/GMT+5"),
	zonesOf(1, ""),
	zonesOf(0, "UTC"),
	zonesOf(4, "UTC"),
)

func zonesOf(kind int64, names ...string) (zones []stored) {
	for _, name := range names {
		zones = append(zones, stored{kind: kind, zone: name})
	}
	return zones
}

func TestDecode_ReadsDatesAsPHPDoes(t *testing.T) {
	var dates []stored
	for _, date := range dateTexts {
		for _, z := range dateZones {
			dates = append(dates, stored{date, z.kind, z.zone}, stored{date, z.kind, z.zone})
		}
	}
	read, refused := requireReadAsPHP(t, dates)
	t.Logf("%d dates read, %d refused", read, refused)
	require.Greater(t, read, 500)
	require.Greater(t, refused, 500)
}

// The hours that a zone leaves out or has twice.
func TestDecode_ReadsDatesAsPHPDoesWhereZonesChange(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var dates []stored
	for _, name := range []string{"Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Tehran", "Pacific/Apia", "Europe/Dublin", "Antarctica/Troll"} {
		loc, err := time.LoadLocation(name)
		require.NoError(t, err)
		at := time.Date(1960, 1, 1, 0, 0, 0, 0, loc)
		for range 200 {
			_, end := at.ZoneBounds()
			if end.IsZero() || !end.After(at) || end.Year() > 2045 {
				break
			}
			at = end
			for range 4 {
				near := at.Add(time.Duration(rnd.Int64N(int64(6 * time.Hour)))).Add(-3 * time.Hour).UTC()
				_, off := at.Zone()
				dates = append(dates, stored{near.Add(time.Duration(off) * time.Second).Format("2006-01-02 15:04:05.000000"), 3, name})
			}
		}
	}
	read, refused := requireReadAsPHP(t, dates)
	require.Greater(t, read, 2000)
	require.Zero(t, refused)
}

// generatedDate is a date of any year and zone that fits the form, or one with
// a few bytes of it changed, lost or added.
func generatedDate(rnd *rand.Rand) stored {
	n := func(most int) int { return rnd.IntN(most + 1) }
	year := fmt.Sprintf("%04d", n(9999))
	switch rnd.IntN(6) {
	case 0:
		year = "-" + year
	case 1:
		year = []string{"+", "-"}[n(1)] + strconv.Itoa(n(999_999))
	}
	d := stored{date: fmt.Sprintf("%s-%02d-%02d %02d:%02d:%02d.%06d", year, n(13), n(32), n(25), n(60), n(61), n(999_999))}
	z := dateZones[rnd.IntN(len(dateZones))]
	d.kind, d.zone = z.kind, z.zone
	if rnd.IntN(3) == 0 {
		d.kind, d.zone = int64(1+n(1)), fmt.Sprintf("%c%02d:%02d", "+-"[n(1)], n(30), n(61))
	}
	const bytes = "0123456789+-.,: \tTtZzgGaApPmMyY/_\n\x00"
	for range rnd.IntN(4) {
		text := &d.date
		if rnd.IntN(4) == 0 {
			text = &d.zone
		}
		i := rnd.IntN(len(*text) + 1)
		switch b := string(bytes[rnd.IntN(len(bytes))]); {
		case rnd.IntN(4) == 0:
			*text = (*text)[:i] + b + (*text)[i:]
		case i < len(*text) && rnd.IntN(3) == 0:
			*text = (*text)[:i] + (*text)[i+1:]
		case i < len(*text):
			*text = (*text)[:i] + b + (*text)[i+1:]
		}
	}
	return d
}

func TestDecode_ReadsGeneratedDatesAsPHPDoes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	n := 5000
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		n = 50_000
	}
	dates := make([]stored, n)
	for i := range dates {
		dates[i] = generatedDate(rnd)
	}
	read, refused := requireReadAsPHP(t, dates)
	t.Logf("%d dates read, %d refused", read, refused)
	require.Greater(t, read, n/10)
	require.Greater(t, refused, n/10)
}

// Every zone of the system's database, under each kind.
func TestDecode_KnowsTheZonesOfPHP(t *testing.T) {
	var dates []stored
	list := ask(t, `$out = implode("\n", DateTimeZone::listIdentifiers(DateTimeZone::ALL_WITH_BC)) . "\n" . implode("\n", array_keys(timezone_abbreviations_list()));`, [][]byte{nil})
	for _, name := range strings.Split(list[0], "\n") {
		if name == "localtime" { // of the machine, on Debian
			continue
		}
		for kind := range int64(3) {
			dates = append(dates, stored{"2026-07-01 12:00:00.000000", kind + 1, name})
		}
	}
	read, _ := requireReadAsPHP(t, dates)
	require.Greater(t, read, 800)
}

func TestMarshal_WritesNoDateThatPHPCannotRead(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for _, d := range []*php.DateTime{
		{Time: at, ZoneType: 1, Zone: "-70:00"},
		{Time: at, ZoneType: 1, Zone: "+25:00"},
		{Time: at, ZoneType: 1, Zone: ""},
		{Time: at, ZoneType: 2, Zone: "NOPE"},
		{Time: at, ZoneType: 3, Zone: "Nowhere/At_All"},
		{Time: at, ZoneType: 4, Zone: "UTC"},
		{Time: at, ZoneType: -1, Zone: "UTC"},
		{Time: at.AddDate(8000, 0, 0)},
		{Time: at.AddDate(-13000, 0, 0)},
	} {
		_, err := php.Marshal(d)
		var encode *php.EncodeError
		require.ErrorAs(t, err, &encode, "%+v", d)
	}
	for _, o := range []*php.Object{
		{Class: "DateTime"},
		{Class: "datetimeimmutable", Props: []php.Prop{{Key: php.Key{Str: "date"}, Value: "now"}}},
	} {
		_, err := php.Marshal(o)
		require.ErrorContains(t, err, "not a date")
	}
}

func TestEnums_HaveAClassAndACase(t *testing.T) {
	for _, e := range []*php.Enum{{}, {Class: "A"}, {Case: "B"}, {Class: "A b", Case: "B"}} {
		_, err := php.Marshal(e)
		require.ErrorContains(t, err, "not a case of an enum")
	}
	_, err := php.Decode([]byte("\x00\x00\x00\x02\x17\x01A\x27\x11\x00"))
	require.ErrorContains(t, err, "not a case of an enum")
}

// A DateTime put together by hand keeps its moment in any zone.
func TestMarshal_KeepsTheMomentOfADate(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for _, want := range []php.DateTime{
		{Time: at, ZoneType: 1, Zone: "+02:00"},
		{Time: at, ZoneType: 2, Zone: "CEST"},
		{Time: at, ZoneType: 3, Zone: "America/New_York"},
		{Time: at.In(time.FixedZone("", 3600))},
	} {
		b, err := php.Marshal(&want)
		require.NoError(t, err)
		var got time.Time
		require.NoError(t, php.Unmarshal(b, &got))
		require.True(t, at.Equal(got), "%s", b)
	}
}

func TestDecode_NamesAZoneThatItDoesNotKnow(t *testing.T) {
	_, err := php.Decode(stored{"2026-07-01 12:00:00.000000", 3, "Mars/Olympus_Mons"}.serialized("DateTime"))
	var zone *php.ZoneError
	require.ErrorAs(t, err, &zone)
	require.Equal(t, "Mars/Olympus_Mons", zone.Zone)
	require.ErrorContains(t, err, "time/tzdata")
	_, err = php.Decode(stored{"2026-07-01 12:00:00.000000", 3, "no zone"}.serialized("DateTime"))
	require.ErrorContains(t, err, "not a time zone")
}

// FuzzDateTime: a date that is read can be written, but for its year, and
// is the same moment when it is read again.
func FuzzDateTime(f *testing.F) {
	for _, date := range dateTexts {
		f.Add(date, int64(3), "Europe/Zurich")
	}
	for _, z := range dateZones {
		f.Add(dateTexts[0], z.kind, z.zone)
	}
	f.Fuzz(func(t *testing.T, date string, kind int64, zone string) {
		var d *php.DateTime
		err := php.Unmarshal(stored{date, kind, zone}.serialized("DateTime"), &d)
		if err != nil {
			var syntax *php.SyntaxError
			require.ErrorAs(t, err, &syntax)
			return
		}
		written, err := php.Marshal(d)
		if y := d.Time.Year(); y < -9999 || y > 9999 {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		var again *php.DateTime
		require.NoError(t, php.Unmarshal(written, &again), "%s", written)
		require.True(t, d.Time.Equal(again.Time), "%s: %v", written, d.Time)
	})
}
