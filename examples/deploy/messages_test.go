package deploy_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssgen"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/cssstore/mirror"
	"github.com/mosparo/go-cluster/cssstore/projectdb"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/envconfig/dotenv"
	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

var errCause = errors.New("the cause")

// explained are the exported errors that operators meet, by package and name.
var explained = map[string]error{
	"cache.ErrTooLarge":     cache.ErrTooLarge,
	"cache.ErrUnauthorized": cache.ErrUnauthorized,
	"cache.ErrUnavailable":  cache.ErrUnavailable,
	"cache.ErrReadOnly":     cache.ErrReadOnly,
	"cache.ErrFull":         cache.ErrFull,
	"cache.DecodeError":     &cache.DecodeError{Key: "k", Err: errCause},

	"cache/php.ZoneError": &php.ZoneError{Zone: "Europe/Nowhere"},

	"cache/sharedfiles.ErrBusy":      sharedfiles.ErrBusy,
	"cache/sharedfiles.ShutOutError": &sharedfiles.ShutOutError{Path: "/x", UID: 1},
	"cache/sharedfiles.UnsafeError":  &sharedfiles.UnsafeError{Path: "/x", Reason: "is open to every user (mode d-rwxrwxrwx), and PHP's user is not known"},

	"lock.ErrHeld":         lock.ErrHeld,
	"lock.HeldError":       &lock.HeldError{Name: "n", Owner: lock.Owner{Host: "web1", PID: 1}},
	"lock.ErrLost":         lock.ErrLost,
	"lock.ErrMaxHold":      lock.ErrMaxHold,
	"lock.ErrUnavailable":  lock.ErrUnavailable,
	"lock.ErrUnauthorized": lock.ErrUnauthorized,

	"lock/redislocker.ErrEviction": redislocker.ErrEviction,

	"cleanup.ErrConcurrentRun": cleanup.ErrConcurrentRun,
	"cleanup.ErrHung":          cleanup.ErrHung,
	"cleanup.ErrPaused":        cleanup.ErrPaused,
	"cleanup.ErrPauseTooLong":  cleanup.ErrPauseTooLong,
	"cleanup.ErrRefused":       cleanup.ErrRefused,

	"cleanup/sqlcleaner.ErrUnknownDriver": sqlcleaner.ErrUnknownDriver,
	"cleanup/sqlcleaner.RightsError":      &sqlcleaner.RightsError{User: "u", Grants: []string{"GRANT"}},

	"cssstore.ErrNotFound":    cssstore.ErrNotFound,
	"cssstore.ErrUnsettled":   cssstore.ErrUnsettled,
	"cssstore.ErrOverwritten": cssstore.ErrOverwritten,

	"cssstore/cssgen.ErrDisagreement":   cssgen.ErrDisagreement,
	"cssstore/cssgen.DisagreementError": &cssgen.DisagreementError{Theirs: cssgen.PeerBuild{Node: "web2", At: time.Unix(1, 0)}},
	"cssstore/cssgen.ErrNotOlder":       cssgen.ErrNotOlder,
	"cssstore/csshttp.ErrBusy":          csshttp.ErrBusy,
	"cssstore/design.ErrNoBase":         design.ErrNoBase,
	"cssstore/design.ErrTooLarge":       design.ErrTooLarge,
	"cssstore/design.ValueError":        &design.ValueError{Setting: "boxSize", Msg: "is odd"},
	"cssstore/mirror.ErrNoProjects":     mirror.ErrNoProjects,
	"cssstore/projectdb.ErrNoProject":   projectdb.ErrNoProject,
	"cssstore/projectdb.ErrNoHash":      projectdb.ErrNoHash,
	"cssstore/projectdb.ErrChanged":     projectdb.ErrChanged,
	"cssstore/projectdb.ValueError":     &projectdb.ValueError{Name: "boxSize", Err: errCause},

	"envconfig.ErrNotConfigured": envconfig.ErrNotConfigured,
	"envconfig.ErrNoProject":     envconfig.ErrNoProject,
	"envconfig.ValueError":       &envconfig.ValueError{Name: "REDIS_URL", Source: "/var/www/mosparo/.env.local", Err: errCause},
	"envconfig/dotenv.FileError": &dotenv.FileError{Path: "/var/www/mosparo/config/env.mosparo.php", Line: 3, Column: 9, Err: errCause},
	"envconfig/dsn.Error":        &dsn.Error{Kind: "Redis", Err: errCause},
	"envconfig/health.ErrToken":  health.ErrToken,

	"envconfig/connect.SettingError":         &connect.SettingError{Setting: "REDIS_URL", Source: envconfig.SourceEnvironment, Err: errCause},
	"envconfig/connect/nodes.ErrListChanged": nodes.ErrListChanged,
}

// variants are further forms of errors.
var variants = []error{
	&lock.HeldError{Name: "n", Slot: "s", Owner: lock.Owner{Host: "web1", PID: 1}},
	&cssgen.DisagreementError{},
	&connect.SettingError{Setting: "WithLockURL", Err: errCause},
	&dsn.Error{Kind: "Redis", Err: errors.ErrUnsupported},
	&dsn.Error{Kind: "database", Part: "host", Err: errCause},
	errors.New("no answer within 10s; --timeout changes that"),
}

