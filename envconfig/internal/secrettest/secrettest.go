// Package secrettest looks for a password in all that a program may print by
// accident.
package secrettest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// Password is the one that must not show.
const Password = "hunter2"

// printed is v in every way that a program may print it by accident.
func printed(v any) string {
	type holder struct{ Exported, unexported any }
	var b strings.Builder
	for _, x := range []any{v, holder{v, v}, []any{v}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&b, verb, x)
		}
		raw, _ := json.Marshal(x)
		b.Write(raw)
	}
	raw, _ := xml.Marshal(v)
	b.Write(raw)
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", slog.Any("v", v), slog.Any("group", slog.GroupValue(slog.Any("v", v))))
	}
	if err, ok := v.(error); ok {
		b.WriteString(err.Error())
	}
	return b.String() + out.String()
}

// RequireHidden fails if v shows the password however it is printed.
func RequireHidden(t *testing.T, what string, v any) {
	t.Helper()
	text := printed(v)
	for _, form := range []string{Password, hex.EncodeToString([]byte(Password)), strings.ToUpper(hex.EncodeToString([]byte(Password))), fmt.Sprintf("%d", []byte(Password))} {
		if i := strings.Index(text, form); i >= 0 {
			t.Fatalf("%s: the password shows in %q", what, text[max(0, i-60):min(len(text), i+60)])
		}
	}
}

// DSNs puts the password wherever one may stand, into DSNs that are
// right, wrong, or wrong in the password itself.
func DSNs() (dsns []string) {
	for _, scheme := range []string{"redis:", "rediss:", "memcached:", "http:", "redis", "Redis:", ""} {
		for _, login := range []string{
			"//" + Password + "@", "//:" + Password + "@", "//u:" + Password + "@", "//u:" + Password + ":x@", "//u:x@" + Password + "@", Password + "@",
			"//u:x/" + Password + "@", "//u:x?" + Password + "@", "//u:x#" + Password + "@", "//u:x@" + Password + ":y@", "//u:%zz" + Password + "@",
		} {
			for _, rest := range []string{
				"host", "host:6379/2", "host:99999", "host:abc", "", "/run/x.sock", "host/abc", "host/1?dbindex=2", "[::1", "host/1/2",
				"?host[a]&host[b]", "?host=a", "host?redis_cluster=1", "host?redis_sentinel=m", "host?redis_cluster=1&redis_sentinel=m",
				"host?timeout=x", "host?unknown=1", "host # comment", "host:6379 # comment", "host?hash=x", "host?serializer=x", "host?class=Foo",
				"host?ssl=1", "host?distribution=modula", "ho st",
			} {
				dsns = append(dsns, scheme+login+rest)
			}
		}
		for _, query := range []string{
			"auth=" + Password, "auth[]=u&auth[]=" + Password, "auth[user]=u&auth[pass]=" + Password, "auth[x][y]=" + Password, "ssl[passphrase]=" + Password,
			"password=" + Password, "username=u&password=" + Password, "pass=" + Password, "auth=x@" + Password, "AUTH=" + Password, "ssl[x]=" + Password,
			"unknown[" + Password + " x]=1", "p@" + Password + "=1", "ssl[@" + Password + "]=1", "timeout=x" + Password, "dbindex=" + Password, "failover=" + Password + "&redis_cluster=1",
			"hash=" + Password, "class=" + Password, "auth=x&" + Password, "auth=x&" + Password + "=y&z=1",
		} {
			dsns = append(dsns, scheme+"//host?"+query, scheme+"//host:x?"+query, scheme+"?host[a]&host[b]&"+query, scheme+"//host?redis_sentinel=m&"+query)
		}
	}
	return dsns
}
