package app_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regia/internal/app"
	"regia/internal/connect"
	"regia/internal/experience"
)

// upload sends files as a browser does, and gives the answer.
func (h *house) upload(path, session, token string, files map[string]string) *httptest.ResponseRecorder {
	h.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, text := range files {
		w, err := form.CreateFormFile("files", name)
		h.must(err)
		_, err = w.Write([]byte(text))
		h.must(err)
	}
	h.must(form.Close())
	return h.visit(visit{method: "POST", path: path, session: session, token: token, body: body.String(),
		header: map[string]string{"Content-Type": form.FormDataContentType(), "Sec-Fetch-Site": "same-origin"}})
}

// sampleOf reads the files of an example.
func (h *house) sampleOf(example string) map[string]string {
	h.t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "examples", example, "sample", "*"))
	h.must(err)
	out := map[string]string{}
	for _, p := range paths {
		text, err := os.ReadFile(p)
		h.must(err)
		out[filepath.Base(p)] = string(text)
	}
	return out
}

type importAnswer struct {
	ID, State, Mapping string
	Rows, Accepted     int64
	New, Repeated      *int64
	Rejected           int64
}

func (h *house) ask(method, path, body string, into any) {
	h.t.Helper()
	w := h.visit(visit{method: method, path: path, token: h.tokens[experience.Manager], body: body})
	if w.Code >= 300 {
		h.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	h.must(json.Unmarshal(w.Body.Bytes(), into))
}

// settled waits until an import moves no more.
func (h *house) settled(id string) importAnswer {
	h.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		var a importAnswer
		h.ask("GET", "/api/v1/imports/"+id, "", &a)
		if a.State != "running" && a.New != nil {
			return a
		}
		<-tick.C
	}
	h.t.Fatal("the import does not come to an end")
	return importAnswer{}
}

// TestImportByAPI goes the whole way on real files: upload, recognise, preview,
// import, correct what was refused, and bring it again.
func TestImportByAPI(t *testing.T) {
	h := openHouse(t, app.Config{})
	files := h.sampleOf("generic")
	w := h.upload("/api/v1/imports", "", h.tokens[experience.Manager], files)
	var draft importAnswer
	h.must(json.Unmarshal(w.Body.Bytes(), &draft))
	if w.Code != http.StatusCreated || draft.State != "draft" || draft.Mapping != "bottega" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	path := "/api/v1/imports/" + draft.ID
	var preview struct {
		Items    []json.RawMessage
		Refused  int64
		Complete bool
		Reasons  []connect.Rejection
	}
	h.ask("POST", path+"/preview", "{}", &preview)
	if len(preview.Items) != 10 || preview.Refused == 0 || !preview.Complete || len(preview.Reasons) == 0 {
		t.Errorf("%+v", preview)
	}
	var started importAnswer
	h.ask("POST", path+"/start", "", &started)
	first := h.settled(draft.ID)
	if first.State != "done" || first.Rejected != preview.Refused || *first.New == 0 || *first.New != first.Accepted || *first.Repeated != 0 {
		t.Errorf("%+v: %d new", first, *first.New)
	}

	// The refused rows come back, corrected, beside the files they came from.
	rejected := h.visit(visit{method: "GET", path: path + "/rejected", token: h.tokens[experience.Owner]})
	right := strings.Replace(rejected.Body.String(), "31/02/1990", "28/02/1990", 1)
	if right == rejected.Body.String() {
		t.Fatalf("what is to be corrected is not there:\n%s", right)
	}
	session := h.session(experience.Manager)
	again := h.upload("/imports/"+draft.ID+"/correct", session, "", map[string]string{"rejected.csv": right})
	to := again.Header().Get("Location")
	if again.Code != http.StatusSeeOther || !strings.HasSuffix(to, "/preview") {
		t.Fatalf("%d %s", again.Code, again.Body)
	}
	second := strings.TrimSuffix(strings.TrimPrefix(to, "/imports/"), "/preview")
	h.ask("POST", "/api/v1/imports/"+second+"/start", "", &started)
	if a := h.settled(second); a.State != "done" || *a.New == 0 || *a.New+*a.Repeated != a.Accepted || *a.Repeated < first.Accepted || a.Rejected >= first.Rejected {
		t.Errorf("%+v: %d new, %d repeated", a, *a.New, *a.Repeated)
	}

	var taken importAnswer
	h.ask("POST", "/api/v1/imports/"+second+"/undo", "", &taken)
	if taken.State != "taking_back" {
		t.Errorf("%+v", taken)
	}
	if w := h.visit(visit{method: "POST", path: "/api/v1/imports/" + second + "/undo", token: h.tokens[experience.Owner]}); w.Code != http.StatusConflict {
		t.Errorf("taken back twice: %d", w.Code)
	}
}

