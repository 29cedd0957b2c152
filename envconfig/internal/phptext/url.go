package phptext

import (
	"strings"
)

// URL is the result of PHP's parse_url; nil pointers are missing components.
type URL struct {
	Host, Path, Query *string
	Port              *int
	// Userinfo reports whether parse_url found user and password, and so an @ after the
	// first one.
	Userinfo bool
}

// ParseFileURL is PHP's parse_url for an address whose scheme was replaced by
// "file:", as Symfony does with its DSNs; rest is what follows the colon. It
// differs from net/url in what it lets pass, which decides where a PHP node
// connects.
func ParseFileURL(rest string) (u URL, ok bool) {
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
func parseAuthority(s string) (u URL, ok bool) {
	end := strings.IndexAny(s, "/?#")
	if end < 0 {
		end = len(s)
	}
	auth, rest := s[:end], s[end:]
	if i := strings.LastIndexByte(auth, '@'); i >= 0 {
		u.Userinfo = true
		auth = auth[i+1:]
	}
	host := auth
	if !strings.HasPrefix(auth, "[") || !strings.HasSuffix(auth, "]") {
		if i := strings.LastIndexByte(auth, ':'); i >= 0 {
			host = auth[:i]
			if digits := auth[i+1:]; digits != "" {
				port, numeric := leadingInt(digits)
				if len(digits) > 5 || !numeric || port < 0 || port > 65535 {
					return URL{}, false
				}
				u.Port = &port
			}
		}
	}
	if host == "" {
		return URL{}, false
	}
	host = hideControls(host)
	u.Host = &host
	if rest != "" {
		u.setPath(rest)
	}
	return u, true
}

// setPath splits path, query and fragment; the fragment is dropped.
func (u *URL) setPath(s string) {
	whole := s
	s, _, _ = strings.Cut(s, "#")
	s, query, has := strings.Cut(s, "?")
	if has {
		query = hideControls(query)
		u.Query = &query
	}
	if s != "" || whole == "" {
		s = hideControls(s)
		u.Path = &s
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

// RawURLDecode is PHP's function: %XX only, anything else as it stands.
func RawURLDecode(s string) string { return unescape(s, false) }

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
