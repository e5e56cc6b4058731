package listen

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func storeEntryJSON(id int) string {
	return fmt.Sprintf(`{"author":{"uri":{"label":"https://itunes.apple.com/it/reviews/id%d"},"name":{"label":"gigi%d"},"label":""},"updated":{"label":"2026-11-%02dT03:04:05-07:00"},
		"im:rating":{"label":"%d"},"im:version":{"label":"2.1"},"id":{"label":"%d"},"title":{"label":"Titolo"},"content":{"label":"Testo %d","attributes":{"type":"text"}}}`, 90000+id, id, id%28+1, id%5+1, id, id)
}

// store answers as Apple's feed does: pages of fifty, the latest first; of one
// review the entry is no list, of none there is no entry.
func store(t *testing.T, reviews *int) (*httptest.Server, *int) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var page int
		if _, err := fmt.Sscanf(r.URL.Path, "/it/rss/customerreviews/page=%d/id=123456789/sortby=mostrecent/json", &page); err != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		asked++
		var list []string
		for k := *reviews - (page-1)*50; k > 0 && len(list) < 50; k-- {
			list = append(list, storeEntryJSON(k))
		}
		switch len(list) {
		case 0:
			fmt.Fprint(w, `{"feed":{"author":{}}}`)
		case 1:
			fmt.Fprintf(w, `{"feed":{"entry":%s}}`, list[0])
		default:
			fmt.Fprintf(w, `{"feed":{"entry":[%s]}}`, strings.Join(list, ","))
		}
	}))
	t.Cleanup(s.Close)
	return s, &asked
}

func TestAppStore(t *testing.T) {
	h := newHouse(t, "SQLite")
	reviews := 0
	s, asked := store(t, &reviews)
	h.room.appStoreHost = s.URL
	p := h.look(h.post(AppStore, Config{App: "https://apps.apple.com/it/app/negozio/id123456789?l=en"}, "").ID)
	if p.Health.Fault != "" || p.Health.Heard != 0 || p.Config.Country != "it" || p.Config.App != "123456789" {
		t.Fatalf("%+v", p)
	}
	for _, n := range []int{1, 51, 120, 700} {
		reviews = n
		p = h.look(p.ID)
	}
	// Of 700, ten pages are to be had: 120 were heard before, 500 are the latest.
	if p.Health.Heard != 620 || p.Health.Fault != "" {
		t.Errorf("%+v", p.Health)
	}
	*asked = 0
	reviews = 701
	if p = h.look(p.ID); p.Health.Heard != 621 || *asked > 2 {
		t.Errorf("%d pages for one new review; %+v", *asked, p.Health)
	}
	items := h.door.all()
	last := properties(t, items[len(items)-1])
	if items[0].MessageID != "app-store:1" || last["text"] != "Testo 701" || last["score"] != 2.0 || last["product_id"] != "123456789" || last["app_version"] != "2.1" || last["author"] != "gigi701" ||
		items[len(items)-1].Identifiers[0].String() != "author:app-store:90701" || !items[0].Time.Equal(time.Date(2026, 11, 2, 10, 4, 5, 0, time.UTC)) {
		t.Errorf("%+v %v", items[0], last)
	}
}

func TestAppStorePages(t *testing.T) {
	atom := `<?xml version="1.0" encoding="utf-8"?><feed xmlns:im="http://itunes.apple.com/rss" xmlns="http://www.w3.org/2005/Atom">
		<entry><id>77</id><updated>2026-11-02T03:04:05-07:00</updated><title>Bella</title><content type="text">Mi piace</content><im:rating>4</im:rating><im:version>1.0</im:version><author><name>gigi</name><uri>https://itunes.apple.com/it/reviews/id91</uri></author></entry>
		<entry><id>app</id><title>The app itself</title></entry></feed>`
	voices, err := storeVoices([]byte(atom), Config{App: "1", Country: "it"})
	if err != nil || len(voices) != 1 || voices[0].Key != "app-store:77" || voices[0].Properties["score"] != 4 || voices[0].Properties["text"] != "Mi piace" || voices[0].Properties["author"] != "gigi" {
		t.Errorf("%+v %v", voices, err)
	}
	for _, body := range []string{"", "[]", "{}", `{"feed":3}`, `{"feed":{"entry":"x"}}`, "<html></html>"} {
		if voices, err := storeVoices([]byte(body), Config{}); faultKey(err) != "format" && faultKey(err) != "empty" {
			t.Errorf("%q: %v %v", body, voices, err)
		}
	}
	if voices, err := storeVoices([]byte(`{"feed":{"entry":[{"id":{"label":"5"},"im:rating":{"label":"9"}},{"title":{"label":"no id"}}]}}`), Config{}); err != nil || len(voices) != 1 || voices[0].Event != "" {
		t.Errorf("a rating that is none: %+v %v", voices, err)
	}
}
