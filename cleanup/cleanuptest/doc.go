// Package cleanuptest tests programs that clean a mosparo cluster, and databases
// for them. [Fake] is a database in memory, [PHPNode] a model of a PHP node,
// [Simulation] a cluster of Go and PHP nodes, and [Conformance] the rules of
// [cleanup.Database]. It proves nothing about a real PHP.
//
// A simulation runs weeks of a cluster in a testing/synctest bubble in
// milliseconds, with crashes, partitions, slow servers and flushes, judges them,
// and runs the same way again from the same seed:
//
//	func TestMyOptions(t *testing.T) {
//		o := cleanuptest.Simulation{Seed: 1, GoNodes: 3, PHPNodes: 1, Faults: true}.Run(t)
//		if err := o.Err(); err != nil {
//			t.Error(err)
//		}
//	}
package cleanuptest
