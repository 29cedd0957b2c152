package nodes

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cssstore/design"
)

// source is the version of mosparo's source code and its base CSS.
type source struct {
	version string
	base    string // the digest of the base CSS
}

// sourceFiles are the files that are new in another version of mosparo: the version itself,
// and the list of the files that were built with it.
var sourceFiles = []string{"src/Kernel.php", "public/build/entrypoints.json"}

// kernelVersion is the version in mosparo's src/Kernel.php.
var kernelVersion = regexp.MustCompile(`\bconst\s+VERSION\s*=\s*'([^'\n]{1,50})'`)

// maxKernel limits the size of src/Kernel.php, in bytes.
const maxKernel = 256 << 10

// sourceReader reads the source again if one of its files has changed.
type sourceReader struct {
	last   source
	base   string // the path of the base CSS below mosparo's directory
	states []fileState
}

// fileState is the size and modification time of a file, zero for a missing one.
type fileState struct {
	size     int64
	modified time.Time
}

func (r *sourceReader) read(dir string) (source, error) {
	states := r.stat(dir)
	if r.states != nil && equalStates(r.states, states) {
		return r.last, nil
	}
	version, err := readVersion(dir)
	if err != nil {
		return source{}, err
	}
	base, err := design.LoadBase(filepath.Join(dir, "public"))
	if err != nil && !errors.Is(err, design.ErrNoBase) && !errors.Is(err, fs.ErrNotExist) {
		return source{}, err
	}
	r.last = source{version: version, base: base.Digest}
	r.base = ""
	if base.Path != "" {
		r.base = "public" + base.Path
	}
	if r.states = r.stat(dir); anyFresh(r.states) {
		r.states = nil // a change within the same second would not be seen
	}
	return r.last, nil
}

// stat returns the states of the files of the source.
func (r *sourceReader) stat(dir string) []fileState {
	var states []fileState
	for _, name := range append(append([]string{}, sourceFiles...), r.base) {
		var s fileState
		if info, err := fs.Stat(sharedfiles.FS(dir), name); name != "" && err == nil {
			s = fileState{info.Size(), info.ModTime()}
		}
		states = append(states, s)
	}
	return states
}

func equalStates(a, b []fileState) bool {
	for i := range a {
		if a[i].size != b[i].size || !a[i].modified.Equal(b[i].modified) {
			return false
		}
	}
	return true
}

func anyFresh(states []fileState) bool {
	for _, s := range states {
		if time.Since(s.modified) <= freshness {
			return true
		}
	}
	return false
}

// readVersion returns the version of mosparo's source code, empty if there is none, as in a
// directory with settings only.
func readVersion(dir string) (string, error) {
	f, err := sharedfiles.FS(dir).Open("src/Kernel.php")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKernel))
	if err != nil {
		return "", err
	}
	if m := kernelVersion.FindSubmatch(text); m != nil {
		return string(m[1]), nil
	}
	return "", nil
}

// fingerprint returns an empty one if neither is known.
func (s source) fingerprint(k keyed) Fingerprint {
	if s == (source{}) {
		return Fingerprint{}
	}
	return Fingerprint{MAC: k.mac("source", []byte(s.version), []byte(s.base))}
}
