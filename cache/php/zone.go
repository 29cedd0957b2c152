package php

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// zone is a time zone of PHP.
type zone struct {
	loc *time.Location
	// kind is 1 for an offset, 2 for an abbreviation, 3 for an identifier.
	kind int
	// name is what PHP writes.
	name string
}

// utc is the zone that [Marshal] writes.
var utc = &zone{loc: time.UTC, kind: 3, name: "UTC"}

var errZone = errors.New("not a time zone")

// ZoneError says that a date is in a time zone that is not in the zone database
// of this program. PHP brings a database of its own and may know the zone. For
// operators, "What can go wrong" in examples/deploy/README.md says what to do.
type ZoneError struct{ Zone string }

func (e *ZoneError) Error() string {
	return "no time zone " + strconv.Quote(short(e.Zone)) + " in the zone database of this program; importing time/tzdata adds one"
}

// zoneCache keeps the zones that were loaded: reading one from the system's
// files takes a thousand times as long as decoding a date. It holds only
// zones that exist, and no more than maxZones.
type zoneCache struct {
	zones sync.Map // string → *zone
	n     atomic.Int32
}

// maxZones is more than there are identifiers, abbreviations and offsets in
// whole minutes.
const maxZones = 5000

func (c *zoneCache) load(name string) *zone {
	if z, ok := c.zones.Load(name); ok {
		return z.(*zone)
	}
	return nil
}

func (c *zoneCache) store(name string, z *zone) {
	if c.n.Load() < maxZones {
		if _, loaded := c.zones.LoadOrStore(name, z); !loaded {
			c.n.Add(1)
		}
	}
}

// identifiers are the zones of kind 3, words those that PHP reads as the last
// word of a date.
var identifiers, words zoneCache

// knownZone returns a zone that was met before, or nil.
func knownZone(kind int64, name string) *zone {
	switch kind {
	case 1, 2:
		return words.load(name)
	case 3:
		if name == utc.name {
			return utc
		}
		return identifiers.load(name)
	}
	return nil
}

// zoneOf finds the zone of a stored date. PHP does not trust the stored kind:
// it reads a type 1 that names a city as type 3.
func zoneOf(kind int64, name string) (*zone, error) {
	if z := knownZone(kind, name); z != nil {
		return z, nil
	}
	switch kind {
	case 1, 2:
		return zoneWord(name)
	case 3:
		return identifier(name)
	}
	return nil, errZone
}

// zoneWord is the zone of a word at the end of a date: an offset, an
// abbreviation or an identifier.
func zoneWord(word string) (*zone, error) {
	if z, ok := offsetZone(word); ok {
		if len(word) == len("+00:00") {
			words.store(word, z)
		}
		return z, nil
	}
	if word == utc.name { // in other letters it is an abbreviation
		return utc, nil
	}
	if off, ok := abbreviationOffset(word); ok {
		z := abbreviation(word, off)
		if word == z.name {
			words.store(word, z)
		}
		return z, nil
	}
	if !isIdentifierWord(word) {
		return nil, errZone
	}
	return identifier(word)
}

func abbreviation(word string, off int) *zone {
	abbr := strings.ToUpper(word)
	return &zone{loc: time.FixedZone(abbr, off), kind: 2, name: abbr}
}

// isIdentifierWord reports whether PHP takes the whole word for the name of a
// zone: up to six letters, or parts of letters of which the first begins with
// a capital and goes on in small ones.
func isIdentifierWord(word string) bool {
	first := true  // the part is the first one
	start := 0     // of the part
	small := false // a part of small letters, but for its initial
	for i := range len(word) {
		switch c := word[i]; {
		case isLetter(c):
			if i == 0 {
				small = c <= 'Z'
			} else if first {
				small = small && c >= 'a'
			}
		case c == '/' || c == '_' || c == '-':
			if i == start || first && (!small || i < 2) {
				return false
			}
			first, start = false, i+1
		default:
			return false
		}
	}
	return start < len(word) && (!first || len(word) <= 6)
}

// offsetZone reads +02:00 or +02:00:15. PHP knows no offset of 25 hours and
// more.
func offsetZone(text string) (*zone, bool) {
	n := len(text)
	if n != len("+00:00") && n != len("+00:00:00") || text[0] != '+' && text[0] != '-' || text[3] != ':' {
		return nil, false
	}
	ok := true
	off := pair(text, 1, 24, &ok)*3600 + pair(text, 4, 59, &ok)*60
	if n > len("+00:00") {
		off += pair(text, 7, 59, &ok)
		ok = ok && text[6] == ':'
	}
	if !ok {
		return nil, false
	}
	sign := "+"
	if text[0] == '-' && off != 0 {
		sign, off = "-", -off
	}
	name := sign + text[1:]
	if off%60 == 0 {
		name = name[:len("+00:00")]
	}
	return &zone{loc: time.FixedZone(name, off), kind: 1, name: name}, true
}

func isZoneByte(c byte) bool {
	return isLetter(c) || isDigitByte(c) || c == '_' || c == '/' || c == '-' || c == '+'
}

func isLetter(c byte) bool    { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigitByte(c byte) bool { return c >= '0' && c <= '9' }

// identifier is a zone of kind 3. It keeps its letters, which PHP takes in any
// case.
func identifier(name string) (*zone, error) {
	if z := identifiers.load(name); z != nil {
		return z, nil
	}
	if !isIdentifier(name) {
		return nil, errZone
	}
	if strings.EqualFold(name, utc.name) {
		return &zone{loc: time.UTC, kind: 3, name: name}, nil
	}
	loc, err := time.LoadLocation(name)
	if err == nil {
		z := &zone{loc: loc, kind: 3, name: name}
		identifiers.store(name, z)
		return z, nil
	}
	// Kept under its proper name only: PHP takes it in any case of letters.
	proper := titleCase(name)
	if proper == name {
		return nil, &ZoneError{Zone: name}
	}
	z, err := identifier(proper)
	if err != nil {
		return nil, &ZoneError{Zone: name}
	}
	return &zone{loc: z.loc, kind: 3, name: name}, nil
}

// maxIdentifier is longer than the name of any zone.
const maxIdentifier = 64

func isIdentifier(name string) bool {
	if name == "" || len(name) > maxIdentifier || name[0] == '/' || name[len(name)-1] == '/' || strings.Contains(name, "//") {
		return false
	}
	for i := range len(name) {
		if !isZoneByte(name[i]) {
			return false
		}
	}
	first, _, _ := strings.Cut(name, "/")
	switch strings.ToLower(first) {
	case "local", "localtime", "right", "posix", "posixrules":
		// Files beside the zones, none of which PHP's own database has.
		return false
	}
	return true
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
