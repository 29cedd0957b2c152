// Package health provides the health checks of a node: mosparo's own check, liveness and
// readiness. It also answers requests that a Go node cannot serve. It does not promise
// that the whole node works: readiness covers the checks that it was given.
//
//	checks := health.New(settings.Health, settings.Proxies, db.Ping, // db: a sqlcleaner.DB
//		health.WithReadiness(health.Check{Name: "css", Func: css.Ready}))
//	public.Handle("/", checks)
//	admin.Handle("/", checks.Admin())
//	checks.Drain() // on SIGTERM; serve until the balancer has noticed
//
// A [Handler] is mounted twice. On the public listener it answers health checks of the
// clients on MOSPARO_HEALTH_ALLOW_LIST, and every other path with 503; see
// [Handler.ServeHTTP]. On the admin listener, which only operators reach,
// [Handler.Admin] answers liveness and readiness without an allow list. [RequireToken]
// protects the other paths of an admin listener that more clients reach.
//
// # Paths
//
//   - [CheckPath] is mosparo's own check, with the bodies, the status codes and the
//     access rules of a PHP node. It does not change while the node drains. With
//     MOSPARO_BYPASS_HEALTH_CHECK it returns 200 without testing the database.
//   - [LivePath] returns 200 as long as the process answers. It asks no server: an
//     orchestrator restarts a node that is not live, which does not repair a database.
//   - [ReadyPath] returns 200 if the node can serve, and 503 if a [Check] fails or
//     [Handler.Drain] was called. Balancers use it. It does not test the database unless
//     a Check does.
//
// Methods other than GET and HEAD get 405 from all three.
//
// [LivePath] and [ReadyPath] have a JSON body: status is live, ready, not_ready or
// draining, and checks has the result of each check by its name, ok, and why it failed;
// it is empty for liveness and while the node drains:
//
//	{"status":"not_ready","checks":{"css":{"ok":false,"why":"no answer within 1s"}}}
//
// All checks run at the same time, each for at most [Timeout]: a response takes less than
// 2 s, even if a server hangs.
package health
