//go:build !unix

package servers

import (
	"os"
	"os/exec"
)

// Elsewhere a server cannot be paused.
var (
	stopSignal = os.Interrupt
	contSignal = os.Interrupt
)

func ownGroup(*exec.Cmd) {}

// guard does nothing on systems without process groups.
type guard struct{}

func newGuard(int, string) (*guard, error) { return &guard{}, nil }

func (*guard) dismiss() {}
