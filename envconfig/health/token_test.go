package health_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/health"
)

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestRequireToken_IsAskedForByAllButTheProbes(t *testing.T) {
	token, err := health.NewToken("s3cret/+=")
	require.NoError(t, err)
	h := health.RequireToken(token, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "in") }))
	for authorization, status := range map[string]int{
		"Bearer s3cret/+=":             200,
		"bearer s3cret/+=":             200,
		"Bearer  s3cret/+=":            200,
		"Bearer s3cret/+":              401,
		"Bearer ":                      401,
		"Bearer":                       401,
		"s3cret/+=":                    401,
		"Basic s3cret/+=":              401,
		basic("", "s3cret/+="):         200,
		basic("operator", "s3cret/+="): 200,
		basic("s3cret/+=", ""):         401,
		basic("operator", "s3cret/+"):  401,
		"":                             401,
	} {
		res := ask(h, http.MethodGet, "/", local, "Authorization", authorization)
		require.Equal(t, status, res.StatusCode, authorization)
		require.Equal(t, status == 401, res.Header.Get("WWW-Authenticate") != "")
		if status == 401 {
			require.Equal(t, []string{`Bearer realm="admin"`, `Basic realm="admin"`}, res.Header.Values("WWW-Authenticate"), "for programs, and for browsers")
		}
		require.Equal(t, status == 200, body(t, res) == "in")
	}
	for path, status := range map[string]int{health.LivePath: 200, health.ReadyPath: 200, "/livez/": 401, "/metrics": 401} {
		require.Equal(t, status, ask(h, http.MethodGet, path, "198.51.100.1:1").StatusCode, path)
	}
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", token, token, token), "s3cret")
}

// A browser that knows the password sends it with the forms of any site.
func TestRequireToken_RefusesTheFormsOfOtherSites(t *testing.T) {
	token, err := health.NewToken("s3cret")
	require.NoError(t, err)
	h := health.RequireToken(token, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, c := range []struct {
		method, header, value string
		status                int
	}{
		{http.MethodPost, "Sec-Fetch-Site", "cross-site", 403},
		{http.MethodPost, "Origin", "https://example.org", 403},
		{http.MethodPost, "Sec-Fetch-Site", "same-origin", 200},
		{http.MethodPost, "User-Agent", "curl", 200},
		{http.MethodGet, "Sec-Fetch-Site", "cross-site", 200},
	} {
		res := ask(h, c.method, "/", local, "Authorization", basic("", "s3cret"), c.header, c.value)
		require.Equal(t, c.status, res.StatusCode, c)
	}
}

func TestReadToken_SaysWhatIsWrongWithTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	for content, want := range map[string]string{
		"":                        "it is empty",
		" \n":                     "it is empty",
		"one two\n":               "other characters",
		"s3cret\nsecond\n":        "other characters",
		"sécret":                  "other characters",
		strings.Repeat("x", 5000): "more than 4096 bytes",
	} {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		_, err := health.ReadToken(file)
		require.ErrorIs(t, err, health.ErrToken)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, file)
		require.NotContains(t, err.Error(), "cret")
	}
	_, err := health.ReadToken(file + ".missing")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, file)
	_, err = health.ReadToken(t.TempDir())
	require.Error(t, err)
}

func TestReadToken_WarnsOfAFileThatEveryUserCanRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("s3cret\n"), 0o600))
	want, err := health.NewToken("s3cret")
	require.NoError(t, err)
	for mode, warns := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true} {
		require.NoError(t, os.Chmod(file, mode))
		log := &logged{}
		got, err := health.ReadToken(file, health.WithLogger(log.logger()))
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, warns, strings.Contains(log.lines()[0], "every user can read"), mode)
	}
}
