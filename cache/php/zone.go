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

// zoneOf finds a zone of any of the three kinds. PHP does not trust the stored
// kind either: it reads a type 1 that names a city as type 3.
func zoneOf(text string) (zone, error) {
	if text[0] == '+' || text[0] == '-' {
		return offsetZone(text), nil
	}
	if text == "UTC" { // in other letters it is an abbreviation
		return utc, nil
	}
	if off, ok := abbreviationOffset(text); ok {
		abbr := strings.ToUpper(text)
		return zone{loc: time.FixedZone(abbr, off), kind: 2, name: abbr}, nil
	}
	return identifier(text)
}

// identifier is a zone of kind 3.
func identifier(name string) (zone, error) {
	loc, err := loadZone(name)
	if err != nil {
		return zone{}, err
	}
	return zone{loc: loc, kind: 3, name: name}, nil
}

// offsetZone is +2, +02, +230, +0230, +2:30, +02:30 or +023015,
// which the caller has made sure of.
func offsetZone(text string) zone {
	var hms [3]int
	digits := strings.ReplaceAll(text[1:], ":", "")
	parts := strings.Split(text[1:], ":")
	if len(parts) == 1 && len(digits) > 2 {
		split := 2 - len(digits)%2
		parts = []string{digits[:split], digits[split : split+2], digits[split+2:]}
	}
	for i, p := range parts {
		hms[i], _ = strconv.Atoi(p)
	}
	off := hms[0]*3600 + hms[1]*60 + hms[2]
	sign := "+"
	if text[0] == '-' {
		off = -off
		if off != 0 {
			sign = "-"
		}
	}
	// PHP leaves the seconds out here.
	name := sign + twoDigits(hms[0]) + ":" + twoDigits(hms[1])
	return zone{loc: time.FixedZone(name, off), kind: 1, name: name}
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
		// Kept under its proper name only: there are many more in odd letters.
		if proper := titleCase(name); proper != name {
			return loadZone(proper)
		}
		return nil, &ZoneError{Zone: name}
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
