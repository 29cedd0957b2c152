package cleanuptest

import (
	"fmt"
	"net/http"
	"time"
)

// Traffic is what clients ask the nodes that run [Simulation].Start, through a balancer. The
// balancer checks the health of each node at most six seconds before it sends a request,
// sends that to a random one that is ready, and to the next if the connection is refused.
// Without Paths and Request there is none.
type Traffic struct {
	// Paths are requested with GET, a random one each time.
	Paths []string
	// Request, if not nil, makes the requests in place of Paths. n counts them from 0.
	Request func(n int) *http.Request
	// Interval is the average time between two requests; the default is 10 minutes. In
	// the 20 seconds before a process ends, and after it has started or ended, there are
	// five more.
	Interval time.Duration
	// ReadyPath is what the health check requests with GET: a node is ready if it answers
	// with a status below 400 within two seconds. By default a node is ready if it accepts
	// connections.
	ReadyPath string
}

func (t Traffic) isSet() bool { return len(t.Paths) > 0 || t.Request != nil }

// Requests are those of [Traffic].
type Requests struct {
	// Sent counts all of them.
	Sent int
	// Statuses counts the answers of nodes by their status.
	Statuses map[int]int
	// NotReady counts the requests that no node got, since none was ready.
	NotReady int
	// Failed are the requests that a ready node answered with a status of 500 or more, or
	// not at all.
	Failed []FailedRequest
}

// FailedRequest is a request that failed although a node was ready.
type FailedRequest struct {
	At     time.Duration // when it was sent
	Node   string
	Path   string
	Status int   // 0 if there was no answer
	Err    error // why not, else nil
	// Avoidable is true if the node did not crash, and servers and network had no fault
	// since its health was checked.
	Avoidable bool
}

// String describes the request in one line.
func (f FailedRequest) String() string {
	if f.Err != nil {
		return fmt.Sprintf("%s of %s at %v: %v", f.Path, f.Node, f.At, f.Err)
	}
	return fmt.Sprintf("%s of %s at %v: status %d", f.Path, f.Node, f.At, f.Status)
}
