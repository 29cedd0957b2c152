package mirror

import "github.com/mosparo/go-cluster/cssstore"

// Drift is a project that differs between source and target of a [Mirror], or, in the
// results of [Check], between the database and a store.
type Drift struct {
	Project cssstore.UUID
	Kind    Kind
	// Want is the hash in the source (or database), Have that in the target (or
	// store). Zero stands for none.
	Want, Have cssstore.Hash
}

// Kind is how a project differs.
type Kind string

// The kinds of drift.
const (
	// Missing: the source has CSS of the project, the target has none.
	Missing Kind = "missing"
	// Stale: the target has another hash, or other bytes.
	Stale Kind = "stale"
	// Lost: the target has CSS of the project, the source has none. It stays.
	Lost Kind = "lost"
	// Orphaned: the target has CSS of a project that is not in the list.
	Orphaned Kind = "orphaned"
	// Unsettled: the project is being stored, and cannot be compared yet.
	Unsettled Kind = "unsettled"
)
