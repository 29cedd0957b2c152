package connect_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// certificate writes a certificate for localhost and 127.0.0.1 that is its own
// authority.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	require.NoError(t, err)
	keyDER, err := x509.MarshalECPrivateKey(k)
	require.NoError(t, err)
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), 0o600))
	return cert, key
}

// withTLS are the arguments of a Redis that also takes TLS on a port of its own.
func withTLS(t *testing.T) (port int, cert string, args []string) {
	t.Helper()
	cert, key := certificate(t)
	port = freePort(t)
	return port, cert, []string{
		"--tls-port", strconv.Itoa(port), "--tls-cert-file", cert, "--tls-key-file", key,
		"--tls-ca-cert-file", cert, "--tls-auth-clients", "no",
	}
}

// sentinel starts a sentinel that watches the master under the name mymaster.
func sentinel(t *testing.T, masterPort int, lines ...string) (port int) {
	t.Helper()
	port = freePort(t)
	dir := t.TempDir()
	conf := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor mymaster 127.0.0.1 %d 1\nsentinel down-after-milliseconds mymaster 500\nsentinel failover-timeout mymaster 2000\n", port, dir, masterPort)
	for _, l := range lines {
		conf += l + "\n"
	}
	file := filepath.Join(dir, "sentinel.conf")
	require.NoError(t, os.WriteFile(file, []byte(conf), 0o600))
	// The shell ends the sentinel when its standard input does, however this
	// process ends.
	cmd := exec.Command("/bin/sh", "-c", `redis-server "$0" --sentinel >/dev/null & cat >/dev/null; kill -9 $!; wait`, file)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	requireListening(t, port)
	return port
}

func requireListening(t *testing.T, port int) {
	t.Helper()
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", addr(port))
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
}

func addr(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// cluster starts three nodes that share the slots.
func cluster(t *testing.T, args ...string) []*servers.RedisServer {
	t.Helper()
	nodes := make([]*servers.RedisServer, 3)
	ports := make([]int, 3)
	for i := range nodes {
		ports[i] = freePort(t)
		nodes[i] = servers.Redis(t, append([]string{
			"--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(ports[i]), "--cluster-node-timeout", "5000",
		}, args...)...)
	}
	for i, n := range nodes {
		c := redis.NewClient(&redis.Options{Addr: n.Addr(), Password: passwordOf(args)})
		defer c.Close()
		from, to := i*16384/3, (i+1)*16384/3-1
		require.NoError(t, c.Do(t.Context(), "cluster", "addslotsrange", from, to).Err())
		for j := range i {
			require.NoError(t, c.Do(t.Context(), "cluster", "meet", "127.0.0.1", nodes[j].Port(), ports[j]).Err())
		}
	}
	for _, n := range nodes {
		c := redis.NewClient(&redis.Options{Addr: n.Addr(), Password: passwordOf(args)})
		defer c.Close()
		require.Eventually(t, func() bool {
			info, err := c.ClusterInfo(t.Context()).Result()
			nodes, nodesErr := c.ClusterNodes(t.Context()).Result()
			return err == nil && nodesErr == nil && strings.Contains(info, "cluster_state:ok") && strings.Count(nodes, " connected ") == 3
		}, 30*time.Second, 50*time.Millisecond)
	}
	return nodes
}

func passwordOf(args []string) string {
	for i := range args {
		if args[i] == "--requirepass" {
			return args[i+1]
		}
	}
	return ""
}
