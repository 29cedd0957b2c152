package csshttp

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
)

// content is a body with its compressed variants. It is immutable.
type content struct {
	sum                 [sha256.Size]byte
	plain, gzip, brotli variant
}

// variant is a body in one encoding, with the values of its headers. The zero variant
// stands for none.
type variant struct {
	body                   []byte
	etag, length, encoding []string
}

// Compression levels. The highest of brotli takes 36 MB and five times as long, for 8 %
// less.
const (
	gzipLevel   = gzip.BestCompression
	brotliLevel = 6
)

// newContent compresses a body. A call takes some 3 MB. Many projects may be requested
// after a start, so only as many calls run concurrently as there are processors.
func (h *Handler) newContent(body []byte) *content {
	h.compressing <- struct{}{}
	defer func() { <-h.compressing }()
	c := &content{sum: sha256.Sum256(body)}
	tag := hex.EncodeToString(c.sum[:16])
	c.plain = newVariant(body, tag, "")
	var b bytes.Buffer
	// Writing to a buffer does not fail, nor do the levels.
	if z, err := gzip.NewWriterLevel(&b, gzipLevel); err == nil {
		_, _ = z.Write(body)
		_ = z.Close()
		c.gzip = compressedVariant(&b, body, tag, "gzip")
	}
	b.Reset()
	z := brotli.NewWriterLevel(&b, brotliLevel)
	_, _ = z.Write(body)
	_ = z.Close()
	c.brotli = compressedVariant(&b, body, tag, "br")
	return c
}

// compressedVariant returns the variant of a compressed body, none if that is not
// smaller.
func compressedVariant(b *bytes.Buffer, body []byte, tag, encoding string) variant {
	if b.Len() >= len(body) {
		return variant{}
	}
	return newVariant(bytes.Clone(b.Bytes()), tag+"-"+encoding, encoding)
}

func newVariant(body []byte, tag, encoding string) variant {
	v := variant{body: body, etag: []string{`"` + tag + `"`}, length: []string{strconv.Itoa(len(body))}}
	if encoding != "" {
		v.encoding = []string{encoding}
	}
	return v
}

// size returns the memory that c takes, in bytes.
func (c *content) size() int {
	const overhead = 1024
	return overhead + len(c.plain.body) + len(c.gzip.body) + len(c.brotli.body)
}

// choose returns the variant that the client prefers; for a range it is the plain one.
func (c *content) choose(r *http.Request) *variant {
	accepted := r.Header["Accept-Encoding"]
	if len(accepted) == 0 || isRange(r) {
		return &c.plain
	}
	br, gz, plain := qualities(accepted)
	switch {
	case br > 0 && br >= max(gz, plain) && c.brotli.body != nil:
		return &c.brotli
	case gz > 0 && gz >= plain && c.gzip.body != nil:
		return &c.gzip
	}
	return &c.plain
}

// isRange reports whether the request is for a range of bytes. Ranges count only with
// GET.
func isRange(r *http.Request) bool {
	asked := r.Header["Range"]
	return len(asked) > 0 && r.Method == http.MethodGet && strings.HasPrefix(asked[0], "bytes=")
}

// qualities returns the weights of brotli, gzip and no encoding, in thousandths.
func qualities(accepted []string) (br, gz, plain int) {
	br, gz, other := -1, -1, 0
	for _, list := range accepted {
		for list != "" {
			var item string
			item, list, _ = strings.Cut(list, ",")
			name, params, weighted := strings.Cut(item, ";")
			q := 1000
			if weighted {
				q = weight(params)
			}
			switch name = strings.TrimSpace(name); {
			case strings.EqualFold(name, "br"):
				br = q
			case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
				gz = q
			case strings.EqualFold(name, "identity"):
				plain = q
			case name == "*":
				other = q
			}
		}
	}
	if br < 0 {
		br = other
	}
	if gz < 0 {
		gz = other
	}
	return br, gz, plain
}

// weight parses a weight such as q=0.5. An invalid one is 0.
func weight(params string) int {
	value, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(params)), "q=")
	f, err := strconv.ParseFloat(value, 64)
	if !ok || err != nil || !(f >= 0 && f <= 1) {
		return 0
	}
	return int(f * 1000)
}

// serve responds with the content. The caller has set the headers of every response;
// setBodyHeaders sets those that are only for a response with a body.
func (c *content) serve(w http.ResponseWriter, r *http.Request, setBodyHeaders func(http.Header)) {
	v := c.choose(r)
	h := w.Header()
	h["Vary"] = vary
	h["Etag"] = v.etag
	switch {
	case v.isRefused(r):
		h["Cache-Control"] = cacheNone
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	case v.isUnchanged(r):
		w.WriteHeader(http.StatusNotModified)
		return
	}
	setBodyHeaders(h)
	if isRange(r) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(v.body))
		return
	}
	h["Accept-Ranges"] = acceptRanges
	h["Content-Length"] = v.length
	if v.encoding != nil {
		h["Content-Encoding"] = v.encoding
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(v.body) // an error means that the client is gone
	}
}
