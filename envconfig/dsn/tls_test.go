package dsn

import (
	"crypto/tls"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/internal/tlstest"
)

// handshake connects a client with o to a server with the certificate.
func handshake(t *testing.T, o TLS, host, cert, key string) error {
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
	ca, otherCA := tlstest.New(t), tlstest.New(t)
	good, goodKey := ca.Issue(t, "cache.example.com")
	self, selfKey := ca.SelfSigned(t, "self.example.com")
	foreign, foreignKey := otherCA.Issue(t, "cache.example.com")
	for _, c := range []struct {
		name      string
		o         TLS
		host      string
		cert, key string
		ok        bool
	}{
		{"right authority and name", TLS{CAFile: ca.File}, "cache.example.com", good, goodKey, true},
		{"address in the certificate", TLS{CAFile: ca.File}, "127.0.0.1", good, goodKey, true},
		{"directory of authorities", TLS{CADir: ca.Dir}, "cache.example.com", good, goodKey, true},
		{"other name", TLS{CAFile: ca.File}, "other.example.com", good, goodKey, false},
		{"peer_name", TLS{CAFile: ca.File, ServerName: "cache.example.com"}, "other.example.com", good, goodKey, true},
		{"other authority", TLS{CAFile: ca.File}, "cache.example.com", foreign, foreignKey, false},
		{"no authority", TLS{}, "cache.example.com", good, goodKey, false},
		{"verify_peer_name=0", TLS{CAFile: ca.File, SkipVerifyName: true}, "other.example.com", good, goodKey, true},
		{"verify_peer_name=0 still checks the chain", TLS{CAFile: ca.File, SkipVerifyName: true}, "cache.example.com", foreign, foreignKey, false},
		{"verify_peer=0 still checks the name", TLS{SkipVerify: true}, "other.example.com", good, goodKey, false},
		{"verify_peer=0", TLS{SkipVerify: true}, "cache.example.com", foreign, foreignKey, true},
		{"nothing is checked", TLS{SkipVerify: true, SkipVerifyName: true}, "x", self, selfKey, true},
		{"self-signed", TLS{CAFile: ca.File}, "self.example.com", self, selfKey, false},
		{"allow_self_signed", TLS{CAFile: ca.File, AllowSelfSigned: true}, "self.example.com", self, selfKey, true},
		{"allow_self_signed is not any authority", TLS{CAFile: ca.File, AllowSelfSigned: true}, "cache.example.com", foreign, foreignKey, false},
		{"allow_self_signed checks the name", TLS{AllowSelfSigned: true}, "other.example.com", self, selfKey, false},
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
	ca := tlstest.New(t)
	_, key := ca.Issue(t, "a")
	for _, o := range []TLS{
		{CAFile: "/missing/file"}, {CADir: "/missing/file"}, {CertFile: "/missing/file"}, {CertFile: ca.File, KeyFile: "/missing/file"},
	} {
		_, err := o.Config("host")
		require.ErrorContains(t, err, "/missing/file")
	}
	_, err := TLS{CAFile: key}.Config("host")
	require.ErrorContains(t, err, "holds no certificate")
	_, err = TLS{CADir: t.TempDir()}.Config("host")
	require.ErrorContains(t, err, "holds no certificate")
}

func TestParseRedisDSN_ReadsTheStreamOptions(t *testing.T) {
	d, err := ParseRedis("rediss://h?ssl[verify_peer]=0&ssl[verify_peer_name]=off&ssl[cafile]=/ca&ssl[capath]=/cas&ssl[local_cert]=/c&ssl[local_pk]=/k&ssl[peer_name]=n&ssl[allow_self_signed]=1&ssl[disable_compression]=1")
	require.NoError(t, err)
	require.NoError(t, d.Supported())
	require.Equal(t, TLS{
		SkipVerify: true, SkipVerifyName: true, AllowSelfSigned: true, ServerName: "n",
		CAFile: "/ca", CADir: "/cas", CertFile: "/c", KeyFile: "/k",
	}, *d.TLS)
	require.Equal(t, "/ca", d.options["ssl[cafile]"])

	for _, option := range []string{"ssl[passphrase]=hunter2", "ssl[peer_fingerprint]=ab", "ssl[verify_depth]=1"} {
		d, err = ParseRedis("rediss://h?" + option)
		require.NoError(t, err)
		require.ErrorIs(t, d.Supported(), errors.ErrUnsupported)
		require.NotContains(t, d.Supported().Error(), "hunter2")
	}
}

func TestParseRedisDSN_WarnsOfChecksThatAreOff(t *testing.T) {
	for option, want := range map[string]string{
		"ssl[verify_peer]=0": "certificate is not verified", "ssl[verify_peer_name]=0": "name in the server's certificate is not verified",
		"ssl[verify_peer_name]=off": "name in the server's certificate is not verified", "ssl[allow_self_signed]=1": "self-signed certificate is accepted",
	} {
		d, err := ParseRedis("rediss://h?" + option)
		require.NoError(t, err)
		require.Len(t, d.Warnings, 1, option)
		require.Contains(t, d.Warnings[0], want)
	}
	for _, option := range []string{"ssl[verify_peer]=1", "ssl[verify_peer_name]=1", "ssl[allow_self_signed]=0"} {
		d, err := ParseRedis("rediss://h?" + option)
		require.NoError(t, err)
		require.Empty(t, d.Warnings, option)
	}
}
