package php

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// zone is a time zone as PHP has it.
type zone struct {
	loc *time.Location
	// kind is 1 for an offset, 2 for an abbreviation, 3 for an identifier.
	kind int
	// name is what PHP writes.
	name string
}

// utc is the zone that [Marshal] writes.
var utc = zone{loc: time.UTC, kind: 3, name: "UTC"}

var errZone = errors.New("unknown time zone")

// parseZone reads a zone of any of the three kinds from the front of s and
// returns what follows it. PHP does not trust the stored kind either.
func parseZone(s string) (z zone, rest string, err error) {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return parseOffset(s)
	}
	n := 0
	for n < len(s) && isZoneByte(s[n]) {
		n++
	}
	name := s[:n]
	if strings.EqualFold(name, "utc") {
		return utc, s[n:], nil
	}
	// Letters only may be an abbreviation, and what follows may be a number.
	letters := 0
	for letters < n && isLetter(s[letters]) {
		letters++
	}
	if letters > 0 && (letters == n || isDigitByte(s[letters])) {
		if off, ok := abbreviationOffset(s[:letters]); ok {
			abbr := strings.ToUpper(s[:letters])
			return zone{loc: time.FixedZone(abbr, off), kind: 2, name: abbr}, s[letters:], nil
		}
	}
	loc, err := loadZone(name)
	return zone{loc: loc, kind: 3, name: name}, s[n:], err
}

// parseOffset reads +2, +02, +0230, +02:30 or +02:30:15.
func parseOffset(s string) (z zone, rest string, err error) {
	n := 1
	for n < len(s) && (isDigitByte(s[n]) || s[n] == ':') {
		n++
	}
	parts := strings.Split(s[1:n], ":")
	if len(parts) == 1 && len(parts[0]) > 2 {
		d := parts[0]
		if len(d) == 3 {
			d = "0" + d
		}
		parts = []string{d[:2], d[2:]}
	}
	var hms [3]int
	for i, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil || i > 2 || len(p) > 2 || i > 0 && v > 59 {
			return zone{}, "", errZone
		}
		hms[i] = v
	}
	off := hms[0]*3600 + hms[1]*60 + hms[2]
	sign := "+"
	if s[0] == '-' && off != 0 {
		off, sign = -off, "-"
	}
	name := sign + twoDigits(hms[0]) + ":" + twoDigits(hms[1])
	return zone{loc: time.FixedZone(name, off), kind: 1, name: name}, s[n:], nil
}

func twoDigits(n int) string {
	return string([]byte{byte('0' + n/10%10), byte('0' + n%10)})
}

func isZoneByte(c byte) bool {
	return isLetter(c) || isDigitByte(c) || c == '_' || c == '/' || c == '-' || c == '+'
}

func isLetter(c byte) bool    { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigitByte(c byte) bool { return c >= '0' && c <= '9' }

// zoneCache keeps the zones that were loaded: reading one from the system's
// files takes a thousand times as long as decoding a date. It holds only
// zones that exist, and no more than maxZones.
type zoneCache struct {
	zones sync.Map // string → *time.Location
	n     atomic.Int32
}

const maxZones = 1000

var zones zoneCache

// loadZone finds a zone by its identifier, in any case as PHP does. A system
// without a zone database needs the import of time/tzdata.
func loadZone(name string) (*time.Location, error) {
	if loc, ok := zones.zones.Load(name); ok {
		return loc.(*time.Location), nil
	}
	if len(name) == 0 || len(name) > 64 {
		return nil, errZone
	}
	for i := range len(name) {
		if !isZoneByte(name[i]) {
			return nil, errZone
		}
	}
	if strings.EqualFold(name, "utc") {
		return time.UTC, nil
	}
	first, _, _ := strings.Cut(name, "/")
	switch strings.ToLower(first) {
	case "local", "right", "posix", "posixrules", "factory":
		// Files beside the zones, none of which PHP knows.
		return nil, errZone
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		if loc, err = time.LoadLocation(titleCase(name)); err != nil {
			return nil, errZone
		}
	}
	if zones.n.Load() < maxZones {
		if _, loaded := zones.zones.LoadOrStore(name, loc); !loaded {
			zones.n.Add(1)
		}
	}
	return loc, nil
}

// titleCase makes Europe/Zurich of europe/zurich.
func titleCase(name string) string {
	b := []byte(strings.ToLower(name))
	for i := range b {
		if isLetter(b[i]) && (i == 0 || b[i-1] == '/' || b[i-1] == '_' || b[i-1] == '-') {
			b[i] &^= 0x20
		}
	}
	return string(b)
}
