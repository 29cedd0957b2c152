package cachestore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cssstore"
)

const (
	designPrefix = "design_"
	// markPrefix is the prefix of the keys of marks.
	markPrefix = "mosparoGoCss_"
	// markTTL is the lifetime of a mark. Afterwards the pair counts as PHP's.
	markTTL = 30 * 24 * time.Hour
)

func contentKey(project cssstore.UUID) cache.Key[[]byte] {
	return cache.Key[[]byte](designPrefix + project.String() + "_content")
}

func hashKey(project cssstore.UUID) cache.Key[string] {
	return cache.Key[string](designPrefix + project.String() + "_hash")
}

func markKey(project cssstore.UUID) cache.Key[mark] {
	return cache.Key[mark](markPrefix + project.String())
}

// projectOf returns the project that an entry belongs to, by its key.
func projectOf(key string) (cssstore.UUID, bool) {
	id, ok := strings.CutPrefix(key, markPrefix)
	if !ok {
		id = strings.TrimPrefix(key, designPrefix)
		if id, ok = strings.CutSuffix(id, "_content"); !ok {
			id = strings.TrimSuffix(id, "_hash")
		}
	}
	project, err := cssstore.ParseUUID(id)
	return project, err == nil
}

// mark is the third entry, which Go nodes write beside mosparo's two: it records which
// CSS belongs to which hash. The zero mark stands for none.
type mark struct {
	Hash   cssstore.Hash
	Sum    [sha256.Size]byte
	Source cssstore.Source
	At     time.Time
}

// storedMark is the form of a mark in the cache.
type storedMark struct {
	Hash    string `php:"hash"`
	SHA256  string `php:"sha256"`
	Base    string `php:"base"`
	Version string `php:"version"`
	// At is a Unix time in milliseconds.
	At int64 `php:"at"`
}

func newMark(r *cssstore.Resource) mark {
	return mark{Hash: r.Hash, Sum: sha256.Sum256(r.CSS), Source: r.Source, At: time.Now().Truncate(time.Millisecond)}
}

// MarshalPHP implements [php.Marshaler].
func (m mark) MarshalPHP() (any, error) {
	return storedMark{m.Hash.String(), hex.EncodeToString(m.Sum[:]), m.Source.Base, m.Source.Version, m.At.UnixMilli()}, nil
}

// UnmarshalPHP implements [php.Unmarshaler].
func (m *mark) UnmarshalPHP(v any) error {
	var s storedMark
	if err := php.Assign(&s, v); err != nil {
		return err
	}
	hash, err := cssstore.ParseHash(s.Hash)
	if err != nil {
		return err
	}
	sum, err := cssstore.ParseHash(s.SHA256)
	*m = mark{hash, sum, cssstore.Source{Base: s.Base, Version: s.Version}, time.UnixMilli(s.At)}
	return err
}

// matches reports whether css has the checksum recorded in m.
func (m *mark) matches(css []byte) bool {
	return !m.Hash.IsZero() && sha256.Sum256(css) == m.Sum
}

// entries are the three entries of a project.
type entries struct {
	project cssstore.UUID
	css     []byte
	hash    cssstore.Hash
	mark    mark
}

// entriesID is equal for two reads that found the same entries.
type entriesID struct {
	css        [sha256.Size]byte
	hash, mark cssstore.Hash
	at         int64
}

func (e *entries) id() entriesID {
	return entriesID{css: sha256.Sum256(e.css), hash: e.hash, mark: e.mark.Hash, at: e.mark.At.UnixMilli()}
}

// goVersion returns the version that the mark names.
func (e *entries) goVersion() cssstore.Resource {
	r := cssstore.Resource{
		Project: e.project, Hash: e.mark.Hash, CSS: e.css,
		Settled: true, Source: e.mark.Source, Modified: e.mark.At,
	}
	if e.hash != r.Hash {
		r.Alias = e.hash
	}
	return r
}

// read reads the three entries. The mark is the last where the backend reads one after
// the other: since it is written first, it is then never older than the CSS.
func (s *Store) read(ctx context.Context, project cssstore.UUID) (*entries, error) {
	var hash cache.Result[string]
	var css cache.Result[[]byte]
	var m cache.Result[mark]
	err := cache.Read(ctx, s.pool, hashKey(project).Into(&hash), contentKey(project).Into(&css), markKey(project).Into(&m))
	if err != nil {
		return nil, err
	}
	e := &entries{project: project, css: css.Value}
	if e.hash, err = parseStored(hash); err == nil {
		err = joinNotFound(css.Err)
	}
	if err == nil && css.Value == nil {
		err = cssstore.ErrNotFound // a stored null
	}
	if err != nil {
		return nil, err
	}
	if m.Err == nil { // otherwise the pair counts as PHP's
		e.mark = m.Value
	}
	return e, nil
}

// parseStored returns the hash in the entry of that name.
func parseStored(r cache.Result[string]) (cssstore.Hash, error) {
	if r.Err != nil {
		return cssstore.Hash{}, joinNotFound(r.Err)
	}
	h, err := cssstore.ParseHash(r.Value)
	if err != nil {
		return h, errors.Join(cssstore.ErrNotFound, err)
	}
	return h, nil
}

// joinNotFound joins [cssstore.ErrNotFound] to an error that is a miss for PHP.
func joinNotFound(err error) error {
	var decode *cache.DecodeError
	if errors.Is(err, cache.ErrNotFound) || errors.Is(err, cache.ErrNull) || errors.As(err, &decode) {
		return errors.Join(cssstore.ErrNotFound, err)
	}
	return err
}
