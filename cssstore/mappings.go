package cssstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/lock"
)

// mappingsFile is what PHP's front controller includes on every request.
const mappingsFile = "mappings.php"

// maxMappings limits the file in bytes: some 20,000 projects.
const maxMappings = 4 << 20

// Mapping is an entry of mappings.php: /resources/{project}.css leads to
// /resources/{project}/{hash}.css.
type Mapping struct {
	Project UUID
	Hash    Hash
}

// Mappings are the entries of mappings.php that are of the form that mosparo
// writes without a prefix, in their order. A missing file has none; one that
// does not return plain data is a [*php.LiteralError].
func (f *Files) Mappings(ctx context.Context) ([]Mapping, error) {
	var m mappings
	err := f.inRoot(ctx, func(root *os.Root) (err error) {
		m, err = readMappings(root)
		return err
	})
	return m.ours(), wrapAll("mappings", err)
}

// wrapAll names the operation on all projects that failed.
func wrapAll(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cssstore: %s: %w", op, err)
}

// mappings are the content of mappings.php. Entries that we do not know are
// kept as they are.
type mappings struct {
	array   *php.Array
	changed bool
}

func readMappings(root *os.Root) (mappings, error) {
	file, err := root.Open(mappingsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return mappings{array: &php.Array{}}, nil
	}
	if err != nil {
		return mappings{}, err
	}
	defer file.Close()
	src, err := io.ReadAll(io.LimitReader(file, maxMappings+1))
	if err != nil {
		return mappings{}, err
	}
	if len(src) > maxMappings {
		return mappings{}, fmt.Errorf("%w: %s has more than %d bytes", cache.ErrTooLarge, mappingsFile, maxMappings)
	}
	v, err := php.ParseLiteral(src)
	if err != nil {
		return mappings{}, fmt.Errorf("%s: %w", mappingsFile, err)
	}
	array, ok := v.(*php.Array)
	if !ok {
		return mappings{}, fmt.Errorf("%s: %w", mappingsFile, &php.LiteralError{Line: 1, Column: 1, Msg: "no array is returned"})
	}
	return mappings{array: array}, nil
}

const resourcesPath = "/resources/"

func mappingKey(project UUID) php.Key { return php.Key{Str: resourcesPath + project.String() + ".css"} }

func mappingValue(project UUID, hash Hash) string { return resourcesPath + cssPath(project, hash) }

func (m *mappings) find(project UUID) int {
	key := mappingKey(project)
	return slices.IndexFunc(m.array.Elements, func(e php.Element) bool { return e.Key == key })
}

// set changes an entry in its place, or adds it at the end, as PHP does.
func (m *mappings) set(project UUID, hash Hash) {
	value := mappingValue(project, hash)
	i := m.find(project)
	switch {
	case i < 0:
		m.array.Elements = append(m.array.Elements, php.Element{Key: mappingKey(project), Value: value})
	case m.array.Elements[i].Value == value:
		return
	default:
		m.array.Elements[i].Value = value
	}
	m.changed = true
}

func (m *mappings) remove(project UUID) {
	if i := m.find(project); i >= 0 {
		m.array.Elements = slices.Delete(m.array.Elements, i, i+1)
		m.changed = true
	}
}

func (m *mappings) ours() []Mapping {
	if m.array == nil {
		return nil
	}
	var all []Mapping
	for _, e := range m.array.Elements {
		id, ok := strings.CutSuffix(strings.TrimPrefix(e.Key.Str, resourcesPath), ".css")
		project, err := ParseUUID(id)
		value, isString := e.Value.(string)
		if !ok || err != nil || !isString || e.Key != mappingKey(project) {
			continue
		}
		name := strings.TrimSuffix(strings.TrimPrefix(value, resourcesPath+project.String()+"/"), ".css")
		if hash, err := ParseHash(name); err == nil && value == mappingValue(project, hash) {
			all = append(all, Mapping{project, hash})
		}
	}
	return all
}

// changeMappings changes mappings.php. PHP takes no lock, and may write an
// older state over ours: so the file is read again, and the change repeated if
// it is not there.
func (f *Files) changeMappings(ctx context.Context, change func(*mappings)) error {
	return f.exclusively(ctx, func(ctx context.Context) error {
		return f.inRoot(ctx, func(root *os.Root) error {
			for i := 0; ; i++ {
				m, err := readMappings(root)
				if err != nil {
					return err
				}
				if change(&m); !m.changed {
					return nil
				}
				if i == attempts {
					return ErrOverwritten
				}
				if err := f.writeMappings(root, m); err != nil {
					return err
				}
			}
		})
	})
}

const (
	// mappingsLock is the file whose lock writers of mappings.php take.
	mappingsLock = "mosparoGo.lock"
	// mappingsName is the name for which they take turns where files have none.
	mappingsName = lock.ReservedPrefix + "cssmappings"
)

// exclusively runs do while no other Go writer changes mappings.php.
func (f *Files) exclusively(ctx context.Context, do func(context.Context) error) error {
	var unlock func()
	err := f.inRoot(ctx, func(*os.Root) (err error) {
		ctx, cancel := context.WithTimeout(ctx, lockWaitOf(ctx))
		defer cancel()
		unlock, err = f.folder().Lock(ctx, mappingsLock)
		return err
	})
	switch {
	case err == nil:
		defer unlock()
		return do(ctx)
	case !errors.Is(err, errors.ErrUnsupported):
		return err
	case f.locker == nil:
		return do(ctx)
	}
	return f.locker.Do(ctx, mappingsName, do, lock.WithWait(lockWaitOf(ctx)), lock.WithLabel("change mappings.php"))
}

func (f *Files) writeMappings(root *os.Root, m mappings) error {
	src, err := php.MarshalLiteral(m.array)
	if err != nil {
		return err
	}
	name, err := f.writeTemporary(root, src, time.Now())
	if err != nil {
		return err
	}
	if err := root.Rename(name, mappingsFile); err != nil {
		_ = root.Remove(name)
		return err
	}
	return nil
}
