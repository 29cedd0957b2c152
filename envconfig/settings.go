package envconfig

import (
	"time"

	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// Settings holds what a mosparo node reads from its environment and this module
// uses. It is plain data, which this package does not change once it is returned.
// [Settings.Variable] tells where a value came from and what an operator should
// know of it.
type Settings struct {
	// Dir is mosparo's directory, empty when only the environment was read.
	Dir string
	// Files are the settings files that were read, in this order.
	Files []string

	// Installed is mosparo_installed, InstalledVersion mosparo_installed_version.
	Installed        bool
	InstalledVersion string

	Cache   Cache
	Cleanup Cleanup
	Health  Health
	Proxies Proxies
	// Database is nil when nothing of its connection is set. Open what
	// [Settings.DatabaseConnection] returns.
	Database *dsn.Database

	variables []Variable
	// reload reads them again; nil for settings that were not read.
	reload func() (*Settings, error)
	// unread is why env.mosparo.php could not be read.
	unread error
}

// Reload reads the settings again, from where they were read: mosparo may be
// updated while a program runs. s does not change. The environment is that of the
// first time, since a process has no other. The errors are those of [Load]. Settings
// that a program has made itself are returned as they are.
func (s *Settings) Reload() (*Settings, error) {
	if s.reload == nil {
		return s, nil
	}
	return s.reload()
}

// Cleanup is the schedule of the cleanup, within mosparo's limits.
type Cleanup struct {
	GracePeriod         bool          // MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED
	TokenRetention      time.Duration // MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD, 1-24 hours
	SubmissionRetention time.Duration // MOSPARO_SUBMISSION_RETENTION_PERIOD, 1-14 days of 24 hours
	ProcessInterval     time.Duration // MOSPARO_CLEANUP_PROCESS_INTERVAL, 1-24 hours
	UnfinishedInterval  time.Duration // MOSPARO_CLEANUP_UNFINISHED_INTERVAL, 1-360 minutes
}

// settings resolves all of them, in the order of mosparo's documentation.
func (r *resolver) settings() *Settings {
	s := &Settings{Dir: r.dir, Files: r.env.files}
	r.text("APP_ENV", "dev")
	s.Cache = r.cache()
	s.Cleanup = r.cleanup()
	s.Health = r.health()
	s.Proxies = r.proxies()
	s.Database = r.database()
	s.Installed = r.bool("mosparo_installed", false)
	s.InstalledVersion = r.text("mosparo_installed_version", "")
	r.others()
	s.variables = r.variables
	if r.config != nil {
		s.unread = r.config.err
	}
	return s
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

// others resolves what this module does not use, for [Settings.Variables]: an
// operator sees it beside the rest, and learns of a value that PHP nodes refuse.
func (r *resolver) others() {
	resolve(r, r.lookup, "LOCK_DSN", dsn.NewSecret("flock"), convertSecret, showLockDSN)
	r.envPath("MOSPARO_CONFIG_FILE_PATH")
	r.envPath("MOSPARO_ENV_SUFFIX")
	r.bool("MOSPARO_UPDATES_ENABLED", true)
	r.bool("MOSPARO_AUTOMATIC_UPDATE_CHECK_ENABLED", true)
	r.bool("MOSPARO_RULE_PACKAGE_ALLOW_PRIVATE_NETWORKS", false)
	r.bool("MOSPARO_RULE_PACKAGE_ALLOW_REDIRECTS", false)
	r.seconds("MOSPARO_RULE_PACKAGE_MINIMUM_REFRESH_INTERVAL", time.Hour)
	for _, name := range []string{"MOSPARO_ENABLE_WEBSERVER", "MOSPARO_ENABLE_CRON", "MOSPARO_RUN_NGINX", "MOSPARO_RUN_PHP_FPM"} {
		r.bool(name, true) // switches of the container images
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
