package language

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSentences(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"Pacco in ritardo. Nessuno risponde!", "Pacco in ritardo.|Nessuno risponde!"},
		{"pacco in ritardo. nessuno risponde", "pacco in ritardo.|nessuno risponde"},
		{"Costa 12.50 euro. Troppo.", "Costa 12.50 euro.|Troppo."},
		{"Il sig. Rossi e la dott.ssa Bianchi sono gentili. Grazie", "Il sig. Rossi e la dott.ssa Bianchi sono gentili.|Grazie"},
		{"Viti, dadi, ecc. non c'erano. Ecco", "Viti, dadi, ecc. non c'erano.|Ecco"},
		{"Viti, dadi, ecc. Mancava tutto.", "Viti, dadi, ecc.|Mancava tutto."},
		{"Beh... insomma. Mah... Vedremo", "Beh... insomma.|Mah...|Vedremo"},
		{"Davvero?! non ci credo", "Davvero?!|non ci credo"},
		{"Bello!!! 😍😍 Torno presto", "Bello!!! 😍😍|Torno presto"},
		{"Tutto ok 😊 Lo consiglio", "Tutto ok 😊|Lo consiglio"},
		{"Arrivato tardi.Che peccato", "Arrivato tardi.|Che peccato"},
		{"Scrivete a info@regia.It o www.regia.Com subito", "Scrivete a info@regia.It o www.regia.Com subito"},
		{"Mancano:\n- le viti\n- i dadi\nGrazie", "Mancano:|- le viti|- i dadi|Grazie"},
		{"Ho scritto tre volte\ne nessuno risponde", "Ho scritto tre volte\ne nessuno risponde"},
		{"1. Il pacco è rotto\n2. Nessuno chiama", "1. Il pacco è rotto|2. Nessuno chiama"},
		{"Am 3. Mai bestellt. Nichts da.", "Am 3. Mai bestellt.|Nichts da."},
		{"Ho ordinato il 3. poi basta", "Ho ordinato il 3. poi basta"},
		{"Mr. Smith from S.p.A. was rude. Never again", "Mr. Smith from S.p.A. was rude.|Never again"},
		{"«Basta!» disse. «Via.» Poi uscì", "«Basta!» disse.|«Via.»|Poi uscì"},
		{"M. Dupont est gentil, p.ex. hier. Merci", "M. Dupont est gentil, p.ex. hier.|Merci"},
		{"  \n ", ""}, {"", ""}, {"...", "..."},
	} {
		var got []string
		for _, s := range Sentences(c.text) {
			got = append(got, c.text[s.Start:s.End])
		}
		if d := cmp.Diff(c.want, strings.Join(got, "|")); d != "" {
			t.Errorf("%q: %s", c.text, d)
		}
	}
}

// Sentences stand in order and leave out nothing but white space.
func TestSentencesOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`([a-zA-Zè0-9 .!?…\n😀"»)]|sig\. |\n- ){0,80}`)).Draw(t, "text")
		last := 0
		for _, s := range append(Sentences(text), Span{len(text), len(text)}) {
			if s.Start < last || s.End < s.Start || strings.TrimFunc(text[last:s.Start], unicode.IsSpace) != "" {
				t.Fatalf("%q: a sentence from %d to %d after %d", text, s.Start, s.End, last)
			}
			if got := text[s.Start:s.End]; s.Start < len(text) && (got == "" || strings.TrimSpace(got) != got) {
				t.Fatalf("%q: an empty or untrimmed sentence %q", text, got)
			}
			last = s.End
		}
	})
}

func TestManySentences(t *testing.T) {
	if n := len(Sentences(strings.Repeat("Basta. ", 5000))); n != maxSentences {
		t.Errorf("%d sentences", n)
	}
}
