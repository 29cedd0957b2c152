package cleanup

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Installation is what env.mosparo.php says of a mosparo.
type Installation struct {
	Installed bool   // mosparo_installed
	Version   string // mosparo_installed_version
}

// Supported are the versions whose tables and rules this module knows.
const Supported = "1.5"

// Check returns an error that wraps [ErrRefused] unless mosparo is installed
// and of a version that this module knows: [Supported], a dot, and a third number
// with nothing behind it. A version before a release, such as "1.5.0-beta", is
// none: its tables may differ. This is the one rule of the module.
func (i Installation) Check() error {
	if !i.Installed {
		return fmt.Errorf("%w: mosparo is not installed (mosparo_installed)", ErrRefused)
	}
	rest, ok := strings.CutPrefix(i.Version, Supported+".")
	if _, err := strconv.ParseUint(rest, 10, 16); !ok || err != nil {
		return fmt.Errorf("%w: version %q of mosparo (mosparo_installed_version) is not %s.x", ErrRefused, i.Version, Supported)
	}
	return nil
}

// VersionGate is a [Check] that asks for the installation before every run, since
// mosparo may be updated while a node runs. An error of read means that
// the version is unknown, and that nothing is done. It panics if read is nil.
func VersionGate(read func(ctx context.Context) (Installation, error)) Check {
	must(read != nil, "VersionGate", "read", "nil")
	return func(ctx context.Context, _ State) error {
		i, err := read(ctx)
		if err != nil {
			return fmt.Errorf("mosparo's version is unknown: %w", err)
		}
		return i.Check()
	}
}
