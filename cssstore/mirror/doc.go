// Package mirror makes one store of prepared CSS like another, and finds what
// differs.
//
// A [Mirror] keeps a store of this node, usually a filestore on its own disk,
// like the one that all nodes share, usually a cachestore: one node stores a
// version there, and the web server of every node finds the file a few seconds
// later.
//
//	m := mirror.New(mirror.Stores{Source: shared, Target: files}, projects)
//	err := m.Run(ctx)
//
// [Check] compares a store with the hashes in mosparo's database, and
// [RemoveOrphans] deletes what belongs to no project.
//
// # Guarantees
//
// Only what is settled is copied. A project that the source has lost keeps its
// last version in the target; one that is not in the list of projects any more is
// removed from it, unless that list is empty.
//
// # Limits
//
// A mirror copies in one direction, and nothing else writes to its target: what
// PHP nodes store there is replaced. While the source is down the target stays as
// it is.
package mirror
