package design

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Base is the base CSS of a mosparo, from which the CSS of all projects is made. Make one
// with [LoadBase] or [NewBase].
type Base struct {
	// Path is the path below public, such as /build/mosparo-frontend.css.
	Path string
	CSS  []byte
	// Digest is the SHA-256 of CSS in hexadecimal digits. Nodes with the same digest
	// make the same CSS of a design.
	Digest string
}

// ErrNoBase is the error if mosparo's build has no CSS file. PHP then stores no CSS.
var ErrNoBase = errors.New("no base css")

const (
	entryPoints = "build/entrypoints.json"
	entry       = "mosparo-frontend"
)

// LoadBase reads the base CSS from the directory public of an installation of mosparo: the
// first CSS file of the entry mosparo-frontend in build/entrypoints.json. Errors:
// [ErrNoBase], [ErrTooLarge], those of the file system.
func LoadBase(public string) (Base, error) {
	base, err := loadBase(public)
	if err != nil {
		return Base{}, fmt.Errorf("design: base css below %s: %w", public, err)
	}
	return base, nil
}

func loadBase(public string) (Base, error) {
	root, err := os.OpenRoot(public)
	if err != nil {
		return Base{}, err
	}
	defer root.Close()
	list, err := readFile(root, entryPoints)
	if err != nil {
		return Base{}, err
	}
	name, err := baseFile(list)
	if err != nil {
		return Base{}, fmt.Errorf("%s: %w", entryPoints, err)
	}
	css, err := readFile(root, strings.TrimPrefix(name, "/"))
	if err != nil {
		return Base{}, err
	}
	return NewBase(name, css), nil
}

// NewBase returns a base with the given path and CSS.
func NewBase(path string, css []byte) Base {
	sum := sha256.Sum256(css)
	return Base{Path: path, CSS: css, Digest: hex.EncodeToString(sum[:])}
}

// baseFile returns the path of the CSS file in entrypoints.json.
func baseFile(list []byte) (string, error) {
	var f struct {
		EntryPoints map[string]struct {
			CSS []string `json:"css"`
		} `json:"entrypoints"`
	}
	if err := json.Unmarshal(list, &f); err != nil {
		return "", err
	}
	files := f.EntryPoints[entry].CSS
	if len(files) == 0 {
		return "", fmt.Errorf("%w: no css file of %s", ErrNoBase, entry)
	}
	if name := files[0]; !strings.HasPrefix(name, "/") || path.Clean(name) != name || name == "/" {
		return "", fmt.Errorf("%w: %.200q is no path below public", ErrNoBase, name)
	}
	return files[0], nil
}

// readFile reads a file below public. If there is none, the error is [ErrNoBase].
func readFile(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrNoBase, err)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err == nil && len(b) > MaxSize {
		err = fmt.Errorf("%s: %w", name, ErrTooLarge)
	}
	return b, err
}
