package doctor

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// Settings returns the findings that show in the settings alone, also in settings that
// were returned together with an error. It connects to nothing and reads no file but the
// certificates that the settings name. It panics if s is nil.
func Settings(s *envconfig.Settings) []Finding {
	if s == nil {
		panic("doctor.Settings: s is nil")
	}
	var all []Finding
	for _, look := range []func(*envconfig.Settings) []Finding{
		invalidValues, warnings, misspelled, addressWithoutAdapter, adapterWithoutAddress, unsupportedAddress,
		unsharedCache, unsharedFiles, intervals, database, installation, health,
	} {
		all = append(all, look(s)...)
	}
	return sorted(all)
}

// invalidValues are the settings that cannot be used.
func invalidValues(s *envconfig.Settings) (all []Finding) {
	for v := range s.Variables() {
		if v.Error == "" {
			continue
		}
		all = append(all, Finding{
			Code: "setting_invalid", Severity: Error, Subject: v.Name,
			What:        fmt.Sprintf("the value from %s cannot be used: %s", v.Source, v.Error),
			Consequence: "a Go node does not start, and a PHP node answers with an error as soon as it needs the value",
			Remedy:      "correct the value where it is set; mosparoctl config shows all values and their sources",
		})
	}
	return all
}

// defaultAddresses are those of mosparo's own .env, which are set in every installation.
const (
	defaultRedis     = "redis://localhost"
	defaultMemcached = "memcached://localhost"
)

// hasRedis reports whether REDIS_URL is set to something else than the default.
func hasRedis(s *envconfig.Settings) bool {
	d, err := dsn.ParseRedis(defaultRedis)
	return err == nil && s.Variable("REDIS_URL").IsSet() && (s.Cache.Redis == nil || s.Cache.Redis.String() != d.String())
}

func hasMemcached(s *envconfig.Settings) bool {
	d, err := dsn.ParseMemcached(defaultMemcached)
	return err == nil && s.Variable("MEMCACHED_URL").IsSet() && (s.Cache.Memcached == nil || s.Cache.Memcached.String() != d.String())
}

// addressWithoutAdapter is an address that the adapter in effect does not use.
func addressWithoutAdapter(s *envconfig.Settings) (all []Finding) {
	if s.Cache.Adapter != envconfig.AdapterFilesystem {
		return nil
	}
	for _, c := range []struct {
		set           bool
		name, adapter string
	}{{hasRedis(s), "REDIS_URL", envconfig.AdapterRedis}, {hasMemcached(s), "MEMCACHED_URL", envconfig.AdapterMemcached}} {
		if !c.set {
			continue
		}
		all = append(all, Finding{
			Code: strings.ToLower(c.name) + "_without_adapter", Severity: Warning, Subject: c.name,
			What:        fmt.Sprintf("%s is set (%s), but MOSPARO_CACHE_ADAPTER is %s, so it is not used", c.name, s.Variable(c.name).Source, envconfig.AdapterFilesystem),
			Consequence: "each node has a cache of its own: the cleanup runs on several nodes at the same time, and prepared CSS is not shared",
			Remedy:      fmt.Sprintf("set MOSPARO_CACHE_ADAPTER=%s on all nodes, or remove %s", c.adapter, c.name),
		})
	}
	return all
}

// adapterWithoutAddress is an adapter with the address of another one only, or whose
// server is on this host.
func adapterWithoutAddress(s *envconfig.Settings) []Finding {
	a := map[string]struct {
		own, other         string
		hasOwn, otherIsSet bool
		otherAdapter       string
	}{
		envconfig.AdapterRedis:     {"REDIS_URL", "MEMCACHED_URL", hasRedis(s), hasMemcached(s), envconfig.AdapterMemcached},
		envconfig.AdapterMemcached: {"MEMCACHED_URL", "REDIS_URL", hasMemcached(s), hasRedis(s), envconfig.AdapterRedis},
	}
	c, ok := a[s.Cache.Adapter]
	if !ok || c.hasOwn {
		return onThisHost(s)
	}
	if !c.otherIsSet {
		return []Finding{{
			Code: "cache_address_default", Severity: Note, Subject: c.own,
			What:        fmt.Sprintf("MOSPARO_CACHE_ADAPTER is %s, and %s is its default, a server on this host", s.Cache.Adapter, c.own),
			Consequence: "nodes on other hosts, if there are any, do not share this cache: the cleanup runs on several nodes at the same time",
			Remedy:      fmt.Sprintf("in a cluster, set %s to the address of the server that all nodes share", c.own),
		}}
	}
	return []Finding{{
		Code: "adapter_contradicts_address", Severity: Error, Subject: "MOSPARO_CACHE_ADAPTER",
		What:        fmt.Sprintf("MOSPARO_CACHE_ADAPTER is %s, but only %s is set", s.Cache.Adapter, c.other),
		Consequence: fmt.Sprintf("the nodes use the default of %s, a server on their own host, and share nothing if there is one", c.own),
		Remedy:      fmt.Sprintf("set MOSPARO_CACHE_ADAPTER=%s, or %s to the address of the server", c.otherAdapter, c.own),
	}}
}

