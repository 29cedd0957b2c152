package servers

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
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
			tb.Fatalf("servers: waited in vain for %s", what)
		}
	}
}

// Replica starts a server that follows this one, and waits until it has
// everything and this one has heard so. The arguments of the first server that a replica needs, such as
// passwords, have to be given again.
func (r *RedisServer) Replica(args ...string) *RedisServer {
	r.tb.Helper()
	replica := Redis(r.tb, append([]string{"--replicaof", "127.0.0.1", strconv.Itoa(r.port)}, args...)...)
	r.awaitReplica(replica)
	return replica
}

// awaitReplica waits until a replica has everything and its master has heard
// so: WAIT counts it from then on. The pings of the master, one a second, raise
// the offset that a replica acknowledges.
func (r *RedisServer) awaitReplica(replica *RedisServer) {
	r.tb.Helper()
	waitFor(r.tb, "a replica with everything", func() bool {
		return strings.Contains(replica.Command("INFO replication"), "master_link_status:up")
	})
	heard := regexp.MustCompile(`port=` + strconv.Itoa(replica.port) + `,state=online,offset=[1-9]`)
	waitFor(r.tb, "a replica's acknowledgement", func() bool {
		return heard.MatchString(r.Command("INFO replication"))
	})
}

// Command sends a command to the server, its words parted by spaces, and
// returns the answer: a line, a text, or an error beginning with a minus sign.
// A password of the arguments is sent first.
func (r *RedisServer) Command(line string) string {
	r.tb.Helper()
	answer, err := r.command(line)
	if err != nil {
		r.tb.Fatalf("servers: redis: %s: %v", line, err)
	}
	return answer
}

func (r *RedisServer) command(line string) (string, error) {
	c, err := net.DialTimeout("tcp", r.Addr(), startTime)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(startTime)); err != nil {
		return "", err
	}
	in := bufio.NewReader(c)
	if r.password != "" {
		if _, err := ask1(c, in, "AUTH "+r.password); err != nil {
			return "", err
		}
	}
	return ask1(c, in, line)
}

// ask1 sends a line of Redis's inline protocol and reads one answer.
func ask1(c net.Conn, in *bufio.Reader, line string) (string, error) {
	if _, err := io.WriteString(c, line+"\r\n"); err != nil {
		return "", err
	}
	head, err := in.ReadString('\n')
	if err != nil {
		return "", err
	}
	head = strings.TrimSuffix(head, "\r\n")
	if head == "" || head[0] != '$' {
		return strings.TrimPrefix(strings.TrimPrefix(head, "+"), ":"), nil
	}
	n, err := strconv.Atoi(head[1:])
	if err != nil || n < 0 {
		return "", err
	}
	b := make([]byte, n+2)
	_, err = io.ReadFull(in, b)
	return string(b[:n]), err
}

// RedisSentinel starts a sentinel that watches a master under the name
// mymaster and alone decides that it is down, after half a second. The lines
// go to its configuration.
func RedisSentinel(tb TB, masterPort int, lines ...string) *Process {
	tb.Helper()
	return start(tb, spec{
		name: "sentinel", binary: "redis-server", pkg: "redis-server",
		args: func(port int, dir string) []string {
			return []string{filepath.Join(dir, "sentinel.conf"), "--sentinel", "--port", strconv.Itoa(port)}
		},
		prepare: func(p *Process) error {
			conf := append([]string{
				"bind 127.0.0.1", "dir " + p.dir,
				fmt.Sprintf("sentinel monitor mymaster 127.0.0.1 %d 1", masterPort),
				"sentinel down-after-milliseconds mymaster 500", "sentinel failover-timeout mymaster 2000",
			}, lines...)
			return os.WriteFile(filepath.Join(p.dir, "sentinel.conf"), []byte(strings.Join(conf, "\n")+"\n"), 0o600)
		},
		ready: redisReady,
	})
}
