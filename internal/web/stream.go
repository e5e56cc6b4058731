package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"regia/internal/experience"
)

// Stream registers an operation that writes its answer by itself, piece by
// piece. An error that h returns before it wrote anything becomes problem+json;
// after that only breaking the connection tells (http.ErrAbortHandler). What it
// answers with stands in op.Responses.
func Stream[I any](s *Site, op huma.Operation, allow []experience.Role, h func(ctx context.Context, in *I, w http.ResponseWriter) error) {
	Operation(s, op, allow, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(c huma.Context) {
			r, w := humago.Unwrap(c)
			s.fail(w, &Request{Request: r, L: LocaleFrom(ctx)}, h(ctx, in, w))
		}}, nil
	})
}
