//go:build unix

package servers

import (
	"fmt"
	"io"
	"os"
	"os/exec"
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

// guard is a small process that ends a server when the test process is gone,
// however it ended: then its standard input, which only the test process
// holds open, comes to an end.
type guard struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

func newGuard(pid int, dir string) (*guard, error) {
	script := fmt.Sprintf(`cat >/dev/null; kill -9 -%d 2>/dev/null; rm -rf "$0"`, pid)
	cmd := exec.Command("/bin/sh", "-c", script, dir)
	cmd.Dir = os.TempDir()
	ownGroup(cmd)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &guard{cmd: cmd, pipe: pipe}, cmd.Start()
}

// dismiss ends the guard without its doing anything.
func (g *guard) dismiss() {
	_ = syscall.Kill(-g.cmd.Process.Pid, syscall.SIGKILL)
	_ = g.cmd.Wait() // it was killed
	_ = g.pipe.Close()
}
