package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"regia/internal/testkit"
)

const ordersFile = "Data ordine;Numero ordine;Codice cliente;E-mail;Prodotto;Quantità;Prezzo;Città\n" +
	"05/02/2024 09:12;A1;C7;anna@example.it;Pane di segale;2;3,40;Forlì\n05/02/2024 09:12;A1;C7;anna@example.it;Miele di castagno;1;9,90;Forlì\n" +
	"06/02/2024 10:00;A2;C8;;Latte;1;1.200,00;Lugo\nieri;A3;C9;;Latte;1;1,20;Lugo\n"

// TestImportInTheBrowser goes the whole way of a file through the pages, in
// both languages: choose, say what the columns are, see what would come in,
// bring it in, look at what was refused, and ask to take it back.
func TestImportInTheBrowser(t *testing.T) {
	r := install(t)
	r.start()
	b := r.browse()
	b.signIn()
	for n, language := range []string{"it", "en"} {
		b.speak(language)
		file := filepath.Join(t.TempDir(), fmt.Sprintf("ordini-%d.csv", n))
		text := strings.NewReplacer("A1", fmt.Sprintf("A1%d", n), "A2", fmt.Sprintf("A2%d", n)).Replace(ordersFile)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Run(language, func(t *testing.T) { b.importFile(t, file, language) })
	}
	for _, said := range b.complaints() {
		t.Errorf("the console says: %s", said)
	}
}

// importFile goes the way of one file.
func (b *browser) importFile(t *testing.T, file, language string) {
	b.do(t, "open", chromedp.Navigate("http://"+b.r.addr+"/imports"))
	b.drop(t, filepath.Base(file), file)
	b.until(t, "the columns", `location.pathname.split("/").length === 3 && document.querySelector("form") !== null`)
	draft := ask[string](t, b, "location.pathname")
	b.both(t, draft+"?columns", language)
	if ask[bool](t, b, `document.querySelector("[name=use][value=form]") === null`) {
		// The second file is known by the mapping of the first.
		b.do(t, "go on", chromedp.Navigate("http://"+b.r.addr+draft+"/preview"))
	} else {
		want(t, "the guess of the date", ask[string](t, b, `document.querySelector("[name=meaning-0]").value`), "time")
		ask[bool](t, b, `(document.querySelector("[name=use][value=form]").form.requestSubmit(), true)`)
	}
	b.until(t, "the preview", `location.pathname.endsWith("/preview") && document.readyState === "complete"`)
	worth := map[string]string{"it": "16,70", "en": "16.70"}[language]
	if !strings.Contains(ask[string](t, b, `document.querySelector("main").innerText`), worth) {
		t.Error("the preview does not show what the order was worth")
	}
	b.both(t, draft+"/preview", language)
	ask[bool](t, b, `(document.querySelector("form[action$='/start']").requestSubmit(), true)`)
	b.until(t, "the import's end", `document.querySelector("[popovertarget=undo]") !== null`)
	b.both(t, draft, language)
	b.do(t, "ask", chromedp.Click(chromedp.CSS("button[popovertarget=undo]")))
	b.until(t, "the question", `document.querySelector("#undo").matches(":popover-open")`)
	testkit.Axe(t, b.ctx)
	b.shot(t, language+"-imports-undo", 1280, 900, false)
	ask[bool](t, b, `(document.querySelector("form[action$='/undo']").requestSubmit(), true)`)
	b.until(t, "what comes after", `document.querySelector("[popovertarget=undo]") === null`)
	b.both(t, "/imports", language)
}

// both looks at a page at a desk and on a phone.
func (b *browser) both(t *testing.T, path, language string) {
	t.Helper()
	b.look(t, path, language, 390, 844, true)
	b.look(t, path, language, 1280, 900, false)
}

// drop lets a file fall on the page, as a mouse does.
func (b *browser) drop(t *testing.T, name, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ask[bool](t, b, fmt.Sprintf(`(() => {
		const files = new DataTransfer()
		files.items.add(new File([%q], %q))
		document.querySelector("form[data-upload]").dispatchEvent(new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}))
		return true
	})()`, text, name))
}

func (b *browser) until(t *testing.T, what, script string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		// A page that is being left cannot be asked: ask the next one.
		if yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script)); err == nil && yes {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s never comes:\n%s", what, ask[string](t, b, `location.href + "\n" + document.body.innerText`))
		case <-tick.C:
		}
	}
}

func (b *browser) shot(t *testing.T, name string, width, height int, dark bool) {
	t.Helper()
	if dir := os.Getenv("REGIA_SHOTS"); dir != "" {
		testkit.Screenshot(t, b.ctx, filepath.Join(dir, name+".png"), width, height, dark)
	}
}
