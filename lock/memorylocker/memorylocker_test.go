package memorylocker_test

import (
	"testing"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

func TestConformance(t *testing.T) {
	locktest.Conformance(t, func(*testing.T) lock.Backend { return memorylocker.New() })
}
