package touchpoint

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regia/internal/experience"
)

func TestSlug(t *testing.T) {
	for in, want := range map[string]string{
		"Fitting Room": "fitting-room", "  Città & Perché? ": "citta-perche", "A--b__c": "a-b-c", "€": "", "Über": "uber", "x9": "x9",
	} {
		if got := Slug(in); got != want {
			t.Errorf("Slug(%q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.String().Draw(t, "text")
		if got := Slug(in); got != "" && (!slug.MatchString(got) || len(got) > maxKey) {
			t.Fatalf("Slug(%q) = %q is no slug", in, got)
		}
	})
}

func kiosk() Touchpoint {
	return Touchpoint{Key: "kiosk", Name: Bilingual{IT: "Totem", EN: "Kiosk"}, Channel: experience.Device, Digital: true,
		Ownership: experience.Brand, Stage: experience.Consideration, Department: "shop", Order: 5}
}

func TestCheckTouchpoint(t *testing.T) {
	if err := kiosk().Check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Touchpoint){
		"key": func(t *Touchpoint) { t.Key = "Not a slug" }, "long key": func(t *Touchpoint) { t.Key = strings.Repeat("k", 61) },
		"no name": func(t *Touchpoint) { t.Name = Bilingual{} }, "long name": func(t *Touchpoint) { t.Name.IT = strings.Repeat("è", 81) },
		"description": func(t *Touchpoint) { t.Description.EN = strings.Repeat("x", 501) },
		"reserved":    func(t *Touchpoint) { t.Key = "unbound" }, "zero": func(t *Touchpoint) { t.Name.IT = "a\x00" },
		"channel": func(t *Touchpoint) { t.Channel = "telex" }, "ownership": func(t *Touchpoint) { t.Ownership = "" },
		"stage": func(t *Touchpoint) { t.Stage = "limbo" }, "department": func(t *Touchpoint) { t.Department = "" },
	} {
		tp := kiosk()
		spoil(&tp)
		if err := tp.Check(); experience.CodeOf(err) != experience.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckBinding(t *testing.T) {
	where := func(c ...experience.Condition) experience.Binding {
		return experience.Binding{Touchpoint: "t", Name: "E", Conditions: c}
	}
	for name, c := range map[string]struct {
		b  experience.Binding
		ok bool
	}{
		"name":           {experience.Binding{Touchpoint: "t", Name: "E"}, true},
		"kind":           {experience.Binding{Touchpoint: "t", Kind: experience.PageView}, true},
		"source":         {experience.Binding{Touchpoint: "t", Source: "kind:shop"}, true},
		"condition":      {where(experience.Condition{Property: "p", Op: experience.Exists}), true},
		"is nothing":     {where(experience.Condition{Property: "p", Op: experience.Is}), true},
		"no touchpoint":  {experience.Binding{Name: "E"}, false},
		"everything":     {experience.Binding{Touchpoint: "t"}, false},
		"unknown kind":   {experience.Binding{Touchpoint: "t", Kind: "spam"}, false},
		"kind of none":   {experience.Binding{Touchpoint: "t", Source: "kind:"}, false},
		"zero character": {experience.Binding{Touchpoint: "t", Name: "a\x00"}, false},
		"no property":    {where(experience.Condition{Op: experience.Exists}), false},
		"no op":          {where(experience.Condition{Property: "p"}), false},
		"contains none":  {where(experience.Condition{Property: "p", Op: experience.Contains}), false},
		"too many":       {where(slices.Repeat([]experience.Condition{{Property: "p", Op: experience.Exists}}, 11)...), false},
	} {
		if err := CheckBinding(c.b); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOrderOfBindings(t *testing.T) {
	where := []experience.Condition{{Property: "p", Op: experience.Exists}}
	bind := func(id string, own bool, position int, b experience.Binding) Binding {
		b.ID = id
		return Binding{Binding: b, Own: own, Position: position}
	}
	want := []Binding{ // one rule of compare after the other
		bind("01", true, 0, experience.Binding{Kind: "page"}),
		bind("02", false, 0, experience.Binding{Name: "E", Conditions: where, Source: "kind:shop"}),
		bind("03", false, 0, experience.Binding{Name: "E", Conditions: where}),
		bind("04", false, 0, experience.Binding{Name: "E", Source: "s"}),
		bind("05", false, 0, experience.Binding{Name: "E", Source: "kind:shop", Kind: "track"}),
		bind("06", false, 0, experience.Binding{Name: "E", Source: "kind:shop"}),
		bind("07", false, 0, experience.Binding{Name: "E", Kind: "track"}),
		bind("09", false, 1, experience.Binding{Name: "E"}),
		bind("08", false, 2, experience.Binding{Name: "E"}),
		bind("10", false, 2, experience.Binding{Name: "E"}),
		bind("11", false, 0, experience.Binding{Conditions: where}),
		bind("12", false, 0, experience.Binding{Source: "s"}),
		bind("13", false, 0, experience.Binding{Kind: "page"}),
	}
	rapid.Check(t, func(t *rapid.T) {
		c := Catalogue{Bindings: rapid.Permutation(want).Draw(t, "bindings")}
		c.sort()
		if diff := cmp.Diff(want, c.Bindings); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestExpand(t *testing.T) {
	in := []experience.Binding{{ID: "1", Source: "kind:shop"}, {ID: "2", Source: "kind:none"}, {ID: "3", Source: "x"}, {ID: "4"}}
	got := Expand(in, []Source{{ID: "b", Kind: "shop"}, {ID: "w", Kind: "web"}, {ID: "a", Kind: "shop", Channel: experience.Shop}, {ID: "i", Kind: "import", Channel: experience.Shop}})
	want := []experience.Binding{{ID: "1", Source: "b"}, {ID: "1", Source: "a"}, {ID: "1", Source: "i"}, {ID: "3", Source: "x"}, {ID: "4"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTextFallsBack(t *testing.T) {
	both, one := Bilingual{IT: "Cassa", EN: "Till"}, Bilingual{IT: "Cassa"}
	for _, c := range []struct {
		text           Bilingual
		language, want string
	}{{both, "it", "Cassa"}, {both, "en", "Till"}, {both, "de", "Till"}, {one, "en", "Cassa"}, {Bilingual{}, "it", ""}} {
		if got := c.text.In(c.language); got != c.want {
			t.Errorf("%+v in %s = %q, want %q", c.text, c.language, got, c.want)
		}
	}
}
