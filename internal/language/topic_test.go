package language

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func told(list []Told, key string) bool {
	return slices.ContainsFunc(list, func(t Told) bool { return t.Label == key })
}

// What a company adds to a topic of Regia's own counts beside the model, what it
// leaves out is not told, and About tells what Read does.
func TestTopicsOfACompany(t *testing.T) {
	r, err := NewReader()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := ReadTree([]byte(`topics: [{key: loyalty, surely: {it: [giro delle mongolfiere], en: [balloon ride]}}, {key: parking, words: {it: [parchegg*]}}]`))
	if err != nil {
		t.Fatal(err)
	}
	own := r.With(tree)
	text := "Domani piove. Bello il giro delle mongolfiere."
	if told(r.About(text), "loyalty") {
		t.Fatalf("the model knows the company's words: %+v", r.About(text))
	}
	for text, topic := range map[string]string{text: "loyalty", "We went on the balloon ride.": "loyalty", "Parcheggi sempre pieni": "parking"} {
		if got := own.About(text); !told(got, topic) {
			t.Errorf("%q is about %+v", text, got)
		}
	}
	late := "Il corriere non ha consegnato il pacco."
	if !told(r.About(late), "delivery") || told(own.About(late), "delivery") {
		t.Errorf("%+v, without the topic %+v", r.About(late), own.About(late))
	}
	for _, text := range []string{text, late, "", "🙂", "Vorrei un rimborso. The parcel never came."} {
		for _, reader := range []*Reader{r, own} {
			if d := cmp.Diff(reader.Read(text).Topics, reader.About(text)); d != "" {
				t.Errorf("%q: %s", text, d)
			}
		}
	}
	if r.Version() == own.Version() {
		t.Error("another tree has the same version")
	}
}
