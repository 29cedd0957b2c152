package sharedfiles

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
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
// [IsLeftOver].
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

// parseTime returns the time in a temporary name.
func parseTime(name string) (time.Time, bool) {
	rest, ok := strings.CutPrefix(name, temporaryPrefix)
	if !ok {
		return time.Time{}, false
	}
	when, _, ok := strings.Cut(rest, "-")
	if !ok {
		return time.Time{}, false
	}
	sec, err := strconv.ParseInt(when, 16, 64)
	return time.Unix(sec, 0), err == nil
}

// ServerTime returns the time by the clock of the file server on which root is:
// the modification time of a new file, which is removed again.
func ServerTime(root *os.Root) (time.Time, error) {
	name := TemporaryName(time.Now())
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return time.Time{}, err
	}
	fi, err := f.Stat()
	f.Close()
	if rerr := root.Remove(name); err == nil {
		err = rerr
	}
	if err != nil {
		return time.Time{}, err
	}
	return fi.ModTime(), nil
}

// IsLeftOver reports whether a file or directory below root has a
// [TemporaryName] and was left by a killed process: the file server has not
// changed it for an hour. now is the server's time, since the time in the name is
// that of the process, whose clock may be wrong. The name counts for a file that
// has already got its modification time, if that lies more than an hour ahead.
func IsLeftOver(root *os.Root, name string, now time.Time) bool {
	begun, ok := parseTime(path.Base(name))
	if !ok {
		return false
	}
	fi, err := root.Lstat(name)
	if err != nil || !fi.Mode().IsRegular() && !fi.IsDir() {
		return false
	}
	age := now.Sub(fi.ModTime())
	if age < -leftOverAge {
		age = now.Sub(begun)
	}
	return age > leftOverAge
}

// RemoveLeftOvers removes what [IsLeftOver] from directories below root: files,
// and empty directories. What cannot be removed stays.
func RemoveLeftOvers(root *os.Root, dirs ...string) error {
	var found []string
	for _, dir := range dirs {
		names, err := temporaryIn(root, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		found = append(found, names...)
	}
	if len(found) == 0 {
		return nil
	}
	now, err := ServerTime(root)
	if err != nil {
		now = time.Now() // the disk may be full of what is to be removed
	}
	for _, name := range found {
		if IsLeftOver(root, name, now) {
			_ = root.Remove(name)
		}
	}
	return nil
}

// temporaryIn returns the paths of what has a temporary name in a directory.
func temporaryIn(root *os.Root, dir string) (found []string, err error) {
	d, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(1000)
		for _, name := range names {
			if LooksTemporary(name) {
				found = append(found, path.Join(dir, name))
			}
		}
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
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
