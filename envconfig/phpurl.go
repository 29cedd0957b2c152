package envconfig

import (
	"math"
	"strconv"
	"strings"
)

// phpURL is what PHP's parse_url makes of an address; nil pointers are
// components that are absent.
type phpURL struct {
	host, path, query *string
	port              *int
	// userinfo is what parse_url itself took for user and password, that is
	// an @ beyond the first one.
	userinfo bool
}

// parseFileURL is PHP's parse_url for an address whose scheme was replaced by
// "file:", as Symfony does with its DSNs; rest is what follows the colon. It
// differs from net/url in what it lets pass, which decides where a PHP node
// connects.
func parseFileURL(rest string) (u phpURL, ok bool) {
	switch {
	case rest == "":
		return u, true
	case strings.HasPrefix(rest, "///"):
		// A drive letter ("file:///c:/dir") loses its slash.
		if len(rest) > 4 && rest[4] == ':' {
			rest = rest[1:]
		}
		u.setPath(rest[2:])
		return u, true
	case strings.HasPrefix(rest, "//"):
		return parseAuthority(rest[2:])
	case rest[0] == '/' || !startsLikePort(rest):
		u.setPath(rest)
		return u, true
	default:
		// "file:6379" is read as the host "file" with a port.
		return parseAuthority("file:" + rest)
	}
}

// startsLikePort reports whether s is 1 to 5 digits, then nothing or a slash.
func startsLikePort(s string) bool {
	n := 0
	for n < len(s) && n < 6 && isDigit(s[n]) {
		n++
	}
	return n < 6 && n > 0 && (n == len(s) || s[n] == '/')
}

// parseAuthority reads [user[:password]@]host[:port] and what follows.
func parseAuthority(s string) (u phpURL, ok bool) {
	end := strings.IndexAny(s, "/?#")
	if end < 0 {
		end = len(s)
	}
	auth, rest := s[:end], s[end:]
	if i := strings.LastIndexByte(auth, '@'); i >= 0 {
		u.userinfo = true
		auth = auth[i+1:]
	}
	host := auth
	if !strings.HasPrefix(auth, "[") || !strings.HasSuffix(auth, "]") {
		if i := strings.LastIndexByte(auth, ':'); i >= 0 {
			host = auth[:i]
			if digits := auth[i+1:]; digits != "" {
				port, numeric := leadingInt(digits)
				if len(digits) > 5 || !numeric || port < 0 || port > 65535 {
					return phpURL{}, false
				}
				u.port = &port
			}
		}
	}
	if host == "" {
		return phpURL{}, false
	}
	host = hideControls(host)
	u.host = &host
	if rest != "" {
		u.setPath(rest)
	}
	return u, true
}

// setPath splits path, query and fragment; the fragment is dropped.
func (u *phpURL) setPath(s string) {
	whole := s
	s, _, _ = strings.Cut(s, "#")
	s, query, has := strings.Cut(s, "?")
	if has {
		query = hideControls(query)
		u.query = &query
	}
	if s != "" || whole == "" {
		s = hideControls(s)
		u.path = &s
	}
}

// hideControls replaces control characters by underscores, as parse_url does.
func hideControls(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < 0x20 || c == 0x7f {
			b[i] = '_'
		}
	}
	return string(b)
}

// leadingInt is C's strtol in base 10: spaces, a sign and digits at the
// start; what follows does not matter. ok is false without a digit.
func leadingInt(s string) (n int, ok bool) {
	s = strings.TrimLeft(s, " \t\n\r\v\f")
	end := 0
	if end < len(s) && (s[end] == '-' || s[end] == '+') {
		end++
	}
	digits := end
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	if end == digits {
		return 0, false
	}
	n64, _ := strconv.ParseInt(s[:end], 10, 64) // out of range: the nearest end, as strtol
	return int(n64), true
}

// phpInt is PHP's (int) of a text: its leading integer, or a leading float
// that is cut; 0 without one, and the nearest end for one out of range.
func phpInt(s string) int64 {
	s = strings.TrimLeft(s, " \t\n\r\v\f")
	end := numberPrefix(s)
	if end == 0 {
		return 0
	}
	if n, err := strconv.ParseInt(s[:end], 10, 64); err == nil {
		return n
	}
	switch f, _ := strconv.ParseFloat(s[:end], 64); {
	case math.IsInf(f, 0):
		return 0
	case f >= 1<<63:
		return math.MaxInt64
	case f <= -1<<63:
		return math.MinInt64
	default:
		return int64(f)
	}
}

// numberPrefix is the length of the decimal number at the start of s.
func numberPrefix(s string) int {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	digits := 0
	for i < len(s) && isDigit(s[i]) {
		i++
		digits++
	}
	if i < len(s) && s[i] == '.' {
		j := i + 1
		for j < len(s) && isDigit(s[j]) {
			j++
			digits++
		}
		if digits > 0 {
			i = j
		}
	}
	if digits == 0 {
		return 0
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '-' || s[j] == '+') {
			j++
		}
		if j < len(s) && isDigit(s[j]) {
			for j < len(s) && isDigit(s[j]) {
				j++
			}
			i = j
		}
	}
	return i
}

// rawurldecode is PHP's function: %XX only, anything else as it stands.
func rawurldecode(s string) string { return unescape(s, false) }

// urldecode is PHP's function: %XX, and + for a space.
func urldecode(s string) string { return unescape(s, true) }

func unescape(s string, plus bool) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		case c == '+' && plus:
			b = append(b, ' ')
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	default:
		return c - 'A' + 10
	}
}
