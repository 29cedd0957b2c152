package mirror

import (
	"bytes"
	"context"
	"errors"

	"github.com/mosparo/go-cluster/cssstore"
)

// compareProject compares one project; nil means no difference. The resource is the
// version that the target lacks.
func (m *Mirror) compareProject(ctx context.Context, p cssstore.UUID, bytesToo bool) (*Drift, *cssstore.Resource, error) {
	want, err := m.source.Hash(ctx, p)
	if errors.Is(err, cssstore.ErrNotFound) {
		return m.lost(ctx, p)
	}
	if errors.Is(err, cssstore.ErrUnsettled) {
		return &Drift{Project: p, Kind: Unsettled}, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	have, err := hashOrZero(ctx, m.target, p)
	if err != nil {
		return nil, nil, err
	}
	if want == have && !bytesToo && m.memory.isFresh(p, m.compare) && !m.memory.hasFailed(p) {
		return nil, nil, nil
	}
	return m.compareBytes(ctx, p, bytesToo)
}

func (m *Mirror) lost(ctx context.Context, p cssstore.UUID) (*Drift, *cssstore.Resource, error) {
	have, err := hashOrZero(ctx, m.target, p)
	if err != nil || have.IsZero() {
		return nil, nil, err
	}
	return &Drift{Project: p, Kind: Lost, Have: have}, nil, nil
}

func (m *Mirror) compareBytes(ctx context.Context, p cssstore.UUID, bytesToo bool) (*Drift, *cssstore.Resource, error) {
	r, err := m.source.Get(ctx, p)
	switch {
	case errors.Is(err, cssstore.ErrNotFound):
		return m.lost(ctx, p)
	case errors.Is(err, cssstore.ErrUnsettled), err == nil && !r.Settled:
		return &Drift{Project: p, Kind: Unsettled, Want: r.Hash}, nil, nil
	case err != nil:
		return nil, nil, err
	}
	have, err := m.target.Get(ctx, p)
	switch {
	case errors.Is(err, cssstore.ErrNotFound):
		return &Drift{Project: p, Kind: Missing, Want: r.Hash}, &r, nil
	case err != nil:
		return nil, nil, err
	case have.Hash != r.Hash || !bytes.Equal(have.CSS, r.CSS) || !bytesToo && m.memory.hasFailed(p):
		return &Drift{Project: p, Kind: Stale, Want: r.Hash, Have: have.Hash}, &r, nil
	}
	m.memory.noteEqual(p)
	return nil, nil, nil
}

func hashOrZero(ctx context.Context, s cssstore.Store, p cssstore.UUID) (cssstore.Hash, error) {
	h, err := s.Hash(ctx, p)
	if errors.Is(err, cssstore.ErrNotFound) {
		return cssstore.Hash{}, nil
	}
	return h, err
}
