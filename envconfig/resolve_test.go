package envconfig

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/internal/phptest"
	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
)

type processorResult struct {
	Result *phptest.Typed
	Error  string
}

type processorCase struct {
	Kind      string
	Env       *string
	Loader    *phptest.Typed
	Default   *phptest.Typed `json:"default_parameter"`
	Bool      processorResult
	Int       processorResult
	String    processorResult
	Given     map[string]json.RawMessage `json:"given"`
	Effective map[string]int64           `json:"effective"`
}

func TestLookup_TakesTheSourceThatSymfonyTakes(t *testing.T) {
	for i, c := range phptest.ReadCases[processorCase](t, "testdata", "env-processors") {
		if c.Kind != "source" {
			continue
		}
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			var environ []string
			if c.Env != nil {
				environ = []string{"VEC=" + *c.Env}
			}
			r := &resolver{env: newEnvironment(environ)}
			if c.Loader != nil {
				r.config = readConfig(writePHP(t, c.Loader))
			}
			text, _, found, err := r.lookup("VEC")
			require.NoError(t, err)
			if !found && c.Default != nil {
				text, found = c.Default.Text(t), true
			}
			require.Equal(t, c.String.Result != nil, found)
			if !found {
				return
			}
			require.Equal(t, c.String.Result.Text(t), text)
			require.Equal(t, c.Bool.Result.Text(t) == "1", phptext.EnvBool(text))
			n, ok := phptext.EnvInt(text)
			require.Equal(t, c.Int.Result != nil, ok)
			if ok {
				require.Equal(t, c.Int.Result.Text(t), strconv.FormatInt(n, 10))
			}
		})
	}
}

// writePHP writes a PHP file that returns the value as VEC.
func writePHP(t *testing.T, v *phptest.Typed) string {
	t.Helper()
	literal := "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(v.Text(t)) + "'"
	switch v.T {
	case "int":
		literal = v.Text(t)
	case "bool":
		literal = string(v.V)
	}
	path := filepath.Join(t.TempDir(), "env.mosparo.php")
	require.NoError(t, os.WriteFile(path, []byte("<?php return ['VEC' => "+literal+"];"), 0o600))
	return path
}

func TestCleanup_NumbersOutsideTheirRangeAreTheDefault(t *testing.T) {
	names := map[string]string{
		"submit_token_retention_period": "MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD",
		"submission_retention_period":   "MOSPARO_SUBMISSION_RETENTION_PERIOD",
		"cleanup_process_interval":      "MOSPARO_CLEANUP_PROCESS_INTERVAL",
		"cleanup_unfinished_interval":   "MOSPARO_CLEANUP_UNFINISHED_INTERVAL",
	}
	for i, c := range phptest.ReadCases[processorCase](t, "testdata", "env-processors") {
		if c.Kind != "cleanup_limits" {
			continue
		}
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			var environ []string
			for name, n := range c.Given {
				environ = append(environ, names[name]+"="+string(n))
			}
			s, err := FromEnviron(environ)
			require.NoError(t, err)
			for _, e := range []struct {
				v    time.Duration
				unit time.Duration
				key  string
				env  string
			}{
				{s.Cleanup.TokenRetention, time.Hour, "submit_token_retention_hours", "submit_token_retention_period"},
				{s.Cleanup.SubmissionRetention, 24 * time.Hour, "submission_retention_days", "submission_retention_period"},
				{s.Cleanup.ProcessInterval, time.Hour, "cleanup_process_interval_hours", "cleanup_process_interval"},
				{s.Cleanup.UnfinishedInterval, time.Minute, "cleanup_unfinished_interval_minutes", "cleanup_unfinished_interval"},
			} {
				require.Equal(t, c.Effective[e.key], int64(e.v/e.unit), e.key)
				given, set := c.Given[e.env]
				v := s.Variable(names[e.env])
				changed := set && string(given) != strconv.FormatInt(c.Effective[e.key], 10)
				require.Equal(t, changed, v.Warning != "", "%s=%s: warning %q", e.env, given, v.Warning)
				require.Equal(t, set, v.IsSet())
			}
		})
	}
}
