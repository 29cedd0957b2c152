package php

import (
	"errors"
	"fmt"
	"time"
)

// dateLayout is how PHP writes the local time of a date.
const dateLayout = "2006-01-02 15:04:05.000000"

// newDateTime returns t as a PHP DateTime in UTC, cut to microseconds: what
// [Marshal] writes for a time.Time.
func newDateTime(t time.Time) *DateTime {
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
		case p.Scope == "" && p.Key.Str == "date":
			if s, ok := v.(string); ok {
				date = &s
				continue
			}
		case p.Scope == "" && p.Key.Str == "timezone":
			if s, ok := v.(string); ok {
				name = &s
				continue
			}
		case p.Scope == "" && p.Key.Str == "timezone_type":
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

// parseDateTime reads the three properties of a date.
func parseDateTime(date string, kind int64, name string) (time.Time, *zone, error) {
	l, tail, ok := parseLocal(date)
	if !ok {
		return time.Time{}, nil, errDate
	}
	z, err := zoneOf(kind, name)
	if err == nil && tail != "" {
		z, err = parseTail(tail, &l)
	}
	if err != nil {
		return time.Time{}, nil, err
	}
	return l.in(z.loc), z, nil
}

// Date returns the local time as PHP writes it.
func (d *DateTime) Date() string {
	rest := d.Time.Format(dateLayout[len("2006"):])
	switch y := d.Time.Year(); {
	case y < 0:
		return fmt.Sprintf("-%04d", -y) + rest
	case y > 9999:
		return fmt.Sprintf("+%d", y) + rest
	default:
		return fmt.Sprintf("%04d", y) + rest
	}
}

// object is the reverse of dateTimeOf. It makes none that PHP could not read:
// PHP before 8.2 knows no years of five digits.
func (d *DateTime) object() (*Object, error) {
	class := d.Class
	if class == "" {
		class = "DateTime"
	}
	if !isClassName([]byte(class)) {
		return nil, fmt.Errorf("%q is not the name of a class", class)
	}
	w := d
	if d.ZoneType == 0 {
		w = newDateTime(d.Time)
	}
	z, err := zoneOf(int64(w.ZoneType), w.Zone)
	if err != nil {
		return nil, err
	}
	if at := w.Time.In(z.loc); offset(w.Time, w.Time.Location()) != offset(at, z.loc) {
		w = &DateTime{Time: at, ZoneType: w.ZoneType, Zone: w.Zone}
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
