package nodes

import (
	"context"
	"fmt"
	"time"
)

// Overview is the cluster as a node sees it.
type Overview struct {
	// Nodes are all nodes that have a record, and this node, by host.
	Nodes []Node `json:"nodes"`
	// Listed is true if the other nodes see this one. NotListed says why not, in words
	// without addresses; the log has the error.
	Listed    bool   `json:"listed"`
	NotListed string `json:"not_listed,omitempty"`
	// ReadAt is when the other nodes were read, zero if never.
	ReadAt time.Time `json:"read_at,omitzero"`
	// Differences are those between the nodes; see [Compare].
	Differences []Difference `json:"differences"`
}

// Describe returns a sentence about one of the differences.
func (o *Overview) Describe(d Difference) string { return d.Describe(o.Nodes) }

// Overview reads the records of the nodes, in one request, or two if there is a new node.
// This node is as it is now, with the fingerprints that [Registry.Run] or
// [Registry.TakeFingerprints] took last. Overview writes nothing, but a filesystem cache
// removes expired records when they are read. With an error the other nodes are those that
// were last read.
func (r *Registry) Overview(ctx context.Context) (Overview, error) {
	_, err := r.read(ctx)
	if err != nil {
		err = fmt.Errorf("nodes: overview: %w", err)
	}
	o := Overview{Nodes: r.withSelf()}
	o.Differences = Compare(o.Nodes)
	r.mu.Lock()
	o.ReadAt, o.Listed, o.NotListed = r.readAt, r.heart.listed, r.heart.notListed
	r.mu.Unlock()
	return o, err
}

// withSelf returns the nodes that were last read, with this one as it is now in place of
// its record.
func (r *Registry) withSelf() []Node {
	self := r.snapshotSelf()
	all := []Node{self}
	r.mu.Lock()
	others := r.others
	r.mu.Unlock()
	for _, n := range others {
		// The same installation may have been published, while this node observes.
		if n.ID != self.ID {
			all = append(all, n)
		}
	}
	sortNodes(all)
	return all
}
