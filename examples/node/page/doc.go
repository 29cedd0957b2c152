// Package page is the status page of a node: the state of a mosparo cluster as one node
// sees it, for operators. It is a handler for the admin listener of the program in
// examples/node, and of any other program with a [connect.Node]:
//
//	status := page.New(node, page.WithToken(token))
//	go status.Run(ctx) // measures the servers for the charts
//	admin.Handle("/", status)
//
// The page needs no JavaScript; where there is some it updates itself. It reads from the
// cluster what it shows and writes nothing, except for a pause that an operator orders.
// All readers of the page share one read of the cluster at a time, and it answers within
// two seconds even if servers do not.
//
// Every client of the handler can read the page: put it on a listener that only
// operators reach, or behind [health.RequireToken].
package page
