//go:build !linux

package chaos

import (
	"os"
	"os/exec"
)

// On other systems no process is stopped: a stopped one would outlive the test.
const canStop = false

var (
	stopSignal = os.Interrupt
	contSignal = os.Interrupt
)

func endWithParent(*exec.Cmd) {}