// onThisHost is a note about a cache server at a loopback address or a Unix socket.
func onThisHost(s *envconfig.Settings) []Finding {
	hosts, name := cacheHosts(s)
	if len(hosts) == 0 || slices.ContainsFunc(hosts, func(h dsn.Host) bool { return !isLocal(h) }) {
		return nil
	}
	return []Finding{{
		Code: "cache_on_this_host", Severity: Note, Subject: name,
		What:        "the server of the shared cache is on this host",
		Consequence: "nodes on other hosts share it only if this address leads to the same server there, such as through a proxy",
		Remedy:      "if the cluster has nodes on several hosts, write the address that all of them can reach",
	}}
}

// cacheHosts returns the servers of the shared cache, and the setting that names them.
func cacheHosts(s *envconfig.Settings) ([]dsn.Host, string) {
	switch {
	case s.Cache.Adapter == envconfig.AdapterRedis && s.Cache.Redis != nil:
		return s.Cache.Redis.Hosts, "REDIS_URL"
	case s.Cache.Adapter == envconfig.AdapterMemcached && s.Cache.Memcached != nil:
		return s.Cache.Memcached.Servers, "MEMCACHED_URL"
	}
	return nil, ""
}

func isLocal(h dsn.Host) bool {
	if h.Path != "" || strings.EqualFold(h.Name, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(h.Name, "[]"))
	return err == nil && addr.IsLoopback()
}

// unsupportedAddress is an address of the shared cache that only PHP can use.
func unsupportedAddress(s *envconfig.Settings) []Finding {
	var err error
	_, name := cacheHosts(s)
	switch name {
	case "REDIS_URL":
		err = s.Cache.Redis.Supported()
	case "MEMCACHED_URL":
		err = s.Cache.Memcached.Supported()
	}
	if err == nil {
		return nil
	}
	return []Finding{{
		Code: "cache_address_unsupported", Severity: Error, Subject: name,
		What:        fmt.Sprintf("PHP nodes can use this address, a Go node cannot: %v", err),
		Consequence: "this node does not start; PHP nodes go on",
		Remedy:      "use a form of the address that both support on all nodes at the same time, or run PHP nodes only",
	}}
}

// unsharedCache is a cache that only this host has, and settings that need a shared one.
func unsharedCache(s *envconfig.Settings) []Finding {
	if !connect.LocksAreLocal(s) {
		return nil
	}
	all := []Finding{{
		Code: "cache_path_unset", Severity: Warning, Subject: "FILESYSTEM_CACHE_PATH",
		What:        "the shared cache is in the system's temporary directory of this host",
		Consequence: "other nodes have caches and locks of their own: the cleanup runs on several nodes at the same time; and the system may remove the files",
		Remedy:      "set MOSPARO_CACHE_ADAPTER=redis (or memcached) with its address, or FILESYSTEM_CACHE_PATH to a directory that all nodes share; a single node needs a directory that outlives a restart",
	}}
	for _, name := range []string{"MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE", "MOSPARO_USE_SHARED_CACHE_FOR_RULE_ITEMS"} {
		if s.Variable(name).Value != "true" {
			continue
		}
		all = append(all, Finding{
			Code: "shared_cache_missing", Severity: Warning, Subject: name,
			What:        name + " is on, but the cache is in a temporary directory of this host",
			Consequence: "what one node prepares is missing on the others, and for all when the system empties the directory",
			Remedy:      "set up a shared cache (MOSPARO_CACHE_ADAPTER, FILESYSTEM_CACHE_PATH), or turn " + name + " off",
		})
	}
	return all
}

// unsharedFiles is a cluster with a shared cache whose CSS is in files.
func unsharedFiles(s *envconfig.Settings) (all []Finding) {
	if !hasSharedServer(s) {
		return nil
	}
	if !s.Cache.PrepareCSS {
		all = append(all, Finding{
			Code: "css_in_files", Severity: Note, Subject: "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE",
			What:        "prepared CSS is in files in public/resources, although the cluster has a shared cache",
			Consequence: "CSS that one node prepares reaches the others only when the files are synchronized",
			Remedy:      "set MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1 on all nodes, or synchronize public/resources",
		})
	}
	if !s.Cleanup.GracePeriod && s.Variable("MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED").Error == "" {
		all = append(all, Finding{
			Code: "grace_period_off", Severity: Note, Subject: "MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED",
			What:        "the grace period is off",
			Consequence: "requests of visitors to PHP nodes start the cleanup as soon as it is due, before a cron job or a Go node can",
			Remedy:      "set MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED=1 on all nodes if a cron job or a Go node cleans",
		})
	}
	return all
}

