package doctor_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each code that the sources can give a finding is documented, and in a test that provokes
// it.
func TestFindings_EachCodeHasATest(t *testing.T) {
	given := regexp.MustCompile(`(?:Code:|f\.Code(?:, f\.\w+)* =|x\.missing\(user,|strings\.ToLower\(c\.name\) \+)\s*(?:(?:x\.)?part ?\+ ?)?"([a-z_]+)"`)
	paths, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var tests strings.Builder
	documented, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	codes := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if strings.HasSuffix(path, "_test.go") {
			tests.Write(text)
			continue
		}
		for _, m := range given.FindAllStringSubmatch(string(text), -1) {
			codes[m[1]] = path
		}
	}
	require.Greater(t, len(codes), 60)
	for code, path := range codes {
		if code == "database_" { // with the names of the checks
			continue
		}
		require.Regexp(t, `[\t, ](cache|redis_url)?`+code+`[,\n]`, string(documented), path)
		require.True(t, regexp.MustCompile(`"[a-z_]*`+code+`"`).MatchString(tests.String()), "%s in %s", code, path)
	}
}
