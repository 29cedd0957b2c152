package requestid

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
)

// Header is the header with the id of a request. Balancers such as nginx and HAProxy can
// set it.
const Header = "X-Request-Id"

const traceHeader = "Traceparent"

// maxLength is the length of the longest id that a client may send.
const maxLength = 128

type contextKey struct{}

// requestContext is the context of a request, whose id is chosen when it is first asked
// for: most requests need none.
type requestContext struct {
	context.Context
	header, trace string
	once          sync.Once
	id            string
}

// Value implements [context.Context].
func (c *requestContext) Value(key any) any {
	if key == (contextKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// Handler returns a handler that calls next with a context that has an id. A context that
// has one already keeps it. The response has no such header: it may be stored in caches,
// and PHP nodes send none. It panics if next is nil.
func Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("requestid.Handler: next is nil")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(contextKey{}) == nil {
			r = r.WithContext(withHeaders(r.Context(), r.Header))
		}
		next.ServeHTTP(w, r)
	})
}

// withHeaders returns a context with the id that a request with these headers has.
func withHeaders(parent context.Context, h http.Header) context.Context {
	return &requestContext{Context: parent, header: h.Get(Header), trace: h.Get(traceHeader)}
}

// FromContext returns the id of the request in which ctx is used: 1 to 128 letters,
// digits and -._~+/=:@. It is empty outside of a request of [Handler].
func FromContext(ctx context.Context) string {
	c, ok := ctx.Value(contextKey{}).(*requestContext)
	if !ok {
		return ""
	}
	c.once.Do(func() { c.id = c.choose() })
	return c.id
}

func (c *requestContext) choose() string {
	if isValid(c.header) {
		return c.header
	}
	if id := traceID(c.trace); id != "" {
		return id
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

// isValid reports whether an id of a client can be written to any log.
func isValid(id string) bool {
	if id == "" || len(id) > maxLength {
		return false
	}
	return !strings.ContainsFunc(id, func(c rune) bool {
		isWord := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		return !isWord && !strings.ContainsRune("-._~+/=:@", c)
	})
}

// traceID returns the trace id of a traceparent, such as
// 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, or "" if it is invalid. Later
// versions may have more fields.
func traceID(header string) string {
	version, rest, _ := strings.Cut(header, "-")
	id, rest, _ := strings.Cut(rest, "-")
	parent, rest, _ := strings.Cut(rest, "-")
	flags, _, more := strings.Cut(rest, "-")
	switch {
	case !isHex(version, 2), version == "ff", version == "00" && more, !isHex(flags, 2):
		return ""
	case !isHex(id, 32), !isHex(parent, 16), strings.Trim(id, "0") == "", strings.Trim(parent, "0") == "":
		return ""
	}
	return id
}

// isHex reports whether s consists of so many hexadecimal digits in lower case.
func isHex(s string, length int) bool {
	return len(s) == length && strings.Trim(s, "0123456789abcdef") == ""
}
