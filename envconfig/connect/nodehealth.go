package connect

import (
	"context"
	"errors"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig/health"
)

// checkHealth makes the health checks. The node is ready when it can serve CSS; one
// that serves none, when it runs.
func (b *builder) checkHealth() {
	n := b.n
	opts := []health.Option{
		health.WithLogger(b.logger), health.WithInstallation(n.installation),
		health.WithReadiness(health.Check{Name: "css", Func: n.ready}),
	}
	n.Health = health.New(n.Settings.Health, n.Settings.Proxies, pingOf(n.Database), append(opts, b.node.healthOptions...)...)
}

// pingOf asks a database whether it answers.
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
		return errors.New("the css is still being loaded")
	case n.CSS == nil:
		return nil
	}
	return n.CSS.Ready(ctx)
}
