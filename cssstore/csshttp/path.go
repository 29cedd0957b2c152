package csshttp

import "strings"

// route is one of mosparo's.
type route int

const (
	noRoute route = iota
	projectCSS
	hashCSS
	projectURL
	logoSVG
)

const resources = "/resources/"

// target is what a path names. Its texts are those of the path, unchecked.
type target struct {
	route   route
	project string
	hash    string
	// slash: there is one more at the end, which mosparo redirects away.
	slash bool
}

// parsePath matches a decoded path as mosparo's router does: case counts, a
// project's name in the first form and a hash have no dot, nothing is empty.
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

// cssName is the name before .css.
func cssName(file string) (string, bool) {
	name, ok := strings.CutSuffix(file, ".css")
	return name, ok && name != "" && !strings.Contains(name, ".")
}
