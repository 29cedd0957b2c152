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

// The adapters of MOSPARO_CACHE_ADAPTER.
const (
	AdapterFilesystem = "filesystem"
	AdapterRedis      = "redis"
	AdapterMemcached  = "memcached"
)

// Settings are what a mosparo node reads from its environment. They are plain
// data and not changed by this package once they are returned.
type Settings struct {
	// Dir is mosparo's directory, empty when only the environment was read.
	Dir string
	// Files are the settings files that were read, in this order.
	Files []string

	// AppEnv is APP_ENV.
	AppEnv Value[string]

	Cache    Cache
	Cleanup  Cleanup
	Health   Health
	Proxies  Proxies
	Database Database
	Mosparo  Mosparo
	// Container are the switches of the container images.
	Container Container

	entries []Entry
}

// Cache names the shared cache and what is kept there.
type Cache struct {
	// Adapter is MOSPARO_CACHE_ADAPTER: [AdapterFilesystem], [AdapterRedis] or
	// [AdapterMemcached].
	Adapter Value[string]
	// FilesystemPath is FILESYSTEM_CACHE_PATH, the directory of the filesystem
	// cache; empty = in the system's temporary directory.
	FilesystemPath Value[string]
	// Redis is REDIS_URL; nil when it cannot be read and is not in use.
	Redis Value[*dsn.Redis]
	// Memcached is MEMCACHED_URL; nil when it cannot be read and is not in
	// use.
	Memcached Value[*dsn.Memcached]
	// PrepareCSS is MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE.
	PrepareCSS Value[bool]
	// RuleItems is MOSPARO_USE_SHARED_CACHE_FOR_RULE_ITEMS.
	RuleItems Value[bool]
	// RuleItemsTTL is MOSPARO_RULE_ITEMS_CACHE_TTL; 0 or less stores nothing.
	RuleItemsTTL Value[time.Duration]
}

// Cleanup is the schedule of the cleanup, within mosparo's limits.
type Cleanup struct {
	GracePeriod         Value[bool]          // MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED
	TokenRetention      Value[time.Duration] // MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD, 1-24 hours
	SubmissionRetention Value[time.Duration] // MOSPARO_SUBMISSION_RETENTION_PERIOD, 1-14 days of 24 hours
	ProcessInterval     Value[time.Duration] // MOSPARO_CLEANUP_PROCESS_INTERVAL, 1-24 hours
	UnfinishedInterval  Value[time.Duration] // MOSPARO_CLEANUP_UNFINISHED_INTERVAL, 1-360 minutes
}

// Mosparo is the installation itself.
type Mosparo struct {
	Installed        Value[bool]       // mosparo_installed
	InstalledVersion Value[string]     // mosparo_installed_version
	LockDSN          Value[dsn.Secret] // LOCK_DSN, Symfony's own lock store
	ConfigFilePath   Value[string]     // MOSPARO_CONFIG_FILE_PATH, another place for env.mosparo.php
	EnvSuffix        Value[string]     // MOSPARO_ENV_SUFFIX, a part of its name

	UpdatesEnabled       Value[bool] // MOSPARO_UPDATES_ENABLED
	AutomaticUpdateCheck Value[bool] // MOSPARO_AUTOMATIC_UPDATE_CHECK_ENABLED

	RulePackagePrivateNetworks Value[bool]          // MOSPARO_RULE_PACKAGE_ALLOW_PRIVATE_NETWORKS
	RulePackageRedirects       Value[bool]          // MOSPARO_RULE_PACKAGE_ALLOW_REDIRECTS
	RulePackageMinimumRefresh  Value[time.Duration] // MOSPARO_RULE_PACKAGE_MINIMUM_REFRESH_INTERVAL
}

// Container are the switches of the container images.
type Container struct {
	Webserver Value[bool] // MOSPARO_ENABLE_WEBSERVER
	Cron      Value[bool] // MOSPARO_ENABLE_CRON
	Nginx     Value[bool] // MOSPARO_RUN_NGINX
	PHPFPM    Value[bool] // MOSPARO_RUN_PHP_FPM
}

// settings resolves all of them.
func (r *resolver) settings() *Settings {
	s := &Settings{Dir: r.dir, Files: r.env.files}
	s.AppEnv = r.text("APP_ENV", "dev")
	s.Cache = r.cache()
	s.Cleanup = r.cleanup()
	s.Health = r.health()
	s.Proxies = r.proxies()
	s.Database = r.database()
	s.Mosparo = r.mosparo()
	s.Container = Container{
		Webserver: r.bool("MOSPARO_ENABLE_WEBSERVER", true),
		Cron:      r.bool("MOSPARO_ENABLE_CRON", true),
		Nginx:     r.bool("MOSPARO_RUN_NGINX", true),
		PHPFPM:    r.bool("MOSPARO_RUN_PHP_FPM", true),
	}
	s.entries = r.entries
	return s
}

