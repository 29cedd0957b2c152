package page_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"

	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/examples/node/page"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

func Example() {
	ctx := context.Background()
	settings, err := envconfig.FromEnviron([]string{"mosparo_installed=1", "mosparo_installed_version=1.5.4"}) // or envconfig.Load
	if err != nil {
		fmt.Println(err)
		return
	}
	node, err := connect.Open(ctx, settings, // without options, on the cluster of the settings
		connect.WithCache(memoryadapter.New()), connect.WithLock(memorylocker.New()), connect.WithDatabase(cleanuptest.NewFake()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer node.Close()

	status := page.New(node)
	// go status.Run(ctx) measures the servers.
	admin := http.NewServeMux()
	admin.Handle("/", status)

	w := httptest.NewRecorder()
	admin.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Println(w.Code, regexp.MustCompile(`class="sentence">(.*)</p>`).FindStringSubmatch(w.Body.String())[1])
	// Output:
	// 200 Next cleanup in 5 h 59 min, since nothing is planned yet.
}
