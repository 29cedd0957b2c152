// Package tlstest issues certificates for tests.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority issues certificates for tests.
type Authority struct {
	// Dir holds the files, File is the certificate of the authority in PEM.
	Dir, File string
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
}

// New returns an authority of its own.
func New(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{Dir: t.TempDir()}
	a.File = filepath.Join(a.Dir, "ca.pem")
	a.key = newKey(t)
	template := template("test authority")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	a.cert = sign(t, template, template, a.key, a.key)
	writePEM(t, a.File, "CERTIFICATE", a.cert.Raw)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	noError(t, err)
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
	noError(t, err)
	cert, err := x509.ParseCertificate(der)
	noError(t, err)
	return cert
}

func writePEM(t testing.TB, file, kind string, der []byte) {
	t.Helper()
	noError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// Issue makes a certificate for a name and 127.0.0.1.
func (a *Authority) Issue(t testing.TB, name string) (cert, key string) {
	t.Helper()
	return a.write(t, name, a.cert, a.key)
}

// SelfSigned makes one that is its own issuer.
func (a *Authority) SelfSigned(t testing.TB, name string) (cert, key string) {
	t.Helper()
	return a.write(t, name, nil, nil)
}

func (a *Authority) write(t testing.TB, name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (cert, key string) {
	t.Helper()
	k, c := newKey(t), template(name)
	if parent == nil {
		parent, parentKey = c, k
	}
	cert, key = filepath.Join(a.Dir, name+".crt"), filepath.Join(a.Dir, name+".key")
	writePEM(t, cert, "CERTIFICATE", sign(t, c, parent, k, parentKey).Raw)
	der, err := x509.MarshalECPrivateKey(k)
	noError(t, err)
	writePEM(t, key, "EC PRIVATE KEY", der)
	return cert, key
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
