package projectdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/cssstore/internal/option"
)

// Conditions that callers tell apart with [errors.Is]. For operators, "What can go wrong"
// in examples/deploy/README.md says what to do about them.
var (
	// ErrNoProject: the database has no project with this UUID.
	ErrNoProject = errors.New("no such project")
	// ErrNoHash: the project that was read has no hash, so that there is no row to
	// update, or the new hash is zero.
	ErrNoHash = errors.New("the project has no stored hash")
	// ErrChanged: since the project was read, another hash was stored, or the hash or
	// the whole project was removed.
	ErrChanged = errors.New("the stored hash has changed")
)

// ValueError is the error of a stored setting that is not a valid PHP value. mosparo
// fails on it, too.
type ValueError struct {
	Project cssstore.UUID
	Name    string // of the setting
	Err     error
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("projectdb: project %v: setting %.80q: %v", e.Project, e.Name, e.Err)
}

func (e *ValueError) Unwrap() error { return e.Err }

// DB reads mosparo's database. It is safe for concurrent use.
type DB struct {
	db       *sql.DB
	dialect  sqlcleaner.Dialect
	observer sqlcleaner.Observer // nil: none
}

// Option changes a default of [New].
type Option func(*DB)

// New returns a DB on a database that the caller has opened, with any driver for the
// dialect, and closes. It sends no statement. [sqlcleaner.DialectOf] returns the
// dialect of a driver. New panics if db or an option is nil, or if the dialect is none
// of the constants.
func New(db *sql.DB, dialect sqlcleaner.Dialect, opts ...Option) *DB {
	if db == nil {
		panic("projectdb: New: db is nil")
	}
	switch dialect {
	case sqlcleaner.SQLite, sqlcleaner.MySQL, sqlcleaner.PostgreSQL:
	default:
		panic("projectdb: New: dialect is " + dialect.String())
	}
	d := &DB{db: db, dialect: dialect}
	option.Apply("projectdb: New", d, opts)
	return d
}

// hashName is the name of the setting with the hash.
const hashName = "designConfigHash"

