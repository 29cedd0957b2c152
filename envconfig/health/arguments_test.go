package health_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/health"
)

func TestArguments_MistakesPanicWithTheirName(t *testing.T) {
	token, err := health.NewToken("s3cret")
	require.NoError(t, err)
	for says, call := range map[string]func(){
		"health.New: ping is nil":             func() { health.New(envconfig.Health{}, envconfig.Proxies{}, nil) },
		"health: opts has a nil Option":       func() { newHandler(settings(t, ""), nil) },
		"health.WithReadiness: Name is empty": func() { health.WithReadiness(health.Check{Func: up}) },
		"health.WithReadiness: Func is nil":   func() { health.WithReadiness(health.Check{Name: "css"}) },
		"health.WithReadiness: Name is not unique: css": func() {
			newHandler(settings(t, ""), health.WithReadiness(health.Check{"css", up}, health.Check{"css", up}))
		},
		"health.RequireToken: t is empty":  func() { health.RequireToken(health.Token{}, http.NotFoundHandler()) },
		"health.RequireToken: next is nil": func() { health.RequireToken(token, nil) },
	} {
		require.PanicsWithValue(t, says, call)
	}
}

func TestOptions_NilIsTheDefault(t *testing.T) {
	h := newHandler(settings(t, ""), health.WithLogger(nil), health.WithReadiness(),
		health.WithInstallation(func(context.Context) health.Installation { return health.NotInstalled }), health.WithInstallation(nil))
	require.Contains(t, body(t, ask(h, http.MethodGet, health.CheckPath, local)), `"connected"`)
	ask(h, http.MethodGet, health.CheckPath, "198.51.100.1:1")
}
