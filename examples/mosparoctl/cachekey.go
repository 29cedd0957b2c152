package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

// rawKey returns a key as stored on the server, or the path of a file. On memcached it
// reads the namespace version.
func rawKey(ctx context.Context, c cache.Adapter, key string) (string, error) {
	switch c := c.(type) {
	case interface {
		RawKey(ctx context.Context, key string) (string, error)
	}:
		return c.RawKey(ctx, key)
	case interface{ File(key string) string }:
		return c.File(key), nil
	}
	return key, nil
}

// place is where an entry is stored. It has only what the command asks for.
type place struct {
	Key string `json:"key"`
	// Raw is the key on the server, or the path of the file.
	Raw    string `json:"raw,omitempty"`
	Server string `json:"server,omitempty"`
	// Path is relative to the cache directory.
	Path string `json:"path,omitempty"`
}

// showPlaces writes one line for each place, which is what line returns, or one JSON line.
func (a *app) showPlaces(places []place, asJSON bool, line func(place) string) error {
	if asJSON {
		return writeLines(a, places)
	}
	for _, p := range places {
		if _, err := fmt.Fprintln(a.stdout, line(p)); err != nil {
			return err
		}
	}
	return nil
}

func cacheKey(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	asJSON := jsonFlag(flags)
	return func(keys []string) error {
		if err := validKeys(keys); err != nil {
			return err
		}
		return a.withCache(func(c cache.Adapter) error {
			places := make([]place, len(keys))
			for i, k := range keys {
				raw, err := rawKey(ctx, c, k)
				if err != nil {
					return err
				}
				places[i] = place{Key: k, Raw: raw}
			}
			return a.showPlaces(places, *asJSON, func(p place) string { return oneWord(p.Raw) })
		})
	}
}

func cacheServer(ctx context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	raw := flags.Bool("raw", false, "the keys are given as stored on the server; sends no request")
	asJSON := jsonFlag(flags)
	return func(keys []string) error {
		if len(keys) == 0 || !*raw {
			if err := validKeys(keys); err != nil {
				return err
			}
		}
		return a.withCache(func(c cache.Adapter) error {
			m, ok := c.(interface {
				Servers() *memcachedadapter.Servers
			})
			if !ok {
				return errors.New("only memcached distributes keys over servers; see MOSPARO_CACHE_ADAPTER")
			}
			places := make([]place, len(keys))
			for i, k := range keys {
				at := k
				if !*raw {
					var err error
					if at, err = rawKey(ctx, c, k); err != nil {
						return err
					}
				}
				places[i] = place{Key: k, Server: m.Servers().ServerOf(at).String()}
			}
			return a.showPlaces(places, *asJSON, func(p place) string { return oneWord(p.Key) + "\t" + p.Server })
		})
	}
}

// oneWord quotes a key that a terminal or a script could misinterpret.
func oneWord(key string) string {
	quoted := strconv.QuoteToGraphic(key)
	if quoted[1:len(quoted)-1] != key || strings.ContainsAny(key, " \u00a0") {
		return strconv.QuoteToASCII(key)
	}
	return key
}
