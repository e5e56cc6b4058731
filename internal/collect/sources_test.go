package collect

import (
	"regexp"
	"testing"

	"regia/internal/experience"
)

func TestSources(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	a, err := h.sources.Create(ctx, "  Negozio di Città ", Shop, "")
	must(t, err)
	b, err := h.sources.Create(ctx, "Negozio di Citta", Shop, experience.Device)
	must(t, err)
	c, err := h.sources.Create(ctx, "店", ServerSource, "")
	must(t, err)
	if a.ID != "negozio-di-citta" || b.ID != "negozio-di-citta-2" || c.ID != "source" {
		t.Errorf("ids %q, %q, %q", a.ID, b.ID, c.ID)
	}
	if a.Channel != experience.Shop || b.Channel != experience.Device || a.Name != "Negozio di Città" {
		t.Errorf("got %+v, %+v", a, b)
	}
	if !regexp.MustCompile(`^wk_[a-z2-7]{32}$`).MatchString(a.WriteKey) || a.WriteKey == b.WriteKey {
		t.Errorf("keys %q, %q", a.WriteKey, b.WriteKey)
	}
	for name, f := range map[string]func() error{
		"no name":         func() error { _, err := h.sources.Create(ctx, " ", Site, ""); return err },
		"unknown kind":    func() error { _, err := h.sources.Create(ctx, "x", "fax", ""); return err },
		"Regia's kind":    func() error { _, err := h.sources.Create(ctx, "x", RegiaSource, ""); return err },
		"unknown channel": func() error { _, err := h.sources.Create(ctx, "x", Site, "smoke"); return err },
		"control":         func() error { _, err := h.sources.Create(ctx, "a\nb", Site, ""); return err },
		"odd id":          func() error { _, err := h.sources.Ensure(ctx, Source{ID: "A b", Name: "x", Kind: Site}); return err },
		"Regia's id":      func() error { _, err := h.sources.Ensure(ctx, Source{ID: RegiaID, Name: "x", Kind: Site}); return err },
	} {
		if code := experience.CodeOf(f()); code != experience.Invalid {
			t.Errorf("%s: %q", name, code)
		}
	}
	name, off := "Via Roma", true
	changed, err := h.sources.Update(ctx, a.ID, Change{Name: &name, Disabled: &off})
	must(t, err)
	got, err := h.sources.Get(ctx, a.ID)
	must(t, err)
	if got != changed || got.Name != name || !got.Disabled || got.WriteKey != a.WriteKey || !got.CreatedAt.Equal(a.CreatedAt) {
		t.Errorf("after the change: %+v", got)
	}
	for what, err := range map[string]error{
		"update": second(h.sources.Update(ctx, "nobody", Change{})),
		"rotate": second(h.sources.Rotate(ctx, "nobody")),
		"get":    second(h.sources.Get(ctx, "nobody")),
	} {
		if experience.CodeOf(err) != experience.NotFound {
			t.Errorf("%s of an unknown source: %v", what, err)
		}
	}
}

func second(_ Source, err error) error { return err }

func TestEnsure(t *testing.T) {
	h := newHouse(t, nil)
	must(t, h.sources.EnsureRegia(t.Context()))
	must(t, h.sources.EnsureRegia(t.Context()))
	r, err := h.sources.Get(t.Context(), RegiaID)
	must(t, err)
	if r.WriteKey != "" || r.Kind != RegiaSource {
		t.Errorf("Regia is %+v", r)
	}
	if _, err := h.sources.Rotate(t.Context(), RegiaID); experience.CodeOf(err) != experience.Invalid {
		t.Errorf("Regia got a key: %v", err)
	}
	off := true
	if _, err := h.sources.Update(t.Context(), RegiaID, Change{Disabled: &off}); experience.CodeOf(err) != experience.Invalid {
		t.Errorf("Regia was disabled: %v", err)
	}
	a, err := h.sources.Ensure(t.Context(), Source{ID: "demo-site", Name: "Demo", Kind: DemoSource})
	must(t, err)
	b, err := h.sources.Ensure(t.Context(), Source{ID: "demo-site", Name: "Other", Kind: Shop})
	must(t, err)
	if a != b || a.WriteKey == "" {
		t.Errorf("first %+v, then %+v", a, b)
	}
	list, err := h.sources.List(t.Context())
	must(t, err)
	if len(list) != len(Kinds)+2 {
		t.Errorf("%d sources", len(list))
	}
}
