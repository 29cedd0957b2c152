package sharedfiles

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

const temporaryPrefix = "mosparoGo-"

// TemporaryName is new, and says when the file was begun, so that what a
// killed process left behind can be found; see [LeftOver].
func TemporaryName(now time.Time) string {
	var r [8]byte
	_, _ = rand.Read(r[:]) // never fails
	return temporaryPrefix + strconv.FormatInt(now.Unix(), 16) + "-" + hex.EncodeToString(r[:])
}

// LooksTemporary reports whether name is a [TemporaryName], of whatever time.
func LooksTemporary(name string) bool {
	_, ok := begun(name)
	return ok
}

// LeftOver reports whether name is a [TemporaryName] of more than an hour ago.
func LeftOver(name string, now time.Time) bool {
	sec, ok := begun(name)
	return ok && sec < now.Add(-time.Hour).Unix()
}

// begun is the Unix time in a temporary name.
func begun(name string) (int64, bool) {
	rest, ok := strings.CutPrefix(name, temporaryPrefix)
	if !ok {
		return 0, false
	}
	when, _, ok := strings.Cut(rest, "-")
	if !ok {
		return 0, false
	}
	sec, err := strconv.ParseInt(when, 16, 64)
	return sec, err == nil
}
