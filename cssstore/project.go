package cssstore

// Project is a project with the hash that mosparo stored for it in its
// database.
type Project struct {
	UUID UUID
	// Hash is designConfigHash: the hash of the design for which mosparo last
	// prepared CSS; zero if there is none, or none that is a hash.
	Hash Hash
}
