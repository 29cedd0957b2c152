package chaos_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock/internal/chaos"
)

// fenced is a register that refuses fences smaller than one it has seen.
type fenced struct {
	fence uint64
	value int
}

var fencedRegister = porcupine.Model{
	Init: func() any { return fenced{} },
	Step: func(state, input, _ any) (bool, any) {
		s, op := state.(fenced), input.(chaos.RegisterOp)
		if op.OK != (op.Fence >= s.fence) {
			return false, s
		}
		if op.Op == "open" && op.OK && op.Read != s.value {
			return false, s
		}
		if op.OK {
			s.fence = op.Fence
			if op.Op == "write" {
				s.value = op.Value
			}
		}
		return true, s
	},
	DescribeOperation: func(input, _ any) string { return fmt.Sprintf("%+v", input) },
}

// requireLinearizable checks the history of every name's register.
func requireLinearizable(t *testing.T, ops []chaos.RegisterOp) {
	t.Helper()
	byName := map[string][]porcupine.Operation{}
	for _, op := range ops {
		returned := op.Returned.UnixNano()
		if op.Returned.IsZero() {
			returned = math.MaxInt64 // its process was killed before it heard
		}
		byName[op.Name] = append(byName[op.Name], porcupine.Operation{ClientId: op.Process, Input: op, Call: op.Called.UnixNano(), Return: returned})
	}
	for name, history := range byName {
		require.Equal(t, porcupine.Ok, porcupine.CheckOperationsTimeout(fencedRegister, history, time.Minute), "the register of %q", name)
	}
}

func TestLinearizable_FindsAStaleWrite(t *testing.T) {
	at := func(n int64) time.Time { return time.Unix(0, n) }
	ops := []chaos.RegisterOp{
		{Name: "n", Process: 1, Op: "open", Fence: 1, Called: at(1), Returned: at(2), OK: true},
		{Name: "n", Process: 2, Op: "open", Fence: 2, Called: at(3), Returned: at(4), OK: true},
		{Name: "n", Process: 1, Op: "write", Fence: 1, Value: 9, Called: at(5), Returned: at(6), OK: true},
	}
	check := func() porcupine.CheckResult {
		var history []porcupine.Operation
		for _, op := range ops {
			history = append(history, porcupine.Operation{ClientId: op.Process, Input: op, Call: op.Called.UnixNano(), Return: op.Returned.UnixNano()})
		}
		return porcupine.CheckOperationsTimeout(fencedRegister, history, time.Minute)
	}
	require.Equal(t, porcupine.Illegal, check())
	ops[2].OK = false
	require.Equal(t, porcupine.Ok, check())
}
