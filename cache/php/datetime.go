package php

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// dateLayout is how PHP writes the local time of a date.
const dateLayout = "2006-01-02 15:04:05.000000"

// NewDateTime returns t as a PHP DateTime in UTC, cut to microseconds: what
// [Marshal] writes for a time.Time.
func NewDateTime(t time.Time) *DateTime {
	return &DateTime{Class: "DateTime", Time: t.UTC().Truncate(time.Microsecond), ZoneType: utc.kind, Zone: utc.name}
}

// dateTimeOf makes a date of an object. It returns nil without an error if the
// object does not have the three properties of a date.
func dateTimeOf(o *Object) (*DateTime, error) {
	var date, name *string
	var kind *int64
	var more []Prop
	for _, p := range o.Props {
		v := Deref(p.Value)
		switch {
		case p.Visibility == Public && p.Key.Str == "date":
			if s, ok := v.(string); ok {
				date = &s
				continue
			}
		case p.Visibility == Public && p.Key.Str == "timezone":
			if s, ok := v.(string); ok {
				name = &s
				continue
			}
		case p.Visibility == Public && p.Key.Str == "timezone_type":
			if n, ok := v.(int64); ok {
				kind = &n
				continue
			}
		}
		more = append(more, p)
	}
	if date == nil || kind == nil || name == nil {
		return nil, nil
	}
	t, z, err := parseDateTime(*date, *kind, *name)
	if err != nil {
		return nil, err
	}
	return &DateTime{Class: o.Class, Time: t, ZoneType: z.kind, Zone: z.name, Props: more}, nil
}

var errDate = errors.New("not a date")

// parseDateTime reads the three properties of a date. PHP joins local time and
// zone and reads them as free text, but for an identifier (kind 3); a zone in
// the text itself wins.
func parseDateTime(date string, kind int64, name string) (time.Time, zone, error) {
	l, rest, err := parseLocal(date)
	if err != nil {
		return time.Time{}, zone{}, err
	}
	z := utc
	rest = strings.TrimLeft(rest, " \t")
	switch kind {
	case 1, 2:
		if rest != "" && name != "" && isZoneByte(rest[0]) {
			return time.Time{}, zone{}, errDate
		}
		rest += strings.TrimSpace(name)
	case 3:
		z = zone{kind: 3, name: name}
		if z.loc, err = loadZone(name); err != nil {
			return time.Time{}, zone{}, err
		}
	default:
		return time.Time{}, zone{}, errDate
	}
	if rest != "" {
		if z, rest, err = parseZone(rest); err != nil {
			return time.Time{}, zone{}, err
		}
	}
	if len(rest) == 4 {
		// A year behind the zone, as in the output of date(1), wins.
		if y, ok := digits(rest); ok {
			l.year, rest = y, ""
		}
	}
	if strings.TrimSpace(rest) != "" {
		return time.Time{}, zone{}, errDate
	}
	return l.in(z.loc), z, nil
}

// local is a time of day somewhere.
type local struct {
	year, month, day, hour, minute, second, micro int
}

// parseLocal reads Y-m-d H:i:s.u from the front of s and returns the rest. The
// ranges are PHP's: what is a little too large rolls over (30 February, 24:00).
func parseLocal(s string) (l local, rest string, err error) {
	s = strings.TrimLeft(s, " ")
	negative := false
	if s != "" && s[0] == '-' {
		negative, s = true, s[1:]
	}
	if len(s) < 19 || s[4] != '-' || s[7] != '-' || s[10] != ' ' && s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return l, "", errDate
	}
	ok := true
	field := func(from, to, most int) int {
		n, good := digits(s[from:to])
		ok = ok && good && n <= most
		return n
	}
	l = local{
		year: field(0, 4, 9999), month: field(5, 7, 12), day: field(8, 10, 31),
		hour: field(11, 13, 24), minute: field(14, 16, 59), second: field(17, 19, 60),
	}
	if !ok {
		return l, "", errDate
	}
	if negative {
		l.year = -l.year
	}
	rest = s[19:]
	if rest != "" && rest[0] == '.' {
		i, scale := 1, 100_000
		for ; i < len(rest) && isDigitByte(rest[i]); i++ {
			l.micro += int(rest[i]-'0') * scale
			scale /= 10
		}
		if i == 1 {
			return l, "", errDate
		}
		rest = rest[i:]
	}
	return l, rest, nil
}

// digits reads a number of decimal digits only.
func digits(s string) (n int, ok bool) {
	for i := range len(s) {
		if !isDigitByte(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, s != ""
}

// in finds the moment of a local time. Of two equal local hours it takes the
// one that PHP takes, which depends on the zone; a local time that a zone
// leaves out moves on by the gap.
func (l local) in(loc *time.Location) time.Time {
	asUTC := time.Date(l.year, time.Month(l.month), l.day, l.hour, l.minute, l.second, l.micro*1000, time.UTC)
	if loc == time.UTC {
		return asUTC
	}
	current := offset(asUTC, loc)
	guess := asUTC.Add(-current).In(loc)
	after := offset(guess, loc)
	if current == after {
		return guess
	}
	moment := asUTC.Add(-after)
	if start, _ := guess.ZoneBounds(); !start.IsZero() && moment.Before(start) && !moment.Before(start.Add(current-after)) {
		return guess
	}
	return moment.In(loc)
}

func offset(t time.Time, loc *time.Location) time.Duration {
	_, s := t.In(loc).Zone()
	return time.Duration(s) * time.Second
}

// Date is the local time as PHP writes it.
func (d *DateTime) Date() string {
	y := d.Time.Year()
	if y < 0 {
		return fmt.Sprintf("-%04d", -y) + d.Time.Format(dateLayout[4:])
	}
	return d.Time.Format(dateLayout)
}

// object is the reverse of dateTimeOf.
func (d *DateTime) object() (*Object, error) {
	class := d.Class
	if class == "" {
		class = "DateTime"
	}
	w := d
	if d.ZoneType == 0 {
		w = NewDateTime(d.Time)
	}
	if y := w.Time.Year(); y < -9999 || y > 9999 {
		return nil, fmt.Errorf("PHP cannot read the year %d", y)
	}
	o := &Object{Class: class, Props: make([]Prop, 0, 3+len(d.Props))}
	o.Props = append(o.Props,
		Prop{Key: Key{Str: "date"}, Value: w.Date()},
		Prop{Key: Key{Str: "timezone_type"}, Value: int64(w.ZoneType)},
		Prop{Key: Key{Str: "timezone"}, Value: w.Zone})
	o.Props = append(o.Props, d.Props...)
	return o, nil
}

// ParseDateTime makes a date of the three properties that PHP stores: local
// time, kind of zone (1 offset, 2 abbreviation, 3 identifier) and zone.
func ParseDateTime(class, date string, kind int64, zone string) (*DateTime, error) {
	t, z, err := parseDateTime(date, kind, zone)
	if err != nil {
		return nil, &SyntaxError{Msg: err.Error()}
	}
	return &DateTime{Class: class, Time: t, ZoneType: z.kind, Zone: z.name}, nil
}
