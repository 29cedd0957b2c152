package lock

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// server is the backend with what every request to it needs.
type server struct {
	backend  Backend
	props    Properties
	owner    Owner         // of the claims, without a label
	call     time.Duration // bounds a request
	tasks    *tasks
	schedule schedule
	logger   *slog.Logger
	observe  func(context.Context, Event)
}

// tell calls the observer.
func (s *server) tell(ctx context.Context, e Event) {
	e.Result = resultOf(e.Err)
	s.observe(ctx, e)
}

// newClaim returns a claim with a token of its own.
func (s *server) newClaim(label string) Claim {
	c := Claim{Token: newToken(), Owner: s.owner}
	c.Owner.Label = label
	return c
}

func newToken() Token {
	var b [16]byte
	rand.Read(b[:]) // never fails
	var text [tokenLength]byte
	base64.RawURLEncoding.Encode(text[:], b[:])
	return Token(text[:])
}

// tryAcquire sends one request, and records in the claim since when it may hold
// the name. If the error is ambiguous, the caller asks again or calls undo.
func (s *server) tryAcquire(ctx context.Context, name string, claim *Claim, ttl time.Duration) (fence uint64, err error) {
	claim.Owner.Since = time.Now()
	call, cancel := context.WithTimeout(ctx, min(s.call, ttl))
	defer cancel()
	fence, err = s.backend.Acquire(call, name, *claim, ttl)
	switch {
	case isAmbiguous(err):
		err = unavailable(err)
	case err == nil && time.Since(claim.Owner.Since) >= s.props.trusted(ttl):
		err = fmt.Errorf("%w: the answer took longer than the lease", ErrUnavailable)
	}
	return fence, err
}

// releaseBy returns until when a release that begins now may take: for the call
// timeout, and no longer than a Close may take.
func (s *server) releaseBy() time.Time { return s.tasks.limit(time.Now().Add(s.call)) }

// undo releases in the background what a request may have been granted although
// its reply was lost. A request in flight may be granted after the first answer
// ErrLost, so that counts only after a while. Of ctx it takes the values.
func (s *server) undo(ctx context.Context, name string, token Token, ttl time.Duration) {
	values := context.WithoutCancel(ctx)
	s.tasks.run(func() {
		began := time.Now()
		for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second+time.Since(began)/16) {
			ctx, cancel := context.WithDeadline(values, s.releaseBy())
			err := s.backend.Release(ctx, name, token)
			cancel()
			since := time.Since(began)
			if err == nil || since >= ttl || errors.Is(err, ErrLost) && since >= s.call || s.tasks.isClosing() {
				s.tell(values, Event{Op: "undo", Name: name, Duration: since, Err: leaseErr(err)})
				return
			}
			_ = sleep(s.tasks.closing, pause) // the last try is that of Close
		}
	})
}

// sleep returns the cause of the end of ctx if that comes before d has passed.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
