package connect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

// firstInherited is the first file descriptor that systemd passes.
const firstInherited = 3

// Listen listens on a TCP address, or on the socket that the service manager has
// opened for this process, which wins (socket activation of systemd: LISTEN_FDS, with
// the process in LISTEN_PID). Such a socket stays open while the service restarts:
// clients wait, and none is refused. The first call takes the socket and unsets
// LISTEN_PID; further calls listen on their addresses.
//
// A node has one public listener, so several sockets are a [*SettingError]: give the
// service one .socket unit with one ListenStream=, and open an address for operators
// in the program.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	}
	if n := os.Getenv("LISTEN_FDS"); n != "1" {
		return nil, &SettingError{Setting: "LISTEN_FDS", Err: fmt.Errorf("the service manager passes %s sockets, and a node takes one: use one .socket unit with one ListenStream=, and let the program listen on other addresses itself", n)}
	}
	if err := os.Unsetenv("LISTEN_PID"); err != nil { // the descriptor's number may belong to another file later
		return nil, &SettingError{Setting: "LISTEN_PID", Err: err}
	}
	f := os.NewFile(firstInherited, "LISTEN_FD_3")
	if f == nil {
		return nil, &SettingError{Setting: "LISTEN_FDS", Err: errors.New("there is no descriptor 3")}
	}
	defer f.Close() // the listener has a duplicate, which child processes do not inherit
	l, err := net.FileListener(f)
	if err != nil {
		return nil, &SettingError{Setting: "LISTEN_FDS", Err: err}
	}
	return l, nil
}
