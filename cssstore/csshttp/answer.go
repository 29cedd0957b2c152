package csshttp

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Values of headers, shared by all responses: a handler that wraps a Handler may
// replace such a slice, and must not write into it.
var (
	typeCSS      = []string{"text/css; charset=UTF-8"}
	typeSVG      = []string{"image/svg+xml"}
	typeHTML     = []string{"text/html; charset=UTF-8"}
	typeRedirect = []string{"text/html; charset=utf-8"}

	cacheYear     = []string{"max-age=31536000, public"}
	cacheMinute   = []string{"max-age=60, public"}
	cacheNothing  = []string{"no-store"}
	cacheRedirect = []string{"no-cache, public"}
	cacheNone     = []string{"no-cache, private"}
	cacheURL      = []string{"max-age=0, must-revalidate, private"}

	anyOrigin    = []string{"*"}
	exposed      = []string{"ETag"}
	otherVersion = []string{"mosparo-go; hit; detail=OTHER_VERSION"}
	inlineLogo   = []string{"inline; filename=logo.svg"}
	vary         = []string{"Accept-Encoding"}
	acceptRanges = []string{"bytes"}
	referrer     = []string{"no-referrer, strict-origin-when-cross-origin"}
	nosniff      = []string{"nosniff"}
	deny         = []string{"DENY"}
	policy       = []string{"default-src 'none'; base-uri 'self'; block-all-mixed-content; connect-src 'self'; font-src 'self'; " +
		"form-action 'self'; frame-ancestors 'self'; img-src 'self'; script-src 'self'; style-src 'self'"}
)

// setSecurityHeaders sets the headers that mosparo sets on everything but redirects.
func setSecurityHeaders(h http.Header) {
	h["Referrer-Policy"] = referrer
	h["X-Content-Type-Options"] = nosniff
	h["X-Frame-Options"] = deny
	h["Content-Security-Policy"] = policy
	h["X-Content-Security-Policy"] = policy
}

// text responds with a short text of type HTML.
func text(w http.ResponseWriter, r *http.Request, status int, cache []string, body string) {
	h := w.Header()
	setSecurityHeaders(h)
	h["Content-Type"] = typeHTML
	h["Cache-Control"] = cache
	h.Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body)) // an error means that the client is gone
	}
}

func notFound(w http.ResponseWriter, r *http.Request) {
	text(w, r, http.StatusNotFound, cacheNone, "404 Not Found")
}

func unavailable(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "1")
	text(w, r, http.StatusServiceUnavailable, cacheNone, "503 Service Unavailable")
}

// setExpired sets the headers of /resources/{uuid}/url, which caches do not keep.
func setExpired(h http.Header) {
	h["Cache-Control"] = cacheURL
	h.Set("Expires", time.Now().UTC().Format(http.TimeFormat))
}

func redirect(w http.ResponseWriter, r *http.Request, status int, location string) {
	body := fmt.Sprintf("<!DOCTYPE html>\n<html><head><meta charset=\"UTF-8\"><title>Redirecting</title></head><body>Redirecting to <a href=\"%[1]s\">%[1]s</a>.</body></html>\n",
		html.EscapeString(location))
	h := w.Header()
	h["Content-Type"] = typeRedirect
	h["Referrer-Policy"] = referrer
	h["Access-Control-Allow-Origin"] = anyOrigin // or browsers do not follow it from <link crossorigin>
	h.Set("Location", location)
	h.Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body)) // an error means that the client is gone
	}
}

// redirectSlash redirects from a known path with a slash at its end to the one without.
func (h *Handler) redirectSlash(w http.ResponseWriter, r *http.Request, t target, path string) {
	o, ok := h.origin(r)
	if !ok {
		badHost(w, r)
		return
	}
	u := url.URL{Path: strings.TrimSuffix(path, "/")}
	location := o.root + o.prefix + u.EscapedPath()
	if r.URL.RawQuery != "" {
		location += "?" + r.URL.RawQuery
	}
	if t.route == projectURL {
		setExpired(w.Header())
	}
	redirect(w, r, http.StatusMovedPermanently, location)
}

func badHost(w http.ResponseWriter, r *http.Request) {
	text(w, r, http.StatusBadRequest, cacheNone, "400 Bad Request")
}
