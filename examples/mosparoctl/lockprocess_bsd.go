//go:build unix && !linux

package main

import "syscall"

// endWithUs is not possible here: the command outlives a mosparoctl that was
// killed.
func endWithUs(*syscall.SysProcAttr) {}
