package connect

import (
	"log/slog"
	"net"
	"os"
)

// notify sends the state of the service to systemd (sd_notify) if NOTIFY_SOCKET is set:
// the path of a datagram socket, or @ and the name of an abstract one.
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
		logger.Warn("the state cannot be sent to the service manager", slog.String("state", state), slog.Any("error", err))
	}
}
