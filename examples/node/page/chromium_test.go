//go:build unix

package page_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// chromium is a headless Chromium, one for all tests, which controls it over a pair of pipes
// with the DevTools protocol: messages in JSON, each ended by a zero byte.
type chromium struct {
	cmd      *exec.Cmd
	profile  string
	to, from *os.File
	ended    chan struct{} // closed when it has

	mu      sync.Mutex
	last    int
	answers map[int]chan message
	pages   map[string]*browser // by session
}

// browser is a page of the Chromium, with cookies, passwords and a cache of its own.
type browser struct {
	*chromium
	t       *testing.T
	ctx     context.Context
	session string
	// complaints are errors of the console: violations of the policy, exceptions.
	complaints []string
	loaded     chan struct{}
}

type message struct {
	ID      int             `json:"id"`
	Session string          `json:"sessionId"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// theChromium is nil if there is none.
var theChromium = sync.OnceValues(func() (*chromium, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return startChromium(path)
		}
	}
	return nil, nil
})

// started is the Chromium that has to end with the tests, nil without one.
var started *chromium

func TestMain(m *testing.M) {
	code := m.Run()
	if started != nil {
		started.stop()
	}
	os.Exit(code)
}

func startChromium(program string) (*chromium, error) {
	profile, err := os.MkdirTemp("", "mosparo-chromium-")
	if err != nil {
		return nil, err
	}
	theirIn, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	from, theirOut, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--force-color-profile=srgb",
		"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	_, _ = theirIn.Close(), theirOut.Close()
	started = &chromium{
		cmd: cmd, profile: profile, to: to, from: from, ended: make(chan struct{}),
		answers: map[int]chan message{}, pages: map[string]*browser{},
	}
	go started.listen()
	return started, nil
}

func (c *chromium) stop() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait() // it was killed
	_, _ = c.to.Close(), c.from.Close()
	<-c.ended
	_ = os.RemoveAll(c.profile) // a helper may still write
}

// listen reads messages until the Chromium ends.
func (c *chromium) listen() {
	defer close(c.ended)
	r := bufio.NewReaderSize(c.from, 1<<20)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		c.mu.Lock()
		if answer := c.answers[m.ID]; answer != nil {
			answer <- m
			delete(c.answers, m.ID)
		} else if b := c.pages[m.Session]; b != nil {
			b.handle(m)
		}
		c.mu.Unlock()
	}
}

// newBrowser opens an empty page, which is closed when the test ends.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	c, err := theChromium()
	require.NoError(t, err)
	if c == nil {
		servers.Missing(t, "chromium", "chromium")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*time.Minute) // it is used in the cleanup
	b := &browser{chromium: c, t: t, ctx: ctx, loaded: make(chan struct{}, 1)}
	var own struct{ BrowserContextID string }
	b.call("Target.createBrowserContext", params{}, &own)
	t.Cleanup(func() {
		defer cancel()
		b.mu.Lock()
		delete(b.pages, b.session)
		b.session = ""
		b.mu.Unlock()
		b.call("Target.disposeBrowserContext", params{"browserContextId": own.BrowserContextID}, nil)
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", params{"url": "about:blank", "browserContextId": own.BrowserContextID}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", params{"targetId": target.TargetID, "flatten": true}, &attached)
	b.mu.Lock()
	b.session = attached.SessionID
	b.pages[b.session] = b
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", params{}, nil)
	}
	return b
}

// handle handles an event of the page.
func (b *browser) handle(m message) {
	switch m.Method {
	case "Page.loadEventFired":
		select {
		case b.loaded <- struct{}{}:
		default:
		}
	case "Runtime.exceptionThrown":
		b.complaints = append(b.complaints, string(m.Params))
	case "Log.entryAdded":
		var p struct {
			Entry struct{ Level, Text, URL string }
		}
		_ = json.Unmarshal(m.Params, &p)
		if p.Entry.Level == "error" {
			b.complaints = append(b.complaints, p.Entry.Text+" "+p.Entry.URL)
		}
	}
}

// call calls a method and stores its result in v unless that is nil.
func (b *browser) call(method string, params, v any) {
	b.t.Helper()
	answer := make(chan message, 1)
	b.mu.Lock()
	b.last++
	id := b.last
	b.answers[id] = answer
	b.mu.Unlock()
	text, err := json.Marshal(struct {
		ID      int    `json:"id"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
		Session string `json:"sessionId,omitempty"`
	}{id, method, params, b.session})
	require.NoError(b.t, err)
	_, err = b.to.Write(append(text, 0))
	require.NoError(b.t, err)
	select {
	case m := <-answer:
		require.Nil(b.t, m.Error, "%s: %+v", method, m.Error)
		if v != nil {
			require.NoError(b.t, json.Unmarshal(m.Result, v))
		}
	case <-b.ended:
		b.t.Fatalf("the browser has ended before it has answered to %s", method)
	case <-b.ctx.Done():
		b.t.Fatalf("the browser does not answer to %s", method)
	}
}

type params map[string]any

// show sets width and colour scheme. The window is high, since frames outside of it are
// neither loaded nor painted.
func (b *browser) show(width int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", params{"width": width, "height": 8000, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.call("Emulation.setEmulatedMedia", params{"features": []params{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// open loads a page and waits for it, frames included. It loads the page again if that
// could not read the state of its servers in time, as on a busy machine.
func (b *browser) open(url string) {
	b.t.Helper()
	for reload := true; reload; {
		b.load(url)
		b.mu.Lock()
		all := len(b.complaints)
		b.complaints = slices.DeleteFunc(b.complaints, func(c string) bool { return strings.Contains(c, "status of 503") })
		reload = len(b.complaints) < all
		b.mu.Unlock()
	}
}

func (b *browser) load(url string) {
	b.t.Helper()
	select {
	case <-b.loaded:
	default:
	}
	b.call("Page.navigate", params{"url": url}, nil)
	select {
	case <-b.loaded:
	case <-b.ctx.Done():
		b.t.Fatalf("%s does not load", url)
	}
}

// run evaluates an expression, a promise as well, and stores its value in v.
func (b *browser) run(expression string, v any) {
	b.t.Helper()
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", params{"expression": expression, "awaitPromise": true, "returnByValue": true}, &out)
	require.Empty(b.t, string(out.ExceptionDetails))
	if v != nil {
		require.NoError(b.t, json.Unmarshal(out.Result.Value, v), string(out.Result.Value))
	}
}

// until waits until an expression is true.
func (b *browser) until(expression string) {
	b.t.Helper()
	for ok := false; ; time.Sleep(50 * time.Millisecond) {
		if b.run(expression, &ok); ok {
			return
		}
		require.NoError(b.t, b.ctx.Err(), expression)
	}
}

// screenshot returns the whole page as PNG, up to a height.
func (b *browser) screenshot(width, maxHeight int) []byte {
	b.t.Helper()
	var height int
	b.run("Math.ceil(document.documentElement.getBoundingClientRect().height)", &height)
	height = min(max(height, 200), maxHeight)
	b.run("new Promise(painted => requestAnimationFrame(() => requestAnimationFrame(painted)))", nil)
	var shot struct{ Data []byte }
	b.call("Page.captureScreenshot", params{
		"format": "png", "captureBeyondViewport": true,
		"clip": params{"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
	}, &shot)
	return shot.Data
}

// silent requires that the browser has complained of nothing.
func (b *browser) silent() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.complaints, fmt.Sprint(b.complaints))
}
