package language

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What several texts have in common is found, and nothing where there is
// nothing.
func TestThemes(t *testing.T) {
	r, err := NewReader()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for k := range 8 {
		texts = append(texts,
			fmt.Sprintf("Il parcheggio sotterraneo è sempre allagato, era il %d", k),
			fmt.Sprintf("Numero %d: la musica ha il volume assordante", k))
	}
	texts = append(texts, "Buongiorno a tutti", "Parcheggi sotterranei allagati anche oggi")
	themes, err := r.Themes(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	if len(themes) != 2 || !slices.Contains(themes[0].Words, "parcheggio") || len(themes[0].Texts) != 9 || len(themes[1].Texts) != 8 {
		t.Errorf("%+v", themes)
	}
	again, err := r.Themes(t.Context(), texts)
	if err != nil || cmp.Diff(themes, again) != "" {
		t.Errorf("%+v, %v", again, err)
	}
	if themes, err := r.Themes(t.Context(), []string{"Il gatto dorme", "", "Piove a dirotto"}); err != nil || len(themes) != 0 {
		t.Errorf("%+v, %v", themes, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Themes(cancelled, texts); err == nil {
		t.Error("it went on though nobody waits")
	}
}

// A theme fits what was said alike, and not what shares one word with it.
func TestThemeFits(t *testing.T) {
	index := IndexThemes([]Theme{{Words: []string{"parcheggio", "sotterraneo", "allagato"}}, {Words: []string{"musica", "parcheggio"}}})
	for text, want := range map[string][]int{
		"Parcheggi sotterranei, che disastro": {0}, "Il PARCHEGGIO era allagato, la musica alta": {0, 1}, "Il parcheggio è comodo": nil,
		"parcheggio parcheggi": nil, "": nil,
	} {
		if got := index.Of(text); !slices.Equal(got, want) {
			t.Errorf("%q fits %v", text, got)
		}
	}
	for word, want := range map[string]string{"parcheggio": "parchegg*", "gas": "gas", "città": "città", "ombrelli": "ombrell*"} {
		if got := Pattern(word); got != want {
			t.Errorf("%s becomes %s", word, got)
		}
	}
}
