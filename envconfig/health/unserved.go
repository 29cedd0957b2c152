package health

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	bodyUnserved = "503: this is a Go node of a mosparo cluster, which serves /resources/ and its health checks only. Send /resources/ to this node and everything else to PHP nodes.\n"
	bodyNoCSS    = "503: this Go node of a mosparo cluster serves no CSS. Send /resources/ to nodes that do.\n"
)

const (
	unservedInterval = time.Minute // between two log lines
	maxPath          = 200         // bytes of a path in a log line
)

// unserved answers requests for paths that a Go node does not serve.
type unserved struct {
	logger *slog.Logger

	mu       sync.Mutex
	logged   time.Time
	requests int // since the last log line
}

func (u *unserved) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n := u.count(time.Now()); n > 0 {
		u.logger.WarnContext(r.Context(), "a path was asked for that this node does not serve: send /resources/ to Go nodes, everything else to PHP nodes",
			slog.String("method", r.Method), slog.String("path", r.URL.Path[:min(len(r.URL.Path), maxPath)]), slog.Int("requests", n))
	}
	body := bodyUnserved
	if strings.HasPrefix(r.URL.Path, "/resources/") {
		body = bodyNoCSS
	}
	write(w, http.StatusServiceUnavailable, textType, body)
}

// count returns the number of requests since the last log line, or 0 if it is too early
// for the next one.
func (u *unserved) count(now time.Time) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.requests++
	if !u.logged.IsZero() && now.Sub(u.logged) < unservedInterval {
		return 0
	}
	n := u.requests
	u.logged, u.requests = now, 0
	return n
}
