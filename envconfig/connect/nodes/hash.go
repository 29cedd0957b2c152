package nodes

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

const (
	// maxContent is the size of the largest file whose content is hashed.
	maxContent = 256 << 20
	// newestFiles is how many of the files changed last a record has.
	newestFiles = 50
	// freshness is how long after its modification time a file may change without
	// getting another one, on file systems with whole seconds.
	freshness = 2 * time.Second
)

var errPending = errors.New("its files are being hashed")

// folderHashes remembers the hashes of the files of a folder. It is not safe for
// concurrent use.
type folderHashes struct {
	name string
	key  string // of the hashes
	macs map[string]hashed
}

// hashed is the keyed hash of a file with this size and modification time.
type hashed struct {
	size     int64
	modified time.Time
	mac      string
}

// take returns all files of the folder below mosparo's directory, sorted by path. A
// missing folder has none. After until no further file is hashed, and the error is
// [errPending]; the zero time is no limit.
func (h *folderHashes) take(ctx context.Context, k keyed, in installation, until time.Time) ([]File, error) {
	root, err := sharedfiles.Folder{Path: filepath.Join(in.dir, filepath.FromSlash(h.name))}.Open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if key := k.mac("key"); h.key != key {
		h.key, h.macs = key, nil
	}
	database := in.databaseIn(h.name)
	s := scan{root: root, leftOut: func(name string) bool { return isLeftOut(h.name, name, database) }}
	if err := s.directory(ctx, ".", 0); err != nil {
		return nil, err
	}
	slices.SortFunc(s.files, func(a, b found) int { return cmp.Compare(a.path, b.path) })
	return h.hashAll(ctx, k, root, s.files, until)
}

// hashAll hashes the files, and forgets those that are gone. After a file that cannot be
// read it goes on, and returns the error at the end.
func (h *folderHashes) hashAll(ctx context.Context, k keyed, root *os.Root, all []found, until time.Time) ([]File, error) {
	buffer := make([]byte, 64<<10)
	macs := make(map[string]hashed, len(all))
	files := make([]File, 0, len(all))
	var failed error
	for _, f := range all {
		is, known := h.macs[f.path]
		known = known && is.size == f.size && is.modified.Equal(f.modified)
		trusted := known || time.Since(f.modified) > freshness
		if !known && !until.IsZero() && time.Now().After(until) {
			failed = cmp.Or(failed, errPending)
			continue
		}
		if !known {
			sum, err := hashFile(ctx, root, f, buffer)
			if err != nil {
				failed = cmp.Or(failed, ignoreMissing(err))
				continue
			}
			is = hashed{f.size, f.modified, k.mac("file", []byte(f.path), sum[:])}
		}
		if trusted {
			macs[f.path] = is
		}
		files = append(files, File{Path: f.path, MAC: is.mac, Size: f.size, Modified: f.modified})
	}
	h.macs = macs
	return files, failed
}

// hashFile hashes the content of a file, through the buffer, or the target of a link, or
// the size of a file that is too large.
func hashFile(ctx context.Context, root *os.Root, f found, buffer []byte) (sum [sha256.Size]byte, err error) {
	switch {
	case f.isLink:
		return sha256.Sum256([]byte("link " + f.link)), nil
	case f.size > maxContent:
		return sha256.Sum256(binary.BigEndian.AppendUint64([]byte("size "), uint64(f.size))), nil
	}
	file, err := sharedfiles.OpenFile(root, f.path)
	if err != nil {
		return sum, err
	}
	defer file.Close()
	content := sha256.New()
	if _, err := io.CopyBuffer(content, io.LimitReader(endingReader{ctx, file}, maxContent), buffer); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(content.Sum(nil)), nil
}

// endingReader reads until its context ends.
type endingReader struct {
	ctx context.Context
	r   io.Reader
}

func (e endingReader) Read(p []byte) (int, error) {
	if err := context.Cause(e.ctx); err != nil {
		return 0, err
	}
	return e.r.Read(p)
}

// newFolder returns the fingerprint of a folder with these files.
func newFolder(k keyed, name string, files []File, err error) Folder {
	d := Folder{Fingerprint: Fingerprint{Name: name}}
	if err != nil {
		d.Problem = describeError(err)
		return d
	}
	all := k.begin("folder")
	all.add([]byte(name))
	for _, f := range files {
		all.add([]byte(f.Path))
		all.add([]byte(f.MAC))
	}
	d.MAC, d.Files = all.text(), len(files)
	newest := slices.Clone(files)
	slices.SortStableFunc(newest, func(a, b File) int { return b.Modified.Compare(a.Modified) })
	d.Newest = slices.Clone(newest[:min(len(newest), newestFiles)])
	return d
}

// String describes a file for people.
func (f File) String() string {
	return fmt.Sprintf("%s (%d bytes, %s)", f.Path, f.Size, f.Modified.UTC().Format(time.RFC3339))
}
