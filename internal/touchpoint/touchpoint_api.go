package touchpoint

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

func (r *Room) registerAPI() {
	const list, single = "/api/v1/touchpoints", "/api/v1/touchpoints/{key}"
	tags := []string{"touchpoints"}
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: tags, DefaultStatus: status}
	}
	web.Operation(r.site, op("list-touchpoints", http.MethodGet, list, "The catalogue, with bindings and figures", 200), lookers, r.list)
	web.Operation(r.site, op("list-unbound-events", http.MethodGet, list+"/"+unboundPath, "Events that belong to no touchpoint yet, the most frequent first", 200), lookers, r.listUnbound)
	web.Operation(r.site, op("get-touchpoint", http.MethodGet, single, "One touchpoint", 200), lookers, r.get)
	web.Operation(r.site, op("create-touchpoint", http.MethodPost, list, "Add a touchpoint", 201), steerers, r.create)
	web.Operation(r.site, op("change-touchpoint", http.MethodPatch, single, "Change or retire a touchpoint", 200), steerers, r.patch)
	web.Operation(r.site, op("bind-events", http.MethodPost, single+"/bindings", "Bind events to a touchpoint, also those of the past", 201), steerers, r.bind)
	web.Operation(r.site, op("unbind-events", http.MethodDelete, single+"/bindings/{id}", "Take a binding away", 200), steerers, r.unbind)
	web.Operation(r.site, op("move-binding", http.MethodPost, single+"/bindings/{id}/move", "Let a binding decide earlier or later than another that is as narrow", 200), steerers, r.move)
}

func (r *Room) list(ctx context.Context, in *listInput) (*listOutput, error) {
	c, err := r.Store.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	period := Always()
	if !in.From.IsZero() {
		period.From = in.From
	}
	if !in.To.IsZero() {
		period.To = in.To
	}
	figures, err := Figures(ctx, r.Ledger, period)
	if err != nil {
		return nil, err
	}
	filter := Filter{Channel: experience.Channel(in.Channel), Stage: experience.Stage(in.Stage),
		Ownership: experience.Ownership(in.Ownership), Department: in.Department, Retired: in.Retired}
	out := &listOutput{}
	out.Body.Items, out.Body.Version = []touchpointItem{}, c.Version
	for _, t := range c.Touchpoints {
		if filter.Takes(t) {
			out.Body.Items = append(out.Body.Items, itemOf(c, t, figures[t.Key]))
		}
	}
	return out, nil
}

func itemOf(c Catalogue, t Touchpoint, f Figure) touchpointItem {
	a := touchpointItem{Touchpoint: t, Bindings: []touchpointBinding{}, TouchpointFigure: figureItem(f)}
	for _, b := range c.Of(t.Key) {
		a.Bindings = append(a.Bindings, bindingItem(b))
	}
	return a
}

func bindingItem(b Binding) touchpointBinding {
	return touchpointBinding{ID: b.ID, Source: b.Source, Kind: b.Kind, Name: b.Name, Conditions: b.Conditions, Own: b.Own}
}

func figureItem(f Figure) TouchpointFigure {
	a := TouchpointFigure{Interactions: f.Interactions, People: f.People}
	if !f.Last.IsZero() {
		last := f.Last.UTC()
		a.LastSeen = &last
	}
	return a
}

func (r *Room) get(ctx context.Context, in *KeyInput) (*touchpointOutput, error) {
	c, err := r.Store.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	t, ok := c.Touchpoint(in.Key)
	if !ok {
		return nil, errUnknown
	}
	f, err := FigureOf(ctx, r.Ledger, t.Key, Always())
	if err != nil {
		return nil, err
	}
	return &touchpointOutput{Body: itemOf(c, t, f)}, nil
}

func (r *Room) create(ctx context.Context, in *createInput) (*touchpointOutput, error) {
	b := in.Body
	t, _, err := r.Store.Create(ctx, by(ctx), Touchpoint{Key: b.Key, Name: Bilingual(b.Name), Description: Bilingual(b.Description), Channel: b.Channel,
		Digital: b.Digital, Ownership: b.Ownership, Stage: b.Stage, Department: b.Department, Order: b.Order})
	if err != nil {
		return nil, err
	}
	return r.get(ctx, &KeyInput{Key: t.Key})
}

func (r *Room) patch(ctx context.Context, in *patchInput) (*touchpointOutput, error) {
	_, _, err := r.Store.Update(ctx, by(ctx), in.Key, func(t *Touchpoint) {
		b := in.Body
		set(&t.Name.IT, b.Name.IT)
		set(&t.Name.EN, b.Name.EN)
		set(&t.Description.IT, b.Description.IT)
		set(&t.Description.EN, b.Description.EN)
		set(&t.Channel, b.Channel)
		set(&t.Digital, b.Digital)
		set(&t.Ownership, b.Ownership)
		set(&t.Stage, b.Stage)
		set(&t.Department, b.Department)
		set(&t.Order, b.Order)
		set(&t.Retired, b.Retired)
	})
	if err != nil {
		return nil, err
	}
	return r.get(ctx, &in.KeyInput)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (r *Room) bind(ctx context.Context, in *bindInput) (*bindOutput, error) {
	b, version, err := r.Store.AddBinding(ctx, by(ctx), experience.Binding{Touchpoint: in.Key, Source: in.Body.Source,
		Kind: in.Body.Kind, Name: in.Body.Name, Conditions: in.Body.Conditions})
	if err != nil {
		return nil, err
	}
	out := &bindOutput{}
	out.Body.Binding = bindingItem(b)
	out.Body.CatalogueChange = r.changed(ctx, version)
	return out, nil
}

func (r *Room) changed(ctx context.Context, version int64) CatalogueChange {
	return CatalogueChange{Version: version, Applied: r.applied(ctx, version)}
}

func (r *Room) unbind(ctx context.Context, in *BindingInput) (*changeOutput, error) {
	version, err := r.Store.RemoveBinding(ctx, by(ctx), in.Key, in.ID)
	if err != nil {
		return nil, err
	}
	return &changeOutput{Body: r.changed(ctx, version)}, nil
}

func (r *Room) move(ctx context.Context, in *moveInput) (*changeOutput, error) {
	version, err := r.Store.MoveBinding(ctx, by(ctx), in.Key, in.ID, in.Body.Earlier)
	if err != nil {
		return nil, err
	}
	return &changeOutput{Body: r.changed(ctx, version)}, nil
}

func (r *Room) listUnbound(ctx context.Context, in *unboundInput) (*unboundOutput, error) {
	c, err := r.Store.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	events, total, err := UnboundEvents(ctx, r.Ledger, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &unboundOutput{}
	out.Body.Items, out.Body.Total = []unboundEvent{}, total
	g := c.guesser()
	for _, e := range events {
		out.Body.Items = append(out.Body.Items, unboundEvent{Event: e.Event, TouchpointFigure: figureItem(e.Figure), Suggestion: g.guess(e.Event)})
	}
	if end := in.Cursor + len(events); end < total {
		out.Body.Next = &end
	}
	return out, nil
}
