package shell_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

func TestCleanupCode_TellsTheOutcomesApart(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		result  cleanup.Result
		stopped error
		err     error
		want    int
	}{
		{result: cleanup.Completed, want: 0},
		{result: cleanup.Completed, err: broken, want: 1}, // its end could not be saved
		{result: cleanup.Unfinished, want: 0},
		{result: cleanup.Unfinished, err: broken, want: 1},
		{result: cleanup.Unfinished, stopped: cleanup.ErrPaused, want: 75},
		{result: cleanup.NextCleanupInTheFuture, want: 0},
		{result: cleanup.NextCleanupInTheFuture, err: broken, want: 1}, // the first schedule
		{result: cleanup.Observed, want: 0},
		{result: cleanup.CleanupRunningAlready, want: 75},
		{result: cleanup.UnfinishedCleanupStatistic, want: 75},
		{result: cleanup.CleanupJustExecuted, want: 75},
		{result: cleanup.Paused, want: 75},
		{result: cleanup.Refused, err: cleanup.ErrRefused, want: 77},
		{result: cleanup.Observed, err: cleanup.ErrRefused, want: 77},
		{result: cleanup.Unavailable, err: broken, want: 69},
	} {
		require.Equal(t, c.want, shell.CleanupCode(cleanup.Attempt{Result: c.result, Stopped: c.stopped}, c.err), "%v %v", c.result, c.err)
	}
}
