package csshttp

import (
	"context"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"
)

// baseFile keeps the modification time of the base CSS: no request waits for a
// file system that does not answer.
type baseFile struct {
	seen   atomic.Pointer[baseSeen]
	flight flight
}

type baseSeen struct{ tried, modified time.Time }

// baseModified is the time of the base file, zero if it is not there.
func (h *Handler) baseModified(ctx context.Context) time.Time {
	if h.public == nil {
		return time.Time{}
	}
	s := h.baseFile.seen.Load()
	if s == nil || time.Since(s.tried) >= DefaultRecheck {
		looking := h.do(&h.baseFile.flight, h.lookAtBase) //nolint:contextcheck // what one request begins, others wait for
		if s == nil {
			looking.await(ctx, waitTimeout)
			if s = h.baseFile.seen.Load(); s == nil {
				return time.Time{}
			}
		}
	}
	return s.modified
}

func (h *Handler) lookAtBase(context.Context) {
	s := &baseSeen{tried: time.Now()}
	if fi, err := fs.Stat(h.public, strings.TrimPrefix(h.baseCSS, "/")); err == nil {
		s.modified = fi.ModTime()
	}
	h.baseFile.seen.Store(s)
}
