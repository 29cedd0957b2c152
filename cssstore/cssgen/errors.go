package cssgen

import (
	"errors"
	"fmt"

	"github.com/mosparo/go-cluster/cssstore"
)

// Reasons for which a [Generator] leaves things as they are. An error of Generate that is
// one of them has a method Refused() bool, by which csshttp tells it from a failure. For
// operators, "What can go wrong" in examples/deploy/README.md says what to do about them.
var (
	// ErrDisagreement: the nodes do not make CSS from the same base CSS and version,
	// or this one has not published its own yet; see [*DisagreementError].
	ErrDisagreement = errors.New("the nodes make css from different builds")
	// ErrNotOlder: the stored CSS was made by another version of mosparo or from
	// another base CSS, and is not known to be older. It stays.
	ErrNotOlder = errors.New("stored css is not known to be older")
)

// DisagreementError is an [ErrDisagreement] that names a node with another build.
type DisagreementError struct {
	Ours cssstore.Source
	// Theirs is the other node's. It is zero if this node has not published its own
	// build, or not long enough ago for the others to publish theirs.
	Theirs PeerBuild
}

// Error implements error.
func (e *DisagreementError) Error() string {
	if e.Theirs.Node == "" {
		return "cssgen: this node has not published its css build for long enough"
	}
	return fmt.Sprintf("cssgen: node %.80q makes css from base %.12s of mosparo %.20q, this one from base %.12s of %.20q",
		e.Theirs.Node, e.Theirs.Source.Base, e.Theirs.Source.Version, e.Ours.Base, e.Ours.Version)
}

// Unwrap returns [ErrDisagreement].
func (e *DisagreementError) Unwrap() error { return ErrDisagreement }

// errUnreadable is the error of an invalid entry, which hides the builds of the others.
// The next node that publishes replaces it.
var errUnreadable = fmt.Errorf("%w: the published builds cannot be read", ErrDisagreement)

// refusal is an error with which a [Generator] leaves things as they are.
type refusal struct{ error }

// Unwrap returns the reason.
func (r refusal) Unwrap() error { return r.error }

// Refused tells csshttp that this is no failure.
func (refusal) Refused() bool { return true }
