package memcachedadapter_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

// certificate is its own authority, for 127.0.0.1.
func certificate(t *testing.T) (cert, key string, roots *x509.CertPool) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	require.NoError(t, err)
	keyDER, err := x509.MarshalECPrivateKey(k)
	require.NoError(t, err)
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pemCert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(cert, pemCert, 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), 0o600))
	roots = x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pemCert))
	return cert, key, roots
}

func adapterAt(t *testing.T, s memcachedadapter.Server, o memcachedadapter.ClientOptions) *memcachedadapter.Adapter {
	t.Helper()
	p, err := memcachedadapter.NewServers([]memcachedadapter.Server{s})
	require.NoError(t, err)
	if o.Timeout == 0 {
		o.Timeout = patient.Timeout
	}
	client := p.Client(o)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return memcachedadapter.New(client, p, owned)
}

func requireWorks(t *testing.T, a *memcachedadapter.Adapter) {
	t.Helper()
	written(t, a, key, "value")
	require.Equal(t, "value", read(t, a, key))
	require.NoError(t, a.Ping(t.Context()))
	n, err := a.Clear(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestClient_TLS(t *testing.T) {
	t.Parallel()
	cert, certKey, roots := certificate(t)
	s := servers.Memcached(t, "-Z", "-o", "ssl_chain_cert="+cert+",ssl_key="+certKey)
	at := memcachedadapter.Server{Host: "127.0.0.1", Port: s.Port()}
	requireWorks(t, adapterAt(t, at, memcachedadapter.ClientOptions{TLS: &tls.Config{RootCAs: roots}}))
	requireWorks(t, adapterAt(t, at, memcachedadapter.ClientOptions{TLS: &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}}))
	for _, config := range []*tls.Config{{}, {RootCAs: roots, ServerName: "other.example.com"}} {
		_, err := adapterAt(t, at, memcachedadapter.ClientOptions{TLS: config}).Get(t.Context(), key)
		require.ErrorIs(t, err, cache.ErrUnavailable)
		require.ErrorContains(t, err, "certificate")
	}
}

func TestClient_UnixSocket(t *testing.T) {
	t.Parallel()
	s := servers.MemcachedOnSocket(t)
	requireWorks(t, adapterAt(t, memcachedadapter.Server{Host: s.Socket()}, memcachedadapter.ClientOptions{}))
}

func TestClient_ASCIIAuthentication(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "auth")
	require.NoError(t, os.WriteFile(file, []byte("node:hunter2\n"), 0o600))
	s := servers.Memcached(t, "-Y", file)
	at := memcachedadapter.Server{Host: "127.0.0.1", Port: s.Port()}
	requireWorks(t, adapterAt(t, at, memcachedadapter.ClientOptions{User: "node", Password: "hunter2"}))
	for _, o := range []memcachedadapter.ClientOptions{{}, {User: "node", Password: "hunter3"}, {User: "other", Password: "hunter2"}} {
		a := adapterAt(t, at, o)
		for _, err := range []error{
			a.Set(t.Context(), cache.Item{Key: key, Value: []byte("v")}), a.Ping(t.Context()), a.Delete(t.Context(), key),
			errOf(a.Get(t.Context(), key)), errOf(a.Get(t.Context(), key, "b")),
		} {
			require.ErrorIs(t, err, cache.ErrUnauthorized)
			require.NotContains(t, err.Error(), "hunter")
		}
	}
}

// Whatever listens there may repeat what it was sent.
func TestClient_AnAnswerThatHoldsThePasswordIsNotShown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(conn, conn)
			_ = conn.Close()
		}
	}()
	at := memcachedadapter.Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}
	_, err = adapterAt(t, at, memcachedadapter.ClientOptions{User: "node", Password: "hunter2"}).Get(t.Context(), key)
	require.ErrorIs(t, err, cache.ErrUnauthorized)
	require.NotContains(t, err.Error(), "hunter2")
}

func errOf(_ [][]byte, err error) error { return err }

func TestSet_RefusesWhatTheServerWould(t *testing.T) {
	t.Parallel()
	all := start(t, 1)
	a := open(t, all, memcachedadapter.WithoutCompression())
	longest := strings.Repeat("k", 250-len("4EYEa:"))
	written(t, a, longest, string(make([]byte, a.MaxValueSize())))
	written(t, a, key, "before")
	require.ErrorIs(t, a.Set(t.Context(), cache.Item{Key: key, Value: make([]byte, a.MaxValueSize()+1)}), cache.ErrTooLarge)
	require.Equal(t, "before", read(t, a, key), "the old value stays")

	large := []*servers.MemcachedServer{servers.Memcached(t, "-I", "2m")}
	a = open(t, large, memcachedadapter.WithoutCompression(), memcachedadapter.WithItemLimit(2<<20))
	written(t, a, longest, string(make([]byte, a.MaxValueSize())))
	// Told a wrong limit, the server's answer is classified.
	a = open(t, all, memcachedadapter.WithoutCompression(), memcachedadapter.WithItemLimit(2<<20))
	require.ErrorIs(t, a.Set(t.Context(), cache.Item{Key: key, Value: make([]byte, 3<<19)}), cache.ErrTooLarge)
}

