package envconfig

import (
	"errors"
	"time"

	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/envconfig/internal/settingsfile"
)

// Settings holds the settings of a mosparo node that this module uses. It is plain data,
// which this package does not change after it has returned it. [Settings.Variable] tells
// the source of a value and its warning.
type Settings struct {
	// Dir is the absolute path of mosparo's directory; empty if only the environment was
	// read.
	Dir string
	// Files are the settings files in the order in which they were read.
	Files []string
	// ConfigFile is the path of env.mosparo.php, which may be missing; empty if only the
	// environment was read.
	ConfigFile string

	// Installed is mosparo_installed, InstalledVersion mosparo_installed_version.
	Installed        bool
	InstalledVersion string
	// EncryptionKey is encryption_key of env.mosparo.php, or else ENCRYPTION_KEY.
	EncryptionKey dsn.Secret

	Cache   Cache
	Cleanup Cleanup
	Health  Health
	Proxies Proxies
	// Database is nil if no variable of its connection is set. To open it, use
	// [Settings.DatabaseConnection].
	Database *dsn.Database

	variables []Variable
	unknown   []unknownName
	// reload reads the settings again; nil if they were not read from files.
	reload func() (*Settings, error)
	// databaseHelp says how to set the variables of the database.
	databaseHelp string
	// unread is why env.mosparo.php could not be read.
	unread error
	// err is what [Load] or [FromEnviron] returned with the settings.
	err error
}

// Err returns the error with which [Load] or [FromEnviron] returned s, nil if there was
// none. With an error the settings are for display only: a value that could not be used or
// read is mosparo's default or empty, so that a node with them would not be one of its
// cluster.
func (s *Settings) Err() error { return s.err }

// Reload reads the settings of [Load] again, since mosparo may be updated while a program
// runs. It returns new settings and does not change s. The environment is the one that
// Load was given. The errors are those of Load. Other settings have no files; for them it
// returns s.
func (s *Settings) Reload() (*Settings, error) {
	if s.reload == nil {
		return s, nil
	}
	return s.reload()
}

// Cleanup holds the settings of the database cleanup, within mosparo's limits.
type Cleanup struct {
	GracePeriod         bool          // MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED
	TokenRetention      time.Duration // MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD, 1-24 hours
	SubmissionRetention time.Duration // MOSPARO_SUBMISSION_RETENTION_PERIOD, 1-14 days of 24 hours
	ProcessInterval     time.Duration // MOSPARO_CLEANUP_PROCESS_INTERVAL, 1-24 hours
	UnfinishedInterval  time.Duration // MOSPARO_CLEANUP_UNFINISHED_INTERVAL, 1-360 minutes
}

// settings resolves all settings, in the order of mosparo's documentation.
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
	s.EncryptionKey = r.encryptionKey()
	r.others()
	s.databaseHelp = r.databaseHelp()
	s.variables = r.variables
	s.unknown = r.unknown()
	if r.config != nil {
		s.ConfigFile, s.unread = r.config.path, r.config.err
	}
	s.err = errors.Join(r.errs...)
	return s
}

func (r *resolver) cleanup() Cleanup {
	return Cleanup{
		GracePeriod:         r.bool("MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED", false),
		TokenRetention:      r.boundedDuration("MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD", 24, 24, time.Hour),
		SubmissionRetention: r.boundedDuration("MOSPARO_SUBMISSION_RETENTION_PERIOD", 14, 14, 24*time.Hour),
		ProcessInterval:     r.boundedDuration("MOSPARO_CLEANUP_PROCESS_INTERVAL", 6, 24, time.Hour),
		UnfinishedInterval:  r.boundedDuration("MOSPARO_CLEANUP_UNFINISHED_INTERVAL", 10, 360, time.Minute),
	}
}

// encryptionKey resolves the key of mosparo's encryption. Unlike for other settings, the
// value of env.mosparo.php wins over that of the environment, which has another name.
func (r *resolver) encryptionKey() dsn.Secret {
	return resolve(r, func(name string) (text string, src Source, found bool, err error) {
		c, ok := r.config.get(name)
		switch {
		case r.config.mayContain(name):
			return "", Source(r.config.path), false, errConfigUnread
		case ok && c.Kind == settingsfile.Text:
			return c.Text, Source(r.config.path), true, nil
		}
		return r.lookupEnv("ENCRYPTION_KEY")
	}, "encryption_key", dsn.Secret{}, convertSecret, dsn.Secret.String)
}

// others resolves settings that this module does not use, for [Settings.Variables]:
// operators see them beside the rest, and learn of values that PHP nodes refuse.
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

// showLockDSN masks the DSN unless it is the name of a store without an address.
func showLockDSN(s dsn.Secret) string {
	switch text := s.Reveal(); text {
	case "", "flock", "semaphore", "in-memory", "null":
		return text
	}
	return s.String()
}
