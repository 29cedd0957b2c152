package csshttp

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// Generator prepares and stores CSS; a cssgen.Generator is one. Implementations must be
// safe for concurrent use. There is one call at a time for each project.
//
// If the generator leaves things as they are on purpose, its error has, or wraps one
// that has, a method Refused() bool which returns true. An [Observer] sees such a call
// as refused instead of error.
type Generator interface {
	// Generate returns the CSS of the project's current design, and stores it if the
	// store has other CSS or none.
	Generate(ctx context.Context, p cssstore.Project) (cssstore.Resource, error)
	// Outdated reports whether Generate would make other CSS of the same design, such
	// as after an update of mosparo. It sends no request.
	Outdated(r cssstore.Resource) bool
}

// generateEvery is the least time between two calls of the generator for a project.
const generateEvery = 10 * time.Second

// generate calls the generator if the store lacks CSS.
func (h *Handler) generate(ctx context.Context, p cssstore.Project, r *cssstore.Resource, err error) (made cssstore.Resource, asked bool, failed error) {
	defer recoverTo(&failed)
	if !h.needsGenerator(p, r, err) {
		return made, false, nil
	}
	asked = true
	made, failed = h.generator.Generate(ctx, p)
	return made, asked, failed
}

// needsGenerator reports whether the generator has to be called after a result of the store.
func (h *Handler) needsGenerator(p cssstore.Project, r *cssstore.Resource, err error) bool {
	if err != nil {
		return errors.Is(err, cssstore.ErrNotFound)
	}
	return r.Hash != p.Hash && r.Settled || h.generator.Outdated(*r)
}
