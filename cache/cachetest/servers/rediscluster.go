package servers

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// RedisCluster starts three masters that share the slots of a Redis Cluster,
// and so many replicas: the fourth node follows the first, the fifth the
// second, and so on. The arguments go to every node.
func RedisCluster(tb TB, replicas int, args ...string) []*RedisServer {
	tb.Helper()
	const masters = 3
	nodes := make([]*RedisServer, masters+replicas)
	buses := make([]int, len(nodes))
	for i := range nodes {
		var err error
		if buses[i], err = freePort(); err != nil {
			tb.Fatalf("servers: %v", err)
		}
		nodes[i] = Redis(tb, append([]string{
			"--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(buses[i]), "--cluster-node-timeout", "2000",
		}, args...)...)
	}
	for i, n := range nodes {
		if i < masters {
			n.Command(fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", i*16384/masters, (i+1)*16384/masters-1))
		}
		for j := range i {
			n.Command(fmt.Sprintf("CLUSTER MEET 127.0.0.1 %d %d", nodes[j].Port(), buses[j]))
		}
	}
	waitFor(tb, "a cluster of all nodes", func() bool { return together(nodes) })
	for i := masters; i < len(nodes); i++ {
		id := nodes[(i-masters)%masters].Command("CLUSTER MYID")
		waitFor(tb, "a replica in the cluster", func() bool { return nodes[i].Command("CLUSTER REPLICATE "+id) == "OK" })
		nodes[(i-masters)%masters].awaitReplica(nodes[i])
	}
	waitFor(tb, "all nodes to know the replicas", func() bool {
		for _, n := range nodes {
			if strings.Count(n.Command("CLUSTER NODES"), "slave ") != replicas {
				return false
			}
		}
		return true
	})
	return nodes
}

func together(nodes []*RedisServer) bool {
	for _, n := range nodes {
		if !strings.Contains(n.Command("CLUSTER INFO"), "cluster_state:ok") ||
			strings.Count(n.Command("CLUSTER NODES"), " connected") != len(nodes) {
			return false
		}
	}
	return true
}

func waitFor(tb TB, what string, ok func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(startTime); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("servers: timed out waiting for %s", what)
		}
	}
}
