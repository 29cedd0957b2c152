package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mosparo/go-cluster/envconfig/health"
)

// maxAnswer limits what the page keeps of an answer of the node's other handlers, in bytes.
const maxAnswer = 1 << 20

var errTooLarge = errors.New("the answer is too large")

// recorder is the answer of one of the node's other handlers.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	cut    bool // the answer is larger than maxAnswer
}

// ask returns the answer of a handler to a GET request.
func ask(ctx context.Context, h http.Handler, path string) (*recorder, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return nil, err
	}
	rec := &recorder{header: http.Header{}}
	h.ServeHTTP(rec, r)
	return rec, nil
}

// Header implements [http.ResponseWriter].
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements [http.ResponseWriter].
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write implements [http.ResponseWriter].
func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if r.cut = r.cut || r.body.Len()+len(b) > maxAnswer; r.cut {
		return 0, errTooLarge
	}
	return r.body.Write(b)
}

// readReadiness asks the node's own probe, as a balancer does.
func (p *Page) readReadiness(ctx context.Context) (r readiness, err error) {
	answer, err := ask(ctx, p.node.Health.Admin(), health.ReadyPath)
	if err == nil {
		err = json.Unmarshal(answer.body.Bytes(), &r)
	}
	return r, err
}
