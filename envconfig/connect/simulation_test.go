package connect_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/lock"
)

// simulatedCSS is what the nodes of a simulation serve.
var simulatedCSS = cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".form{}")}

type simulatedProjects struct{}

func (simulatedProjects) Projects(context.Context) ([]cssstore.Project, error) {
	return []cssstore.Project{{UUID: simulatedCSS.Project, Hash: simulatedCSS.Hash}}, nil
}

// startNode runs a whole node in a simulation, which drains when it is told to stop.
func startNode(ctx context.Context, env cleanuptest.NodeEnv) error {
	settings, err := envconfig.FromEnviron([]string{
		"mosparo_installed=1", "mosparo_installed_version=1.5.4", "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1",
	})
	if err != nil {
		return err
	}
	node, err := connect.Open(ctx, settings, connect.WithMode(cleanup.ModeClean),
		connect.WithCache(env.Cache), connect.WithLock(env.Locks), connect.WithDatabase(env.Database), connect.WithProjects(simulatedProjects{}),
		connect.WithLockerOptions(lock.WithRandom(env.Random("lock"))), connect.WithSchedulerOptions(cleanup.WithRandom(env.Random("cleanup"))),
		connect.WithNodesOptions(nodes.WithHost(env.Host), nodes.WithRandom(env.Random("nodes"))))
	if err != nil {
		return err
	}
	_ = cachestore.New(node.Pool).Put(ctx, simulatedCSS) // mosparo's work; it may be unreachable
	env.Serve(node.Handler())
	err = node.Run(ctx)
	node.Health.Drain()
	time.Sleep(connect.DefaultDrain)
	return errors.Join(err, node.Close())
}

func simulatedCluster(seed uint64, days int) cleanuptest.Simulation {
	return cleanuptest.Simulation{
		Seed: seed, Duration: time.Duration(days) * 24 * time.Hour, Nodes: 3, GoNodes: 1, PHPNodes: int(seed % 2), Faults: true, Start: startNode,
		Traffic: cleanuptest.Traffic{
			Paths: []string{"/resources/" + simulatedCSS.Project.String() + "/" + simulatedCSS.Hash.String() + ".css"}, ReadyPath: health.ReadyPath,
		},
	}
}

func TestNode_KeepsItsPromisesInASimulation(t *testing.T) {
	seeds, days := uint64(2), 1 // the second cluster has a PHP node
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		seeds, days = 8, 3
	}
	for seed := range seeds {
		o := simulatedCluster(seed, days).Run(t)
		require.NoError(t, o.Err(), "seed %d", seed)
		require.NotEmpty(t, o.Runs)
		require.Greater(t, o.Requests.Statuses[http.StatusOK], 130*days)
	}
}

func TestNode_RunsTheSameWayFromTheSameSeed(t *testing.T) {
	first, last, days := uint64(1), uint64(1), 1
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		first, last, days = 0, 2, 3
	}
	for seed := first; seed <= last; seed++ {
		o := simulatedCluster(seed, days).Run(t)
		require.NotEmpty(t, o.Runs)
		require.Equal(t, o, simulatedCluster(seed, days).Run(t), "seed %d", seed)
	}
}
