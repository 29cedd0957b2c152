// Package requestid gives each HTTP request an id, by which it can be followed through
// the log, the events of the observers and the spans of a node, and in the log of the
// balancer before it.
//
//	http.Handle("/", requestid.Handler(application))
//
// connect.Node does this itself for what it serves, and adds the id to the lines of its
// log.
//
// The id is that of the client: the header X-Request-Id, or the trace id of the header
// traceparent (W3C Trace Context). Without one of a valid form it is random. A client can
// send any id, also that of another request: an id is neither unique nor a proof of
// anything.
package requestid
