package health_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/health"
)

func TestCheck_AnswersAsMosparoDoes(t *testing.T) {
	for name, c := range map[string]struct {
		environ      string
		installation health.Installation
		ping         func(context.Context) error
		status       int
		body         string
	}{
		"connected": {
			"", health.Installed, up, 200,
			`{"service":"mosparo","healthy":true,"databaseStatus":"connected","error":null,"statusCode":200}`,
		},
		"database gone": {
			"", health.Installed, down, 500,
			`{"service":"mosparo","healthy":false,"databaseStatus":"connection-failed","error":"the database cannot be reached","statusCode":500}`,
		},
		"not installed": {
			"", health.NotInstalled, down, 200,
			`{"service":"mosparo","healthy":true,"databaseStatus":"test-skipped__not-configured","error":null,"statusCode":200}`,
		},
		"in the middle of an update": {
			"", health.UpdateNotFinished, down, 200,
			`{"service":"mosparo","healthy":true,"databaseStatus":"test-skipped__update-not-finished","error":null,"statusCode":200}`,
		},
		"bypassed": {
			"MOSPARO_BYPASS_HEALTH_CHECK=1", health.Installed, down, 200,
			`{"service":"mosparo","healthy":null,"databaseStatus":"bypassed","error":"","statusCode":200}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(t, "", c.environ)
			h := health.New(s.Health, s.Proxies, c.ping, health.WithInstallation(func(context.Context) health.Installation { return c.installation }))
			for _, drain := range []bool{false, true} {
				if drain {
					h.Drain() // PHP nodes know no such state
				}
				res := ask(h, http.MethodGet, health.CheckPath, local)
				require.Equal(t, c.status, res.StatusCode)
				require.Equal(t, "application/json", res.Header.Get("Content-Type"))
				require.Equal(t, "no-cache, private", res.Header.Get("Cache-Control"))
				require.Equal(t, c.body, body(t, res))
			}
		})
	}
}

func TestCheck_TakesGETAndHEADOnly(t *testing.T) {
	h := newHandler(settings(t, ""))
	require.Equal(t, 200, ask(h, http.MethodHead, health.CheckPath, local).StatusCode)
	res := ask(h, http.MethodPost, health.CheckPath, local)
	require.Equal(t, 405, res.StatusCode)
	require.Equal(t, "GET", res.Header.Get("Allow"))
	require.Equal(t, 404, ask(h, http.MethodPost, health.CheckPath, "192.0.2.1:1").StatusCode, "a client that is not allowed learns nothing")
}

// The driver's words may name users and hosts.
func TestCheck_LogsAnOutageOfTheDatabaseOnceAndItsEnd(t *testing.T) {
	s := settings(t, "")
	ping, log := down, &logged{}
	h := health.New(s.Health, s.Proxies, func(ctx context.Context) error { return ping(ctx) }, health.WithLogger(log.logger()))
	for _, f := range []func(context.Context) error{down, down, up, up} {
		ping = f
		ask(h, http.MethodGet, health.CheckPath, local)
	}
	require.Len(t, log.lines(), 2)
	require.Contains(t, log.lines()[0], "10.0.0.5")
	require.Contains(t, log.lines()[1], "succeeds again")
}

func TestCheck_AnswersWithin2SecondsWhileTheDatabaseHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings(t, "")
		h := health.New(s.Health, s.Proxies, func(context.Context) error { time.Sleep(time.Minute); return nil })
		for range 2 {
			begun := time.Now()
			require.Equal(t, 500, ask(h, http.MethodGet, health.CheckPath, local).StatusCode)
			require.Less(t, time.Since(begun), 2*time.Second)
		}
		time.Sleep(time.Minute)
	})
}
