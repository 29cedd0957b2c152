package dsn

import (
	"slices"
	"strings"

	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
)

// quoteKey quotes the name of a query parameter for a warning. It does not show a name
// after a parameter for a password: it may be the rest of a password with an & in it.
func quoteKey(query *phptext.Array, name string) string {
	for _, k := range query.Keys {
		if strings.EqualFold(k, name) {
			break
		}
		if slices.Contains([]string{"auth", "pass", "password", "ssl"}, strings.ToLower(k)) {
			return "(not shown)"
		}
	}
	return errtext.Quote(name)
}
