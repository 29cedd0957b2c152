//go:build !unix

package doctor_test

import (
	"os"
	"testing"
)

func testMain(m *testing.M) { os.Exit(m.Run()) }
