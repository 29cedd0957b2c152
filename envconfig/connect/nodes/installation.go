package nodes

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"

	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/envconfig"
)

// installation is what the fingerprints of a mosparo installation are taken of.
type installation struct {
	version    string // mosparo_installed_version
	dir        string // mosparo's directory, empty if it is not known
	configFile string
	key        string // encryption_key
	database   string // the absolute path of mosparo's SQLite file, empty without one
	// cssInCache is true if prepared CSS is in the shared cache.
	cssInCache bool
}

func newInstallation(s *envconfig.Settings) installation {
	in := installation{
		version: s.InstalledVersion, dir: s.Dir, configFile: s.ConfigFile, key: s.EncryptionKey.Reveal(), cssInCache: s.Cache.PrepareCSS,
	}
	if s.Database != nil {
		in.database = s.Database.Path
	}
	return in
}

// problem says why there are no fingerprints of the installation; empty if there are.
func (in installation) problem() string {
	switch {
	case in.dir == "":
		return "mosparo's directory is not known"
	case in.key == "":
		return "encryption_key is not set"
	}
	return ""
}

// databaseIn returns the path of mosparo's SQLite file below a folder, empty if it is
// elsewhere.
func (in installation) databaseIn(folder string) string {
	if in.database == "" {
		return ""
	}
	rel, err := filepath.Rel(filepath.Join(in.dir, filepath.FromSlash(folder)), in.database)
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	return filepath.ToSlash(rel)
}

// maxSettings limits the number of settings, maxName the length of their names.
const (
	maxSettings = 500
	maxName     = 200
)

// settingPrints returns the fingerprints of the settings of env.mosparo.php. A missing
// file has none.
func (in installation) settingPrints(k keyed) ([]Fingerprint, error) {
	if _, err := os.Stat(in.configFile); in.configFile == "" || os.IsNotExist(err) {
		return nil, nil
	}
	v, err := envconfig.ReadPHPFile(in.configFile)
	if err != nil {
		return nil, err
	}
	values, _ := v.(*php.Array) // an empty file has none
	if values == nil {
		return nil, nil
	}
	var all []Fingerprint
	for _, e := range values.Elements {
		if e.Key.IsInt || len(e.Key.Str) > maxName || len(all) == maxSettings {
			continue
		}
		raw, err := php.Marshal(e.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, Fingerprint{Name: e.Key.Str, MAC: k.mac("setting", []byte(e.Key.Str), raw)})
	}
	return all, nil
}

// defaultID returns the id of a node, which a restart keeps.
func defaultID(host, dir string) string {
	sum := sha256.Sum256([]byte(host + "\x00" + dir))
	return hex.EncodeToString(sum[:idSize])
}

// idSize is the length of an id in bytes; its text is twice as long.
const idSize = 8

// isID reports whether a text from the cache can be an id.
func isID(s string) bool {
	return len(s) == 2*idSize && strings.Trim(s, "0123456789abcdef") == ""
}
