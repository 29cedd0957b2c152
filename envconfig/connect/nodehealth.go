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

func (n *Node) ready(ctx context.Context) error {
	switch {
	case !n.warm.Load():
		return errors.New("the css is being loaded into memory")
	case n.CSS == nil:
		return nil
	}
	return n.CSS.Ready(ctx)
}
