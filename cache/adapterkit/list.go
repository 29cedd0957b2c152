package adapterkit

import (
	"errors"
	"iter"
)

var errStop = errors.New("stop")

// List makes the sequence of a [cache.Lister] from a scan that calls visit for
// each key, on the goroutine of its caller, and ends with the first error of
// visit. An error of scan becomes a [*cache.OpError].
func List(scan func(visit func(key string) error) error) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		stopped := false
		err := scan(func(key string) error {
			if !yield(key, nil) {
				stopped = true
				return errStop
			}
			return nil
		})
		if err != nil && !stopped {
			yield("", Error("list", nil, err))
		}
	}
}
