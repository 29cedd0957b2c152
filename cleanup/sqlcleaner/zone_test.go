package sqlcleaner

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNewestPossible_AllowsForTheHourThatComesTwice(t *testing.T) {
	for _, c := range []struct{ zone, now, newest string }{
		{"UTC", "2026-10-25T01:10:00Z", "2026-10-25 01:15:00"},
		{"Europe/Zurich", "2026-10-25T00:50:00Z", "2026-10-25 02:55:00"}, // the first time
		{"Europe/Zurich", "2026-10-25T00:59:00Z", "2026-10-25 03:04:00"}, // its end
		{"Europe/Zurich", "2026-10-25T01:01:00Z", "2026-10-25 03:06:00"}, // the second time
		{"Europe/Zurich", "2026-10-25T01:59:00Z", "2026-10-25 04:04:00"},
		{"Europe/Zurich", "2026-10-25T02:01:00Z", "2026-10-25 03:06:00"}, // after it
		{"Europe/Zurich", "2026-03-29T00:58:00Z", "2026-03-29 03:03:00"}, // before the hour that does not come
		{"Europe/Zurich", "2026-03-29T01:01:00Z", "2026-03-29 03:06:00"}, // after it
		{"Australia/Lord_Howe", "2026-04-04T15:01:00Z", "2026-04-05 02:06:00"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		require.NoError(t, err)
		loc, err := time.LoadLocation(c.zone)
		require.NoError(t, err)
		require.Equal(t, c.newest, newestPossible(now, loc), "%s %s", c.zone, c.now)
	}
}
