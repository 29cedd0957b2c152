package dsn

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
)

// TLS holds the TLS settings of a connection, after the options of PHP's stream context.
// The zero value verifies servers with the system's certificate authorities.
type TLS struct {
	// SkipVerify is verify_peer=0: the certificate's chain is not checked.
	SkipVerify bool
	// SkipVerifyName is verify_peer_name=0: the certificate's name is not
	// checked.
	SkipVerifyName bool
	// AllowSelfSigned accepts a self-signed certificate that has not expired.
	AllowSelfSigned bool
	// ServerName is the name to verify and to send instead of the host; empty for the
	// host.
	ServerName string
	// CAFile and CADir hold the certificate authorities; if both are empty, those of the
	// system count.
	CAFile, CADir string
	// CertFile and KeyFile are the client's certificate and key in PEM; if KeyFile is
	// empty, the key is in CertFile.
	CertFile, KeyFile string
}

// streamOptions are the known options of ssl[…].
var streamOptions = []string{
	"verify_peer", "verify_peer_name", "peer_name", "cafile", "capath", "local_cert", "local_pk", "passphrase",
	"allow_self_signed", "SNI_enabled", "disable_compression", "capture_peer_cert", "capture_peer_cert_chain",
	"ciphers", "crypto_method", "security_level",
}

// parseStreamOptions parses the options of PHP's stream context. The error, which unwraps
// to [errors.ErrUnsupported], is for options that must not be ignored.
func parseStreamOptions(given map[string]string) (o TLS, warnings []string, err error) {
	isTrue := func(name string, unset bool) bool {
		text, ok := given[name]
		if !ok {
			return unset
		}
		return phptext.FilterBool(text)
	}
	o = TLS{
		SkipVerify:      !isTrue("verify_peer", true),
		SkipVerifyName:  !isTrue("verify_peer_name", true),
		AllowSelfSigned: isTrue("allow_self_signed", false),
		ServerName:      given["peer_name"],
		CAFile:          given["cafile"],
		CADir:           given["capath"],
		CertFile:        given["local_cert"],
		KeyFile:         given["local_pk"],
	}
	if o.SkipVerify {
		warnings = append(warnings, "the server's certificate is not verified (ssl[verify_peer])")
	}
	if o.SkipVerifyName {
		warnings = append(warnings, "the name in the server's certificate is not verified, so that any certificate of the authorities is accepted (ssl[verify_peer_name])")
	}
	if o.AllowSelfSigned {
		warnings = append(warnings, "a self-signed certificate is accepted from any server (ssl[allow_self_signed])")
	}
	for name := range given {
		switch {
		case name == "passphrase":
			err = errtext.NotSupported("ssl[passphrase]: a private key with a passphrase")
		case name == "peer_fingerprint" || name == "verify_depth":
			err = errtext.NotSupported("ssl[%s]", name)
		case name == "ciphers" || name == "crypto_method" || name == "security_level":
			warnings = append(warnings, "ssl["+name+"] is ignored, Go chooses versions and ciphers")
		case name == "SNI_enabled" && !phptext.FilterBool(given[name]):
			warnings = append(warnings, "ssl[SNI_enabled] is ignored, the server name is sent")
		case !slices.Contains(streamOptions, name):
			warnings = append(warnings, "unknown parameter ssl["+strings.Trim(errtext.Quote(name), `"`)+"] is ignored")
		}
	}
	slices.Sort(warnings)
	return o, warnings, err
}

// Config reads the files and returns the configuration for a connection to host, which is
// the name to verify unless ServerName is set. The error names the file.
func (o TLS) Config(host string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: strings.Trim(host, "[]")}
	if o.ServerName != "" {
		c.ServerName = o.ServerName
	}
	if o.CAFile != "" || o.CADir != "" {
		pool, err := o.authorities()
		if err != nil {
			return nil, err
		}
		c.RootCAs = pool
	}
	if o.CertFile != "" {
		key := o.KeyFile
		if key == "" {
			key = o.CertFile
		}
		cert, err := tls.LoadX509KeyPair(o.CertFile, key)
		if err != nil {
			return nil, fmt.Errorf("certificate %s with key %s: %w", o.CertFile, key, err)
		}
		c.Certificates = []tls.Certificate{cert}
	}
	if o.SkipVerify || o.SkipVerifyName || o.AllowSelfSigned {
		// verifier does the checks that remain.
		c.InsecureSkipVerify = true
		c.VerifyConnection = o.verifier(c.RootCAs, c.ServerName)
	}
	return c, nil
}

func (o TLS) authorities() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	files := []string{}
	if o.CAFile != "" {
		files = append(files, o.CAFile)
	}
	if o.CADir != "" {
		entries, err := os.ReadDir(o.CADir)
		if err != nil {
			return nil, fmt.Errorf("authorities: %w", err)
		}
		for _, e := range entries {
			if !e.IsDir() {
				files = append(files, filepath.Join(o.CADir, e.Name()))
			}
		}
	}
	found := false
	for _, file := range files {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("authorities: %w", err)
		}
		ok := pool.AppendCertsFromPEM(pem)
		if !ok && file == o.CAFile {
			return nil, fmt.Errorf("authorities: %s holds no certificate", file)
		}
		found = found || ok
	}
	if !found {
		return nil, fmt.Errorf("authorities: %s holds no certificate", o.CADir)
	}
	return pool, nil
}

// isSelfSigned reports whether a certificate is its own issuer. Unlike
// CheckSignatureFrom it does not require a CA certificate.
func isSelfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) &&
		c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// checkValidity returns an error for a certificate that is not valid at the time.
func checkValidity(c *x509.Certificate, at time.Time) error {
	switch {
	case at.Before(c.NotBefore):
		return x509.CertificateInvalidError{Cert: c, Reason: x509.Expired, Detail: "it is not valid before " + c.NotBefore.Format(time.RFC3339)}
	case at.After(c.NotAfter):
		return x509.CertificateInvalidError{Cert: c, Reason: x509.Expired, Detail: "it was valid until " + c.NotAfter.Format(time.RFC3339)}
	}
	return nil
}

// verifier returns a function that does the checks of OpenSSL which remain when PHP turns
// single ones off.
func (o TLS) verifier(roots *x509.CertPool, name string) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 {
			return errors.New("the server sent no certificate")
		}
		leaf := s.PeerCertificates[0]
		if !o.SkipVerifyName {
			if err := leaf.VerifyHostname(name); err != nil {
				return err
			}
		}
		if o.SkipVerify {
			return nil
		}
		if o.AllowSelfSigned && isSelfSigned(leaf) {
			return checkValidity(leaf, time.Now())
		}
		between := x509.NewCertPool()
		for _, c := range s.PeerCertificates[1:] {
			between.AddCert(c)
		}
		_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
		return err
	}
}
