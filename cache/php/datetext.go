package php

import "strings"

// text is the source of a date: a part of a stored value, or a property.
type text interface{ ~string | ~[]byte }

// local is a time of day somewhere.
type local struct {
	year, month, day, hour, minute, second, micro int
}

// afterYear is the length of "-01-02 15:04:05".
const afterYear = 15

// parseLocal reads the local time of a date, as PHP reads it, and returns what
// follows: 2006-01-02 15:04:05.000000, with T for the space and other numbers of
// digits behind the point, or none; a year before 0 or after 9999 has a sign.
// PHP takes many more texts for a date, none of which it writes; they are no
// date here.
//
// Values just out of range pass where PHP rolls them over: month 0, day 0 and
// the 31st of any month, hour 24, second 60.
func parseLocal[T text](s T) (l local, rest T, ok bool) {
	year, n := parseYear(s)
	s = s[n:]
	if n == 0 || len(s) < afterYear || s[0] != '-' || s[3] != '-' || s[6] != ' ' && s[6] != 'T' || s[9] != ':' || s[12] != ':' {
		return local{}, s, false
	}
	ok = true
	l = local{
		year: year, month: pair(s, 1, 12, &ok), day: pair(s, 4, 31, &ok),
		hour: pair(s, 7, 24, &ok), minute: pair(s, 10, 59, &ok), second: pair(s, 13, 60, &ok),
	}
	l.micro, n = parseMicro(s[afterYear:], &ok)
	return l, s[afterYear+n:], ok
}

// maxYearDigits bounds the years that PHP 8.2 writes with a sign.
const maxYearDigits = 6

// parseYear returns the year at the beginning of s and its length, 0 if there
// is none: four digits, with a sign if need be, or a sign and more digits.
func parseYear[T text](s T) (year, n int) {
	signed := len(s) > 0 && (s[0] == '-' || s[0] == '+')
	if signed {
		n = 1
	}
	first := n
	for n < len(s) && n <= maxYearDigits && isDigitByte(s[n]) {
		year = year*10 + int(s[n]-'0')
		n++
	}
	if digits := n - first; digits < 4 || digits > 4 && !signed {
		return 0, 0
	}
	if s[0] == '-' {
		year = -year
	}
	return year, n
}

// pair reads the two digits at s[i], of a number up to most.
func pair[T text](s T, i, most int, ok *bool) int {
	a, b := s[i]-'0', s[i+1]-'0'
	n := int(a)*10 + int(b)
	*ok = *ok && a <= 9 && b <= 9 && n <= most
	return n
}

// maxFraction is how many digits of a second are read. PHP computes with a
// float, which is exact for these.
const maxFraction = 9

// parseMicro reads a point and digits, which it cuts to microseconds, and
// returns their length. There may be none.
func parseMicro[T text](s T, ok *bool) (micro, n int) {
	if len(s) == 0 {
		return 0, 0
	}
	if s[0] != '.' {
		*ok = false
		return 0, 0
	}
	for n = 1; n < len(s) && isDigitByte(s[n]); n++ {
		if n <= 6 {
			micro = micro*10 + int(s[n]-'0')
		}
	}
	for i := n; i <= 6; i++ {
		micro *= 10
	}
	*ok = *ok && n > 1 && n <= 1+maxFraction
	return micro, n
}

// parseTail reads what may follow a local time that has lost a digit to a
// letter: an abbreviation, which is the zone of the date in place of the one
// stored beside it, and four digits, which PHP takes for the year.
func parseTail(tail string, l *local) (*zone, error) {
	n := 0
	for n < len(tail) && isLetter(tail[n]) {
		n++
	}
	word, year := tail[:n], tail[n:]
	if year != "" && (len(year) != 4 || strings.EqualFold(word, "t")) { // t begins a time
		return nil, errDate
	}
	off, ok := abbreviationOffset(word)
	if !ok || word == utc.name {
		return nil, errDate
	}
	if year != "" {
		l.year = pair(year, 0, 99, &ok)*100 + pair(year, 2, 99, &ok)
	}
	if !ok {
		return nil, errDate
	}
	return abbreviation(word, off), nil
}
