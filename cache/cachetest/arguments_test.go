package cachetest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest"
)

// A programmer's mistake panics where it is made, with the argument's name.
func TestArguments(t *testing.T) {
	for _, c := range []struct {
		says string
		call func()
	}{
		{"cachetest: NewFaulty: below is nil", func() { cachetest.NewFaulty(nil) }},
		{"cachetest: Inject: Delay is negative", func() { cachetest.NewFake().Inject(cachetest.Fault{Delay: -1}) }},
		{"cachetest: Inject: Times is negative", func() { cachetest.NewFake().Inject(cachetest.Fault{Times: -1}) }},
		{"cachetest: Conformance: open is nil", func() { cachetest.Conformance(t, nil) }},
		{"cachetest: WithResolution: d is negative", func() { cachetest.WithResolution(-1) }},
		{"cachetest: WithMaxKeyLength: n is negative", func() { cachetest.WithMaxKeyLength(-1) }},
		{"cachetest: WithMaxValueSize: n is negative", func() { cachetest.WithMaxValueSize(-1) }},
	} {
		require.PanicsWithValue(t, c.says, c.call)
	}
}
