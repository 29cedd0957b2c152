package filestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cssstore"
)

// mappingsFile is the file that PHP's front controller includes on every request.
const mappingsFile = "mappings.php"

// maxMappings limits the size of the file in bytes, which is enough for 20,000 projects.
const maxMappings = 4 << 20

// mappings is the content of mappings.php. Entries that are not mosparo's are kept.
type mappings struct {
	array   *php.Array
	changed bool
}

func readMappings(root *os.Root) (mappings, error) {
	file, err := sharedfiles.OpenFile(root, mappingsFile)
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

func mappingKey(project cssstore.UUID) php.Key {
	return php.Key{Str: resourcesPath + project.String() + ".css"}
}

func mappingValue(project cssstore.UUID, hash cssstore.Hash) string {
	return resourcesPath + cssPath(project, hash)
}

func (m *mappings) find(project cssstore.UUID) int {
	key := mappingKey(project)
	return slices.IndexFunc(m.array.Elements, func(e php.Element) bool { return e.Key == key })
}

// set changes the entry of a project in its place, or adds it at the end, as PHP does.
func (m *mappings) set(project cssstore.UUID, hash cssstore.Hash) {
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

func (m *mappings) remove(project cssstore.UUID) {
	if i := m.find(project); i >= 0 {
		m.array.Elements = slices.Delete(m.array.Elements, i, i+1)
		m.changed = true
	}
}

// entries returns the entries of the form that mosparo writes.
func (m *mappings) entries() []Mapping {
	if m.array == nil {
		return nil
	}
	var all []Mapping
	for _, e := range m.array.Elements {
		id, ok := strings.CutSuffix(strings.TrimPrefix(e.Key.Str, resourcesPath), ".css")
		project, err := cssstore.ParseUUID(id)
		value, isString := e.Value.(string)
		if !ok || err != nil || !isString || e.Key != mappingKey(project) {
			continue
		}
		name := strings.TrimSuffix(strings.TrimPrefix(value, resourcesPath+project.String()+"/"), ".css")
		if hash, err := cssstore.ParseHash(name); err == nil && value == mappingValue(project, hash) {
			all = append(all, Mapping{Project: project, Hash: hash})
		}
	}
	return all
}
