package journey

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"regia/internal/testkit"
)

// screen is a page in a browser.
type screen struct {
	*house
	ctx context.Context
	url string
}

func (h *house) screen() *screen {
	h.t.Helper()
	server := httptest.NewServer(h.site)
	h.t.Cleanup(server.Close)
	return &screen{h, testkit.Browser(h.t), server.URL}
}

func (s *screen) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	testkit.Do(s.t, s.ctx, what, actions...)
}

func (s *screen) as(who string) {
	s.t.Helper()
	testkit.SignIn(s.t, s.ctx, s.url, "role="+who)
}

func (s *screen) open(address string, width, height int, dark bool) {
	s.t.Helper()
	s.do("open "+address, testkit.View(width, height, dark), chromedp.Navigate(s.url+address))
}

func ask[T any](s *screen, script string) T {
	s.t.Helper()
	return testkit.Tell[T](s.t, s.ctx, script)
}

func (s *screen) until(script string) {
	s.t.Helper()
	testkit.Until(s.t, s.ctx, script)
}

// press clicks what a selector finds.
func (s *screen) press(selector string) {
	s.t.Helper()
	ask[bool](s, fmt.Sprintf(`(document.querySelector(%q).click(), true)`, selector))
}

// drawn is what stands on the board: stages with their steps.
func (s *screen) drawn() string {
	s.t.Helper()
	return ask[string](s, `[...document.querySelectorAll("[data-board] > [data-stage]")].map((c) => c.querySelector(".stage-name").value + ": " +
		[...c.querySelectorAll(".card-name")].map((n) => n.textContent).join(", ")).join("; ")`)
}

