package dsn

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDescribeDSN_AsJSON(t *testing.T) {
	for dsn, want := range map[string]string{
		"rediss://u:p@h:0/2?timeout=5&auth=x": `{"kind":"redis","class":"Redis","hosts":[{"host":"h","port":0,"weight":0}],"tls":true,"database":2,"user":"","password":"********","sentinel":"","cluster":false,"options":{"timeout":"5","auth":"********"},"warnings":["?auth= wins over the user and password before the @","port 0 of \"h\" is taken for 6379"]}`,
		"memcached:?host[/run/m.sock:]=3":     `{"kind":"memcached","hosts":[{"path":"/run/m.sock","weight":3}],"tls":false,"database":0,"user":"","sentinel":"","cluster":false,"distribution":"ketama","hash":"md5","options":{},"warnings":[]}`,
	} {
		d, err := Describe(dsn)
		require.NoError(t, err)
		got, err := json.Marshal(d)
		require.NoError(t, err)
		require.JSONEq(t, want, string(got))
	}
	_, err := Describe("mysql://localhost")
	var refused *Error
	require.ErrorAs(t, err, &refused)
	d, err := Describe("memcached://u:p@h")
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.Equal(t, "u", d.User)
}