// intervals are times of the cleanup that contradict each other.
func intervals(s *envconfig.Settings) []Finding {
	c := s.Cleanup
	if c.UnfinishedInterval < c.ProcessInterval {
		return nil
	}
	return []Finding{{
		Code: "intervals_contradict", Severity: Warning, Subject: "MOSPARO_CLEANUP_UNFINISHED_INTERVAL",
		What:        fmt.Sprintf("a cleanup that did not finish is continued after %v, and the next one is due after %v already", c.UnfinishedInterval, c.ProcessInterval),
		Consequence: "PHP nodes take a cleanup whose node has crashed for a running one all that time, and do not clean",
		Remedy:      "set MOSPARO_CLEANUP_UNFINISHED_INTERVAL (minutes) well below MOSPARO_CLEANUP_PROCESS_INTERVAL (hours); the defaults are 10 minutes and 6 hours",
	}}
}

func hasSharedServer(s *envconfig.Settings) bool {
	return s.Cache.Adapter == envconfig.AdapterRedis || s.Cache.Adapter == envconfig.AdapterMemcached
}

// database has the findings about the settings of the database.
func database(s *envconfig.Settings) (all []Finding) {
	c, err := s.DatabaseConnection()
	var value *envconfig.ValueError
	switch {
	case errors.Is(err, envconfig.ErrNotConfigured):
		return []Finding{{
			Code: "database_not_configured", Severity: Error, Subject: "database_driver", What: err.Error(),
			Consequence: "a Go node does not start: it uses no cluster's cache without the cluster's own database",
			Remedy:      "name mosparo's directory, so that its config/env.mosparo.php is read, or set the variables of the database",
		}}
	case errors.As(err, &value):
		return []Finding{{
			Code: "database_setting_invalid", Severity: Error, Subject: value.Name, What: value.Err.Error(),
			Consequence: "a Go node does not start", Remedy: fmt.Sprintf("correct %s in %s", value.Name, value.Source),
		}}
	case err != nil:
		return []Finding{{
			Code: "database_unknown", Severity: Error, Subject: "database_driver", What: err.Error(),
			Consequence: "a Go node does not start", Remedy: "make the file readable for the user of this program, and plain data: an array without function calls",
		}}
	}
	for _, w := range c.Warnings {
		all = append(all, Finding{
			Code: "database_setting_warning", Severity: Note, Subject: "database", What: w,
			Consequence: "the connection of this node differs from that of PHP, or is less safe than it could be",
			Remedy:      "see whether that is intended; DATABASE_MYSQL_SSL…, database_host and PGSSLMODE change it",
		})
	}
	if c.Driver != "sqlite" {
		return all
	}
	if hasSharedServer(s) {
		all = append(all, Finding{
			Code: "sqlite_with_shared_cache", Severity: Warning, Subject: "database_driver",
			What:        fmt.Sprintf("the database is a SQLite file, but the shared cache is %s, as in a cluster of several hosts", s.Cache.Adapter),
			Consequence: "each host has a database of its own, and the schedule in the cache keeps all but one from being cleaned; or the file is on a network file system, where SQLite loses data",
			Remedy:      "use MariaDB, MySQL or PostgreSQL for a cluster; one node alone needs no shared cache",
		})
	}
	if !s.Database.Password.IsZero() {
		all = append(all, Finding{
			Code: "password_without_server", Severity: Note, Subject: "database_password",
			What: "database_password is set, but SQLite has no users", Consequence: "it is not used",
			Remedy: "remove it, or see whether database_driver is the intended one",
		})
	}
	return all
}

// installation is a mosparo that this module does not know.
func installation(s *envconfig.Settings) []Finding {
	err := cleanup.CheckVersion(s.Installed, s.InstalledVersion)
	if err == nil {
		return nil
	}
	return []Finding{{
		Code: "mosparo_version_unknown", Severity: Warning, Subject: "mosparo_installed_version", What: err.Error(),
		Consequence: "a Go node observes only: it does not clean, and its health check says that an update is not finished",
		Remedy:      "finish the installation or the update of mosparo; for a newer mosparo, use a version of this program that knows it",
	}}
}

// health has the findings about the health check that envconfig has no warning for.
func health(s *envconfig.Settings) []Finding {
	if !s.Health.Bypass {
		return nil
	}
	return []Finding{{
		Code: "health_check_bypassed", Severity: Warning, Subject: "MOSPARO_BYPASS_HEALTH_CHECK",
		What:        "the health check is bypassed: it is positive also without a database",
		Consequence: "load balancers keep sending visitors to nodes that cannot answer them",
		Remedy:      "set MOSPARO_BYPASS_HEALTH_CHECK=0, and let the balancers ask /api/v1/health/check",
	}}
}
