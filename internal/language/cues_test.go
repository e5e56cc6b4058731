package language

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
)

func TestBooks(t *testing.T) {
	b := newBook()
	for says, text := range []string{"carta", "carta di credito", "rimbors*", "non è arrivat*", "perché"} {
		if err := b.add(text, says); err != nil {
			t.Fatal(err)
		}
	}
	list := tokens("Perche' no: perche non e arrivata? La CARTA di credito, il rimborso")
	var got []string
	for _, h := range b.find(nil, list) {
		var words []string
		for _, k := range list[h.first:h.end] {
			words = append(words, k.text)
		}
		got = append(got, strings.Join(words, " "))
	}
	want := []string{"perche", "non e arrivata", "carta", "carta di credito", "rimborso"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if err := b.add(" ", 0); err == nil {
		t.Error("nothing was taken for a phrase")
	}
}

// What is part of the program can be read.
func TestOwnCuesAndTopics(t *testing.T) {
	for _, language := range Languages {
		if _, err := readCues(language); err != nil {
			t.Error(err)
		}
	}
	tree, err := ReadTree(OwnTopics())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range Topics {
		if !tree.has(key) {
			t.Errorf("the tree lacks %s", key)
		}
	}
	if tree.Parent("delivery/late") != "delivery" {
		t.Error("a late delivery is no delivery")
	}
	if firstCue+len(cueNames)+len(Topics) > firstSign+signs {
		t.Error("there are more cues than signs")
	}
}

func TestTreesThatAreRefused(t *testing.T) {
	for _, bad := range []string{
		"topics: [{key: a}, {key: a}]", "topics: [{key: ''}]", "topics: [{key: a b}]", "nonsense: true", "topics: {",
		"topics: [{key: a, words: {it: ['']}}]", strings.Repeat("#", maxTree+1),
	} {
		if _, err := ReadTree([]byte(bad)); experience.CodeOf(err) != experience.Invalid {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
}

// A company's own topics are told by their words, beside those that are known;
// what it left out is not told.
func TestOwnTree(t *testing.T) {
	tree, err := ReadTree([]byte(`topics: [{key: delivery}, {key: kiln, surely: {it: ["forno ceramica"]}, topics: [{key: kiln/glaze, words: {it: [smalt*]}}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReader()
	if err != nil {
		t.Fatal(err)
	}
	own := r.With(tree)
	if own.Version() == r.Version() {
		t.Error("another tree is another version")
	}
	for text, want := range map[string][]string{
		"Il forno ceramica è arrivato col corriere": {"delivery", "kiln"},
		"Gli smalti sono finiti":                    {"kiln", "kiln/glaze"},
		"Vorrei un rimborso":                        {},
	} {
		got := map[string]bool{}
		for _, told := range own.Read(text).Topics {
			got[told.Label] = true
		}
		for _, w := range want {
			if !got[w] {
				t.Errorf("%s: %v lacks %s", text, got, w)
			}
		}
		if got["returns"] {
			t.Errorf("%s: what is not in the tree was told", text)
		}
	}
}

func TestSignalsAndImpacts(t *testing.T) {
	r, err := NewReader()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, signal string
		dimension    experience.Dimension
		good         bool
		word         string
	}{
		{"Non comprerò mai più da voi, passo alla concorrenza", "leave", experience.Behavioural, false, "mai più"},
		{"Lo consiglio a tutti, torneremo presto", "recommend", experience.Behavioural, true, "torneremo"},
		{"Mi rivolgerò al mio avvocato", "legal", experience.Behavioural, false, "avvocato"},
		{"Reso facilissimo, tutto spiegato bene", "", experience.Cognitive, true, "facilissimo"},
		{"Non si capisce niente, ho dovuto richiamare tre volte", "", experience.Cognitive, false, "Non si capisce"},
		{"Il profumo è buonissimo, adoro questa crema", "", experience.Sensory, true, "profumo"},
		{"I would not recommend this shop, avoid", "advise-against", experience.Behavioural, false, "avoid"},
		{"Plus jamais, je change de magasin", "leave", experience.Behavioural, false, "Plus jamais"},
		{"Kann ich nur empfehlen, gerne wieder", "recommend", experience.Behavioural, true, "gerne wieder"},
		{"No volveré nunca más", "leave", experience.Behavioural, false, "nunca más"},
		{"Sono delusa e arrabbiata, pessimo servizio", "", experience.Emotional, false, "arrabbiata"},
	} {
		got := r.Read(c.text)
		if c.signal != "" && !hasSignal(got.Signals, c.signal) {
			t.Errorf("%s: signals %+v", c.text, got.Signals)
		}
		found := false
		for _, i := range got.Impacts {
			if i.Dimension == c.dimension {
				found = i.Value > 0 == c.good && strings.Contains(strings.Join(i.Words, "|"), c.word)
			}
			if i.Value < -1 || i.Value > 1 {
				t.Errorf("%s: %+v", c.text, i)
			}
		}
		if !found {
			t.Errorf("%s: impacts %+v", c.text, got.Impacts)
		}
	}
	if got := r.Read("Ho ordinato ieri"); len(got.Signals) != 0 {
		t.Errorf("%+v", got.Signals)
	}
}

func hasSignal(list []Signal, label string) bool {
	for _, s := range list {
		if s.Label == label && len(s.Words) > 0 {
			return true
		}
	}
	return false
}

func TestBoost(t *testing.T) {
	for text, want := range map[string]int{
		"sono contento": 0, "sono molto contento": 1, "sono CONTENTISSIMO!!": 2, "sono un poco contento": -1,
	} {
		if got := (&passage{list: tokens(text)}).boost(); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
