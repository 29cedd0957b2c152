// Package cleanuptest helps to test programs that clean a mosparo cluster, and databases for
// them:
//
//   - [Fake] is a [cleanup.Database] in memory, for a cluster in a test of your own;
//   - [PHPNode] is a model of a PHP node beside your Go nodes;
//   - [Simulation] runs weeks of a cluster with faults in milliseconds, from a seed, also
//     with nodes of your own in it;
//   - [Conformance] tests a [cleanup.Database] of your own.
//
// All of them but Conformance work in a testing/synctest bubble:
//
//	func TestMyOptions(t *testing.T) {
//		o := cleanuptest.Simulation{Seed: 1, GoNodes: 3, PHPNodes: 1, Faults: true}.Run(t)
//		if err := o.Err(); err != nil {
//			t.Error(err)
//		}
//	}
//
// A simulation has crashes, partitions, slow servers and flushes. It reports overlapping and
// missed runs, and runs the same way again from the same seed. A program of your own is a
// node in it if a function starts it with what it gets in a [NodeEnv]: caches, locks and a
// database with these faults, and a place for its [net/http.Handler] in place of a listener. A
// balancer sends it requests, and failed ones are reported, too.
//
// The PHP node is a model: nothing here runs PHP.
package cleanuptest
