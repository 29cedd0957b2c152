// Package cleanuptest has what tests of programs that clean a mosparo cluster
// need: statistics and a cleaner in memory, a model of a PHP node, and a
// simulated cluster of both kinds of nodes with crashes, partitions, slow
// servers and flushes from a seed. It proves nothing about a real database or
// a real PHP.
//
// [Simulation] runs weeks of a cluster in a testing/synctest bubble in
// milliseconds, judges them, and runs the same way again from the same seed:
//
//	func TestMyOptions(t *testing.T) {
//		o := cleanuptest.Simulation{Seed: 1, GoNodes: 3, PHPNodes: 1, Faults: true}.Run(t)
//		if err := o.Err(); err != nil {
//			t.Error(err)
//		}
//	}
package cleanuptest
