package main

import "syscall"

// endWithUs ends the command when mosparoctl is killed: it runs without a lock
// then. What the command has started itself goes on.
func endWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
