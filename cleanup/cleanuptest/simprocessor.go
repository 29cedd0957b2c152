package cleanuptest

import (
	"runtime"
	"sync"
)

// processors counts the simulations that run.
var processors struct {
	sync.Mutex
	simulations int
	before      int
}

// useOneProcessor lets the process use one processor until release is called. The goroutines
// of a simulation wait for each other, so that a second processor finds nothing to run, and
// looking for it takes more CPU time than all else; and goroutines that wake at the same
// time run in the same order again.
func useOneProcessor() (release func()) {
	p := &processors
	p.Lock()
	defer p.Unlock()
	if p.simulations++; p.simulations == 1 {
		p.before = runtime.GOMAXPROCS(1)
	}
	return func() {
		p.Lock()
		defer p.Unlock()
		if p.simulations--; p.simulations == 0 {
			runtime.GOMAXPROCS(p.before)
		}
	}
}
