package health

import (
	"context"
	"errors"
	"net/http"
)

// Installation is the state of mosparo's installation. Like PHP nodes, mosparo's check
// tests the database only in the state [Installed].
type Installation int

const (
	// Installed means that mosparo is installed in a version that this program knows.
	Installed Installation = iota
	// NotInstalled means that mosparo_installed is not true: the setup has not run.
	NotInstalled
	// UpdateNotFinished means that mosparo_installed_version is another version. PHP
	// nodes report any version but their own in this way.
	UpdateNotFinished
)

// The bodies of mosparo's HealthApiController, as PHP's json_encode writes them. PHP
// nodes show the message of a database error, which may name users and hosts; here it
// goes to the log.
const (
	bodyConnected         = `{"service":"mosparo","healthy":true,"databaseStatus":"connected","error":null,"statusCode":200}`
	bodyFailed            = `{"service":"mosparo","healthy":false,"databaseStatus":"connection-failed","error":"the database cannot be reached","statusCode":500}`
	bodyNotInstalled      = `{"service":"mosparo","healthy":true,"databaseStatus":"test-skipped__not-configured","error":null,"statusCode":200}`
	bodyUpdateNotFinished = `{"service":"mosparo","healthy":true,"databaseStatus":"test-skipped__update-not-finished","error":null,"statusCode":200}`
	bodyBypassed          = `{"service":"mosparo","healthy":null,"databaseStatus":"bypassed","error":"","statusCode":200}`
)

var (
	errNotInstalled      = errors.New("mosparo is not installed")
	errUpdateNotFinished = errors.New("mosparo has another version")
)

// testDatabase returns the function of mosparo's check. The state of the installation
// shares the deadline with ping, since reading it may hang as well.
func (h *Handler) testDatabase(ping func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		switch h.installation(ctx) {
		case NotInstalled:
			return errNotInstalled
		case UpdateNotFinished:
			return errUpdateNotFinished
		}
		return ping(ctx)
	}
}

func (h *Handler) serveCheck(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache, private") // Symfony's default
	if h.bypass {
		write(w, http.StatusOK, jsonType, bodyBypassed)
		return
	}
	err := h.database.run(r.Context())
	switch {
	case errors.Is(err, errNotInstalled):
		write(w, http.StatusOK, jsonType, bodyNotInstalled)
		return
	case errors.Is(err, errUpdateNotFinished):
		write(w, http.StatusOK, jsonType, bodyUpdateNotFinished)
		return
	}
	h.outage.note(r.Context(), "database", err)
	if err != nil {
		write(w, http.StatusInternalServerError, jsonType, bodyFailed)
		return
	}
	write(w, http.StatusOK, jsonType, bodyConnected)
}
