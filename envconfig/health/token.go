package health

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
)

// ErrToken is the error of [NewToken] and [ReadToken] for a text that is not a token. For
// operators, "What can go wrong" in examples/deploy/README.md says what to do.
var ErrToken = errors.New("a bearer token is one word of visible ASCII characters")

// maxToken is the longest token, in bytes.
const maxToken = 4096

// Token is a bearer token (RFC 6750). It holds only a hash, so it cannot be printed.
type Token struct{ sum [sha256.Size]byte }

// NewToken returns the token with a text: one word of visible ASCII characters, 4096 at
// most. The error wraps [ErrToken].
func NewToken(text string) (Token, error) {
	switch {
	case text == "":
		return Token{}, fmt.Errorf("%w: it is empty", ErrToken)
	case len(text) > maxToken:
		return Token{}, fmt.Errorf("%w: it has more than %d bytes", ErrToken, maxToken)
	case strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }):
		return Token{}, fmt.Errorf("%w: it has other characters", ErrToken)
	}
	return Token{sum: sha256.Sum256([]byte(text))}, nil
}

// ReadToken reads a token from a file, without the white space around it. With
// [WithLogger] it warns if every user of the system can read the file. The error names
// the file; it wraps [ErrToken] or is one of the file system.
func ReadToken(path string, opts ...Option) (Token, error) {
	o := newOptions(opts)
	f, err := os.Open(path)
	if err != nil {
		return Token{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 2*maxToken))
	if err != nil {
		return Token{}, err
	}
	t, err := NewToken(strings.TrimSpace(string(text)))
	if err != nil {
		return Token{}, fmt.Errorf("%s: %w", path, err)
	}
	if fi, err := f.Stat(); err == nil && fi.Mode().Perm()&0o004 != 0 {
		o.logger.Warn("every user can read the file of the token", slog.String("file", path), slog.String("file_mode", fi.Mode().String()))
	}
	return t, nil
}

// RequireToken returns a handler that passes requests with the token to next and answers
// others with 401. Programs send it as a bearer token; browsers, which ask a person for
// it, as the password of basic authentication, with any user name. A browser sends the
// password with requests that another site makes it send, too: those that may change
// something are answered with 403; see [http.CrossOriginProtection]. [LivePath] and
// [ReadyPath] need no token, since orchestrators and balancers have none. It panics if t
// is the zero Token or next is nil.
func RequireToken(t Token, next http.Handler) http.Handler {
	if t == (Token{}) {
		panic("health.RequireToken: t is empty")
	}
	if next == nil {
		panic("health.RequireToken: next is nil")
	}
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != LivePath && r.URL.Path != ReadyPath && !t.isIn(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="admin"`)
			w.Header().Add("WWW-Authenticate", `Basic realm="admin"`)
			write(w, http.StatusUnauthorized, textType, "401: send the header Authorization: Bearer TOKEN, or the token as a password\n")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isIn reports whether a request has the token.
func (t Token) isIn(r *http.Request) bool {
	if _, password, ok := r.BasicAuth(); ok {
		return t.matches(password)
	}
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && t.matches(strings.TrimSpace(text))
}

// matches compares hashes in constant time, which reveals neither the token nor its
// length.
func (t Token) matches(text string) bool {
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(sum[:], t.sum[:]) == 1
}
