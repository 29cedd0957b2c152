// Package health answers for the health of a node: mosparo's own check, liveness,
// readiness, and requests that a Go node cannot serve. It does not promise that
// the whole node works: a check covers what it was given.
//
// A [Handler] is mounted twice. On the public listener it answers the health checks
// for clients on MOSPARO_HEALTH_ALLOW_LIST, and every other path with 503 (see
// [Handler.ServeHTTP]). On the admin listener, which only operators reach,
// [Handler.Admin] answers liveness and readiness for everyone; [RequireToken]
// protects the rest of that listener where others reach it, too.
//
// # Paths
//
//   - [CheckPath] is mosparo's own check, with the bodies, the status codes and the
//     access rules of a PHP node. It does not change while the node drains.
//   - [LivePath] answers 200 as long as the process answers at all. It never asks a
//     server: an orchestrator restarts what is not live, and restarting a node does
//     not repair a database.
//   - [ReadyPath] answers 200 if the node can serve what it is there for, else 503:
//     when a [Check] fails, and from [Handler.Drain] on. Balancers use it.
//
// The last two have a JSON body: status (live, ready, not_ready or draining) and
// checks, which gives for each check by its name ok and, if that is false, why.
//
//	{"status":"not_ready","checks":{"css":{"ok":false,"why":"no answer within 1s"}}}
//
// Each check has [Timeout], and all run at the same time: an answer takes less than
// 2 s, even if a server hangs.
package health
