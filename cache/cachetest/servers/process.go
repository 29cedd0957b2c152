package servers

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// TB is the part of [testing.TB] that this package uses.
type TB interface {
	Helper()
	Cleanup(f func())
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Skipf(format string, args ...any)
}

// startTime is how long a server may take until it answers.
const startTime = time.Minute

// quitTime is how long a server may take to quit.
const quitTime = 10 * time.Second

// spec says how to start a kind of server.
type spec struct {
	name string
	// binary and the Debian package that has it.
	binary, pkg string
	// users are the accounts under which it can run, the best first, if it
	// refuses to run as root.
	users []string
	// prepare, if not nil, fills the scratch directory.
	prepare func(p *Process) error
	// configure, if not nil, writes what holds the port.
	configure func(p *Process) error
	// args are the arguments for a port and a scratch directory.
	args func(port int, dir string) []string
	// ready asks the server whether it serves; an error means not yet.
	ready func(addr string) error
	// quit, if not 0, ends the server immediately with the processes that it has
	// started, which SIGKILL would leave behind.
	quit syscall.Signal
}

// Process is one server that a test has started. Its methods fail the test
// when they cannot do their work.
type Process struct {
	tb   TB
	spec spec
	path string
	port int
	dir  string
	as   *account // nil: that of the test

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
	guard  *guard
}

// start starts a server on a free port, and arranges its end.
func start(tb TB, s spec) *Process {
	tb.Helper()
	p := &Process{tb: tb, spec: s, path: find(tb, s.binary, s.pkg)}
	var err error
	// Paths of Unix sockets are short, those of the tests' own directories long.
	if p.dir, err = os.MkdirTemp("", "mosparo-"+s.name+"-"); err != nil {
		tb.Fatalf("servers: %v", err)
	}
	tb.Cleanup(func() {
		p.Kill()
		_ = os.RemoveAll(p.dir) // a scratch directory of ours
	})
	if err := p.prepare(); err != nil {
		tb.Fatalf("servers: preparing %s: %v", s.name, err)
	}
	// Another process may take the free port before the server does.
	for range 5 {
		if p.port, err = freePort(); err == nil {
			if err = p.launch(); err == nil {
				return p
			}
		}
	}
	tb.Fatalf("servers: %s does not start: %v\n%s", s.name, err, p.output())
	return nil
}

// find returns the path of a binary, or ends the test.
func find(tb TB, binary, pkg string) string {
	tb.Helper()
	if path, err := exec.LookPath(binary); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"} {
		path := filepath.Join(dir, binary)
		if st, err := os.Stat(path); err == nil && !st.IsDir() {
			return path
		}
	}
	if path, ok := findPostgres(binary); ok {
		return path
	}
	Missing(tb, binary, pkg)
	return ""
}

// Missing ends a test that needs something that is not installed: it is skipped,
// or fails with MOSPARO_TEST_REQUIRE=1.
func Missing(tb TB, what, pkg string) {
	tb.Helper()
	if os.Getenv("MOSPARO_TEST_REQUIRE") == "1" {
		tb.Fatalf("missing: needs %s (Debian package %s)", what, pkg)
	}
	tb.Skipf("skipped: needs %s (Debian package %s)", what, pkg)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// launch starts the process on its port and waits until it serves.
func (p *Process) launch() error {
	if p.spec.configure != nil {
		if err := p.spec.configure(p); err != nil {
			return err
		}
	}
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	cmd := p.command(p.path, p.spec.args(p.port, p.dir)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	g, err := newGuard(cmd.Process.Pid, p.dir, p.spec.quit)
	if err != nil {
		_ = cmd.Process.Kill()
		return err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended does not matter
		log.Close()
		close(exited)
	}()
	p.mu.Lock()
	p.cmd, p.exited, p.guard = cmd, exited, g
	p.mu.Unlock()
	if err := p.wait(exited); err != nil {
		p.Kill()
		return err
	}
	return nil
}

func (p *Process) wait(exited <-chan struct{}) error {
	var err error
	for deadline := time.Now().Add(startTime); time.Now().Before(deadline); {
		if err = p.spec.ready(p.Addr()); err == nil {
			return nil
		}
		select {
		case <-exited:
			return fmt.Errorf("it ended before it served: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return err
}

// output is the end of what the server has written.
func (p *Process) output() string {
	b, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-2000):])
}

// Addr returns the server's host:port.
func (p *Process) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

// Port returns the server's TCP port.
func (p *Process) Port() int { return p.port }

// Dir returns the server's scratch directory.
func (p *Process) Dir() string { return p.dir }

// Kill ends the server immediately, as a power cut does, and waits for its end. It
// is safe to call twice.
func (p *Process) Kill() {
	p.mu.Lock()
	cmd, exited, g := p.cmd, p.exited, p.guard
	p.cmd = nil
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = signalAll(cmd.Process, contSignal) // a stopped process cannot end
	if p.spec.quit != 0 {
		_ = cmd.Process.Signal(p.spec.quit)
		select {
		case <-exited:
		case <-time.After(quitTime):
		}
	}
	_ = cmd.Process.Kill()
	<-exited
	g.dismiss()
}

// Stop asks the server to end, so that it can save its data, and waits for it.
func (p *Process) Stop() {
	p.tb.Helper()
	p.mu.Lock()
	cmd, exited := p.cmd, p.exited
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-exited:
	case <-time.After(startTime):
		p.tb.Logf("servers: %s does not stop by itself", p.spec.name)
	}
	p.Kill()
}

// Restart starts the server again, on the same port and directory, after Kill
// or Stop.
func (p *Process) Restart() {
	p.tb.Helper()
	p.Kill()
	if err := p.launch(); err != nil {
		p.tb.Fatalf("servers: %s does not start again: %v\n%s", p.spec.name, err, p.output())
	}
}

// Pause stops the process where it is (SIGSTOP): its port stays open, and there is
// no answer.
func (p *Process) Pause() { p.signal(stopSignal) }

// Resume lets a paused process go on.
func (p *Process) Resume() { p.signal(contSignal) }

func (p *Process) signal(sig os.Signal) {
	p.tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		p.tb.Fatalf("servers: %s does not run", p.spec.name)
	}
	if err := signalAll(p.cmd.Process, sig); err != nil {
		p.tb.Fatalf("servers: %s: %v", p.spec.name, err)
	}
}

// ask sends one line to a server and returns the first line of its answer.
func ask(addr, line string) (string, error) {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(c, line+"\r\n"); err != nil {
		return "", err
	}
	b := make([]byte, 256)
	n, err := c.Read(b)
	if err != nil {
		return "", err
	}
	answer, _, _ := strings.Cut(string(b[:n]), "\r\n")
	return answer, nil
}
