package nodes

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// phpTemporary is the name of a file that Symfony's dumpFile has not renamed yet: the
// name of the file with six characters of PHP's tempnam.
var phpTemporary = regexp.MustCompile(`\.(css|php|json|mmdb)[A-Za-z0-9]{6}$`)

// temporarySuffixes are those of editors, downloads, synchronisation tools and locks.
var temporarySuffixes = []string{"~", ".tmp", ".temp", ".part", ".partial", ".swp", ".lock"}

var sqliteSuffixes = []string{".sqlite", ".sqlite3", ".db"}

// sqliteCompanions are what SQLite adds to the name of a database.
var sqliteCompanions = []string{"-wal", "-shm", "-journal"}

// importFolder has the files of imports in progress.
const importFolder = "import"

// isLeftOut reports whether a file or directory of a folder is not compared: it belongs to
// one node or to a moment. database is the path of mosparo's SQLite file below the folder,
// empty if there is none.
func isLeftOut(folder, name, database string) bool {
	base := path.Base(name)
	switch {
	case strings.HasPrefix(base, "."), sharedfiles.LooksTemporary(base), phpTemporary.MatchString(base), hasSuffix(base, temporarySuffixes):
		return true
	case folder == FolderData && name == importFolder:
		return true
	}
	for _, c := range sqliteCompanions {
		base, name = strings.TrimSuffix(base, c), strings.TrimSuffix(name, c)
	}
	return hasSuffix(base, sqliteSuffixes) || database != "" && name == database
}

func hasSuffix(name string, suffixes []string) bool {
	return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) })
}
