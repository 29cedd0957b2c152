package envconfig

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type processorResult struct {
	Result *typed
	Error  string
}

type processorCase struct {
	Kind      string
	Raw       string
	Env       *string
	Loader    *typed
	Default   *typed `json:"default_parameter"`
	Bool      processorResult
	Not       processorResult
	Int       processorResult
	Float     processorResult
	String    processorResult
	Truth     processorResult            `json:"string_to_bool_parameter"`
	Given     map[string]json.RawMessage `json:"given"`
	Effective map[string]int64           `json:"effective"`
}

func TestProcessors_AgreeWithSymfony(t *testing.T) {
	for _, c := range readCases[processorCase](t, "env-processors") {
		if c.Kind != "processor" {
			continue
		}
		t.Run(strconv.Quote(c.Raw), func(t *testing.T) {
			require.Equal(t, c.Bool.Result.text(t) == "1", toBool(c.Raw))
			require.Equal(t, c.Not.Result.text(t) == "1", !toBool(c.Raw))
			require.Equal(t, c.Truth.Result.text(t) == "1", truthy(c.Raw))
			n, ok := toInt(c.Raw)
			require.Equal(t, c.Int.Result != nil, ok)
			if ok {
				require.Equal(t, c.Int.Result.text(t), strconv.FormatInt(n, 10))
			}
			f, ok := filterFloat(c.Raw)
			require.Equal(t, c.Float.Result != nil, ok)
			if ok {
				want, err := strconv.ParseFloat(c.Float.Result.text(t), 64)
				require.NoError(t, err)
				require.Equal(t, want, f)
			}
		})
	}
}

func TestLookup_TakesTheSourceThatSymfonyTakes(t *testing.T) {
	for i, c := range readCases[processorCase](t, "env-processors") {
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
				var v any = c.Loader.text(t)
				switch c.Loader.T {
				case "int":
					v, _ = strconv.ParseInt(v.(string), 10, 64)
				case "bool":
					v = v == "1"
				}
				r.config = newConfig("env.mosparo.php", map[string]any{"VEC": v})
			}
			text, _, found, err := r.lookup("VEC")
			require.NoError(t, err)
			if !found && c.Default != nil {
				text, found = c.Default.text(t), true
			}
			require.Equal(t, c.String.Result != nil, found)
			if !found {
				return
			}
			require.Equal(t, c.String.Result.text(t), text)
			require.Equal(t, c.Bool.Result.text(t) == "1", toBool(text))
			n, ok := toInt(text)
			require.Equal(t, c.Int.Result != nil, ok)
			if ok {
				require.Equal(t, c.Int.Result.text(t), strconv.FormatInt(n, 10))
			}
		})
	}
}

func TestCleanup_NumbersOutsideTheirRangeAreTheDefault(t *testing.T) {
	names := map[string]string{
		"submit_token_retention_period": "MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD",
		"submission_retention_period":   "MOSPARO_SUBMISSION_RETENTION_PERIOD",
		"cleanup_process_interval":      "MOSPARO_CLEANUP_PROCESS_INTERVAL",
		"cleanup_unfinished_interval":   "MOSPARO_CLEANUP_UNFINISHED_INTERVAL",
	}
	for i, c := range readCases[processorCase](t, "env-processors") {
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
				v    Value[time.Duration]
				unit time.Duration
				key  string
				env  string
			}{
				{s.Cleanup.TokenRetention, time.Hour, "submit_token_retention_hours", "submit_token_retention_period"},
				{s.Cleanup.SubmissionRetention, 24 * time.Hour, "submission_retention_days", "submission_retention_period"},
				{s.Cleanup.ProcessInterval, time.Hour, "cleanup_process_interval_hours", "cleanup_process_interval"},
				{s.Cleanup.UnfinishedInterval, time.Minute, "cleanup_unfinished_interval_minutes", "cleanup_unfinished_interval"},
			} {
				require.Equal(t, c.Effective[e.key], int64(e.v.V/e.unit), e.key)
				given, set := c.Given[e.env]
				changed := set && string(given) != strconv.FormatInt(c.Effective[e.key], 10)
				require.Equal(t, changed, e.v.Warning != "", "%s=%s: warning %q", e.env, given, e.v.Warning)
				require.Equal(t, set, !e.v.IsDefault())
			}
		})
	}
}
