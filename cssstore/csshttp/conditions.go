package csshttp

import (
	"net/http"
	"strings"
)

// isUnchanged reports whether If-None-Match names this variant: the client has it.
func (v *variant) isUnchanged(r *http.Request) bool {
	known := r.Header["If-None-Match"]
	return len(known) > 0 && isGetOrHead(r) && v.matches(known, false)
}

// isRefused reports whether there is an If-Match that does not name this variant.
func (v *variant) isRefused(r *http.Request) bool {
	wanted := r.Header["If-Match"]
	return len(wanted) > 0 && isGetOrHead(r) && !v.matches(wanted, true)
}

func isGetOrHead(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// matches reports whether a list of entity tags has that of the variant, or is a star.
// A tag may contain commas. What follows an invalid tag is ignored. With strong, weak
// tags match nothing (RFC 9110, 8.8.3.2).
func (v *variant) matches(lists []string, strong bool) bool {
	for _, list := range lists {
		if strings.TrimSpace(list) == "*" {
			return true
		}
		for {
			list = strings.TrimLeft(list, " \t,")
			rest, weak := strings.CutPrefix(list, "W/")
			if !strings.HasPrefix(rest, `"`) {
				break
			}
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				break
			}
			if rest[:end+2] == v.etag[0] && (!weak || !strong) {
				return true
			}
			list = rest[end+2:]
		}
	}
	return false
}
