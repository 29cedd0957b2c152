package envconfig

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
)

// Cache holds the settings of the shared cache.
type Cache struct {
	// Adapter is MOSPARO_CACHE_ADAPTER: [AdapterFilesystem], [AdapterRedis] or
	// [AdapterMemcached]; empty if the value cannot be used.
	Adapter string
	// FilesystemPath is FILESYSTEM_CACHE_PATH, the directory of the filesystem cache;
	// empty for the default, which is below the system's temporary directory.
	FilesystemPath string
	// Redis is REDIS_URL; nil if its value cannot be used.
	Redis *dsn.Redis
	// Memcached is MEMCACHED_URL; nil if its value cannot be used.
	Memcached *dsn.Memcached
	// PrepareCSS is MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE: prepared CSS is in the
	// shared cache, not in public/resources.
	PrepareCSS bool
}

// The adapters of MOSPARO_CACHE_ADAPTER.
const (
	AdapterFilesystem = "filesystem"
	AdapterRedis      = "redis"
	AdapterMemcached  = "memcached"
)

func (r *resolver) cache() Cache {
	var c Cache
	c.Adapter = resolve(r, r.lookup, "MOSPARO_CACHE_ADAPTER", AdapterFilesystem, convertAdapter, showText)
	if r.variable("MOSPARO_CACHE_ADAPTER").Error != "" {
		c.Adapter = "" // the default would be another cache than the operator meant
	}
	c.FilesystemPath = r.path("FILESYSTEM_CACHE_PATH", "")
	if c.Adapter == AdapterFilesystem {
		r.warn("FILESYSTEM_CACHE_PATH", pathWarning(c.FilesystemPath))
	}
	c.Redis = cacheAddress(r, "REDIS_URL", "redis://localhost", c.Adapter == AdapterRedis,
		dsn.ParseRedis, func(d *dsn.Redis) []string { return d.Warnings })
	c.Memcached = cacheAddress(r, "MEMCACHED_URL", "memcached://localhost", c.Adapter == AdapterMemcached,
		dsn.ParseMemcached, func(d *dsn.Memcached) []string { return d.Warnings })
	c.PrepareCSS = r.phpBool(r.lookup, "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE")
	r.bool("MOSPARO_USE_SHARED_CACHE_FOR_RULE_ITEMS", false)
	r.seconds("MOSPARO_RULE_ITEMS_CACHE_TTL", time.Hour)
	return c
}

func convertAdapter(s string) (string, string, error) {
	switch s {
	case "", "0":
		return AdapterFilesystem, "", nil
	case AdapterFilesystem, AdapterRedis, AdapterMemcached:
		return s, "", nil
	}
	return "", "", errtext.CommentHint(s, fmt.Errorf("unknown adapter; it must be %s, %s or %s", AdapterFilesystem, AdapterMemcached, AdapterRedis))
}

// pathWarning returns the warning for the directory of the filesystem cache.
func pathWarning(path string) string {
	switch {
	case !phptext.IsTrue(path):
		return "the filesystem cache lies in the system's temporary directory of this node: it is not shared with other nodes"
	case !filepath.IsAbs(path):
		return "the path is relative to the working directory, which is not the same for every process; write an absolute one"
	}
	return ""
}

// cacheAddress resolves the address of a cache. An address that is not in use and cannot
// be parsed is a warning, not an error.
func cacheAddress[D fmt.Stringer](r *resolver, name, standard string, inUse bool, parse func(string) (D, error), warnings func(D) []string) D {
	var none D
	d := resolve(r, r.lookup, name, none, func(text string) (D, string, error) {
		d, err := parse(text)
		switch {
		case err == nil:
			return d, strings.Join(warnings(d), "; "), nil
		case inUse:
			return none, "", err
		}
		return none, "not in use, and it could not be: " + err.Error(), nil
	}, D.String)
	if r.variable(name).IsSet() {
		return d
	}
	d, _ = parse(standard)
	r.show(name, d.String())
	return d
}
