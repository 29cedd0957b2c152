package cssgen

import (
	"fmt"

	"github.com/mosparo/go-cluster/cssstore"
)

// ErrDisagreement says that not all nodes make CSS from the same base CSS and version, or
// this one has not published its own yet; see [*DisagreementError].
var ErrDisagreement error = refusal("the nodes make css from different things")

// ErrNotOlder says that what is stored was made by another version of mosparo or from
// another base CSS, and is not known to be older. It stays.
var ErrNotOlder error = refusal("stored css is not known to be older")

// DisagreementError names a node that makes CSS from something else. It
// unwraps to [ErrDisagreement].
type DisagreementError struct {
	Ours cssstore.Source
	// Theirs is zero if this node has not published yet what it uses, or not for
	// long enough to have heard of the others.
	Theirs PeerBuild
}

// Error implements error.
func (e *DisagreementError) Error() string {
	if e.Theirs.Node == "" {
		return "cssgen: this node has not published for long enough what it makes css from"
	}
	return fmt.Sprintf("cssgen: node %.80q makes css from base %.12s of mosparo %.20q, this one from base %.12s of %.20q",
		e.Theirs.Node, e.Theirs.Source.Base, e.Theirs.Source.Version, e.Ours.Base, e.Ours.Version)
}

// Unwrap returns [ErrDisagreement].
func (e *DisagreementError) Unwrap() error { return ErrDisagreement }

// errUnreadable: the entry is not what nodes publish, so that the builds of the
// others are unknown. The next node that publishes replaces it.
var errUnreadable = fmt.Errorf("%w: what the nodes have published cannot be read", ErrDisagreement)

// refusal is an error that leaves things as they are on purpose.
type refusal string

// Error implements error.
func (r refusal) Error() string { return string(r) }

// Refused tells csshttp that this is no failure.
func (refusal) Refused() bool { return true }
