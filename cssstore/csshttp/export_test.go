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

// LimitStoreCalls limits the concurrent calls of the store. It must be called before the
// first request.
func LimitStoreCalls(h *Handler, n int) { h.storeCalls = make(chan struct{}, n) }
