package php

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// PHP reads the stored text of a date as it reads any date (strtotime): as
// words in any order, a local time, a calendar date and a zone. What it never
// writes itself, such as names of months, is refused here.
var (
	calendarWord = regexp.MustCompile(`^(?:([+-]?[0-9]{4})-(1[0-2]|0[0-9])-(3[01]|[0-2][0-9])|` +
		`([0-9]{1,4})-(1[0-2]|0?[0-9])-(3[01]|[0-2]?[0-9])|([0-9]{4})-(1[0-2]|0?[0-9]))`)
	dayOfYear  = regexp.MustCompile(`^([0-9]{4})[.-]?(00[1-9]|0[1-9][0-9]|[12][0-9][0-9]|3[0-5][0-9]|36[0-6])`)
	clockWord  = regexp.MustCompile(`^[tT]?(2[0-4]|[01]?[0-9])[:.]([0-5]?[0-9])(?:[:.](60|[0-5]?[0-9])(?:[.]([0-9]+))?)?`)
	offsetWord = regexp.MustCompile(`^(?:GMT)?([+-](?:(?:2[0-4]|[01]?[0-9])(?::?[0-5]?[0-9])?))`)
	longOffset = regexp.MustCompile(`^(?:GMT)?([+-](?:2[0-4]|[01][0-9])[0-5][0-9][0-5][0-9])`)
	zoneWord   = regexp.MustCompile(`^(?:[A-Z][a-z]+(?:[_/-][A-Za-z]+)+|[A-Za-z]{1,6})`)
	shortClock = regexp.MustCompile(`^[tT]?(2[0-4]|[01][0-9])([0-5][0-9])`)
	yearWord   = regexp.MustCompile(`^[0-9]{4}`)
)

// parseDateTime reads the three properties of a date. PHP joins local time and
// zone, but for an identifier (kind 3), which a zone in the text overrules.
func parseDateTime(date string, kind int64, name string) (time.Time, zone, error) {
	var z zone
	switch kind {
	case 1, 2:
		date += " " + name
	case 3:
		var err error
		if z, err = identifier(name); err != nil {
			return time.Time{}, zone{}, err
		}
	default:
		return time.Time{}, zone{}, errDate
	}
	r := dateReader{rest: date}
	for r.rest != "" {
		if err := r.word(); err != nil {
			return time.Time{}, zone{}, err
		}
	}
	if r.zones > 0 {
		z = r.zone
	}
	// For a missing date PHP takes today, for a missing zone that of the node:
	// neither is what was stored.
	if r.dates == 0 || z.kind == 0 {
		return time.Time{}, zone{}, errDate
	}
	return r.local.in(z.loc), z, nil
}

// dateReader reads the words of a date.
type dateReader struct {
	rest                 string
	local                local
	zone                 zone
	dates, clocks, zones int
}

// word reads the next word. PHP refuses a second date or time and a third
// zone; it does not look at the second one.
func (r *dateReader) word() error {
	s := r.rest
	if strings.IndexByte(" \t\n\x00.,", s[0]) >= 0 {
		r.rest = s[1:]
		return nil
	}
	if word := r.calendar(s); word != "" {
		r.dates++
		return r.pass(word, r.dates == 1)
	}
	if m := clockWord.FindStringSubmatch(s); m != nil {
		r.clocks++
		r.clock(m)
		return r.pass(m[0], r.clocks == 1)
	}
	m := longOffset.FindStringSubmatch(s)
	if m == nil {
		m = offsetWord.FindStringSubmatch(s)
	}
	if m != nil {
		return r.zoneText(m[0], m[1])
	}
	if m := shortClock.FindStringSubmatch(s); m != nil {
		// Behind a time, four digits are a year.
		if r.clocks++; r.clocks == 1 {
			r.clock(append(m, "", ""))
		} else {
			r.local.year = atoi(m[1] + m[2])
		}
		return r.pass(m[0], r.clocks < 3)
	}
	if m := yearWord.FindString(s); m != "" {
		r.local.year = atoi(m)
		return r.pass(m, true)
	}
	if m := zoneWord.FindString(s); m != "" {
		return r.zoneText(m, m)
	}
	return errDate
}

func (r *dateReader) pass(word string, ok bool) error {
	r.rest = r.rest[len(word):]
	if !ok {
		return errDate
	}
	return nil
}

func (r *dateReader) zoneText(word, text string) error {
	r.zones++
	if r.zones == 1 {
		var err error
		if r.zone, err = zoneOf(text); err != nil {
			return err
		}
	}
	return r.pass(word, r.zones < 3)
}

// calendar reads a date and returns its text.
func (r *dateReader) calendar(s string) string {
	m := calendarWord.FindStringSubmatch(s)
	if d := dayOfYear.FindStringSubmatch(s); d != nil && (m == nil || len(d[0]) > len(m[0])) {
		r.local.year, r.local.month, r.local.day = atoi(d[1]), 1, atoi(d[2])
		return d[0]
	}
	if m == nil {
		return ""
	}
	year := m[1] + m[4] + m[7]
	r.local.year, r.local.month, r.local.day = atoi(year), atoi(m[2]+m[5]+m[8]), 1
	if day := m[3] + m[6]; day != "" {
		r.local.day = atoi(day)
	}
	switch y := r.local.year; {
	case len(year) >= 4:
	case y < 70:
		r.local.year += 2000
	case y < 100:
		r.local.year += 1900
	}
	return m[0]
}

func (r *dateReader) clock(m []string) {
	r.local.hour, r.local.minute, r.local.second = atoi(m[1]), atoi(m[2]), atoi(m[3])
	fraction := (m[4] + "000000")[:6]
	r.local.micro = atoi(fraction)
}

// atoi reads what a pattern has found to be a number, or nothing.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
