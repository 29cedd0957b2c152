//go:build !linux

package chaos

import (
	"os"
	"os/exec"
)

// Elsewhere no process is stopped, since nothing ends a stopped one when the
// test dies.
const canStop = false

var (
	stopSignal = os.Interrupt
	contSignal = os.Interrupt
)

func endWithParent(*exec.Cmd) {}
