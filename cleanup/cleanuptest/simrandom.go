package cleanuptest

import "time"

// random is the seed of all random numbers. A number depends on the seed, the simulated
// time and some words, such as node and purpose, but not on the order in which goroutines
// draw.
type random uint64

func (r random) draw(at time.Duration, words ...string) uint64 {
	h := uint64(r)*0x9e3779b97f4a7c15 + uint64(at)
	for _, w := range words {
		for i := range len(w) {
			h = (h ^ uint64(w[i])) * 0x100000001b3
		}
		h = (h ^ 0xff) * 0x100000001b3
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