func (r *resolver) cache() Cache {
	var c Cache
	before := len(r.errs)
	c.Adapter = value(r, r.lookup, "MOSPARO_CACHE_ADAPTER", AdapterFilesystem, convertAdapter, shown)
	if len(r.errs) > before {
		c.Adapter.V = "" // no other cache than the one that was meant
	}
	c.FilesystemPath = r.path("FILESYSTEM_CACHE_PATH", "")
	if c.Adapter.V == AdapterFilesystem {
		warn(r, &c.FilesystemPath, pathWarning(c.FilesystemPath.V))
	}
	c.Redis = value(r, r.lookup, "REDIS_URL", nil,
		dsnConverter(dsn.ParseRedis, c.Adapter.V == AdapterRedis, func(d *dsn.Redis) []string { return d.Warnings }),
		func(d *dsn.Redis) string { return d.String() })
	if c.Redis.IsDefault() {
		c.Redis.V, _ = dsn.ParseRedis("redis://localhost")
		r.shown(c.Redis.Name, c.Redis.V.String())
	}
	c.Memcached = value(r, r.lookup, "MEMCACHED_URL", nil,
		dsnConverter(dsn.ParseMemcached, c.Adapter.V == AdapterMemcached, func(d *dsn.Memcached) []string { return d.Warnings }),
		func(d *dsn.Memcached) string { return d.String() })
	if c.Memcached.IsDefault() {
		c.Memcached.V, _ = dsn.ParseMemcached("memcached://localhost")
		r.shown(c.Memcached.Name, c.Memcached.V.String())
	}
	c.PrepareCSS = r.truth(r.lookup, "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE")
	c.RuleItems = r.bool("MOSPARO_USE_SHARED_CACHE_FOR_RULE_ITEMS", false)
	c.RuleItemsTTL = r.seconds("MOSPARO_RULE_ITEMS_CACHE_TTL", time.Hour)
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

// pathWarning is about the directory of a filesystem cache in use.
func pathWarning(path string) string {
	switch {
	case !phptext.IsTrue(path):
		return "the filesystem cache lies in the system's temporary directory of this node: it is not shared with other nodes"
	case !filepath.IsAbs(path):
		return "the path is relative to the working directory, which is not the same for every process; write an absolute one"
	}
	return ""
}

// dsnConverter reads a DSN; one that is not in use may be wrong.
func dsnConverter[D any](parse func(string) (*D, error), inUse bool, warnings func(*D) []string) converter[*D] {
	return func(text string) (*D, string, error) {
		d, err := parse(text)
		switch {
		case err == nil:
			return d, strings.Join(warnings(d), "; "), nil
		case inUse:
			return nil, "", err
		}
		return nil, "not in use, and it could not be: " + err.Error(), nil
	}
}

func (r *resolver) cleanup() Cleanup {
	return Cleanup{
		GracePeriod:         r.bool("MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED", false),
		TokenRetention:      r.limited("MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD", 24, 24, time.Hour),
		SubmissionRetention: r.limited("MOSPARO_SUBMISSION_RETENTION_PERIOD", 14, 14, 24*time.Hour),
		ProcessInterval:     r.limited("MOSPARO_CLEANUP_PROCESS_INTERVAL", 6, 24, time.Hour),
		UnfinishedInterval:  r.limited("MOSPARO_CLEANUP_UNFINISHED_INTERVAL", 10, 360, time.Minute),
	}
}

func (r *resolver) mosparo() Mosparo {
	return Mosparo{
		Installed:        r.bool("mosparo_installed", false),
		InstalledVersion: r.text("mosparo_installed_version", ""),
		LockDSN: value(r, r.lookup, "LOCK_DSN", dsn.NewSecret("flock"),
			func(s string) (dsn.Secret, string, error) { return dsn.NewSecret(s), "", nil }, showLockDSN),
		ConfigFilePath:             r.envPath("MOSPARO_CONFIG_FILE_PATH"),
		EnvSuffix:                  r.envPath("MOSPARO_ENV_SUFFIX"),
		UpdatesEnabled:             r.bool("MOSPARO_UPDATES_ENABLED", true),
		AutomaticUpdateCheck:       r.bool("MOSPARO_AUTOMATIC_UPDATE_CHECK_ENABLED", true),
		RulePackagePrivateNetworks: r.bool("MOSPARO_RULE_PACKAGE_ALLOW_PRIVATE_NETWORKS", false),
		RulePackageRedirects:       r.bool("MOSPARO_RULE_PACKAGE_ALLOW_REDIRECTS", false),
		RulePackageMinimumRefresh:  r.seconds("MOSPARO_RULE_PACKAGE_MINIMUM_REFRESH_INTERVAL", time.Hour),
	}
}

// showLockDSN shows the names of stores without address, such as flock.
func showLockDSN(s dsn.Secret) string {
	switch text := s.Reveal(); text {
	case "", "flock", "semaphore", "in-memory", "null":
		return text
	}
	return s.String()
}
