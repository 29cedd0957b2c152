// Package lock gives leases on names that are shared by the nodes of a
// cluster: at most one holder at a time, as far as the backend promises, and
// for no longer than the holder lives. It does not promise that a holder
// notices at once that it lost a lease; a store that must not be written by a
// stale holder checks the fencing token.
//
// A [Locker] does, the same for all backends, what a lock needs: queueing
// inside the process, polling with jitter between processes, renewal at every
// third of the TTL, a deadline on the process's own monotonic clock, and the
// undoing of requests whose outcome is unknown.
//
// # Guarantees
//
//	backend        between         exclusion                          fences                   lost with
//	memorylocker   Lockers of one  always                             strictly rising          the process
//	               process
//	redislocker    processes       while Redis keeps its data         strictly rising; beyond  failover before replication,
//	                                                                  data loss as long as the restart without persistence,
//	                                                                  clock does not go back   eviction, FLUSHDB
//
// The deadline counts from before the request was sent, so a lease that was
// granted late ends early. A process that is stopped (SIGSTOP) finds its lease
// ended when it goes on: [Lease.Err] reads the clock itself, before any timer
// fires. A suspended virtual machine stops the monotonic clock too: after it
// wakes, a holder may believe in its lease, and only fencing helps.
//
// # Fencing
//
// A store is safe from stale holders if it remembers the largest fence it has
// seen and refuses smaller ones, in the statement that writes:
//
//	UPDATE report SET body = $1, fence = $2 WHERE id = $3 AND fence <= $2
//
// No row changed means that somebody with a newer lease has been there.
//
// Shared (read) locks are out of scope.
package lock
