package main

import (
	"context"
	"sync"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssgen"
	"github.com/mosparo/go-cluster/cssstore/projectdb"
)

// hashSaver saves hashes and remembers for which projects that failed, which a generator
// only logs. It is safe for concurrent use.
type hashSaver struct {
	db     cssgen.HashSaver
	mu     sync.Mutex
	failed map[cssstore.UUID]error
}

// SaveHash replaces the hash of a project in mosparo's database.
func (s *hashSaver) SaveHash(ctx context.Context, p cssstore.Project, hash cssstore.Hash) error {
	err := s.db.SaveHash(ctx, p, hash)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.failed[p.UUID] = err
	}
	return err
}

// problem returns why the hash of a project with stored CSS is not in the database, or "".
func (s *hashSaver) problem(p cssstore.Project) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failed[p.UUID]; err != nil {
		return err.Error()
	}
	if p.Hash.IsZero() { // a generator does not ask for such a project
		return projectdb.ErrNoHash.Error()
	}
	return ""
}
