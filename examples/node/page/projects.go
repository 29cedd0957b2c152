package page

import (
	"cmp"
	"context"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/mosparo/go-cluster/cssstore"
)

// How many projects the page shows, with a preview and by name alone.
const (
	maxPreviews = 24
	maxNames    = 500
)

// projectsView is the list of the projects.
type projectsView struct {
	Total    int
	Previews []projectView
	Others   []projectView // without a preview
	Left     int           // not even named
	// CSS is true if this node serves the CSS.
	CSS bool
}

type projectView struct {
	Name, UUID string
}

func newProjectsView(projects []cssstore.Project, names map[cssstore.UUID]string, css bool) *projectsView {
	v := &projectsView{Total: len(projects), CSS: css}
	for i, project := range projects {
		one := projectView{Name: plain(cmp.Or(strings.TrimSpace(names[project.UUID]), project.UUID.String())), UUID: project.UUID.String()}
		switch {
		case css && i < maxPreviews:
			v.Previews = append(v.Previews, one)
		case i < maxNames:
			v.Others = append(v.Others, one)
		default:
			v.Left++
		}
	}
	return v
}

// previewPolicy allows the style sheets that are part of the document, and nothing from
// anywhere: the CSS of a project may be anybody's.
const previewPolicy = "default-src 'none'; style-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"

// previewView has the values of the preview's template.
type previewView struct {
	Class string
	// Sheets are the addresses of style sheets that are part of the document. In their
	// form no byte of the CSS can end an element, and no relative address in it leads
	// anywhere.
	Sheets []template.URL
	// Note replaces the widget, empty if there is CSS.
	Note string
}

// servePreview shows the widget of a project as its CSS makes it look.
func (p *Page) servePreview(w http.ResponseWriter, r *http.Request) {
	project, err := cssstore.ParseUUID(r.PathValue("project"))
	if err != nil || p.node.CSS == nil {
		http.NotFound(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	v := previewView{Class: "mosparo__" + project.String(), Sheets: []template.URL{sheet([]byte(previewStyle))}}
	css, note := p.css(ctx, "/resources/"+project.String()+".css")
	if v.Note = note; note == "" {
		v.Sheets = append(v.Sheets, sheet(css))
	}
	w.Header().Set("Content-Security-Policy", previewPolicy)
	p.render(w, r, http.StatusOK, "preview", v)
}

func sheet(css []byte) template.URL {
	return template.URL("data:text/css;charset=utf-8;base64," + base64.StdEncoding.EncodeToString(css)) //nolint:gosec // base64 has no character of HTML
}

// Why there is no preview.
const (
	notPrepared = "This project has no prepared CSS yet."
	noCSS       = "The CSS cannot be read at the moment."
	largeCSS    = "The CSS is too large for a preview."
)

// maxRedirects is how many redirects lead to the current version at most.
const maxRedirects = 3

// css returns the CSS that this node serves for a path, or a note why there is none.
func (p *Page) css(ctx context.Context, path string) (css []byte, note string) {
	for range maxRedirects {
		answer, err := ask(ctx, p.node.CSS, path)
		switch {
		case err != nil:
			return nil, noCSS
		case answer.cut:
			return nil, largeCSS
		case answer.status == http.StatusOK:
			return answer.body.Bytes(), ""
		case answer.status != http.StatusTemporaryRedirect:
			return nil, noCSS
		}
		next, err := url.Parse(answer.header.Get("Location"))
		if err != nil || !strings.HasPrefix(next.Path, "/resources/") {
			return nil, notPrepared // the base CSS, which the web server has
		}
		path = next.Path
	}
	return nil, noCSS
}
