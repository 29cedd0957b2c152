package filestore

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/lockwait"
	"github.com/mosparo/go-cluster/cssstore/internal/operr"
	"github.com/mosparo/go-cluster/lock"
)

// Mapping is an entry of mappings.php: PHP redirects from /resources/{project}.css to
// /resources/{project}/{hash}.css.
type Mapping struct {
	Project cssstore.UUID
	Hash    cssstore.Hash
}

// Mappings returns the entries of mappings.php, in their order, that have the form which
// mosparo writes if it is not below a path prefix. A missing file has none. If the
// file does not return plain data, the error is a [*php.LiteralError].
func (s *Store) Mappings(ctx context.Context) ([]Mapping, error) {
	var m mappings
	err := s.inRoot(ctx, func(root *os.Root) (err error) {
		m, err = readMappings(root)
		return err
	})
	return m.entries(), operr.WrapAll("mappings", err)
}

// changeMappings changes mappings.php, and repeats that until a read finds the change:
// PHP takes no lock, and may overwrite the file with an older state.
func (s *Store) changeMappings(ctx context.Context, change func(*mappings)) error {
	return s.withLock(ctx, func(ctx context.Context) error {
		return s.inRoot(ctx, func(root *os.Root) error {
			for i := 0; ; i++ {
				m, err := readMappings(root)
				if err != nil {
					return err
				}
				if change(&m); !m.changed {
					return nil
				}
				if i == attempts {
					return cssstore.ErrOverwritten
				}
				if err := s.writeMappings(root, m); err != nil {
					return err
				}
			}
		})
	})
}

const (
	// mappingsLock is the file that writers of mappings.php lock.
	mappingsLock = "mosparoGo.lock"
	// mappingsName is the lock of the cluster that they take if the file system has
	// no locks.
	mappingsName = lock.ReservedPrefix + "cssmappings"
)

// withLock runs do while no other Go node changes mappings.php.
func (s *Store) withLock(ctx context.Context, do func(context.Context) error) error {
	var unlock func()
	err := s.inRoot(ctx, func(*os.Root) (err error) {
		ctx, cancel := context.WithTimeout(ctx, lockwait.Of(ctx))
		defer cancel()
		unlock, err = s.folder().Lock(ctx, mappingsLock)
		return err
	})
	switch {
	case err == nil:
		defer unlock()
		return do(ctx)
	case !errors.Is(err, errors.ErrUnsupported):
		return err
	case s.locker == nil:
		return do(ctx)
	}
	return s.locker.Do(ctx, mappingsName, do, lock.WithWait(lockwait.Of(ctx)), lock.WithLabel("change mappings.php"))
}

func (s *Store) writeMappings(root *os.Root, m mappings) error {
	src, err := php.MarshalLiteral(m.array)
	if err != nil {
		return err
	}
	name, err := s.writeTemporary(root, src, time.Now())
	if err != nil {
		return err
	}
	if err := root.Rename(name, mappingsFile); err != nil {
		_ = root.Remove(name)
		return err
	}
	return nil
}
