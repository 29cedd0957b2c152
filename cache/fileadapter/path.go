package fileadapter

import (
	"encoding/base64"
	"os"
	"path/filepath"

	"github.com/zeebo/xxh3"
)

// class is part of what Symfony hashes: the name of its adapter.
const class = `Symfony\Component\Cache\Adapter\FilesystemAdapter`

// noNamespace is the directory of a pool without namespace, which is what
// mosparo has.
const noNamespace = "@"

// DefaultDir returns the cache directory of a PHP node whose
// FILESYSTEM_CACHE_PATH is empty: symfony-cache in the system's temporary
// directory. It is one per machine, not one per cluster, and PHP's temporary
// directory may be another one (systemd's PrivateTmp, sys_temp_dir).
func DefaultDir() string { return filepath.Join(os.TempDir(), "symfony-cache") }

// Path returns the file of a key below the cache directory, with slashes, such as
// "@/P/X/-ZxzUKRmXBNiouVz1mRg", as Symfony 6.1 and later names it. For the
// full path see [Adapter.File].
func Path(key string) string { return noNamespace + "/" + entryPath(key) }

// entryPath returns the file of a key, relative to the directory of the namespace.
func entryPath(key string) string {
	return string(appendEntryPath(make([]byte, 0, 24), key))
}

// appendEntryPath is [entryPath] without allocations.
func appendEntryPath(path []byte, key string) []byte {
	named := append(append(make([]byte, 0, 256), class...), key...)
	sum := xxh3.Hash128(named).Bytes()
	var hash [24]byte
	base64.StdEncoding.Encode(hash[:], sum[:])
	path = append(path, upper(hash[0]), '/', upper(hash[1]), '/')
	for _, c := range hash[2:22] {
		if c == '/' {
			c = '-'
		}
		path = append(path, c)
	}
	return path
}

// upper returns the name of the directory for a character of base64.
func upper(c byte) byte {
	switch {
	case c == '/':
		return '-'
	case 'a' <= c && c <= 'z':
		return c - 'a' + 'A'
	}
	return c
}

// isDirectoryName reports whether name can be a result of upper.
func isDirectoryName(name string) bool {
	if len(name) != 1 {
		return false
	}
	c := name[0]
	return c == '+' || c == '-' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z'
}

// isNamespace reports whether Symfony accepts the name of a namespace.
func isNamespace(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '+', c == '_', c == '.':
		default:
			return false
		}
	}
	return s != "." && s != ".."
}
