package shell

import (
	"os"
	"os/signal"
	"syscall"
)

// StopSignals returns the signals that ask a program to shut down. SIGHUP, which a closed
// terminal or connection sends, is among them unless it is ignored, as under nohup.
func StopSignals() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}
