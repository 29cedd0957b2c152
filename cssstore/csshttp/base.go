package csshttp

import (
	"context"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"
)

// baseFile keeps the modification time of the base CSS in memory, so that requests do
// not wait for a file system that hangs.
type baseFile struct {
	seen   atomic.Pointer[baseSeen]
	flight flight
}

type baseSeen struct{ tried, modified time.Time }

// baseModified returns the modification time of the base CSS, zero if that is unknown.
func (h *Handler) baseModified(ctx context.Context) time.Time {
	if h.public == nil {
		return time.Time{}
	}
	s := h.baseFile.seen.Load()
	if s == nil || time.Since(s.tried) >= DefaultRecheck {
		reading := h.do(ctx, &h.baseFile.flight, h.readBase)
		if s == nil {
			reading.await(ctx, waitTimeout)
			if s = h.baseFile.seen.Load(); s == nil {
				return time.Time{}
			}
		}
	}
	return s.modified
}

func (h *Handler) readBase(context.Context) {
	s := &baseSeen{tried: time.Now()}
	if fi, err := fs.Stat(h.public, strings.TrimPrefix(h.baseCSS, "/")); err == nil {
		s.modified = fi.ModTime()
	}
	h.baseFile.seen.Store(s)
}
