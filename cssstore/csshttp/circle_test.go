package csshttp_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/redisadapter"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
)

// balanced is a cluster of two Go nodes and a PHP node behind nginx, each of
// which reaches Redis and database in its own way.
type balanced struct {
	*testing.T
	url    string
	client *http.Client
	php    *phpNode
	db     [2]*view // of the Go nodes
	redis  [3]*servers.Proxy
	// target is where Redis is, refused an address where nothing listens.
	target, refused string
	saves           int
}

// redisTimeout is how long a node waits for Redis.
const redisTimeout = 300 * time.Millisecond

func startBalanced(t *testing.T) *balanced {
	t.Helper()
	b := &balanced{T: t, target: servers.Redis(t).Addr()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b.refused = l.Addr().String()
	require.NoError(t, l.Close())
	database := &designs{}
	var addrs []string
	for i := range b.redis {
		b.redis[i] = servers.NewProxy(t, b.target)
		c := redis.NewClient(&redis.Options{
			Addr: b.redis[i].Addr(), ContextTimeoutEnabled: true, MaxRetries: -1, Protocol: 2,
			DialTimeout: redisTimeout, ReadTimeout: redisTimeout, WriteTimeout: redisTimeout,
		})
		t.Cleanup(func() { _ = c.Close() })
		pool := cache.NewPool(redisadapter.New(c))
		var handler http.Handler
		if i < len(b.db) {
			b.db[i] = &view{designs: database}
			h := csshttp.New(cachestore.New(pool), b.db[i])
			t.Cleanup(func() { require.NoError(t, h.Close()) })
			handler = h
		} else {
			b.php = &phpNode{designs: database, pool: pool}
			handler = b.php
		}
		s := httptest.NewServer(handler)
		t.Cleanup(s.Close)
		addrs = append(addrs, s.Listener.Addr().String())
	}
	b.url = "http://" + servers.Nginx(t, `location /build/ { default_type text/css; return 200 "base"; }`, addrs...).Addr()
	b.client = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 32},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(b.client.CloseIdleConnections)
	b.save()
	for range 9 { // so that each node has read its project list
		_, _, err := b.visit("/resources/" + project.String() + ".css")
		require.NoError(t, err)
	}
	return b
}

// save saves another design, or a former one again.
func (b *balanced) save() {
	b.saves++
	b.php.save(b.Context(), fmt.Sprintf(".box{order:%d}", b.saves%7))
}

