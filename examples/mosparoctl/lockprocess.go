package main

import (
	"fmt"
	"os/exec"
	"runtime"
)

// process is the command of "lock run". Its methods are for the goroutine that
// started it.
type process struct {
	cmd   *exec.Cmd
	alone bool // it leads its own process group
	// exited gets the exit code, once.
	exited chan int
}

// startProcess starts a command with the standard streams of the app.
func startProcess(command []string, a *app, environ []string) (*process, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = a.stdin, a.stdout, a.stderr, environ
	p := &process{cmd: cmd, exited: make(chan int, 1)}
	p.prepare()
	started := make(chan error)
	go func() {
		// Linux kills the command when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the result is in its state
			p.exited <- exitCode(cmd.ProcessState)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("failed to execute %s: %w", command[0], err)
	}
	return p, nil
}
