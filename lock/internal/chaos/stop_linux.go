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

// endWithParent lets the kernel kill a process, also a stopped one, when the test
// that started it dies.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
