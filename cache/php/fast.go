package php

import (
	"bytes"
	"time"

	"github.com/mosparo/go-cluster/cache/internal/phpstring"
)

// unmarshalFast is the fast path for the values that a node reads most, strings
// and DateTimes as PHP writes them. It returns false for anything else, and then
// has changed nothing.
func unmarshalFast(data []byte, v any) bool {
	switch v := v.(type) {
	case *[]byte:
		s, ok := phpstring.Bytes(data)
		if ok = ok && v != nil; ok {
			*v = bytes.Clone(s)
		}
		return ok
	case *string:
		s, ok := phpstring.Bytes(data)
		if ok = ok && v != nil; ok {
			*v = string(s)
		}
		return ok
	case *time.Time:
		t, ok := Time(data)
		if ok = ok && v != nil; ok {
			*v = t
		}
		return ok
	}
	return false
}

// The fixed parts around the local time, which has 26 bytes, the kind of zone
// and the zone.
const (
	dateHead        = `O:8:"DateTime":3:{s:4:"date";s:26:"`
	dateImmutable   = `O:17:"DateTimeImmutable":3:{s:4:"date";s:26:"`
	dateMiddle      = `";s:13:"timezone_type";i:`
	dateZone        = `;s:8:"timezone";s:`
	igDateHead      = "\x00\x00\x00\x02\x17\x08DateTime\x14\x03\x11\x04date\x11\x1a"
	igDateImmutable = "\x00\x00\x00\x02\x17\x11DateTimeImmutable\x14\x03\x11\x04date\x11\x1a"
	igDateMiddle    = "\x11\x0dtimezone_type\x06"
	igDateZone      = "\x11\x08timezone\x11"
	dateLen         = 26
)

// Time returns the moment of a whole value that is a DateTime as PHP writes it,
// in its zone. It allocates nothing. It returns false for anything else, and for
// a zone that was not read before: [Unmarshal] reads those, too.
func Time(data []byte) (time.Time, bool) {
	d, ok := usualDate(data)
	return d.Time, ok
}

// usualDate reads a whole value that is a DateTime as PHP writes it, in either
// format and in a zone that was read before. It allocates nothing.
func usualDate(data []byte) (DateTime, bool) {
	class, date, kind, name, ok := dateParts(data)
	if !ok {
		return DateTime{}, false
	}
	l, tail, ok := parseLocal(date)
	if !ok || len(tail) > 0 {
		return DateTime{}, false
	}
	z := knownZone(int64(kind), string(name))
	if z == nil {
		return DateTime{}, false
	}
	return DateTime{Class: class, Time: l.in(z.loc), ZoneType: z.kind, Zone: z.name}, true
}

// dateParts takes a DateTime apart.
func dateParts(data []byte) (class string, date []byte, kind byte, name []byte, ok bool) {
	class, rest, ok := cutHead(data, dateHead, dateImmutable)
	if ok {
		if len(rest) < dateLen+len(dateMiddle)+1 || string(rest[dateLen:dateLen+len(dateMiddle)]) != dateMiddle {
			return "", nil, 0, nil, false
		}
		date, kind, rest = rest[:dateLen], rest[dateLen+len(dateMiddle)]-'0', rest[dateLen+len(dateMiddle)+1:]
		if ok = hasPrefix(rest, dateZone); ok {
			name, ok = zoneName(rest[len(dateZone):])
		}
		return class, date, kind, name, ok
	}
	if class, rest, ok = cutHead(data, igDateHead, igDateImmutable); !ok {
		return "", nil, 0, nil, false
	}
	if len(rest) < dateLen+len(igDateMiddle)+1 || string(rest[dateLen:dateLen+len(igDateMiddle)]) != igDateMiddle {
		return "", nil, 0, nil, false
	}
	date, kind, rest = rest[:dateLen], rest[dateLen+len(igDateMiddle)], rest[dateLen+len(igDateMiddle)+1:]
	if !hasPrefix(rest, igDateZone) {
		return "", nil, 0, nil, false
	}
	rest = rest[len(igDateZone):]
	if len(rest) == 0 || int(rest[0]) != len(rest)-1 {
		return "", nil, 0, nil, false
	}
	return class, date, kind, rest[1:], true
}

// cutHead takes the head of a date of either class from data.
func cutHead(data []byte, mutable, immutable string) (class string, rest []byte, ok bool) {
	switch {
	case hasPrefix(data, mutable):
		return "DateTime", data[len(mutable):], true
	case hasPrefix(data, immutable):
		return "DateTimeImmutable", data[len(immutable):], true
	}
	return "", nil, false
}

// zoneName reads a zone at the end of a date, such as 3:"UTC";} in PHP's form.
func zoneName(b []byte) ([]byte, bool) {
	n, i := 0, 0
	for ; i < len(b) && i < 3 && isDigitByte(b[i]); i++ {
		n = n*10 + int(b[i]-'0')
	}
	if i == 0 || len(b)-i < n+5 || b[i] != ':' || b[i+1] != '"' || string(b[i+2+n:i+5+n]) != `";}` {
		return nil, false
	}
	return b[i+2 : i+2+n], true
}
