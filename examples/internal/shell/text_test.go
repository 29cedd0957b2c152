package shell_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// hostile has one of each kind: ESC, CR, BEL, DEL, CSI of C1, a right-to-left
// override, an isolate, a line separator, a tag beyond the BMP, and no UTF-8.
const hostile = "a\x1b[2J\r\a\x7f\u009b2J\u202eb\u2066\u2028\U000e0041\xffé 日"

func TestPlain_LeavesNothingThatATerminalObeys(t *testing.T) {
	require.Equal(t, "a�[2J����2J�b����é 日", shell.Plain(hostile))
	require.Equal(t, "�", shell.Plain("\n"))
	require.Equal(t, "one\n  two�", shell.Lines("one\ntwo\t"))
}

func TestJSON_EscapesWhatATerminalObeysAndKeepsTheValue(t *testing.T) {
	var out, log bytes.Buffer
	require.NoError(t, json.NewEncoder(shell.JSON(&out)).Encode(map[string]string{"host": hostile}))
	slog.New(slog.NewJSONHandler(shell.JSON(&log), nil)).Info("text", slog.String("host", hostile))
	for _, text := range []string{out.String(), log.String()} {
		require.Equal(t, text[:len(text)-1]+"�", shell.Plain(text), "only the newline at the end")
		var got struct{ Host string }
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Equal(t, hostile[:len(hostile)-7]+"�é 日", got.Host)
	}
	require.Contains(t, out.String(), `\u009b`)
	require.Contains(t, out.String(), `\u202e`)
	require.Contains(t, out.String(), `\u007f`)
	require.Contains(t, out.String(), `\udb40\udc41`)
}
