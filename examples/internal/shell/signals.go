package shell

import (
	"os"
	"os/signal"
	"syscall"
)

// StopSignals are those that ask a program to end in order: also SIGHUP of a
// terminal or connection that is gone, unless it is ignored on purpose (nohup).
func StopSignals() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}
