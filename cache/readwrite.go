package cache

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cache/php"
)

// Target receives one key of a [Read]; made by [Key.Into].
type Target struct {
	key     string
	receive func(p *Pool, raw []byte, err error) error
}

// Into makes the result of the key go to r. Where that is nil, [Read] fails.
func (k Key[T]) Into(r *Result[T]) Target {
	if r == nil {
		return Target{key: string(k)}
	}
	return Target{key: string(k), receive: func(p *Pool, raw []byte, err error) error {
		*r = Result[T]{Err: err}
		if err == nil {
			r.Value, r.Err = k.decode(p, raw)
		}
		return r.Err
	}}
}

// Read reads several typed keys in one round trip. Its error is that of the
// request; what concerns one key only (absent, null, undecodable) is in its
// [Result].
func Read(ctx context.Context, p *Pool, targets ...Target) error {
	started := p.started()
	keys := make([]string, len(targets))
	for i, t := range targets {
		if t.receive == nil {
			return fmt.Errorf("cache: read %q: there is no result to fill", t.key)
		}
		keys[i] = t.key
	}
	raw, err := p.get(ctx, keys...)
	failed := keys
	var op *OpError
	if errors.As(err, &op) && len(raw) == len(keys) {
		failed = op.Keys
	}
	for i, t := range targets {
		if err != nil && slices.Contains(failed, t.key) {
			p.done(OpGet, t.key, t.receive(p, nil, err), started)
		} else {
			p.done(OpGet, t.key, t.receive(p, raw[i], nil), started)
		}
	}
	return err
}

// Entry is one typed value of a [Write]; made by [Key.With] and
// [Key.WithNull].
type Entry struct {
	key   string
	value any
	ttl   time.Duration
}

// With is the key with a value to write; ttl 0 means no expiry.
func (k Key[T]) With(v T, ttl time.Duration) Entry {
	return Entry{key: string(k), value: v, ttl: ttl}
}

// WithNull is the key with a PHP null to write.
func (k Key[T]) WithNull(ttl time.Duration) Entry {
	return Entry{key: string(k), ttl: ttl}
}

// Write stores several typed values in one round trip, atomically where the
// backend can. Nothing is sent unless all of them can be encoded.
func Write(ctx context.Context, p *Pool, entries ...Entry) error {
	started := p.started()
	items := make([]Item, len(entries))
	for i, e := range entries {
		raw, err := e.encode()
		if err != nil {
			p.done(OpSet, e.key, err, started)
			return err
		}
		items[i] = Item{Key: e.key, Value: raw, TTL: e.ttl}
	}
	return p.set(ctx, items, started)
}

// encode returns the value as it is stored.
func (e Entry) encode() ([]byte, error) {
	if err := ValidateKey(e.key); err != nil {
		return nil, err
	}
	raw, err := php.Marshal(e.value)
	if err != nil {
		return nil, &OpError{Op: "set", Keys: []string{e.key}, Err: err}
	}
	return raw, nil
}

// nullable reports whether *v can hold a PHP null as nil.
func nullable(v any) bool {
	switch reflect.TypeOf(v).Elem().Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return true
	}
	return false
}
