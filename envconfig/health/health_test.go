package health_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/health"
)

// settings are those of an environment, and of mosparo's directory if php is given:
// the entries of its env.mosparo.php.
func settings(t *testing.T, php string, environ ...string) *envconfig.Settings {
	t.Helper()
	if php == "" {
		s, err := envconfig.FromEnviron(environ)
		require.NoError(t, err)
		return s
	}
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "config"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte("<?php return ["+php+"];"), 0o600))
	s, err := envconfig.Load(dir, environ)
	require.NoError(t, err)
	return s
}

func newHandler(s *envconfig.Settings, opts ...health.Option) *health.Handler {
	return health.New(s.Health, s.Proxies, up, opts...)
}

func up(context.Context) error   { return nil }
func down(context.Context) error { return errors.New("dial tcp 10.0.0.5: user root denied") }

// ask sends a request from a peer; header are names and values.
func ask(h http.Handler, method, path, peer string, header ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr = peer
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

const local = "127.0.0.1:4711"

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	var b bytes.Buffer
	_, err := b.ReadFrom(res.Body)
	require.NoError(t, err)
	return b.String()
}

// logged is a logger and what it wrote.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *logged) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSuffix(l.b.String(), "\n"), "\n")
}