func TestGet_ReportsAnItemThatIsNoSymfonyValue(t *testing.T) {
	all := start(t, 1)
	a := open(t, all, memcachedadapter.WithMaxDecodedSize(5000))
	c := bare(t, all[0])
	written(t, a, "good", "value")
	for name, item := range map[string]*memcache.Item{
		"another type": {Value: []byte("42"), Flags: 1}, "damaged": {Value: []byte{200, 0, 0, 0, 31}, Flags: 80},
		"too large": {Value: []byte{0, 0, 0, 1, 31}, Flags: 80}, "unknown compression": {Value: make([]byte, 100), Flags: 16},
	} {
		raw, err := a.RawKey(t.Context(), key)
		require.NoError(t, err)
		item.Key = raw
		require.NoError(t, c.Set(item))
		_, err = a.Get(t.Context(), key)
		var damaged *cache.DecodeError
		require.ErrorAs(t, err, &damaged, name)
		require.Equal(t, key, damaged.Key)
		got, err := a.Get(t.Context(), "good", key)
		require.ErrorAs(t, err, &damaged, name)
		require.Equal(t, "value", string(got[0]))
	}
}

func TestClear_HidesEverythingWhereTheServerCannotList(t *testing.T) {
	t.Parallel()
	all := []*servers.MemcachedServer{servers.Memcached(t, "-o", "no_lru_crawler")}
	a := open(t, all)
	written(t, a, key, "value")
	before, err := a.RawKey(t.Context(), key)
	require.NoError(t, err)
	c := bare(t, all[0])
	require.NoError(t, c.Set(&memcache.Item{Key: "foreign", Value: []byte("x")}))
	n, err := a.Clear(t.Context())
	require.NoError(t, err)
	require.Equal(t, -1, n)
	require.Empty(t, read(t, a, key))
	after, err := a.RawKey(t.Context(), key)
	require.NoError(t, err)
	require.NotEqual(t, before, after)
	_, err = c.Get("foreign")
	require.NoError(t, err, "nothing is flushed")
	for _, err := range a.List(t.Context(), "") {
		require.ErrorContains(t, err, "cannot list")
	}
}

// A request that has been sent ends with the client's timeout, whatever the
// context says.
func TestTimeout_BoundsEachCall(t *testing.T) {
	t.Parallel()
	all := start(t, 1)
	p := pool(t, all)
	client := p.Client(memcachedadapter.ClientOptions{Timeout: 300 * time.Millisecond})
	defer client.Close()
	for name, call := range map[string]func(a *memcachedadapter.Adapter) error{
		"get":     func(a *memcachedadapter.Adapter) error { return errOf(a.Get(t.Context(), key)) },
		"several": func(a *memcachedadapter.Adapter) error { return errOf(a.Get(t.Context(), key, "b", "c")) },
		"set": func(a *memcachedadapter.Adapter) error {
			return a.Set(t.Context(), cache.Item{Key: key, Value: []byte("v")}, cache.Item{Key: "b", Value: []byte("v")})
		},
		"delete": func(a *memcachedadapter.Adapter) error { return a.Delete(t.Context(), key, "b") },
	} {
		a := memcachedadapter.New(client, p)
		require.NoError(t, a.Ping(t.Context()))
		silence(t, all[0])
		start := time.Now()
		err := call(a)
		took := time.Since(start)
		all[0].Resume()
		require.ErrorIs(t, err, cache.ErrUnavailable, name)
		require.Less(t, took, 30*time.Second, name)
	}
}

// trips counts the writes of a client, which are its requests.
type trips struct {
	net.Conn
	n *atomic.Int32
}

func (c trips) Write(b []byte) (int, error) {
	c.n.Add(1)
	return c.Conn.Write(b)
}

func TestAdapter_TakesOneRoundTripForAnyNumberOfKeys(t *testing.T) {
	for _, n := range []int{1, 3} {
		all := start(t, n)
		p := pool(t, all)
		var sent atomic.Int32
		client := p.Client(memcachedadapter.ClientOptions{Timeout: patient.Timeout, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			return trips{c, &sent}, err
		}})
		t.Cleanup(func() { require.NoError(t, client.Close()) })
		a := memcachedadapter.New(client, p)
		require.NoError(t, a.Ping(t.Context()))
		for _, step := range []struct {
			most int32
			do   func() error
		}{
			{1, func() error { return errOf(a.Get(t.Context(), key)) }},
			{int32(n), func() error { return errOf(a.Get(t.Context(), key, "b", "c", "d", "e", "f")) }},
			{1, func() error { return a.Set(t.Context(), cache.Item{Key: key, Value: []byte("v")}) }},
			{1, func() error { return a.Delete(t.Context(), key) }},
		} {
			sent.Store(0)
			require.NoError(t, step.do())
			require.LessOrEqual(t, sent.Load(), step.most+1, "one more when the version is due")
		}
	}
}

// countingConn counts what is written to the network.
type countingConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countingConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// The client library writes a value in three parts, each of which wakes the server.
func TestClient_SendsAValueInOnePacket(t *testing.T) {
	t.Parallel()
	s := servers.Memcached(t)
	var writes atomic.Int64
	a := adapterAt(t, memcachedadapter.Server{Host: "127.0.0.1", Port: s.Port()}, memcachedadapter.ClientOptions{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return countingConn{conn, &writes}, err
		},
	})
	requireWorks(t, a) // reads the namespace version
	before := writes.Load()
	noise := make([]byte, 20_000)
	_, err := rand.Read(noise) // does not compress
	require.NoError(t, err)
	written(t, a, key, string(noise))
	require.EqualValues(t, 1, writes.Load()-before)
	require.Equal(t, string(noise), read(t, a, key))

	long := make([]byte, 500_000) // more than is collected
	_, err = rand.Read(long)
	require.NoError(t, err)
	written(t, a, key, string(long))
	require.Equal(t, string(long), read(t, a, key))
}
