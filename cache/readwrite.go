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

// Into returns a [Target] that stores the result for k in r. With a nil r,
// [Read] fails.
func (k Key[T]) Into(r *Result[T]) Target {
	if r == nil {
		return Target{key: string(k)}
	}
	var absent error // of the first time, for a target that is read again
	return Target{key: string(k), receive: func(p *Pool, raw []byte, err error) error {
		if err == nil && raw == nil {
			if absent == nil {
				_, absent = k.decode(p, nil)
			}
			err = absent
		}
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
	start := p.start()
	keys := make([]string, len(targets))
	for i, t := range targets {
		if t.receive == nil {
			return fmt.Errorf("cache: read %q: there is no result to fill", t.key)
		}
		keys[i] = t.key
	}
	raw, err := p.get(ctx, keys...)
	failed := keys
	if err != nil && len(raw) == len(keys) { // some keys have been read
		var op *OpError
		if errors.As(err, &op) {
			failed = op.Keys
		}
	}
	for i, t := range targets {
		if err != nil && slices.Contains(failed, t.key) {
			p.observe(ctx, OpGet, t.key, t.receive(p, nil, err), start)
		} else {
			p.observe(ctx, OpGet, t.key, t.receive(p, raw[i], nil), start)
		}
	}
	return err
}

// Entry is a typed value to [Write] under its key; [Key.With] and
// [Key.WithNull] make it. What an [Adapter] stores of it is an [Item].
type Entry struct {
	key   string
	value any
	ttl   time.Duration
}

// With returns the key with a value to write; ttl 0 means no expiry.
func (k Key[T]) With(v T, ttl time.Duration) Entry {
	return Entry{key: string(k), value: v, ttl: ttl}
}

// WithNull returns the key with a PHP null to write.
func (k Key[T]) WithNull(ttl time.Duration) Entry {
	return Entry{key: string(k), ttl: ttl}
}

// Write stores several typed values in one round trip, atomically where the
// backend can. Nothing is sent unless all of them can be encoded and stored.
func Write(ctx context.Context, p *Pool, entries ...Entry) error {
	start := p.start()
	items := make([]Item, len(entries))
	for i, e := range entries {
		var err error
		if items[i], err = e.item(p); err != nil {
			p.observe(ctx, OpSet, e.key, err, start)
			return err
		}
	}
	return p.set(ctx, items, start)
}

// item encodes the value and checks what an adapter would refuse.
func (e Entry) item(p *Pool) (Item, error) {
	raw, err := e.encode()
	if err != nil {
		return Item{}, err
	}
	if e.ttl < 0 {
		err = fmt.Errorf("%w: %v", ErrInvalidTTL, e.ttl)
	} else {
		err = p.checkSize(raw)
	}
	if err != nil {
		return Item{}, opError("set", e.key, err)
	}
	return Item{Key: e.key, Value: raw, TTL: e.ttl}, nil
}

// encode returns the value as it is stored.
func (e Entry) encode() ([]byte, error) {
	if err := ValidateKey(e.key); err != nil {
		return nil, err
	}
	raw, err := php.Marshal(e.value)
	if err != nil {
		return nil, opError("set", e.key, err)
	}
	return raw, nil
}

// checkSize returns [ErrTooLarge] for a serialized value above the limit.
func (p *Pool) checkSize(raw []byte) error {
	if len(raw) > p.maxValue {
		return fmt.Errorf("%w: %d bytes, limit %d", ErrTooLarge, len(raw), p.maxValue)
	}
	return nil
}

// nullable reports whether *v can hold a PHP null as nil.
func nullable(v any) bool {
	switch reflect.TypeOf(v).Elem().Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return true
	}
	return false
}