// Projects returns all projects in the order in which they were created, with one
// statement. It leaves out projects whose uuid does not have the form that mosparo
// writes; they can have no prepared CSS.
func (d *DB) Projects(ctx context.Context) ([]cssstore.Project, error) {
	var all []cssstore.Project
	err := d.observe(ctx, "projects", func() (err error) {
		all, err = d.projects(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("projectdb: reading the projects: %w", err)
	}
	return all, nil
}

func (d *DB) projects(ctx context.Context) ([]cssstore.Project, error) {
	rows, err := d.db.QueryContext(ctx, `SELECT p.id, p.uuid, v.value FROM project p
		LEFT JOIN project_config_value v ON v.project_id = p.id AND v.name = '`+hashName+`' ORDER BY p.id, v.id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []cssstore.Project
	last := int64(-1)
	for rows.Next() {
		var id int64
		var uuid string
		var value []byte
		if err := rows.Scan(&id, &uuid, &value); err != nil {
			return nil, err
		}
		u, err := cssstore.ParseUUID(uuid)
		if id == last || err != nil { // of several hashes the first counts
			continue
		}
		last = id
		all = append(all, cssstore.Project{UUID: u, Hash: hashOf(value)})
	}
	return all, rows.Err()
}

// UUIDs returns the identifiers of all that [DB.Projects] returns: the list that
// mirror.New and mirror.RemoveOrphans take.
func (d *DB) UUIDs(ctx context.Context) ([]cssstore.UUID, error) {
	all, err := d.Projects(ctx)
	ids := make([]cssstore.UUID, len(all))
	for i, p := range all {
		ids[i] = p.UUID
	}
	return ids, err
}

// Names returns the names of the projects as mosparo shows them, by their identifiers, for
// people. A name may be any text, and several projects may have the same.
func (d *DB) Names(ctx context.Context) (map[cssstore.UUID]string, error) {
	var names map[cssstore.UUID]string
	err := d.observe(ctx, "names", func() (err error) {
		names, err = d.names(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("projectdb: reading the names of the projects: %w", err)
	}
	return names, nil
}

func (d *DB) names(ctx context.Context) (map[cssstore.UUID]string, error) {
	rows, err := d.db.QueryContext(ctx, "SELECT uuid, name FROM project")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names := map[cssstore.UUID]string{}
	for rows.Next() {
		var uuid, name string
		if err := rows.Scan(&uuid, &name); err != nil {
			return nil, err
		}
		if u, err := cssstore.ParseUUID(uuid); err == nil {
			names[u] = name
		}
	}
	return names, rows.Err()
}

// hashOf returns the hash in a stored value, zero if it has none.
func hashOf(value []byte) (h cssstore.Hash) {
	var text string
	if len(value) > 0 && php.Unmarshal(value, &text) == nil {
		h, _ = cssstore.ParseHash(text) // zero if it is none
	}
	return h
}

// Rows returns all stored settings of a project, as [design.New] takes them, in the order
// in which they were created. Errors: [ErrNoProject], [*ValueError], those of the
// database.
func (d *DB) Rows(ctx context.Context, project cssstore.UUID) ([]design.Row, error) {
	var rows []design.Row
	err := d.observe(ctx, "settings", func() (err error) {
		rows, err = d.rows(ctx, project)
		return err
	})
	var bad *ValueError
	if err != nil && !errors.As(err, &bad) {
		err = fmt.Errorf("projectdb: reading the settings of project %v: %w", project, err)
	}
	return rows, err
}

func (d *DB) rows(ctx context.Context, project cssstore.UUID) ([]design.Row, error) {
	rows, err := d.db.QueryContext(ctx, d.dialect.Rebind(`SELECT v.name, v.value FROM project p
		LEFT JOIN project_config_value v ON v.project_id = p.id WHERE p.uuid = ? ORDER BY v.id`), project.String())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := false
	all := []design.Row{}
	for rows.Next() {
		found = true
		var name sql.NullString
		var value []byte
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		if !name.Valid { // a project without settings
			continue
		}
		row := design.Row{Name: name.String}
		if value != nil {
			v, err := php.Decode(value)
			if err != nil {
				return nil, &ValueError{Project: project, Name: name.String, Err: err}
			}
			row.Value = v
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if !found {
		return nil, ErrNoProject
	}
	return all, nil
}

// SaveHash replaces the hash of a project that has been read. It updates that one row, if
// it still has the hash p.Hash, and inserts none. If p.Hash is the new hash already, it
// sends no statement. Errors: [ErrNoHash], [ErrChanged], those of the database.
func (d *DB) SaveHash(ctx context.Context, p cssstore.Project, hash cssstore.Hash) error {
	if p.Hash == hash {
		return nil
	}
	err := d.observe(ctx, "save_hash", func() error { return d.saveHash(ctx, p, hash) })
	if err != nil {
		return fmt.Errorf("projectdb: saving the hash of project %v: %w", p.UUID, err)
	}
	return nil
}

func (d *DB) saveHash(ctx context.Context, p cssstore.Project, hash cssstore.Hash) error {
	if p.Hash.IsZero() || hash.IsZero() {
		return ErrNoHash
	}
	var id int64
	err := d.db.QueryRowContext(ctx, d.dialect.Rebind(`SELECT v.id FROM project_config_value v JOIN project p ON p.id = v.project_id
		WHERE p.uuid = ? AND v.name = '`+hashName+`' ORDER BY v.id LIMIT 1`), p.UUID.String()).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrChanged
	}
	if err != nil {
		return err
	}
	res, err := d.db.ExecContext(ctx, d.dialect.Rebind("UPDATE project_config_value SET value = ? WHERE id = ? AND value = ?"),
		serializeHash(hash), id, serializeHash(p.Hash))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return ErrChanged
}

// serializeHash returns a hash as mosparo stores it.
func serializeHash(h cssstore.Hash) string {
	s := h.String()
	return fmt.Sprintf("s:%d:%q;", len(s), s)
}
