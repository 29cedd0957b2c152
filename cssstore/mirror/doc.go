// Package mirror copies the prepared CSS of all projects from one store to another, and
// keeps the copy up to date.
//
// Usually the source is a cachestore, which all nodes share, and the target a filestore
// on the disk of this node. CSS that any node puts into the cache is then a file for
// the web server of every node, a few seconds later:
//
//	shared, files := cachestore.New(pool), filestore.New("/var/www/mosparo/public/resources")
//	m := mirror.New(mirror.Stores{Source: shared, Target: files}, projectDB.UUIDs) // projectDB: a projectdb.DB
//	err := m.Run(ctx)
//
// [Mirror.Check] only reports what differs. Two functions work on one store, without a
// mirror: [Check] compares it with the hashes in mosparo's database, and
// [RemoveOrphans] deletes what belongs to no project.
//
// # Guarantees
//
// Only settled versions are copied ([cssstore.Resource.Settled]). If the source loses
// the CSS of a project, the target keeps its last version. The target loses a project
// when the list of projects no longer has it, unless that list is empty.
//
// # Limits
//
// A mirror copies in one direction. What other programs, such as PHP nodes, write to
// the target is replaced.
//
// While the source is down the target stays as it is. A pass that stops because of an
// outage, see [Mirror.Check], does not look for deleted projects: these stay in the
// target until a pass is complete again.
package mirror
