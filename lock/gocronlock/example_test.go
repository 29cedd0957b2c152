package gocronlock_test

import (
	"fmt"
	"time"

	"github.com/go-co-op/gocron/v2"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/gocronlock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

func Example() {
	locker := lock.New(memorylocker.New()) // between nodes: redislocker.New(client)
	defer locker.Close()
	jobs := gocronlock.New(locker, lock.WithMaxHold(time.Hour))

	scheduler, err := gocron.NewScheduler(gocron.WithDistributedLocker(jobs))
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan struct{})
	_, err = scheduler.NewJob(
		gocron.OneTimeJob(gocron.OneTimeJobStartImmediately()), // gocron.CronJob("0 3 * * *", false)
		gocron.NewTask(func() {
			// One node at a time comes here.
			fmt.Println("held:", jobs.Lease("report").Err() == nil)
			close(done)
		}),
		gocron.WithName("report")) // the lock's name, the same on every node
	if err != nil {
		fmt.Println(err)
		return
	}
	scheduler.Start()
	<-done
	fmt.Println(scheduler.Shutdown())
	// Output:
	// held: true
	// <nil>
}
