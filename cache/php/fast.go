package php

import (
	"bytes"
	"time"
)

// fast reads the values that a node reads all day — strings and dates as PHP
// writes them — without the general reader. It returns false for anything it
// does not know, and then has changed nothing.
func fast(data []byte, v any, noCopy bool) bool {
	switch v := v.(type) {
	case *[]byte:
		s, ok := plainString(data)
		if !ok || v == nil {
			return false
		}
		if !noCopy {
			s = bytes.Clone(s)
		}
		*v = s
		return true
	case *string:
		s, ok := plainString(data)
		if ok = ok && v != nil; ok {
			*v = string(s)
		}
		return ok
	case *time.Time:
		t, ok := plainDate(data)
		if ok = ok && v != nil; ok {
			*v = t
		}
		return ok
	}
	return false
}

// plainString is a whole value that is a string, in either format.
func plainString(data []byte) ([]byte, bool) {
	if isIgbinary(data) {
		return igbinaryString(data[4:])
	}
	if len(data) < 6 || data[0] != 's' || data[1] != ':' {
		return nil, false
	}
	n, i := 0, 2
	for ; i < len(data) && i < 12 && isDigitByte(data[i]); i++ {
		n = n*10 + int(data[i]-'0')
	}
	// :"…";
	if i == 2 || len(data)-i < n+4 || data[i] != ':' || data[i+1] != '"' {
		return nil, false
	}
	end := i + 2 + n
	if data[end] != '"' || data[end+1] != ';' {
		return nil, false
	}
	return data[i+2 : end : end], true
}

func igbinaryString(data []byte) ([]byte, bool) {
	r := igbinaryReader{data: data}
	tag, err := r.tag()
	if err != nil || tag < igString8 || tag >= igString8+3 {
		return nil, false
	}
	n, err := r.uint(tag - igString8)
	if err != nil || uint64(n) != uint64(len(data)-r.pos) {
		return nil, false
	}
	return data[r.pos:len(data):len(data)], true
}

// The fixed parts around the local time, which has 26 bytes, and the zone.
const (
	dateHead   = `O:8:"DateTime":3:{s:4:"date";s:26:"`
	dateMiddle = `";s:13:"timezone_type";i:3;s:8:"timezone";s:`
	igDateHead = "\x00\x00\x00\x02\x17\x08DateTime\x14\x03\x11\x04date\x11\x1a"
	igDateMid  = "\x11\x0dtimezone_type\x06\x03\x11\x08timezone\x11"
	dateLen    = 26
)

// plainDate is a whole value that is a DateTime with the identifier of a zone.
func plainDate(data []byte) (time.Time, bool) {
	var name []byte
	var ok bool
	local := data
	if bytes.HasPrefix(data, []byte(dateHead)) {
		local = data[len(dateHead):]
		if len(local) < dateLen+len(dateMiddle) || string(local[dateLen:dateLen+len(dateMiddle)]) != dateMiddle {
			return time.Time{}, false
		}
		name, ok = zoneName(local[dateLen+len(dateMiddle):])
	} else if bytes.HasPrefix(data, []byte(igDateHead)) {
		local = data[len(igDateHead):]
		if len(local) < dateLen+len(igDateMid)+1 || string(local[dateLen:dateLen+len(igDateMid)]) != igDateMid {
			return time.Time{}, false
		}
		rest := local[dateLen+len(igDateMid):]
		name, ok = rest[1:], int(rest[0]) == len(rest)-1
	}
	if !ok {
		return time.Time{}, false
	}
	l, ok := fixedLocal(local[:dateLen])
	if !ok {
		return time.Time{}, false
	}
	if string(name) == "UTC" {
		return l.in(time.UTC), true
	}
	loc, ok := zones.zones.Load(string(name))
	if !ok {
		return time.Time{}, false
	}
	return l.in(loc.(*time.Location)), true
}

// zoneName reads 3:"UTC";}
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

// fixedLocal reads 2006-01-02 15:04:05.000000.
func fixedLocal(b []byte) (l local, ok bool) {
	if b[4] != '-' || b[7] != '-' || b[10] != ' ' || b[13] != ':' || b[16] != ':' || b[19] != '.' {
		return l, false
	}
	ok = true
	field := func(from, to, most int) (n int) {
		for _, c := range b[from:to] {
			ok = ok && isDigitByte(c)
			n = n*10 + int(c-'0')
		}
		ok = ok && n <= most
		return n
	}
	l = local{
		year: field(0, 4, 9999), month: field(5, 7, 12), day: field(8, 10, 31),
		hour: field(11, 13, 24), minute: field(14, 16, 59), second: field(17, 19, 60), micro: field(20, 26, 999999),
	}
	return l, ok
}
