package cache

import "strings"

// LockPrefix begins the names of lock records and fencing counters that share
// a server with the cache. A [Clearer] leaves them alone: clearing a cache
// must not take a lease from its holder nor start a fence anew.
const LockPrefix = "mosparoGoLock"

// Owned reports whether an entry of this name belongs to mosparo or to this
// module, so that a [Clearer] may remove it:
//
//   - mosparo… (the cleanup schedule, and mosparoGo… of Go nodes), except
//     [LockPrefix]…
//   - design_{uuid}_content and design_{uuid}_hash, the prepared CSS
//   - p{project id}rc_{32 hex digits}, the rule items
func Owned(key string) bool {
	if strings.HasPrefix(key, "mosparo") {
		return !strings.HasPrefix(key, LockPrefix)
	}
	if rest, ok := strings.CutPrefix(key, "design_"); ok {
		id, ok := strings.CutSuffix(rest, "_content")
		if !ok {
			id, ok = strings.CutSuffix(rest, "_hash")
		}
		return ok && isUUID(id)
	}
	if rest, ok := strings.CutPrefix(key, "p"); ok {
		id, hash, ok := strings.Cut(rest, "rc_")
		return ok && len(id) > 0 && len(id) <= 20 && only(id, isDigit) && len(hash) == 32 && only(hash, isHex)
	}
	return false
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isHex(s[i]) {
				return false
			}
		}
	}
	return true
}

func only(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
