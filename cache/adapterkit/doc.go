// Package adapterkit has what the authors of a [cache.Adapter] need and its
// users do not: checks before a request is sent, the errors that portable code
// relies on, and the state that a Close ends. The adapters of this module are
// written with it; cachetest.Conformance checks one.
package adapterkit
