//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// forwardedSignals returns the signals that are passed on to the command, without those that are
// ignored, as under nohup.
func forwardedSignals() (all []os.Signal) {
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2} {
		if !signal.Ignored(s) {
			all = append(all, s)
		}
	}
	return all
}

// prepare gives the command its own process group, so that its child processes end with
// it. At a terminal it stays in our group, to be in the foreground.
func (p *process) prepare() {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err == nil {
		tty.Close()
	}
	p.alone = err != nil
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: p.alone}
	endWithUs(p.cmd.SysProcAttr)
}

func (p *process) signal(s syscall.Signal) {
	pid := p.cmd.Process.Pid
	if p.alone {
		pid = -pid
	}
	_ = syscall.Kill(pid, s) // it may have ended
}

// forward passes a signal on, unless the terminal has already sent it to the command.
func (p *process) forward(s os.Signal) {
	if !p.alone && (s == syscall.SIGINT || s == syscall.SIGQUIT) {
		return
	}
	p.signal(s.(syscall.Signal))
}

func (p *process) terminate() { p.signal(syscall.SIGTERM) }

func (p *process) kill() { p.signal(syscall.SIGKILL) }

// leftBehind reports whether child processes of the command outlive it.
func (p *process) leftBehind() bool { return p.alone && syscall.Kill(-p.cmd.Process.Pid, 0) == nil }

// killRest kills child processes that outlive the command. It must not kill the command's
// own pid, which may belong to another process by now.
func (p *process) killRest() {
	if p.alone {
		p.kill()
	}
}

func exitCode(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return exitSignal + int(w.Signal())
	}
	return s.ExitCode()
}
