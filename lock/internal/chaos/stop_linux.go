package chaos

import (
	"os/exec"
	"syscall"
)

const (
	canStop    = true
	stopSignal = syscall.SIGSTOP
	contSignal = syscall.SIGCONT
)

// endWithParent kills a process when the test that started it dies, also one
// that is stopped just then.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