// visit is what a browser does with a link: it returns how many answers it took
// until there was CSS, and its bytes.
func (b *balanced) visit(path string) (hops int, body string, err error) {
	const most = 20 // of Chromium
	url := b.url + path
	for hops = 1; hops <= most; hops++ {
		res, err := b.client.Get(url)
		if err != nil {
			return hops, "", err
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		switch {
		case err != nil:
			return hops, "", err
		case res.StatusCode == http.StatusOK && res.Header.Get("Content-Type")[:8] == "text/css":
			return hops, string(text), nil
		case res.StatusCode != http.StatusTemporaryRedirect:
			return hops, "", fmt.Errorf("%s: %s", url, res.Status)
		}
		next, err := res.Location()
		if err != nil {
			return hops, "", err
		}
		url = next.String()
	}
	return hops, "", fmt.Errorf("%s%s: a circle", b.url, path)
}

// visitors visit until stop is called, which returns how many visits there were,
// and the most answers that one took. Each must end in CSS.
func (b *balanced) visitors() (stop func() (visits, hops int)) {
	var all sync.WaitGroup
	var visits, failed atomic.Int64
	var most [8]int
	ended := make(chan struct{})
	for i := range most {
		all.Go(func() {
			for {
				select {
				case <-ended:
					return
				case <-time.After(time.Duration(rand.IntN(3)) * time.Millisecond):
				}
				path := "/resources/" + project.String() + ".css"
				if i%2 == 1 { // from a page that is older
					design, hash := b.php.get()
					if path = "/resources/" + project.String() + "/" + hash.String() + ".css"; design == "" {
						continue
					}
					time.Sleep(time.Duration(rand.IntN(50)) * time.Millisecond)
				}
				hops, _, err := b.visit(path)
				visits.Add(1)
				if most[i] = max(most[i], hops); err != nil && failed.Add(1) < 5 {
					b.Errorf("%d answers: %v", hops, err)
				}
			}
		})
	}
	return func() (int, int) {
		close(ended)
		all.Wait()
		require.Zero(b, failed.Load(), "of %d visits", visits.Load())
		hops := 0
		for _, n := range most {
			hops = max(hops, n)
		}
		return int(visits.Load()), hops
	}
}

// fewHops is how many answers a visit may take: the link, the stored hash, one
// that a PHP node computes, and the same again where a design is saved on the
// way.
const fewHops = 6

// An outage begins after a moment in which all is well, and lasts while designs
// are saved.
var outages = map[string]struct{ begin, end func(*balanced) }{
	"none":                      {func(*balanced) {}, func(*balanced) {}},
	"redis hangs for a go node": {func(b *balanced) { b.redis[0].Cut(servers.Requests) }, (*balanced).heal},
	"redis hangs for both": {func(b *balanced) {
		b.redis[0].Cut(servers.Replies)
		b.redis[1].Cut(servers.Requests)
	}, (*balanced).heal},
	"redis refuses a go node":          {func(b *balanced) { b.refuse(1) }, (*balanced).heal},
	"the database fails a go node":     {func(b *balanced) { b.db[0].down.Store(true) }, (*balanced).heal},
	"the database hangs for a go node": {func(b *balanced) { b.db[1].hangs.Store(true) }, (*balanced).heal},
	// PHP itself redirects each visit to the same URL then, until a Go node gets it.
	phpAlone: {func(b *balanced) { b.refuse(2) }, (*balanced).heal},
}

const phpAlone = "redis refuses the php node"

// refuse keeps a node from Redis.
func (b *balanced) refuse(node int) {
	b.redis[node].Retarget(b.refused)
	b.redis[node].Drop()
}

// heal ends all outages.
func (b *balanced) heal() {
	for _, p := range b.redis {
		p.Retarget(b.target)
		p.Heal()
		p.Drop()
	}
	for _, v := range b.db {
		v.down.Store(false)
		v.hangs.Store(false)
	}
}

func TestCluster_NoVisitGoesInCircles(t *testing.T) {
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			if name != "none" && os.Getenv("MOSPARO_TEST_LONG") != "1" {
				t.Skip("long; runs with MOSPARO_TEST_LONG=1")
			}
			b := startBalanced(t)
			stop := b.visitors()
			time.Sleep(200 * time.Millisecond)
			outage.begin(b)
			for range 8 {
				b.save()
				time.Sleep(150 * time.Millisecond)
			}
			outage.end(b)
			visits, hops := stop()
			prepared := b.php.prepared.Load()
			t.Logf("%d visits, %d answers at most, PHP prepared CSS %d times for %d saves", visits, hops, prepared, b.saves)
			if name != phpAlone {
				require.LessOrEqual(t, hops, fewHops)
				require.LessOrEqual(t, prepared, int64(10*b.saves+visits/20), "of %d visits", visits)
			}
			if name == "none" {
				b.showsWithin(2 * time.Second)
			}
		})
	}
}

// showsWithin checks that a saved design is what all nodes show from then on.
func (b *balanced) showsWithin(d time.Duration) {
	b.Helper()
	stop := b.visitors() // who keep the nodes looking
	b.save()
	time.Sleep(d)
	design, hash := b.php.get()
	for range 30 {
		for _, path := range []string{"/resources/" + project.String() + ".css", path(hash), path(cssstore.Hash{0xee})} {
			_, body, err := b.visit(path)
			require.NoError(b, err)
			require.Equal(b, design, body, path)
		}
	}
	stop()
}

// Outages of all kinds begin and end at any time.
func TestCluster_NoVisitGoesInCirclesWhateverFails(t *testing.T) {
	b := startBalanced(t)
	stop := b.visitors()
	for range 12 {
		for name, outage := range outages {
			if name != phpAlone && rand.IntN(3) == 0 {
				outage.begin(b)
			}
		}
		b.save()
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
		if rand.IntN(2) == 0 {
			b.heal()
		}
	}
	b.heal()
	visits, hops := stop()
	t.Logf("%d visits, %d answers at most, PHP prepared CSS %d times for %d saves", visits, hops, b.php.prepared.Load(), b.saves)
	require.LessOrEqual(t, hops, fewHops)
	b.showsWithin(2 * time.Second)
}