// centre gives where something is on the screen.
func (s *screen) centre(selector string) (x, y float64) {
	s.t.Helper()
	at := ask[[]float64](s, fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2] })()`, selector))
	return at[0], at[1]
}

// dragTo takes what is at one place by mouse and lets it go at another.
func (s *screen) dragTo(fromX, fromY, toX, toY float64) {
	s.t.Helper()
	held := func(p *input.DispatchMouseEventParams) {
		p.Button, p.Buttons, p.ClickCount = input.MouseButtonLeft, 1, 1
	}
	actions := []chromedp.Action[chromedp.Void]{
		chromedp.MouseEvent(chromedp.MouseMoved, fromX, fromY), chromedp.MouseEvent(chromedp.MousePressed, fromX, fromY, held),
	}
	for i := 1; i <= 5; i++ {
		part := float64(i) / 5
		actions = append(actions, chromedp.MouseEvent(chromedp.MouseMoved, fromX+(toX-fromX)*part, fromY+(toY-fromY)*part, held))
	}
	s.do("drag", append(actions, chromedp.MouseEvent(chromedp.MouseReleased, toX, toY, held))...)
}

func (s *screen) ctrl(key string) {
	s.t.Helper()
	s.do("ctrl+"+key, chromedp.KeyEvent(key, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
}

func (s *screen) kept(key string) Map {
	s.t.Helper()
	return must[Map](s.t)(s.room.Store.Get(s.t.Context(), key))
}

// Every page of the room, at a desk in light and on a phone in the dark: usable
// with a screen reader, no wider than the screen. The pictures go where
// REGIA_SHOTS says.
func TestPagesInABrowser(t *testing.T) {
	h := newHouse(t)
	s := h.screen()
	look := func(name, address string, ready string) {
		for _, language := range []string{"it", "en"} {
			s.as("owner-" + language)
			testkit.Look(t, s.ctx, "journey-"+name, s.url+address, language, func() {
				if ready != "" {
					s.press(ready)
					s.until(`document.querySelector("dialog[open]") !== null`)
				}
			})
		}
	}
	look("empty", "/journeys", "")
	m := must[Map](t)(Ready("ecommerce", "it"))
	m.Key = "m"
	h.draw(m)
	look("list", "/journeys", "")
	look("map", "/journeys/m", "")
	look("print", "/journeys/m/print", "")
	look("edit", "/journeys/m/edit", "")
	look("step", "/journeys/m/edit", `[data-focus="open-delivery"]`)
}

func TestAMapIsDrawnByMouse(t *testing.T) {
	h := newHouse(t)
	m := h.draw(sample())
	s := h.screen()
	s.as("owner-en")
	s.open(pathOf(m.Key)+"/edit", 1280, 900, false)
	s.until(`document.querySelectorAll("[data-step]").length === 3`)
	if got, want := s.drawn(), "Acquisto: Ordine; Consegna: Spedizione, Pacco a casa"; got != want {
		t.Fatalf("drawn is %s", got)
	}
	// The last card to the first column, above the one that is there.
	fromX, fromY := s.centre(`[data-step="home"] .grip`)
	toX, toY := s.centre(`[data-step="ordine"] .card-name`)
	s.dragTo(fromX, fromY, toX, toY-14)
	s.until(`document.querySelector('[data-stage="0"] [data-step="home"]') !== null`)
	if got, want := s.drawn(), "Acquisto: Pacco a casa, Ordine; Consegna: Spedizione"; got != want {
		t.Errorf("after dragging a step: %s", got)
	}
	// The second column before the first.
	fromX, fromY = s.centre(`[data-stage="1"] .editor-head .grip`)
	toX, toY = s.centre(`[data-stage="0"] .editor-head .grip`)
	s.dragTo(fromX, fromY, toX, toY)
	s.until(`document.querySelector(".stage-name").value === "Consegna"`)
	if got, want := s.drawn(), "Consegna: Spedizione; Acquisto: Pacco a casa, Ordine"; got != want {
		t.Errorf("after dragging a stage: %s", got)
	}
	s.press("[data-undo]")
	s.until(`document.querySelector(".stage-name").value === "Acquisto"`)
	s.press("[data-redo]")
	s.until(`document.querySelector(".stage-name").value === "Consegna"`)
	s.press("[data-save-now]")
	s.until(`document.querySelector("[data-status]").textContent === "Saved: version 2"`)
	var drawn []string
	for _, stage := range s.kept(m.Key).Stages {
		for _, step := range stage.Steps {
			drawn = append(drawn, stage.Name+": "+step.Name)
		}
	}
	if diff := cmp.Diff([]string{"Consegna: Spedizione", "Acquisto: Pacco a casa", "Acquisto: Ordine"}, drawn); diff != "" {
		t.Error(diff)
	}
}

func TestAMapIsDrawnByKeyboard(t *testing.T) {
	h := newHouse(t)
	m := h.draw(sample())
	s := h.screen()
	s.as("owner-en")
	s.open(pathOf(m.Key)+"/edit", 1280, 900, false)
	s.until(`document.querySelectorAll("[data-step]").length === 3`)
	focus := func(name string) {
		t.Helper()
		ask[bool](s, fmt.Sprintf(`(document.querySelector('[data-focus=%q]').focus(), true)`, name))
	}
	said := func(want string) {
		t.Helper()
		s.until(fmt.Sprintf(`document.querySelector("[data-announce]").textContent === %q`, want))
	}
	focus("grip-spedizione")
	s.do("left", chromedp.KeyEvent(kb.ArrowLeft))
	said("“Spedizione” is now step 1 of 2 in “Acquisto”")
	s.do("down", chromedp.KeyEvent(kb.ArrowDown))
	said("“Spedizione” is now step 2 of 2 in “Acquisto”")
	s.do("down again", chromedp.KeyEvent(kb.ArrowDown))
	said("“Spedizione” cannot move further")
	if got, want := s.drawn(), "Acquisto: Ordine, Spedizione; Consegna: Pacco a casa"; got != want {
		t.Errorf("after the arrows: %s", got)
	}
	s.ctrl("z")
	said("Undone")
	focus("grip-consegna")
	s.do("left", chromedp.KeyEvent(kb.ArrowLeft))
	said("“Consegna” is now stage 1 of 2")

	// A step with all that it may have, written without a mouse.
	focus("add-acquisto")
	s.do("a new step", chromedp.KeyEvent(kb.Enter))
	s.until(`document.activeElement.name === "name"`) // in the dialog that opened
	write := func(selector, text string, end string) {
		t.Helper()
		ask[bool](s, fmt.Sprintf(`(document.querySelector(%q).focus(), true)`, selector))
		s.do("write "+text, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, input.InsertText, input.InsertTextParams{Text: text})
			return err
		}), chromedp.KeyEvent(end))
	}
	write(`[data-step-dialog] [name="name"]`, "Reso", kb.Tab)
	write("#field-event", "Return Made", kb.Tab)
	write("#field-event-property", "by", kb.Tab)
	write("#field-event-value", "shop", kb.Enter)
	write(`[data-step-dialog] [name="within"]`, "30", kb.Tab)
	write(`[data-step-dialog] [name="pains"]`, "Modulo lungo\nNessuna etichetta", kb.Tab)
	write(`[data-step-dialog] [name="expectation_text"]`, "Un mese", kb.Enter)
	s.until(`document.querySelector("dialog[open]") === null`)
	said("“Reso” added")
	s.ctrl("s")
	s.until(`document.querySelector("[data-status]").textContent === "Saved: version 2"`)
	kept := s.kept(m.Key)
	added, _ := kept.Step("step-1")
	want := `{"id":"step-1","name":"Reso","match":[{"event":"Return Made","where":[{"field":"properties.by","is":"equal","values":["shop"]}]}],` +
		`"expectation":{"text":"Un mese","within":"30d"},"pains":["Modulo lungo","Nessuna etichetta"]}`
	if got := data(added); got != want {
		t.Errorf("kept is %s", got)
	}
	if kept.Stages[0].Name != "Consegna" || kept.Stages[1].Steps[0].ID != "spedizione" || kept.Stages[1].Steps[2].ID != "step-1" {
		t.Errorf("kept are %+v", kept.Stages)
	}
	if diff := cmp.Diff(m.Stages[1].Steps[1], kept.Stages[0].Steps[0]); diff != "" {
		t.Errorf("what nobody touched changed: %s", diff)
	}
}

func TestAMapIsDrawnOnAPhone(t *testing.T) {
	h := newHouse(t)
	m := h.draw(sample())
	s := h.screen()
	s.as("owner-en")
	s.open(pathOf(m.Key)+"/edit", 390, 844, false)
	s.until(`document.querySelectorAll("[data-step]").length === 3`)
	if seen := ask[int](s, `[...document.querySelectorAll("[data-stage]")].filter((c) => { const r = c.getBoundingClientRect(); return r.left < innerWidth - 20 && r.right > 20 }).length`); seen != 1 {
		t.Errorf("%d columns are seen at a time", seen)
	}
	s.press(".stage-tab:nth-child(2)")
	s.until(`document.querySelector('[data-stage="1"]').getBoundingClientRect().left < 60`)
	s.press(`[data-focus="open-spedizione"]`)
	s.until(`document.querySelector("dialog[open]") !== null`)
	ask[bool](s, `(() => { const f = document.querySelector("[data-step-form]"); f.elements.stage.value = "0"; f.elements.stage.dispatchEvent(new Event("change"));
		f.elements.place.value = "0"; f.requestSubmit(); return true })()`)
	s.until(`document.querySelector('[data-stage="0"] [data-step="spedizione"]') !== null`)
	if got, want := s.drawn(), "Acquisto: Spedizione, Ordine; Consegna: Pacco a casa"; got != want {
		t.Errorf("drawn is %s", got)
	}
}

// What one writes is never lost: not by a reload, not by a mistake, not by
// somebody who saved first.
func TestNothingThatWasDrawnIsLost(t *testing.T) {
	h := newHouse(t)
	m := h.draw(sample())
	s := h.screen()
	s.as("owner-en")
	edit := pathOf(m.Key) + "/edit"
	s.open(edit, 1280, 900, false)
	rename := func(stage int, name string) {
		t.Helper()
		ask[bool](s, fmt.Sprintf(`(() => { const i = document.querySelectorAll(".stage-name")[%d]; i.value = %q; i.dispatchEvent(new Event("change", {bubbles: true})); return true })()`, stage, name))
	}
	s.until(`document.querySelectorAll("[data-step]").length === 3`)
	rename(0, "Mio")
	s.open(edit, 1280, 900, false)
	s.until(`document.querySelector(".stage-name").value === "Mio"`)

	rename(1, "")
	s.press("[data-save-now]")
	s.until(`document.querySelector("[data-errors]").innerText.includes("A stage has no name")`)
	if s.kept(m.Key).Version != 1 {
		t.Error("a map with a mistake was saved")
	}
	testkit.Axe(t, s.ctx)
	rename(1, "Consegna")

	theirs := m
	theirs.Name = "Di un altro"
	must[Map](t)(h.room.Store.Save(t.Context(), "u-2", theirs))
	s.press("[data-save-now]")
	s.until(`document.querySelector("[data-conflict-dialog][open]") !== null`)
	both := ask[string](s, `document.querySelector("[data-conflict]").innerText`)
	for _, text := range []string{"Mine", "Mio", "The other, version 2", "Di un altro", "Pacco a casa"} {
		if !strings.Contains(both, text) {
			t.Errorf("the two versions lack %q: %s", text, both)
		}
	}
	testkit.Axe(t, s.ctx)
	if dir := os.Getenv("REGIA_SHOTS"); dir != "" {
		testkit.Screenshot(t, s.ctx, filepath.Join(dir, "journey-conflict.png"), 1280, 900, false)
	}
	s.press("[data-conflict-later]")
	s.open(edit, 1280, 900, false) // later: what was kept in the browser meets the version of the other
	s.until(`document.querySelector("[data-conflict-dialog][open]") !== null`)
	s.press("[data-conflict-theirs]")
	s.until(`document.querySelector("[data-status]").textContent === "Saved: version 2"`)
	if got := s.drawn(); !strings.HasPrefix(got, "Acquisto:") {
		t.Errorf("drawn is %s", got)
	}
	list := must[[]Map](t)(h.room.Store.List(t.Context()))
	if len(list) != 2 || list[0].Name != "Dall'acquisto alla consegna (copy)" || list[0].Stages[0].Name != "Mio" || list[1].Version != 2 {
		t.Errorf("kept are %+v", list)
	}

	rename(0, "Ancora mio")
	theirs.Version, theirs.Name = 2, "Ancora di un altro"
	must[Map](t)(h.room.Store.Save(t.Context(), "u-2", theirs))
	s.press("[data-save-now]")
	s.until(`document.querySelector("[data-conflict-dialog][open]") !== null`)
	s.press("[data-conflict-mine]")
	s.until(`document.querySelector("[data-status]").textContent === "Saved: version 4"`)
	if now := s.kept(m.Key); now.Stages[0].Name != "Ancora mio" {
		t.Errorf("kept is %+v", now)
	}
	if former := must[Map](t)(h.room.Store.Version(t.Context(), m.Key, 3)); former.Name != "Ancora di un altro" {
		t.Errorf("version 3 is %+v", former)
	}
}
