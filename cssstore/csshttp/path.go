package csshttp

import "strings"

// route is one of mosparo's routes below /resources/.
type route int

const (
	noRoute route = iota
	projectCSS
	hashCSS
	projectURL
	logoSVG
)

const resources = "/resources/"

// target is the parsed path of a request. Its texts are not checked.
type target struct {
	route   route
	project string
	hash    string
	// slash: the path has a slash at its end; mosparo redirects to the one without.
	slash bool
}

// parsePath matches a decoded path as mosparo's router does: it is case-sensitive, the
// names before .css have no dot, and no part is empty.
func parsePath(path string) target {
	rest, ok := strings.CutPrefix(path, resources)
	if !ok {
		return target{}
	}
	var t target
	rest, t.slash = strings.CutSuffix(rest, "/")
	if rest == "logo.svg" {
		t.route = logoSVG
		return t
	}
	project, name, ok := strings.Cut(rest, "/")
	if !ok {
		if t.project, ok = cssName(rest); !ok {
			return target{}
		}
		t.route = projectCSS
		return t
	}
	t.project = project
	if project == "" || strings.Contains(name, "/") {
		return target{}
	}
	if name == "url" {
		t.route = projectURL
		return t
	}
	if t.hash, ok = cssName(name); !ok {
		return target{}
	}
	t.route = hashCSS
	return t
}

// cssName returns the name before .css.
func cssName(file string) (string, bool) {
	name, ok := strings.CutSuffix(file, ".css")
	return name, ok && name != "" && !strings.Contains(name, ".")
}
