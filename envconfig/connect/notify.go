package connect

import (
	"log/slog"
	"net"
	"os"
)

// notify tells systemd the state of the service (sd_notify), if it asks for it: by
// NOTIFY_SOCKET, the path of a datagram socket, or @ and the name of an abstract
// one.
func notify(logger *slog.Logger, state string) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Net: "unixgram", Name: name})
	if err == nil {
		_, err = conn.Write([]byte(state))
		_ = conn.Close()
	}
	if err != nil {
		logger.Warn("the service manager cannot be told the state", slog.String("state", state), slog.Any("error", err))
	}
}
