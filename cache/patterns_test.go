package cache_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
)

func TestKeyPatterns_MatchTheKeysOfTheirOwnerAlone(t *testing.T) {
	const uuid = "0b0e7ab6-2b1c-4c1e-9a44-0123456789ab"
	patterns := cache.KeyPatterns{
		"{not}mosparoGoLock{any}", "mosparoNextCleanup", "mosparoGo{any}", "design_{uuid}_content", "p{int}rc_{hex32}", "a{any}b{any}c",
	}
	for _, key := range []string{
		"mosparoNextCleanup", "mosparoGo", "mosparoGoRuns", "mosparoGoLoc", "design_" + uuid + "_content",
		"p1rc_b5e9c1ad071b3e7fc779cfaa5e523818", "p18446744073709551615rc_B5E9C1AD071B3E7FC779CFAA5E523818", "abc", "aXbYbZcWc",
	} {
		require.True(t, patterns.Match(key), key)
	}
	for _, key := range []string{
		"", "mosparo", "mosparoNextCleanup2", "xmosparoNextCleanup", "mosparoGoLock", "mosparoGoLock{n}", "mosparoGoLockFence-n",
		"design_x_content", "design_" + uuid, "design_" + uuid + "_contents", "design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ag_content",
		"design_0b0e7ab62b1c-4c1e-9a44--0123456789ab_content", "p1rc_", "prc_b5e9c1ad071b3e7fc779cfaa5e523818",
		"p1rc_b5e9c1ad071b3e7fc779cfaa5e52381", "p1rc_b5e9c1ad071b3e7fc779cfaa5e5238188", "p123456789012345678901rc_b5e9c1ad071b3e7fc779cfaa5e523818",
		"p-1rc_b5e9c1ad071b3e7fc779cfaa5e523818", "ac", "aXbYcZ",
	} {
		require.False(t, patterns.Match(key), key)
	}
	require.False(t, cache.KeyPatterns(nil).Match("mosparoNextCleanup"))
	require.False(t, cache.KeyPatterns{"{not}a"}.Match("b"), "what is not excluded is not owned yet")
	for _, p := range []string{"{other}", "{any", "any}", "{}", "{not}{not}", "a{NOT}"} {
		require.False(t, cache.KeyPatterns{p}.Match("a"), p)
		require.False(t, cache.KeyPatterns{p}.Match(""), p)
	}
	require.False(t, cache.KeyPatterns{"{any}", "{not}a{any}"}.Match("ab"), "{not} counts wherever it stands")
}
