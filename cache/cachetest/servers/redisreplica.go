package servers

import (
	"regexp"
	"strconv"
	"strings"
)

// Replica starts a server that follows this one, and waits until it has the data
// of this one and has acknowledged it. Arguments of this server that a replica
// needs too, such as passwords, have to be given again.
func (r *RedisServer) Replica(args ...string) *RedisServer {
	r.tb.Helper()
	replica := Redis(r.tb, append([]string{"--replicaof", "127.0.0.1", strconv.Itoa(r.port)}, args...)...)
	r.awaitReplica(replica)
	return replica
}

// awaitReplica waits until a replica has the data of this server and has
// acknowledged it: WAIT counts it from then on. The pings of the master, one a second, raise
// the offset that a replica acknowledges.
func (r *RedisServer) awaitReplica(replica *RedisServer) {
	r.tb.Helper()
	waitFor(r.tb, "a replica with everything", func() bool {
		return strings.Contains(replica.Command("INFO replication"), "master_link_status:up")
	})
	acknowledged := regexp.MustCompile(`port=` + strconv.Itoa(replica.port) + `,state=online,offset=[1-9]`)
	waitFor(r.tb, "a replica's acknowledgement", func() bool {
		return acknowledged.MatchString(r.Command("INFO replication"))
	})
}
