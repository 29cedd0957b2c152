//go:build !unix

package servers

import (
	"os"
	"os/exec"
	"syscall"
)

// Elsewhere a server cannot be paused.
var (
	stopSignal = os.Interrupt
	contSignal = os.Interrupt
)

func ownGroup(*exec.Cmd) {}

func (*account) runAs(*exec.Cmd) {}

func signalAll(p *os.Process, sig os.Signal) error { return p.Signal(sig) }

// guard does nothing on systems without process groups.
type guard struct{}

func newGuard(int, string, syscall.Signal) (*guard, error) { return &guard{}, nil }

func (*guard) dismiss() {}
