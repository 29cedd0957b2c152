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
		{result: cleanup.ResultCompleted, want: 0},
		{result: cleanup.ResultCompleted, err: broken, want: 1}, // its end could not be saved
		{result: cleanup.ResultUnfinished, want: 0},
		{result: cleanup.ResultUnfinished, err: broken, want: 1},
		{result: cleanup.ResultUnfinished, stopped: cleanup.ErrPaused, want: 75},
		{result: cleanup.ResultNotDue, want: 0},
		{result: cleanup.ResultNotDue, err: broken, want: 1}, // the first schedule
		{result: cleanup.ResultObserved, want: 0},
		{result: cleanup.ResultAlreadyRunning, want: 75},
		{result: cleanup.ResultRunPending, want: 75},
		{result: cleanup.ResultJustExecuted, want: 75},
		{result: cleanup.ResultPaused, want: 75},
		{result: cleanup.ResultRefused, err: cleanup.ErrRefused, want: 77},
		{result: cleanup.ResultObserved, err: cleanup.ErrRefused, want: 77},
		{result: cleanup.ResultUnavailable, err: broken, want: 69},
	} {
		require.Equal(t, c.want, shell.CleanupCode(cleanup.Attempt{Result: c.result, Stopped: c.stopped}, c.err), "%v %v", c.result, c.err)
	}
}
