package pulse

import (
	"bufio"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/web"
)

// desk is the room on a site, with a ledger that can be told to fail.
type desk struct {
	t      *testing.T
	room   *Room
	site   *web.Site
	ledger *ledger.Ledger
	breaks string // queries that hold this text fail
	woven  func([]byte)
	joined chan struct{}
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, joined: make(chan struct{}, 1)}
	var err error
	if d.ledger, err = ledger.Open(t.Context(), ledger.Options{Path: filepath.Join(t.TempDir(), "ledger.duckdb")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.ledger.Close() })
	d.room = testRoom(d)
	d.room.Bus, d.room.People, d.room.Patience = d, names{}, time.Minute
	if d.site, err = web.New(web.Options{Auth: byHeader{}, Clock: d.room.Clock}); err != nil {
		t.Fatal(err)
	}
	if err := d.room.Register(d.site); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if d.breaks != "" && strings.Contains(query, d.breaks) {
		return nil, errors.New("broken")
	}
	return d.ledger.Query(ctx, query, args...)
}

func (d *desk) Subscribe(_ string, f func([]byte)) (func(), error) {
	d.woven = f
	d.joined <- struct{}{}
	return func() {}, nil
}

type names struct{}

func (names) Names(context.Context, []experience.ID) (map[experience.ID]string, error) {
	return map[experience.ID]string{anna: "Anna Ferri"}, nil
}

// byHeader signs in whoever says a role in the cookie.
type byHeader struct{}

func (byHeader) Authenticate(r *http.Request) (*web.User, error) {
	role, language, _ := strings.Cut(r.Header.Get("Cookie"), "-")
	return &web.User{ID: "u", Name: "Marta", Role: experience.Role(role), Language: cmp.Or(language, "en")}, nil
}

var anna = experience.HashID(nil, "anna")

// happened puts one view of a cart by Anna into the ledger.
func (d *desk) happened(at time.Time) {
	d.t.Helper()
	head, err := d.ledger.Head(d.t.Context())
	if err == nil {
		next := experience.Position{Sequence: head.Position.Sequence + 1, Hash: at.String()}
		err = d.ledger.Append(d.t.Context(), ledger.Batch{Before: head.Position, After: next, Rows: []experience.Interaction{{
			ID: experience.HashID(nil, at.String()), MessageID: at.String(), Source: "site", Kind: experience.Track, Name: "Cart Viewed",
			Time: at, ReceivedAt: at, Subject: anna, Person: anna, Touchpoint: "cart"}}})
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) get(role experience.Role, target string) string {
	d.t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Cookie", string(role))
	w := httptest.NewRecorder()
	d.site.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		d.t.Fatalf("GET %s: %d %s", target, w.Code, w.Body)
	}
	return w.Body.String()
}

func (d *desk) wants(text string, parts ...string) {
	d.t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			d.t.Errorf("the page does not say %q", p)
		}
	}
}

func TestEmptyPageTeaches(t *testing.T) {
	d := newDesk(t)
	d.wants(d.get(experience.Owner, "/"), "Nothing yet", "/v1/page?writeKey=", "regia import csv", "regia demo", `hx-trigger="sse:woven"`)
}

func TestPageSaysWhatHappens(t *testing.T) {
	d := newDesk(t)
	d.happened(now.Add(-time.Hour))
	d.happened(now.Add(-40 * 24 * time.Hour))
	page := d.get(experience.Owner, "/")
	d.wants(page, "In the last 30 days", "1 person", "1 contact", "Anna Ferri", "/people/"+anna.String(), "Cart Viewed", `sse-connect="/pulse/events"`)
	if page := d.get(experience.Viewer, "/"); strings.Contains(page, "Ferri") {
		t.Error("who may only look at figures reads a name")
	}
}

func TestOldDataAreShown(t *testing.T) {
	d := newDesk(t)
	d.happened(time.Date(2011, 12, 9, 12, 50, 0, 0, time.UTC))
	d.wants(d.get(experience.Owner, "/"), "In the 30 days to 9 Dec 2011", "1 contact", "The latest data are of 9 Dec 2011")
}

func TestOnePartFailsAlone(t *testing.T) {
	d := newDesk(t)
	d.happened(now.Add(-time.Hour))
	d.breaks = "currency <> ''"
	page := d.get(experience.Owner, "/")
	if n := strings.Count(page, "error-box"); n != 1 {
		t.Errorf("%d boxes tell of trouble, want 1", n)
	}
	d.wants(page, "1 contact", "Revenue", "Anna Ferri")
	d.wants(d.get(experience.Owner, "/pulse/parts/money"), "error-box")
	d.wants(d.get(experience.Owner, "/pulse/parts/volume"), "Contacts over time")
}

func TestSlowPartsFollow(t *testing.T) {
	d := newDesk(t)
	d.happened(now.Add(-time.Hour))
	d.room.Patience = time.Nanosecond
	page := d.get(experience.Owner, "/?period=90d")
	for _, p := range d.room.parts() {
		d.wants(page, `hx-get="/pulse/parts/`+p.name+`?period=90d"`)
	}
}

func TestFeedIsLive(t *testing.T) {
	d := newDesk(t)
	server := httptest.NewServer(d.site)
	t.Cleanup(func() { d.site.CloseStreams(); server.Close() })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/pulse/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", string(experience.Store))
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	<-d.joined
	d.happened(now.Add(-time.Minute))
	d.woven(nil)
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data: ") && strings.Contains(lines.Text(), "Anna Ferri") {
			return
		}
	}
	t.Errorf("the stream ended without the news: %v", lines.Err())
}
