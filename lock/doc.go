// Package lock provides distributed locks (leases) with renewal and fencing
// tokens (fences for short). At most one process holds a name at a time, within
// the guarantees of the backend; a crashed holder loses it after the TTL. A holder
// learns that it lost a lease at the next renewal or the deadline, so a store has to
// check the fencing token to refuse writes of stale holders.
//
//	locker := lock.New(redislocker.New(client))
//	defer locker.Close()
//	err := locker.Do(ctx, "report", func(ctx context.Context) error {
//		return writeReport(ctx) // ctx ends if the lease is lost
//	}, lock.WithWait(time.Minute))
//
// A [Locker] adds to each [Backend] what a lock needs: a queue inside the
// process, polling with jitter between processes, fairness between them, renewal
// at every third of the TTL, a deadline on the process's own monotonic clock, and
// the undoing of requests whose outcome is unknown. [Locker.Do] runs a function
// while it holds a name, [Locker.Once] lets one node of a cluster claim a slot;
// [Locker.Holder], [Locker.Holders] and [Locker.Break] are for operators.
//
// Names that begin with [ReservedPrefix] are the library's own: "mosparo/waiting/…"
// shows that a process waits, "mosparo/once/…" is a used slot.
//
// The errors are this package's own, also where package cache has one of the same
// name ([ErrUnavailable], [ErrUnauthorized], [ErrClosed]): lock does not import
// cache, and a cluster may keep its locks on another server than its cache. A
// program that uses both checks for the error of each.
//
// # Guarantees
//
// What a backend promises is in its [Properties]. In words:
//
//	memorylocker
//	    between    the Lockers of one process
//	    exclusion  always
//	    fences     strictly rising
//	    TTL        at least 1ms
//	    lost with  the process
//	    operators  list, break
//
//	redislocker
//	    between    processes
//	    exclusion  while Redis keeps its data and its clock is not stepped
//	               forward
//	    fences     strictly rising, even after data loss, provided that the
//	               server's clock does not go back
//	    TTL        at least 10ms; the margin is 2ms
//	    lost with  failover before replication (unless replicas acknowledge),
//	               split brain (the same), restart without persistence,
//	               eviction, FLUSHDB
//	    operators  list, break
//
//	filelocker
//	    between    processes and machines on one directory; not on Windows
//	    exclusion  while the directory keeps its files and the file server's
//	               clock is not stepped forward
//	    fences     strictly rising, even after a loss of files, provided that
//	               the server's clock does not go back
//	    TTL        at least 100ms; the margin is 25ms
//	    lost with  removal of the directory
//	    operators  list, break
//
//	memcachedlocker
//	    between    processes
//	    exclusion  best effort: while memcached keeps the item; one stored just
//	               after memcached was stopped may die early, by as long as
//	               the stop took
//	    fences     best effort: they fall if the counter is evicted and the
//	               next holder's clock is behind
//	    TTL        at least 1s, at most 30 days; the margin is 100ms; a crashed
//	               holder loses the name up to 3 s later
//	    lost with  eviction, restart, flush_all
//	    operators  break
//
// For all of them:
//
//   - The deadline of a lease counts from before the request was sent, less the
//     backend's margin and, where the server is another machine's, a hundredth
//     of the TTL. A lease that was granted late ends early. While the backend keeps
//     its data, no other process gets the name before that deadline; see "Clock
//     assumptions".
//   - A process that is stopped (SIGSTOP) finds its lease ended when it goes
//     on: [Lease.Err] reads the clock itself, before any timer fires.
//   - A Redis without acknowledging replicas may have two masters for a while:
//     a partition leaves the old one to some nodes, and the others have elected
//     a new one. Both grant the same name and draw fences at the same time, each
//     by its own clock, so that neither holder's fence is surely the larger one,
//     and what was granted by the old one is gone when it comes back.
//     redislocker.WithReplicas stops the old one: it grants nothing that no
//     replica has acknowledged.
//   - After a failover to a server whose clock is behind, new fences may be smaller
//     than old ones until that clock has caught up.
//   - Callers of one Locker that wait get a name in the order in which they
//     asked.
//
// # Clock assumptions
//
// A lease is safe while the relative drift between holder and server stays below
// 1 % per TTL. NTP slewing (500 ppm) is well within that; stepping the server
// clock forward is not, nor is slewing by several per cent, as chrony may after
// a long outage. The wall clock of the holder does not matter. A suspended virtual
// machine stops the monotonic clock too: after it wakes, a holder may count on a
// lease that it has lost, and only fencing helps.
//
// # Fairness
//
// Between processes there is no order, but fairness: if another process waits
// ([WithWait]), one that has held a name for a whole poll interval pauses until the
// other has polled once. Meanwhile its own callers wait, and
// those that do not wait find the name held. No process yields to callers that try
// again and again without waiting, nor to those that wait for less than one and a
// half poll intervals.
//
// Processes know of each other by a lease named "mosparo/waiting/NAME", which
// [Locker.Holders] lists. A Locker counts as a process, and a new one for each lease
// never pauses: use one Locker for all of a process.
//
// # Fencing
//
// A store is safe from stale holders if it remembers the largest fence it has
// seen and refuses smaller ones, in the statement that writes:
//
//	UPDATE report SET body = $3, fence = $2 WHERE id = $1 AND fence <= $2
//
// No row changed means that a newer holder has been there. In the
// function of [Locker.Do] the fence comes from its context:
//
//	err := locker.Do(ctx, "report", func(ctx context.Context) error {
//		lease, _ := lock.FromContext(ctx)
//		return write(ctx, id, lease.Fence(), body)
//	})
//
// Where the row may not exist yet:
//
//	INSERT INTO report (id, fence, body) VALUES ($1, $2, $3)
//	ON CONFLICT (id) DO UPDATE SET body = excluded.body, fence = excluded.fence
//	WHERE report.fence <= excluded.fence
//
// A holder that reads before it writes shows its fence first, so that what it
// has read cannot be changed any more by a stale one:
//
//	UPDATE report SET fence = $2 WHERE id = $1 AND fence <= $2 RETURNING body
//
// A fence fits a BIGINT. The recipe holds at every isolation level: what runs
// at the same time waits for the row, and then sees its fence or fails.
//
// # Limits
//
// There are no shared (read) locks. A name has 1 to 200 bytes of any kind. TTLs that a
// backend can keep are in the table; a Locker's default is 30 s.
package lock
