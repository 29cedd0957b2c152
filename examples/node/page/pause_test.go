package page_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/examples/node/page"
)

// logged is what was logged so far.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// order is a form as a browser sends it.
type order struct {
	form           string
	user, password string
	origin, site   string
}

func (o order) send(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/pause", strings.NewReader(o.form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if o.password != "" {
		r.SetBasicAuth(o.user, o.password)
	}
	for name, value := range map[string]string{"Origin": o.origin, "Sec-Fetch-Site": o.site} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPause_NeedsTheTokenAndTheSameOrigin(t *testing.T) {
	c := newCluster(t)
	c.next(time.Hour)
	c.start()
	token, err := health.NewToken("s3cret")
	require.NoError(t, err)
	open, h := page.New(c.node), page.New(c.node, page.WithToken(token))
	const pause = "action=pause&minutes=60&reason=upgrade"

	require.Equal(t, http.StatusNotFound, get(t.Context(), open, "/pause").Code)
	require.Equal(t, http.StatusNotFound, order{form: pause, password: "s3cret"}.send(t, open).Code)
	require.Equal(t, http.StatusUnauthorized, get(t.Context(), h, "/pause").Code)
	for name, o := range map[string]order{
		"no token":          {form: pause},
		"another token":     {form: pause, password: "s3cre"},
		"another site":      {form: pause, password: "s3cret", site: "cross-site"},
		"another origin":    {form: pause, password: "s3cret", origin: "https://example.org"},
		"the same domain":   {form: pause, password: "s3cret", site: "same-site"},
		"no action":         {form: "minutes=60", password: "s3cret"},
		"no duration":       {form: "action=pause", password: "s3cret"},
		"too long":          {form: "action=pause&minutes=1441", password: "s3cret"},
		"negative":          {form: "action=pause&minutes=-1", password: "s3cret"},
		"much text":         {form: pause + strings.Repeat("x", 300), password: "s3cret"},
		"a very large form": {form: pause + strings.Repeat("x", 20_000), password: "s3cret"},
	} {
		w := o.send(t, h)
		require.GreaterOrEqual(t, w.Code, 400, name)
		require.Less(t, w.Code, 500, name)
		require.Nil(t, pauseOf(t, c), name)
	}

	w := order{form: pause, user: "alice", password: "s3cret", origin: "http://example.com", site: "same-origin"}.send(t, h)
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
	require.Equal(t, "./", w.Header().Get("Location"))
	p := pauseOf(t, c)
	require.NotNil(t, p)
	require.Equal(t, "upgrade", p.Reason)
	require.Regexp(t, "^alice, on the status page of .", p.By)
	require.WithinDuration(t, time.Now().Add(time.Hour), p.Until, time.Minute)
	body := content(get(t.Context(), h, "/"))
	require.Contains(t, body, ">The Go nodes are paused</h2>")
	require.Contains(t, body, "Resume the cleanup …")
	require.Contains(t, body, "The Go nodes do not clean for another 59 min, on the order of alice")

	require.Equal(t, http.StatusSeeOther, order{form: "action=resume", password: "s3cret"}.send(t, h).Code)
	require.Nil(t, pauseOf(t, c))
	require.Contains(t, content(get(t.Context(), h, "/")), "Pause the cleanup …")
}

func pauseOf(t *testing.T, c *cluster) *cleanup.Pause {
	t.Helper()
	o, err := c.node.Scheduler.Overview(t.Context())
	require.NoError(t, err)
	return o.Pause
}

// The text of the form reaches the cache and all who see the pause.
func TestPause_OfHostileText(t *testing.T) {
	c := newCluster(t)
	token, err := health.NewToken("s3cret")
	require.NoError(t, err)
	h := page.New(c.node, page.WithToken(token))
	const text = "<script>\x1b[2J\u202e"
	form := url.Values{"action": {"pause"}, "minutes": {"15"}, "reason": {text}}
	require.Equal(t, http.StatusSeeOther, order{form: form.Encode(), user: text, password: "s3cret"}.send(t, h).Code)
	body := content(get(t.Context(), h, "/"))
	require.Contains(t, body, "&lt;script&gt;�[2J�")
	require.NotContains(t, body, "\x1b")
	require.NotContains(t, body, "\u202e")
}

func TestPause_SaysThatTheCacheFails(t *testing.T) {
	c := newCluster(t)
	token, err := health.NewToken("s3cret")
	require.NoError(t, err)
	log := &logged{}
	h := page.New(c.node, page.WithToken(token), page.WithLogger(log.logger()))
	require.NoError(t, c.pool.Adapter().Close())
	w := order{form: "action=pause&minutes=15&reason=upgrade", password: "s3cret"}.send(t, h)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "could not be written")
	require.Contains(t, w.Body.String(), `value="upgrade"`, "nothing has to be typed again")
	require.Contains(t, log.String(), "pausing or resuming the cleanup failed")
}
