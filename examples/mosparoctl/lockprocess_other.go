//go:build !unix

package main

import "os"

// forwardedSignals returns the signal of a console, which sends it to the command, too.
func forwardedSignals() []os.Signal { return []os.Signal{os.Interrupt} }

func (p *process) prepare() {}

func (p *process) forward(os.Signal) {}

// terminate kills the command immediately: this system has no signal that asks it to end.
func (p *process) terminate() { p.kill() }

func (p *process) kill() { _ = p.cmd.Process.Kill() } // it may have ended

func (p *process) leftBehind() bool { return false }

func (p *process) killRest() {}

func exitCode(s *os.ProcessState) int { return s.ExitCode() }