// TestImportByForm maps a file that no mapping knows, as the page does.
func TestImportByForm(t *testing.T) {
	h := openHouse(t, app.Config{})
	session := h.session(experience.Owner)
	text := "Data ordine;Numero ordine;Codice cliente;E-mail;Prodotto;Q.tà;Prezzo;Città\n" +
		"05/02/2024 09:12;A1;C7;anna@example.it;Pane;2;3,40;Forlì\n05/02/2024 09:12;A1;C7;anna@example.it;Miele;1;9,90;Forlì\n" +
		"06/02/2024 10:00;A2;C8;;Latte;1;1.200,00;Lugo\nieri;A3;C9;;Latte;1;1,20;Lugo\n"
	w := h.upload("/imports", session, "", map[string]string{"ordini-2024-02.csv": text})
	if w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	path := w.Header().Get("Location")
	page := h.visit(visit{method: "GET", path: path, session: session}).Body.String()
	for _, want := range []string{`value="ordini"`, `value="Order Completed"`, `dd/MM/yyyy HH:mm`, "Pane · Miele · Latte", `value="address.city"`} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not on the page", want)
		}
	}
	id := strings.TrimPrefix(path, "/imports/")
	var preview struct {
		Items   []json.RawMessage
		Refused int64
	}
	h.ask("POST", "/api/v1"+path+"/preview", "{}", &preview)
	all := ""
	for _, item := range preview.Items {
		all += string(item)
	}
	for _, want := range []string{`"userId":"C7"`, `"order_id":"A1","products":[{"name":"Pane","quantity":2,"price":3.4},{"name":"Miele","quantity":1,"price":9.9}],"revenue":16.7,"currency":"EUR"`, `"revenue":1200`, `"address":{"city":"Lugo"}`} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is not in %s", want, all)
		}
	}
	if preview.Refused != 1 {
		t.Errorf("%d refused", preview.Refused)
	}
	if w := h.visit(visit{method: "GET", path: path + "/preview", session: session}); w.Code != 200 || !strings.Contains(w.Body.String(), "16,70") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	yaml := h.visit(visit{method: "GET", path: path + "/mapping.yaml", session: session}).Body.String()
	if !strings.Contains(yaml, `group: {by: ["Numero ordine"]`) {
		t.Errorf("%s", yaml)
	}
	start := visit{method: "POST", path: path + "/start", session: session, body: "remember=true", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}}
	if w := h.visit(start); w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if a := h.settled(id); a.State != "done" || *a.New != 4 || a.Rejected != 1 {
		t.Errorf("%+v", a)
	}
	// Next month's file is known by its columns.
	w = h.upload("/imports", session, "", map[string]string{"ordini-2024-03.csv": strings.Split(text, "\n")[0] + "\n01/03/2024 09:00;A9;C7;;Pane;1;1,70;Forlì\n"})
	var next importAnswer
	h.ask("GET", "/api/v1"+w.Header().Get("Location"), "", &next)
	if next.Mapping != "ordini" {
		t.Errorf("%+v", next)
	}
}

// TestUploadsRefused: what cannot be taken is said, and leaves nothing behind.
func TestUploadsRefused(t *testing.T) {
	h := openHouse(t, app.Config{ImportMaxBytes: 1000})
	token := h.tokens[experience.Owner]
	for _, c := range []struct {
		files  map[string]string
		status int
	}{
		{map[string]string{"a.csv": strings.Repeat("x", 1001)}, http.StatusRequestEntityTooLarge},
		{map[string]string{"a.csv": strings.Repeat("x", 600), "b.csv": strings.Repeat("x", 600)}, http.StatusRequestEntityTooLarge},
		{nil, http.StatusBadRequest},
	} {
		if w := h.upload("/api/v1/imports", "", token, c.files); w.Code != c.status {
			t.Errorf("%d %s, want %d", w.Code, w.Body, c.status)
		}
	}
	if w := h.visit(visit{method: "POST", path: "/api/v1/imports", token: token, body: "{}"}); w.Code != http.StatusBadRequest {
		t.Errorf("no form: %d", w.Code)
	}
	left, err := os.ReadDir(filepath.Join(h.Config.Data, "imports"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
	w := h.upload("/api/v1/imports", "", token, map[string]string{"../../etc/passwd": "a,b\n1,2\n", ".hidden=x": "a\n1\n"})
	if w.Code != http.StatusCreated || strings.Contains(w.Body.String(), "..") || strings.Contains(w.Body.String(), "=") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
