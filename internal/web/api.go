package web

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"regia/internal/experience"
)

func (s *Site) newAPI() huma.API {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	version := s.options.Version
	if version == "" {
		version = "dev"
	}
	return humago.New(s.mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Regia", Version: version,
				Description: "The control room for customer experience. Every operation needs a token: `Authorization: Bearer …`.",
				License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "An API token, made with `regia init` or in the settings."},
				},
			},
			Security: []map[string][]string{{"token": {}}},
		},
		Formats:       huma.DefaultFormats,
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{asProblem},
	})
}

// Operation registers an operation of the API for callers with one of the
// roles (empty: any). The context carries UserFrom and LocaleFrom; errors
// become problem+json.
func Operation[I, O any](s *Site, op huma.Operation, allow []experience.Role, h func(context.Context, *I) (*O, error)) {
	s.record(op.Method+" "+op.Path, "api", allow)
	op.Middlewares = append(huma.Middlewares{s.guard(allow)}, op.Middlewares...)
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = s.problemResponse()
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err == nil {
			return out, nil
		}
		if status, ok := err.(huma.StatusError); ok {
			return nil, status
		}
		if Status(err) >= 500 {
			s.log.Error("api failed", "operation", op.OperationID, "error", cause(err))
		}
		return nil, problemOf(LocaleFrom(ctx), err)
	})
}

func (s *Site) problemResponse() *huma.Response {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	return &huma.Response{Description: "What went wrong",
		Content: map[string]*huma.MediaType{problemType: {Schema: schema}}}
}

// guard lets callers with one of the roles through to an operation.
func (s *Site) guard(allow []experience.Role) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		raw, w := humago.Unwrap(c)
		r, err := s.request(raw)
		if err == nil {
			err = s.admit(w, r, allow)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		next(huma.WithContext(c, r.Context()))
	}
}

// asProblem turns huma's own refusals (validation, content types) into the one
// shape errors have.
func asProblem(c huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := &Problem{Type: "about:blank", Title: m.Title, Status: m.Status, Code: string(codeOf(m.Status)), Detail: m.Detail}
	for _, e := range m.Errors {
		if e != nil {
			p.Errors = append(p.Errors, ProblemField{Location: e.Location, Message: e.Message})
		}
	}
	return p, nil
}

// serveDocument answers with the OpenAPI document.
func (s *Site) serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	text, err := json.MarshalIndent(s.api.OpenAPI(), "", "  ")
	if err != nil {
		s.log.Error("the API's document could not be written", "error", err)
		http.Error(w, "the document could not be written", http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(text)
}
