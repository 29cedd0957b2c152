//go:build !unix

package main

import "os"

// forwarded is the signal of a console; the command gets it from there itself.
func forwarded() []os.Signal { return []os.Signal{os.Interrupt} }

func (p *process) prepare() {}

func (p *process) forward(os.Signal) {}

// terminate ends the command at once, since there is no asking.
func (p *process) terminate() { p.kill() }

func (p *process) kill() { _ = p.cmd.Process.Kill() } // it may have ended

func (p *process) leftBehind() bool { return false }

func (p *process) killRest() {}

func exitCode(s *os.ProcessState) int { return s.ExitCode() }
