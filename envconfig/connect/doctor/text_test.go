package doctor_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

// A password that is a word of the report is not replaced, which would show what it is, and
// spoil the commands that an operator pastes.
func TestText_KeepsWordsThatAreAPasswordToo(t *testing.T) {
	server := "database_driver=pdo_mysql database_host=127.0.0.1 database_port=1 database_name=shop1 database_user=shop1 database_password="
	for _, password := range []string{"mosparo", "Redis", "shop1"} {
		r := doctor.Examine(t.Context(), settings(t, append(strings.Fields(server+password), "REDIS_URL=redis://127.0.0.1:1")...))
		text, err := json.Marshal(r)
		require.NoError(t, err)
		require.Contains(t, string(text), "127.0.0.1:1/shop1")
		require.NotContains(t, string(text), "****", password)
	}
}
