//go:build unix

package servers

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

const (
	stopSignal = syscall.SIGSTOP
	contSignal = syscall.SIGCONT
)

// ownGroup keeps the signals of a terminal away from a server.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// runAs runs a command under another account.
func (a *account) runAs(cmd *exec.Cmd) {
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
}

// signalAll signals a process and those that it has started. Where the system
// does not say which, they are left out.
func signalAll(p *os.Process, sig os.Signal) error {
	if err := p.Signal(sig); err != nil {
		return err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", p.Pid))
	if err != nil {
		return nil //nolint:nilerr // not a Linux
	}
	for _, c := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(c); err == nil {
			_ = syscall.Kill(pid, sig.(syscall.Signal)) // one that is gone needs no signal
		}
	}
	return nil
}

// guard is a small process that ends a server when the test process is gone,
// however it ended: then its standard input, which only the test process
// holds open, comes to an end.
type guard struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

func newGuard(pid int, dir string, quit syscall.Signal) (*guard, error) {
	script := fmt.Sprintf(`kill -9 -%d 2>/dev/null; rm -rf "$0"`, pid)
	if quit != 0 {
		script = fmt.Sprintf(`kill -%d %d; for i in 1 2 3 4 5 6 7 8 9; do kill -0 %[2]d || break; sleep 1; done 2>/dev/null; `, quit, pid) + script
	}
	script = "cat >/dev/null; " + script
	cmd := exec.Command("/bin/sh", "-c", script, dir)
	cmd.Dir = os.TempDir()
	ownGroup(cmd)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &guard{cmd: cmd, pipe: pipe}, cmd.Start()
}

// dismiss ends the guard; it does nothing to the server.
func (g *guard) dismiss() {
	_ = syscall.Kill(-g.cmd.Process.Pid, syscall.SIGKILL)
	_ = g.cmd.Wait() // it was killed
	_ = g.pipe.Close()
}
