package php_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/php"
)

// TestUnmarshal_FillsNoPHPValueByTheNamesOfItsFields: an array is no date,
// with any keys.
func TestUnmarshal_FillsNoPHPValueByTheNamesOfItsFields(t *testing.T) {
	for _, stored := range []string{`a:1:{s:5:"Class";s:1:"A";}`, `a:1:{s:5:"value";i:1;}`, `O:1:"A":1:{s:4:"Case";s:1:"B";}`} {
		for _, v := range []any{new(php.ValueWrapper), new(*php.ValueWrapper), new(php.DateTime), new(php.Enum), new(time.Time)} {
			var wrong *php.TypeError
			require.ErrorAs(t, php.Unmarshal([]byte(stored), v), &wrong, "%s into %T", stored, v)
		}
	}
	var wrong *php.TypeError
	require.ErrorAs(t, php.Unmarshal([]byte(`a:1:{s:5:"Class";s:1:"A";}`), new(php.Object)), &wrong)
	require.ErrorAs(t, php.Unmarshal([]byte(`O:1:"A":0:{}`), new(php.Array)), &wrong)
}
