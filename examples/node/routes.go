package main

import "net/http"

// publicRoutes are those of the listener that visitors reach. A demonstration shows
// its page here.
func (n *node) publicRoutes() http.Handler {
	if !n.demo {
		return n.Handler()
	}
	mux := http.NewServeMux()
	mux.Handle("/", n.Handler())
	mux.HandleFunc("GET /{$}", n.servePage)
	mux.Handle("GET /build/", http.FileServerFS(n.public)) // a web server's work in a cluster
	return mux
}

// adminRoutes are those of the listener that only operators reach. The page links to
// the CSS.
func (n *node) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", n.Health.Admin())
	mux.HandleFunc("GET /{$}", n.servePage)
	if n.CSS != nil {
		mux.Handle("/resources/", n.CSS)
	}
	return mux
}
