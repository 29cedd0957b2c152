package cssstore

// Project is a project of mosparo, as its database has it.
type Project struct {
	UUID UUID
	// Hash is the setting designConfigHash: the hash of the design for which mosparo
	// last prepared CSS. It is zero if there is none, or no valid one.
	Hash Hash
}
