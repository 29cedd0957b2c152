package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkStart measures a process from its start to its end. The aim is 20 ms.
func BenchmarkStart(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "mosparoctl")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(b, err, string(out))
	for _, line := range [][]string{{"version"}, {"--help"}, {"__complete", "cache", ""}} {
		b.Run(line[0], func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				require.NoError(b, exec.Command(binary, line...).Run())
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
		})
	}
}
