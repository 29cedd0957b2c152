package cleanuptest

import "time"

// random is a source that draws from the seed, the node, the purpose and the simulated time,
// which no two requests of a node share: it depends on no order of goroutines.
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
