package nodes

import (
	"cmp"
	"runtime/debug"
)

// modulePath is the path of this module.
const modulePath = "github.com/mosparo/go-cluster"

// libraryVersion returns the version of this module that is linked, empty if the program
// does not say.
func libraryVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	if info.Main.Path == modulePath {
		return cmp.Or(info.Main.Version, "(devel)") // a test has none
	}
	for _, d := range info.Deps {
		if d.Path == modulePath {
			return d.Version
		}
	}
	return ""
}
