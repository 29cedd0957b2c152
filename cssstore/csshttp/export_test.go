package csshttp

// MemoryInUse is what the memory tier takes, in bytes.
func (h *Handler) MemoryInUse() int {
	h.tier.mu.RLock()
	defer h.tier.mu.RUnlock()
	return h.tier.size
}
