package mirror

import "github.com/mosparo/go-cluster/cssstore"

// Drift is one project that differs between two stores, or between a store and
// the database.
type Drift struct {
	Project cssstore.UUID
	Kind    Kind
	// Want is the hash in the source or the database, Have that in the target or
	// the store; zero for none.
	Want, Have cssstore.Hash
}

// Kind is how a project differs.
type Kind string

// The kinds of drift.
const (
	// Missing: the target lacks the project.
	Missing Kind = "missing"
	// Stale: hash or bytes of the target are others.
	Stale Kind = "stale"
	// Orphaned: the target has something that belongs to no project.
	Orphaned Kind = "orphaned"
	// Unsettled: the project cannot be compared yet.
	Unsettled Kind = "unsettled"
	// Lost: the target has the project and the source has not.
	Lost Kind = "lost"
)
