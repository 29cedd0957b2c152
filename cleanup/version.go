package cleanup

import (
	"fmt"
	"strconv"
	"strings"
)

// supported is the version of mosparo whose tables and rules this module knows.
const supported = "1.5"

// CheckVersion returns an error that wraps [ErrRefused] unless mosparo is installed and
// its version is 1.5.x, where x is a number. A pre-release such as "1.5.0-beta" is
// refused, since its tables may differ. The arguments are mosparo_installed and
// mosparo_installed_version of env.mosparo.php. mosparo may be updated while a node runs, so
// read them before every run, in a check of [WithCheck].
func CheckVersion(installed bool, version string) error {
	if !installed {
		return fmt.Errorf("%w: mosparo is not installed (mosparo_installed)", ErrRefused)
	}
	rest, ok := strings.CutPrefix(version, supported+".")
	if _, err := strconv.ParseUint(rest, 10, 16); !ok || err != nil {
		return fmt.Errorf("%w: version %q of mosparo (mosparo_installed_version) is not %s.x", ErrRefused, version, supported)
	}
	return nil
}
