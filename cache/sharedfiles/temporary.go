package sharedfiles

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	temporaryPrefix = "mosparoGo-"
	// leftOverAge is the age from which a temporary file is taken for one of a
	// killed process.
	leftOverAge = time.Hour
)

// TemporaryName returns a new name, which says when the file was begun; see
// [LeftOver].
func TemporaryName(now time.Time) string {
	var r [8]byte
	_, _ = rand.Read(r[:]) // never fails
	return temporaryPrefix + strconv.FormatInt(now.Unix(), 16) + "-" + hex.EncodeToString(r[:])
}

// LooksTemporary reports whether name is a [TemporaryName] of any time.
func LooksTemporary(name string) bool {
	_, ok := parseTime(name)
	return ok
}

// LeftOver reports whether name is a [TemporaryName] of more than an hour ago.
func LeftOver(name string, now time.Time) bool {
	sec, ok := parseTime(name)
	return ok && sec < now.Add(-leftOverAge).Unix()
}

// parseTime returns the Unix time in a temporary name.
func parseTime(name string) (int64, bool) {
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

// RemoveLeftOvers removes the temporary files, and empty temporary
// directories, that killed processes left in a directory below root. What
// cannot be removed stays.
func RemoveLeftOvers(root *os.Root, dir string, now time.Time) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		entries, err := d.ReadDir(1000)
		for _, e := range entries {
			if LeftOver(e.Name(), now) && (e.Type().IsRegular() || e.IsDir()) {
				_ = root.Remove(path.Join(dir, e.Name()))
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Sweeper calls for a look at left-over files with the first write of a process
// and once an hour from then on. The zero value is ready, and safe for
// concurrent use.
type Sweeper struct{ last atomic.Int64 }

// Due reports whether it is time, to one caller.
func (s *Sweeper) Due(now time.Time) bool {
	last := s.last.Load()
	return now.Unix() >= last+int64(leftOverAge/time.Second) && s.last.CompareAndSwap(last, now.Unix())
}

// Hurry lets the next look be due a minute later, since this one has left much.
func (s *Sweeper) Hurry(now time.Time) { s.last.Store(now.Add(time.Minute - leftOverAge).Unix()) }
