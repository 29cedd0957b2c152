package csshttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	logoFile = "build/images/mosparo_text_logo.svg"
	maxLogo  = 1 << 20
)

// logo keeps the logo in memory.
type logo struct {
	set    atomic.Pointer[logoSet]
	flight flight
}

type logoSet struct {
	tried  time.Time
	source []byte
	// asIs is the file. opaque has full opacity, light and dark also have black and
	// white text, for pages that are light and dark.
	asIs, opaque, light, dark *content
}

func (h *Handler) serveLogo(w http.ResponseWriter, r *http.Request) {
	s := h.logo.set.Load()
	if s == nil || time.Since(s.tried) >= MaxRecheck {
		reading := h.do(r.Context(), &h.logo.flight, h.readLogo)
		if s == nil {
			reading.await(r.Context(), waitTimeout)
			if s = h.logo.set.Load(); s == nil {
				unavailable(w, r)
				return
			}
		}
	}
	c := s.asIs
	if r.URL.RawQuery != "" {
		c = s.choose(r)
	}
	head := w.Header()
	head["Access-Control-Allow-Origin"] = anyOrigin
	head["Access-Control-Expose-Headers"] = exposed
	head["Cache-Control"] = cacheYear
	if h.public == nil { // another node may have the file
		head["Cache-Control"] = cacheMinute
	}
	c.serve(w, r, bodyOfLogo)
}

func bodyOfLogo(h http.Header) {
	setSecurityHeaders(h)
	h["Content-Type"] = typeSVG
	h["Content-Disposition"] = inlineLogo
}

// choose selects the variant as mosparo does: fc is forced-colors, pcs is
// prefers-color-scheme. As in PHP, the last of several parameters of one name counts.
func (s *logoSet) choose(r *http.Request) *content {
	query := r.URL.Query()
	last := func(name, otherwise string) string {
		if all := query[name]; len(all) > 0 {
			return all[len(all)-1]
		}
		return otherwise
	}
	if forced := last("fc", ""); forced == "" || forced == "0" {
		return s.asIs
	}
	switch last("pcs", "l") {
	case "l":
		return s.light
	case "d":
		return s.dark
	}
	return s.opaque
}

// readLogo reads the file. As in mosparo, the logo is empty if there is no file. After an
// error the last one that was read is kept.
func (h *Handler) readLogo(ctx context.Context) {
	svg, err := h.logoSource()
	old := h.logo.set.Load()
	h.failing.logo.note(ctx, h.logger, "the logo cannot be read", err)
	if old == nil && err != nil {
		return
	}
	if old != nil && (err != nil || bytes.Equal(svg, old.source)) {
		next := *old
		next.tried = time.Now()
		h.logo.set.Store(&next)
		return
	}
	opaque := bytes.ReplaceAll(svg, []byte("opacity:0.8;"), []byte("opacity:1.0;"))
	colour := func(c string) *content {
		return h.newContent(bytes.ReplaceAll(opaque, []byte("var(--mosparo-text-color, rgb(0, 0, 0))"), []byte(c)))
	}
	h.logo.set.Store(&logoSet{
		tried: time.Now(), source: svg,
		asIs: h.newContent(svg), opaque: h.newContent(opaque), light: colour("#000000"), dark: colour("#FFFFFF"),
	})
}

func (h *Handler) logoSource() (svg []byte, err error) {
	defer recoverTo(&err)
	if h.public == nil {
		return nil, nil
	}
	f, err := h.public.Open(logoFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	svg, err = io.ReadAll(io.LimitReader(f, maxLogo+1))
	if err == nil && len(svg) > maxLogo {
		err = fmt.Errorf("%s has more than %d bytes", logoFile, maxLogo)
	}
	return svg, err
}
