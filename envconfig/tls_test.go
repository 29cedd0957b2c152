package envconfig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority issues certificates for tests.
type authority struct {
	dir, file string
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.file = filepath.Join(a.dir, "ca.pem")
	a.key = newKey(t)
	template := template("test authority")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	a.cert = sign(t, template, template, a.key, a.key)
	writePEM(t, a.file, "CERTIFICATE", a.cert.Raw)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}

func sign(t testing.TB, c, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), parentKey)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

func writePEM(t testing.TB, file, kind string, der []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// issue makes a certificate for a name and 127.0.0.1.
func (a *authority) issue(t testing.TB, name string) (cert, key string) {
	t.Helper()
	return a.write(t, name, a.cert, a.key)
}

// selfSigned makes one that is its own issuer.
func (a *authority) selfSigned(t testing.TB, name string) (cert, key string) {
	t.Helper()
	return a.write(t, name, nil, nil)
}

func (a *authority) write(t testing.TB, name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (cert, key string) {
	t.Helper()
	k, c := newKey(t), template(name)
	if parent == nil {
		parent, parentKey = c, k
	}
	cert, key = filepath.Join(a.dir, name+".crt"), filepath.Join(a.dir, name+".key")
	writePEM(t, cert, "CERTIFICATE", sign(t, c, parent, k, parentKey).Raw)
	der, err := x509.MarshalECPrivateKey(k)
	require.NoError(t, err)
	writePEM(t, key, "EC PRIVATE KEY", der)
	return cert, key
}

// handshake connects a client with o to a server with the certificate.
func handshake(t *testing.T, o TLSOptions, host, cert, key string) error {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	config, err := o.Config(host)
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_ = conn.(*tls.Conn).Handshake()
			_ = conn.Close()
		}
	}()
	conn, err := tls.Dial("tcp", listener.Addr().String(), config)
	if err == nil {
		err = conn.Close()
	}
	return err
}

func TestTLSOptions_CheckWhatOpenSSLChecks(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	good, goodKey := ca.issue(t, "cache.example.com")
	self, selfKey := ca.selfSigned(t, "self.example.com")
	foreign, foreignKey := stranger.issue(t, "cache.example.com")
	for _, c := range []struct {
		name      string
		o         TLSOptions
		host      string
		cert, key string
		ok        bool
	}{
		{"right authority and name", TLSOptions{CAFile: ca.file}, "cache.example.com", good, goodKey, true},
		{"address in the certificate", TLSOptions{CAFile: ca.file}, "127.0.0.1", good, goodKey, true},
		{"directory of authorities", TLSOptions{CADir: ca.dir}, "cache.example.com", good, goodKey, true},
		{"other name", TLSOptions{CAFile: ca.file}, "other.example.com", good, goodKey, false},
		{"peer_name", TLSOptions{CAFile: ca.file, ServerName: "cache.example.com"}, "other.example.com", good, goodKey, true},
		{"other authority", TLSOptions{CAFile: ca.file}, "cache.example.com", foreign, foreignKey, false},
		{"no authority", TLSOptions{}, "cache.example.com", good, goodKey, false},
		{"verify_peer_name=0", TLSOptions{CAFile: ca.file, SkipVerifyName: true}, "other.example.com", good, goodKey, true},
		{"verify_peer_name=0 still checks the chain", TLSOptions{CAFile: ca.file, SkipVerifyName: true}, "cache.example.com", foreign, foreignKey, false},
		{"verify_peer=0 still checks the name", TLSOptions{SkipVerify: true}, "other.example.com", good, goodKey, false},
		{"verify_peer=0", TLSOptions{SkipVerify: true}, "cache.example.com", foreign, foreignKey, true},
		{"nothing is checked", TLSOptions{SkipVerify: true, SkipVerifyName: true}, "x", self, selfKey, true},
		{"self-signed", TLSOptions{CAFile: ca.file}, "self.example.com", self, selfKey, false},
		{"allow_self_signed", TLSOptions{CAFile: ca.file, AllowSelfSigned: true}, "self.example.com", self, selfKey, true},
		{"allow_self_signed is not any authority", TLSOptions{CAFile: ca.file, AllowSelfSigned: true}, "cache.example.com", foreign, foreignKey, false},
		{"allow_self_signed checks the name", TLSOptions{AllowSelfSigned: true}, "other.example.com", self, selfKey, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := handshake(t, c.o, c.host, c.cert, c.key)
			if c.ok {
				require.NoError(t, err)
			} else {
				require.Error(t, err)
			}
		})
	}
}

func TestTLSOptions_AMissingFileIsNamed(t *testing.T) {
	ca := newAuthority(t)
	_, key := ca.issue(t, "a")
	for _, o := range []TLSOptions{
		{CAFile: "/missing/file"}, {CADir: "/missing/file"}, {CertFile: "/missing/file"}, {CertFile: ca.file, KeyFile: "/missing/file"},
	} {
		_, err := o.Config("host")
		require.ErrorContains(t, err, "/missing/file")
	}
	_, err := TLSOptions{CAFile: key}.Config("host")
	require.ErrorContains(t, err, "holds no certificate")
	_, err = TLSOptions{CADir: t.TempDir()}.Config("host")
	require.ErrorContains(t, err, "holds no certificate")
}

func TestParseRedisDSN_ReadsTheStreamOptions(t *testing.T) {
	d, err := ParseRedisDSN("rediss://h?ssl[verify_peer]=0&ssl[verify_peer_name]=off&ssl[cafile]=/ca&ssl[capath]=/cas&ssl[local_cert]=/c&ssl[local_pk]=/k&ssl[peer_name]=n&ssl[allow_self_signed]=1&ssl[disable_compression]=1")
	require.NoError(t, err)
	require.NoError(t, d.Supported())
	require.Equal(t, TLSOptions{
		SkipVerify: true, SkipVerifyName: true, AllowSelfSigned: true, ServerName: "n",
		CAFile: "/ca", CADir: "/cas", CertFile: "/c", KeyFile: "/k",
	}, d.SSL)
	require.Equal(t, "/ca", d.Options["ssl[cafile]"])

	for _, option := range []string{"ssl[passphrase]=hunter2", "ssl[peer_fingerprint]=ab", "ssl[verify_depth]=1"} {
		d, err = ParseRedisDSN("rediss://h?" + option)
		require.NoError(t, err)
		require.ErrorIs(t, d.Supported(), ErrNotSupported)
		require.NotContains(t, d.Supported().Error(), "hunter2")
	}
}

func TestParseRedisDSN_WarnsOfChecksThatAreOff(t *testing.T) {
	for option, want := range map[string]string{
		"ssl[verify_peer]=0": "certificate is not verified", "ssl[verify_peer_name]=0": "name in the server's certificate is not verified",
		"ssl[verify_peer_name]=off": "name in the server's certificate is not verified", "ssl[allow_self_signed]=1": "self-signed certificate is accepted",
	} {
		d, err := ParseRedisDSN("rediss://h?" + option)
		require.NoError(t, err)
		require.Len(t, d.Warnings, 1, option)
		require.Contains(t, d.Warnings[0], want)
	}
	for _, option := range []string{"ssl[verify_peer]=1", "ssl[verify_peer_name]=1", "ssl[allow_self_signed]=0"} {
		d, err := ParseRedisDSN("rediss://h?" + option)
		require.NoError(t, err)
		require.Empty(t, d.Warnings, option)
	}
}
