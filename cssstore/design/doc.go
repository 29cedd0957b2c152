// Package design computes the hash of a project's design settings and the CSS of the
// project, byte for byte as mosparo 1.5 does.
//
//	base, err := design.LoadBase("/var/www/mosparo/public")
//	rows, err := projectDB.Rows(ctx, project) // projectDB: a projectdb.DB
//	r, err := design.Prepare(project, rows, base.CSS)
//	err = store.Put(ctx, r)
//
// The rules are those of mosparo's DesignHelper. Its tables (settings with defaults and
// types, variables with their texts in the base CSS, box sizes) are data of mosparo
// 1.5.4, in tables.json.gz.
//
// # Limits
//
// Settings are inserted into the CSS unchanged, as in mosparo: users who may edit a
// design can write any CSS.
package design
