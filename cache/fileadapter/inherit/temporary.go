package inherit

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

// LeftOver reports whether name is a [TemporaryName] of more than an hour ago.
func LeftOver(name string, now time.Time) bool {
	rest, ok := strings.CutPrefix(name, temporaryPrefix)
	if !ok {
		return false
	}
	begun, _, ok := strings.Cut(rest, "-")
	if !ok {
		return false
	}
	sec, err := strconv.ParseInt(begun, 16, 64)
	return err == nil && sec < now.Add(-time.Hour).Unix()
}
