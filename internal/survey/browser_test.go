package survey

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"regia/internal/testkit"
)

// Every ready-made survey, and the pages where they are made and read, on a
// phone and at a desk, in the light and in the dark: usable with a screen
// reader, no wider than the screen. The pictures go where REGIA_SHOTS says.
func TestPagesInABrowser(t *testing.T) {
	d := newDesk(t)
	ctx := testkit.Browser(t)
	for _, s := range must[[]Survey](t)(Sets()) {
		s.Theme.Accent = map[string]string{"shop-visit": "#ffd400", "returns": "#7a1fa2"}[s.Key]
		key := d.publish(s)
		token := must[string](t)(d.Tickets.Sign(Ticket{Survey: key, Channel: ByQR, Language: "it"}))
		for _, page := range []string{"", "?l=en&a=5"} {
			language := "it"
			if page != "" {
				language = "en"
			}
			testkit.Look(t, ctx, "survey-"+key+"-"+language, d.server.URL+Path(token)+page, language, nil)
		}
	}
	d.answer("after-delivery", 30, func(i int) Answers {
		return Answers{"q1": score(1 + i%5), "q3": score(i % 11), "q4": {Text: "È arrivato tardi"}}
	})
	testkit.SignIn(t, ctx, d.server.URL, "who=test")
	for _, page := range []string{"/surveys", "/surveys/after-delivery", "/surveys/after-delivery/results", "/surveys/returns/results"} {
		testkit.Look(t, ctx, strings.ReplaceAll(page, "/", "-"), d.server.URL+page, "en", nil)
	}
}

// Somebody answers with the keyboard alone, without scripts, on a phone.
func TestAnsweringByKeyboard(t *testing.T) {
	d := newDesk(t)
	key := d.publish(sample())
	token := must[string](t)(d.Tickets.Sign(Ticket{Survey: key, Channel: ByQR, Language: "it"}))
	ctx := testkit.Browser(t)
	testkit.Open(t, ctx, d.server.URL+Path(token), testkit.View(390, 844, false))
	press := func(keys ...string) {
		t.Helper()
		for _, k := range keys {
			if err := chromedp.Do(ctx, chromedp.KeyEvent(k)); err != nil {
				t.Fatal(err)
			}
		}
	}
	press(kb.Tab, " ", kb.ArrowRight, kb.ArrowRight, kb.Enter) // the third tile: a 2
	testkit.Until(t, ctx, `document.querySelector("textarea") !== null`)
	press(kb.Tab)
	if err := chromedp.Do(ctx, chromedp.KeyEvent("Troppo tardi")); err != nil {
		t.Fatal(err)
	}
	press(kb.Tab, kb.Enter)
	testkit.Until(t, ctx, `document.querySelector("input[type=checkbox]") !== null`)
	press(kb.Tab, " ", kb.Enter)
	testkit.Until(t, ctx, `document.title.startsWith("Grazie")`)
	if _, said := d.told(); len(said) != 1 || *said[0].Score != 2 || said[0].Text != "Troppo tardi" {
		t.Errorf("told %+v", said)
	}
}

// The preview follows what is typed; questions are added and moved in place, and
// focus stays where the work is.
func TestEditingInPlace(t *testing.T) {
	d := newDesk(t)
	sets := must[[]Survey](t)(Sets())
	made := must[Record](t)(d.Store.Create(t.Context(), "anna", sets[1]))
	ctx := testkit.Browser(t)
	testkit.SignIn(t, ctx, d.server.URL, "who=test")
	testkit.Open(t, ctx, d.server.URL+"/surveys/"+made.Draft.Key, testkit.View(1280, 900, false))
	testkit.Tell[bool](t, ctx, `(() => { const f = document.querySelector("[name='q0.text.en']"); f.value = "Was it <b>fast</b>?";
		f.dispatchEvent(new Event("input", {bubbles: true})); return true })()`)
	testkit.Until(t, ctx, `document.querySelector("#survey-preview").textContent.includes("Was it <b>fast</b>?")`)
	if r := must[Record](t)(d.Store.Get(t.Context(), made.Draft.Key)); r.Draft.Questions[0].Text["en"] != sets[1].Questions[0].Text["en"] {
		t.Error("looking at the preview saved the draft")
	}
	testkit.Tell[bool](t, ctx, `(document.querySelector("[name=do][value='add:stars']").click(), true)`)
	testkit.Until(t, ctx, `document.querySelector("#question-4") !== null`)
	testkit.Tell[bool](t, ctx, `(document.querySelector("[name=do][value='up:4']").click(), true)`)
	testkit.Until(t, ctx, `document.querySelector("[name='q3.type']").value === "stars" && document.activeElement?.value === "up:3"`)
	testkit.Tell[bool](t, ctx, `(() => { const f = document.querySelector("[name='q3.type']"); f.value = "single";
		f.dispatchEvent(new Event("change", {bubbles: true})); return true })()`)
	testkit.Until(t, ctx, `document.querySelector("[name='q3.c0.text.en']") !== null`)
	r := must[Record](t)(d.Store.Get(t.Context(), made.Draft.Key))
	if q := r.Draft.Questions[3]; q.Type != Single || q.Key != "q5" || r.Draft.Questions[0].Text["en"] != "Was it <b>fast</b>?" {
		t.Errorf("the draft is %+v", r.Draft.Questions)
	}
}