// unexplained are the exported errors that no operator meets, and why.
var unexplained = map[string]string{
	"cache.ErrNotFound":               "mosparoctl says it in a sentence, and it is no fault",
	"cache.ErrNull":                   "a stored null is no fault",
	"cache.ErrInvalidTTL":             "a program's argument",
	"cache.ErrClosed":                 "a call after Close",
	"cache.ErrLoadPanicked":           "a panic of a program's function",
	"cache.KeyError":                  "a program's argument",
	"cache.OpError":                   "operation and key before another error",
	"cache/php.SyntaxError":           "the end of a cache.DecodeError",
	"cache/php.TypeError":             "the end of a cache.DecodeError",
	"cache/php.EncodeError":           "a program's value",
	"cache/php.LiteralError":          "the end of a dotenv.FileError",
	"lock.ErrNotHeld":                 "mosparoctl says it in a sentence, and it is no fault",
	"lock.ErrReleased":                "the end of a lease that a program has asked for",
	"lock.ErrClosed":                  "a call after Close",
	"lock.ArgumentError":              "a program's argument",
	"cleanup.ErrNoRun":                "between a scheduler and its database",
	"cssstore.ErrInvalid":             "a program's argument",
	"cssstore.IDError":                "an argument, which it describes",
	"cssstore.OpError":                "operation and project before another error",
	"cache/gocachestore.TagError":     "a program's argument",
	"cache/gocachestore.TypeError":    "a program's argument",
	"cache/php/typedjson.ErrTooLarge": "a value that mosparoctl shows",
}

// messages returns the messages of the guide: what it explains, as operators read it.
func messages(t *testing.T) (all []string) {
	t.Helper()
	_, text, ok := strings.Cut(guide(t, "What can go wrong"), "\n### Messages\n")
	require.True(t, ok)
	for line := range strings.Lines(text) {
		if cells := strings.Split(line, "|"); len(cells) > 2 && !strings.Contains(line, "---") {
			for _, m := range code.FindAllStringSubmatch(cells[1], -1) {
				all = append(all, m[1])
			}
		}
	}
	require.Greater(t, len(all), 40)
	return all
}

// pattern returns what matches a message.
func pattern(message string) *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(message), "…", ".+"))
}

// An operator who meets an error of the packages finds its message in the guide, and a
// developer finds that section from the error.
func TestMessages_EachErrorIsExplained(t *testing.T) {
	all, err := packageDocs()
	require.NoError(t, err)
	listed := messages(t)
	found, met := map[string]bool{}, map[string]bool{}
	check := func(dir, name string) {
		name = dir + "." + name
		found[name] = true
		err, ok := explained[name]
		if !ok {
			require.NotEmpty(t, unexplained[name], "%s: explain it in the guide, or say here why no operator meets it", name)
			return
		}
		require.Empty(t, unexplained[name], name)
		require.True(t, slices.ContainsFunc(listed, func(m string) bool { return pattern(m).MatchString(err.Error()) }), "%s: the guide does not explain %q", name, err)
		met[dir] = true
	}
	for dir, pkg := range all {
		if strings.Contains(dir, "internal") || strings.HasPrefix(dir, "examples/") || strings.HasSuffix(dir, "test") {
			continue
		}
		for _, v := range pkg.Vars {
			for _, name := range v.Names {
				if strings.HasPrefix(name, "Err") {
					check(dir, name)
				}
			}
		}
		for _, typ := range pkg.Types {
			if strings.HasSuffix(typ.Name, "Error") {
				check(dir, typ.Name)
			}
		}
	}
	met["cache/redisadapter"], met["envconfig/connect/doctor"] = true, true // with errors and findings of others
	for dir := range met {
		linked := false
		eachComment(all[dir], func(_, text string) {
			linked = linked || strings.Contains(strings.Join(strings.Fields(text), " "), `"What can go wrong" in examples/deploy/README.md`)
		})
		require.True(t, linked, "the page of %s does not lead to the guide", dir)
	}
	for name := range explained {
		require.True(t, found[name], "%s does not exist", name)
	}
	for name := range unexplained {
		require.True(t, found[name], "%s does not exist", name)
	}
}

// Nothing in the guide is a message of the past.
func TestMessages_ArePrinted(t *testing.T) {
	var printed strings.Builder
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "examples"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		printed.Write(text)
		return err
	}))
	for _, err := range explained {
		printed.WriteString(err.Error() + "\n")
	}
	for _, err := range variants {
		printed.WriteString(err.Error() + "\n")
	}
	printed.WriteString("bind: address already in use\n")                                                  // of the system
	printed.WriteString("Access denied for user 'u'@'h', password authentication failed for user \"u\"\n") // of MySQL and PostgreSQL
	printed.WriteString((&sharedfiles.UnsafeError{Path: "/x", Reason: "is a symbolic link of uid 1000: "}).Error())
	for _, m := range messages(t) {
		require.Regexp(t, pattern(m), printed.String())
	}
}

// Who has a program and no repository learns from its help where its errors are explained.
func TestMessages_ProgramsLeadToThem(t *testing.T) {
	for name := range packages {
		require.Contains(t, command(t, program(t, name), "--help"), `"What can go wrong"`, name)
	}
}
