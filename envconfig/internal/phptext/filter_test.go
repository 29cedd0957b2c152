package phptext

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/internal/phptest"
)

type processorResult struct {
	Result *phptest.Typed
	Error  string
}

type processorCase struct {
	Kind  string
	Raw   string
	Bool  processorResult
	Not   processorResult
	Int   processorResult
	Float processorResult
	Truth processorResult `json:"string_to_bool_parameter"`
}

func TestProcessors_AgreeWithSymfony(t *testing.T) {
	for _, c := range phptest.ReadCases[processorCase](t, "../../testdata", "env-processors") {
		if c.Kind != "processor" {
			continue
		}
		t.Run(strconv.Quote(c.Raw), func(t *testing.T) {
			require.Equal(t, c.Bool.Result.Text(t) == "1", EnvBool(c.Raw))
			require.Equal(t, c.Not.Result.Text(t) == "1", !EnvBool(c.Raw))
			require.Equal(t, c.Truth.Result.Text(t) == "1", IsTrue(c.Raw))
			n, ok := EnvInt(c.Raw)
			require.Equal(t, c.Int.Result != nil, ok)
			if ok {
				require.Equal(t, c.Int.Result.Text(t), strconv.FormatInt(n, 10))
			}
			f, ok := FilterFloat(c.Raw)
			require.Equal(t, c.Float.Result != nil, ok)
			if ok {
				want, err := strconv.ParseFloat(c.Float.Result.Text(t), 64)
				require.NoError(t, err)
				require.Equal(t, want, f)
			}
		})
	}
}
