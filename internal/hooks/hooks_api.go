package hooks

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/mapping"
	"regia/internal/web"
)

type (
	// SourcePath names a source in an address. (Exported, as huma only fills
	// exported fields.)
	SourcePath struct {
		ID string `path:"id" maxLength:"80"`
	}
	hookInput struct {
		SourcePath
		Body struct {
			Preset  Preset `json:"preset" enum:"shopify,woocommerce,review,generic"`
			Mapping string `json:"mapping,omitempty" maxLength:"65536" doc:"YAML; empty means the preset's own"`
			Secret  string `json:"secret,omitempty" maxLength:"200" doc:"The sender's, where it makes one (Shopify); empty keeps the one there is, or makes one"`
		}
	}
	rotateInput struct {
		SourcePath
		Body struct {
			Secret string `json:"secret,omitempty" maxLength:"200" doc:"The sender's, where it makes one; empty makes one"`
		}
	}
	testInput struct {
		SourcePath
		Body struct {
			Topic   string  `json:"topic,omitempty" maxLength:"100" example:"orders/paid"`
			Payload string  `json:"payload" maxLength:"1048576" doc:"The JSON of a delivery"`
			Mapping *string `json:"mapping,omitempty" maxLength:"65536" doc:"Instead of the source's own"`
		}
	}
	hookOutput struct {
		Body struct {
			Preset      Preset         `json:"preset"`
			Path        string         `json:"path" doc:"Where deliveries are sent, on this Regia"`
			Mapping     string         `json:"mapping"`
			Own         bool           `json:"own_mapping" doc:"The mapping is not the preset's"`
			FormerUntil *time.Time     `json:"former_until" doc:"How long the secret before this one is valid as well; null when there is none"`
			Deliveries  []deliveryItem `json:"deliveries" doc:"The last ones that were taken, the latest first"`
		}
	}
	deliveryItem struct {
		Time   time.Time `json:"time"`
		Topic  string    `json:"topic"`
		Events int       `json:"interactions"`
		Note   string    `json:"note" doc:"What of it could not be used"`
	}
	secretOutput struct {
		Body struct {
			Secret string `json:"secret,omitempty" doc:"Only when Regia made it, and only now"`
		}
	}
	testOutput struct {
		Body struct {
			Items  []any    `json:"items" doc:"As they would go to /v1/import"`
			Faults []string `json:"faults"`
		}
	}
)

func (r *Room) registerAPI() {
	const path = "/api/v1/sources/{id}/webhook"
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"sources"}}
	}
	web.Operation(r.site, op("get-webhook", http.MethodGet, path, "How a source takes webhooks"), lookers, r.getAPI)
	web.Operation(r.site, op("put-webhook", http.MethodPut, path, "Say how a source takes webhooks"), steerers,
		func(ctx context.Context, in *hookInput) (*secretOutput, error) {
			made, err := r.setUp(ctx, in.ID, in.Body.Preset, in.Body.Mapping, in.Body.Secret)
			return secretOf(made), err
		})
	web.Operation(r.site, op("rotate-webhook", http.MethodPost, path+"/rotate", "Give a webhook another secret; the one before stays valid for two days"), steerers,
		func(ctx context.Context, in *rotateInput) (*secretOutput, error) {
			made, err := r.rotate(ctx, in.ID, in.Body.Secret)
			return secretOf(made), err
		})
	web.Operation(r.site, op("test-webhook", http.MethodPost, path+"/test", "See what a mapping makes of a delivery; nothing is kept"), steerers, r.testAPI)
}

func secretOf(made string) *secretOutput {
	var out secretOutput
	out.Body.Secret = made
	return &out
}

func (r *Room) getAPI(ctx context.Context, in *SourcePath) (*hookOutput, error) {
	h, err := r.hook(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	list, err := r.deliveries(ctx, in.ID, shown)
	if err != nil {
		return nil, err
	}
	var out hookOutput
	out.Body.Preset, out.Body.Path, out.Body.Mapping, out.Body.Own = h.preset, receivePath(h.source), h.text(), h.mapping != ""
	if h.former != "" && r.Clock().Before(h.formerUntil) {
		until := h.formerUntil.UTC()
		out.Body.FormerUntil = &until
	}
	out.Body.Deliveries = make([]deliveryItem, len(list))
	for k, d := range list {
		out.Body.Deliveries[k] = deliveryItem{d.at, d.topic, d.events, d.note}
	}
	return &out, nil
}

func (r *Room) testAPI(ctx context.Context, in *testInput) (*testOutput, error) {
	h, err := r.hook(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	text := h.text()
	if in.Body.Mapping != nil {
		text = *in.Body.Mapping
	}
	items, faults, err := try(h.preset, text, in.Body.Topic, in.Body.Payload)
	if err != nil {
		return nil, err
	}
	var out testOutput
	out.Body.Items, out.Body.Faults = []any{}, append([]string{}, faults...)
	for _, i := range items {
		out.Body.Items = append(out.Body.Items, json.RawMessage(i.AppendJSON(nil)))
	}
	return &out, nil
}

// try maps a delivery without taking it.
func try(p Preset, text, topic, payload string) ([]mapping.Item, []string, error) {
	program, err := p.compile(text)
	if err != nil {
		return nil, nil, err
	}
	document, err := documentOf(p, topic, []byte(payload))
	if err != nil {
		return nil, nil, err
	}
	items, faults := program.Map(document)
	reasons := make([]string, len(faults))
	for k, f := range faults {
		reasons[k] = f.Reason
	}
	return items, reasons, nil
}

// text is the mapping in use.
func (h hook) text() string {
	if h.mapping != "" {
		return h.mapping
	}
	return h.preset.mapping()
}

func receivePath(source string) string { return "/hooks/" + source }
