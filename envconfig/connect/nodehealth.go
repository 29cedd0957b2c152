package connect

import (
	"context"
	"errors"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig/health"
)

// checkHealth adds the health checks. The node is ready when it can serve CSS, or as
// soon as it runs if it serves none.
func (b *builder) checkHealth() {
	n := b.n
	opts := []health.Option{
		health.WithLogger(b.logger), health.WithInstallation(n.installation),
		health.WithReadiness(health.Check{Name: "css", Func: n.ready}),
	}
	n.Health = health.New(n.Settings.Health, n.Settings.Proxies, pingOf(n.Database), append(opts, b.node.healthOptions...)...)
}

// pingOf returns the function that checks whether the database answers.
func pingOf(db cleanup.Database) func(context.Context) error {
	if p, ok := db.(interface {
		Ping(ctx context.Context) error
	}); ok {
		return p.Ping
	}
	return func(ctx context.Context) error {
		_, err := db.Recent(ctx, 1)
		return err
	}
}

// ready says first what the node lacks, which may be why it is not warm.
func (n *Node) ready(ctx context.Context) error {
	if n.CSS != nil {
		if err := n.CSS.Ready(ctx); err != nil {
			return err
		}
	}
	switch {
	case n.warm.Load():
		return nil
	case n.CSS == nil:
		return errors.New("the node does not run yet")
	}
	return errors.New("the css is being loaded into memory")
}
