package csshttp

import (
	"net/http"
	"strings"
)

// isUnchanged reports whether the client has this variant already.
func (v *variant) isUnchanged(r *http.Request) bool {
	known := r.Header["If-None-Match"]
	return len(known) > 0 && isRead(r) && v.matches(known, false)
}

// isRefused reports whether the client wants no other variant than those that it
// names, and this is none of them.
func (v *variant) isRefused(r *http.Request) bool {
	wanted := r.Header["If-Match"]
	return len(wanted) > 0 && isRead(r) && !v.matches(wanted, true)
}

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// matches reports whether a list of entity tags has that of the variant, or is a
// star. A comma in a tag is a part of it; from what is no tag on, the rest of a
// list does not count. If strong, weak tags match nothing (RFC 9110, 8.8.3.2).
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
