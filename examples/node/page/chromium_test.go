//go:build unix

package page_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// browser is a headless Chromium with one page, which it controls over a pair of pipes with
// the DevTools protocol: messages in JSON, each ended by a zero byte.
type browser struct {
	t       *testing.T
	ctx     context.Context
	to      *os.File
	session string

	mu      sync.Mutex
	last    int
	answers map[int]chan message
	// complaints are errors of the console: violations of the policy, exceptions.
	complaints []string
	loaded     chan struct{}
}

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && program == "" {
			program = path
		}
	}
	if program == "" {
		servers.Missing(t, "chromium", "chromium")
	}
	profile, err := os.MkdirTemp("", "mosparo-chromium-") //nolint:usetesting // which fails when a helper of the browser still writes
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	theirIn, to, err := os.Pipe()
	require.NoError(t, err)
	from, theirOut, err := os.Pipe()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--force-color-profile=srgb",
		"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4
	cmd.WaitDelay = 10 * time.Second
	require.NoError(t, cmd.Start())
	_, _ = theirIn.Close(), theirOut.Close()
	b := &browser{t: t, ctx: ctx, to: to, answers: map[int]chan message{}, loaded: make(chan struct{}, 1)}
	reading := make(chan struct{})
	go func() { defer close(reading); b.listen(from) }()
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
		_, _ = to.Close(), from.Close()
		<-reading
	})
	b.attach()
	return b
}

// listen reads messages until the browser ends.
func (b *browser) listen(from *os.File) {
	r := bufio.NewReaderSize(from, 1<<20)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) == nil {
			b.handle(m)
		}
	}
}

func (b *browser) handle(m message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch m.Method {
	case "":
		if c := b.answers[m.ID]; c != nil {
			c <- m
			delete(b.answers, m.ID)
		}
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
	case <-b.ctx.Done():
		b.t.Fatalf("the browser does not answer to %s", method)
	}
}

type params map[string]any

func (b *browser) attach() {
	b.t.Helper()
	var target struct{ TargetID string }
	b.call("Target.createTarget", params{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", params{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", params{}, nil)
	}
}

// show sets width and colour scheme. The window is high, since frames outside of it are
// neither loaded nor painted.
func (b *browser) show(width int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", params{"width": width, "height": 8000, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.call("Emulation.setEmulatedMedia", params{"features": []params{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// open loads a page and waits for it, frames included.
func (b *browser) open(url string) {
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
