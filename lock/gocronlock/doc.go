// Package gocronlock lets the jobs of go-co-op/gocron v2 run on one node of a
// cluster at a time: a [gocron.Locker] over package lock. It does not make up
// for a run that failed or died: the next one is at the job's next time.
//
// Every node runs the same schedule, and its jobs are due by the clock:
// gocron.CronJob, DailyJob, WeeklyJob and the like. When a job is due, each node
// tries the lock of the job's name once, without waiting; one gets it and runs
// the job.
// The lock is then kept for [DefaultMinHold] at least, also when the job ends
// sooner or its node dies, so that a node whose clock is behind does not run
// the job again. Hence
//
//	clock skew < minimum hold < run interval
//
// or runs are doubled, or left out. Jobs that are due more often than every
// ten seconds or so need a shorter minimum hold than the default:
//
//	gocronlock.New(locker, lock.WithMinHold(500*time.Millisecond), lock.WithTTL(time.Second))
//
// Jobs by duration (gocron.DurationJob, DurationRandomJob) are not due by the
// clock: each node counts from its own start. Nodes that started at different
// times are due at different times, and each may run the job: up to as many runs
// in every interval as there are nodes. A minimum hold close to the interval
// leaves one of them, and gocron's WithStartAt with a start that all nodes
// compute alike makes them due together:
//
//	every := time.Minute
//	gocron.WithStartAt(gocron.WithStartDateTime(time.Now().Truncate(every).Add(every)))
//
// When a node dies while it runs a job, its lock ends with the TTL
// ([DefaultTTL]); a run that is due sooner than that is left out.
//
// If the lock server cannot be asked, no node runs the job; gocron tells its
// AfterLockError listener, as it does on the nodes that came too late;
// errors.Is tells [lock.ErrUnavailable] from [lock.ErrHeld].
//
// gocron does not tell a job that its lock was lost while it ran; see
// [Locker.Lease] for jobs that must end then.
package gocronlock
