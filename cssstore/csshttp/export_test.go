package csshttp

// MemoryInUse is what the memory tier takes, in bytes.
func (h *Handler) MemoryInUse() int {
	h.tier.mu.RLock()
	defer h.tier.mu.RUnlock()
	return h.tier.size
}

// Entries is how many entries the memory tier has, those without CSS among
// them.
func (h *Handler) Entries() int {
	h.tier.mu.RLock()
	defer h.tier.mu.RUnlock()
	return len(h.tier.entries)
}

// LookAtOnce lets a handler that nobody has asked yet call its store only so
// often at once.
func LookAtOnce(h *Handler, n int) { h.looking = make(chan struct{}, n) }
