package health_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/health"
)

func Example() {
	settings, err := envconfig.FromEnviron([]string{"MOSPARO_HEALTH_ALLOW_LIST=192.0.2.1"}) // or envconfig.Load
	if err != nil {
		panic(err)
	}
	ping := func(context.Context) error { return nil } // such as the method Ping of sqlcleaner.DB
	checks := health.New(settings.Health, settings.Proxies, ping,
		health.WithReadiness(health.Check{Name: "css", Func: func(context.Context) error { return nil }}))

	public := http.NewServeMux() // also with the handler of package csshttp for /resources/
	public.Handle("/", checks)
	admin := http.NewServeMux()
	admin.Handle("/", checks.Admin())

	show := func(h http.Handler, client, path string) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = client + ":4711"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body.String())
	}
	show(public, "198.51.100.1", health.ReadyPath)
	show(public, "192.0.2.1", health.ReadyPath)
	checks.Drain()
	show(admin, "127.0.0.1", health.ReadyPath)
	// Output:
	// 404 404 page not found
	// 200 {"status":"ready","checks":{"css":{"ok":true}}}
	// 503 {"status":"draining","checks":{}}
}

// A status page for operators on an address that other hosts can reach.
func ExampleRequireToken() {
	token, err := health.NewToken("s3cret") // or health.ReadToken, from a file
	if err != nil {
		panic(err)
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "status page") })
	admin := health.RequireToken(token, page)

	for _, authorization := range []string{"", "Bearer s3cret"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 401
	// 200
}
