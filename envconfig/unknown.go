package envconfig

import (
	"iter"
	"slices"
	"strings"
)

// unknownName is the name of a variable that is none of the settings.
type unknownName struct {
	name   string
	source Source
}

// Unknown yields the names that are set in the environment, a .env file or
// env.mosparo.php, and are none of [Settings.Variables], each with its source, sorted by
// name. Most are of other programs or of parts of mosparo that this module does not use;
// some are misspelled. The values are left out, since they may be secrets.
func (s *Settings) Unknown() iter.Seq2[string, Source] {
	return func(yield func(string, Source) bool) {
		for _, u := range s.unknown {
			if !yield(u.name, u.source) {
				return
			}
		}
	}
}

// otherNames are names under which mosparo also reads the value of a setting:
// trusted_proxies for TRUSTED_PROXIES, ENCRYPTION_KEY for encryption_key.
var otherNames = []string{"trusted_proxies", "ENCRYPTION_KEY"}

// unknown returns the names that were set and that no setting has asked for.
func (r *resolver) unknown() []unknownName {
	var all []unknownName
	add := func(name string, src Source) {
		if !slices.Contains(otherNames, name) && indexOf(r.variables, name) < 0 {
			all = append(all, unknownName{name, src})
		}
	}
	for name, v := range r.env.vars {
		if v.source != SourceDefault { // such as APP_DEBUG, which Symfony sets itself
			add(name, v.source)
		}
	}
	if r.config != nil {
		for name := range r.config.values {
			if _, inEnv := r.env.get(name); !inEnv {
				add(name, Source(r.config.path))
			}
		}
	}
	slices.SortFunc(all, func(a, b unknownName) int { return strings.Compare(a.name, b.name) })
	return all
}
