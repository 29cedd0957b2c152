package servers

import (
	"net"
	"sync"
)

// Proxy is a TCP proxy before a server, whose two directions can be cut off
// one by one. What is sent while a direction is cut waits, as TCP keeps it for
// sending it again, and arrives when the cut heals, however late; so does what
// a client sent before it hung up.
type Proxy struct {
	listener net.Listener
	target   string

	mu     sync.Mutex
	moved  *sync.Cond
	cut    [2]bool
	closed bool
	conns  map[net.Conn]struct{}
	all    sync.WaitGroup
}

// Direction is a way through a [Proxy].
type Direction int

// The directions: what clients ask, and what the server answers.
const (
	Requests Direction = iota
	Replies
)

// NewProxy starts a proxy before the server at an address.
func NewProxy(tb TB, target string) *Proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("servers: proxy: %v", err)
	}
	p := &Proxy{listener: l, target: target, conns: map[net.Conn]struct{}{}}
	p.moved = sync.NewCond(&p.mu)
	p.all.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// Addr returns where clients connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Retarget sends new connections to another server, as an address does that
// moves to a replica.
func (p *Proxy) Retarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Cut stops what goes in the directions.
func (p *Proxy) Cut(ds ...Direction) { p.set(true, ds) }

// Heal lets everything through again, first of all what has waited.
func (p *Proxy) Heal() { p.set(false, []Direction{Requests, Replies}) }

func (p *Proxy) set(cut bool, ds []Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range ds {
		p.cut[d] = cut
	}
	p.moved.Broadcast()
}

// Drop closes all connections; what waits in them is lost. New ones are taken.
func (p *Proxy) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
	p.moved.Broadcast()
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.Drop()
	p.all.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		target := p.target
		p.mu.Unlock()
		server, err := net.Dial("tcp", target)
		if err != nil || !p.add(client, server) {
			_ = client.Close()
			if server != nil {
				_ = server.Close()
			}
			continue
		}
		p.all.Go(func() { p.copy(server, client, Requests) })
		p.all.Go(func() { p.copy(client, server, Replies) })
	}
}

func (p *Proxy) add(cs ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	for _, c := range cs {
		p.conns[c] = struct{}{}
	}
	return true
}

// copy passes bytes on, and the end of them.
func (p *Proxy) copy(to, from net.Conn, d Direction) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		p.pass(d, to)
		if n > 0 {
			if _, werr := to.Write(b[:n]); werr != nil {
				err = werr
			}
		}
		if err != nil {
			_ = to.Close()
			p.mu.Lock()
			delete(p.conns, to)
			p.moved.Broadcast()
			p.mu.Unlock()
			return
		}
	}
}

// pass waits until a direction is open or the connection gone.
func (p *Proxy) pass(d Direction, to net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.cut[d] {
		if _, ok := p.conns[to]; !ok {
			return
		}
		p.moved.Wait()
	}
}
