package memcachedadapter

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
)

type keyCase struct {
	Kind, Namespace, Version string
	PrefixKey                string `json:"prefix_key"`
	Key                      []byte `json:"key_b64"`
	Raw                      []byte `json:"raw_b64"`
	RawKey                   string `json:"raw_key"`
	Int                      string
	Time                     int64
	Marshaller               string
	Flags                    uint32
	Lifetime                 int64
	Expires                  int64 `json:"expires_minus_now"`
}

func keyCases(t *testing.T, kind string) []keyCase {
	t.Helper()
	var file struct{ Cases []keyCase }
	readVectors(t, "memcached-keys", &file)
	var cases []keyCase
	for _, c := range file.Cases {
		if c.Kind == kind {
			cases = append(cases, c)
		}
	}
	require.NotEmpty(t, cases)
	return cases
}

func (c keyCase) naming() naming {
	n := naming{prefix: c.PrefixKey, namespace: c.Namespace}
	if c.Namespace != "" {
		n.namespace += separator
	}
	return n
}

func TestKeys_StandOnTheServerAsPHPWritesThem(t *testing.T) {
	for _, c := range keyCases(t, "key") {
		raw, err := c.naming().raw(c.Version, string(c.Key))
		require.NoError(t, err)
		require.Equal(t, string(c.Raw), raw)
		if rest, ok := strings.CutPrefix(raw, c.PrefixKey+c.naming().namespace+c.Version); ok && !strings.HasSuffix(rest, separator) {
			require.Equal(t, string(c.Key), decode(rest))
		}
	}
}

func TestVersionKey_IsPHPs(t *testing.T) {
	for _, c := range keyCases(t, "version_key") {
		require.Equal(t, c.RawKey, c.naming().keyOfVersion())
		require.Equal(t, c.Version, formatVersion(c.Time))
		got, err := parseVersion(c.Raw, c.Flags)
		require.NoError(t, err)
		require.Equal(t, c.Version, got)
		if c.Marshaller == "php" {
			require.Equal(t, string(c.Raw), string(versionValue(c.Version)))
		}
	}
}

func TestFormatVersion_IsPHPs(t *testing.T) {
	for _, c := range keyCases(t, "format_version") {
		n, err := strconv.ParseInt(c.Int, 10, 64)
		require.NoError(t, err)
		require.Equal(t, c.Version, formatVersion(n), c.Int)
	}
}

// The binary protocol of PHP can send control characters, the client library
// cannot: such keys are hashed as long ones are.
func TestKeys_OfControlCharactersAreHashed(t *testing.T) {
	n := naming{}
	seen := map[string]bool{}
	for c := range 256 {
		if cache.ValidateKey(string([]byte{byte(c)})) != nil {
			continue
		}
		raw, err := n.raw("4EYEa:", "x"+string([]byte{byte(c)}))
		require.NoError(t, err)
		require.True(t, isSendable(raw))
		require.False(t, seen[raw], raw)
		seen[raw] = true
	}
}

func TestKeys_AVersionThatNoKeyCanCarryIsRefused(t *testing.T) {
	for _, version := range []string{strings.Repeat("v", 250), "a\x01b:", "a\x7f"} {
		_, err := naming{}.raw(version, "key")
		var refused *cache.KeyError
		require.ErrorAs(t, err, &refused, version)
	}
}

func TestKeys_LongOnesAreCutByTheLengthOfTheVersion(t *testing.T) {
	key := strings.Repeat("x", 300)
	for version, want := range map[string]string{ // as PHP computes them
		"old": "oldElI36irXvHql0bRgfcg:", "17": "17ElI36irXvHql0bRgfcg1:", "": "ElI36irXvHql0bRgfcg1VA:",
		"longer-version:": "longer-version:ElI36ir:", "1234567890123456789012345": "1234567890123456789012345:",
	} {
		raw, err := naming{}.raw(version, key)
		require.NoError(t, err)
		require.Equal(t, want, raw)
	}
}
