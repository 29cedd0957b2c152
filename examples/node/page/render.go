package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
)

//go:embed page.html
var pageSource string

//go:embed style.css
var pageStyle string

//go:embed script.js
var pageScript string

//go:embed preview.css
var previewStyle string

var templates = template.Must(template.New("page").Funcs(template.FuncMap{
	"style":  func() template.CSS { return template.CSS(pageStyle) }, //nolint:gosec // a constant
	"script": func() template.JS { return template.JS(pageScript) },  //nolint:gosec // a constant
}).Parse(pageSource))

// policy allows the page its own style, its own script, the previews and its forms.
var policy = fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	hashOf(pageStyle), hashOf(pageScript))

// hashOf returns the source expression for an element with this text.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// render sends a page. Its policy is the strict one unless w has one already.
func (p *Page) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, data); err != nil {
		p.logger.ErrorContext(r.Context(), "the status page cannot be made", slog.Any("error", err))
		http.Error(w, "500: see the log of the node", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	if h.Get("Content-Security-Policy") == "" {
		h.Set("Content-Security-Policy", policy)
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(page.Len()))
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // an error means that the client is gone
}
