package listen

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
)

// upload brings a file by the page or the API.
func (h *house) upload(target, content string) *httptest.ResponseRecorder {
	h.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", `..\..\x/reviews.json`)
	if err == nil {
		_, err = io.WriteString(part, content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return h.ask(http.MethodPost, target, "owner", body.String(), w.FormDataContentType())
}

const googleFile = `{"reviews": [
 {"reviewer": {"profilePhotoUrl": "https://lh3", "displayName": "Maria R."}, "starRating": "TWO", "comment": "(Translated by Google) Late\n\n(Original)\nIn ritardo", "createTime": "2026-11-12T09:30:00.5Z",
  "updateTime": "2026-11-13T09:30:00Z", "name": "accounts/1/locations/22/reviews/abc", "reviewReply": {"comment": "Ci dispiace", "updateTime": "2026-11-14T08:00:00Z"}},
 {"reviewer": {"displayName": "A Google User", "isAnonymous": true}, "starRating": "FIVE", "createTime": "2026-11-10T09:30:00Z", "name": "accounts/1/locations/22/reviews/def"},
 {"reviewer": {"displayName": "X"}, "comment": "no stars", "name": "accounts/1/locations/22/reviews/ghi"}
], "averageRating": 3.5, "totalReviewCount": 3}`

func TestGoogleReviews(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		id := h.post(Google, Config{Place: "Milano"}, "").ID
		wants(t, h.get(postPath(id), "owner"), "the file is missing", "takeout.google.com")
		if w := h.upload(postPath(id)+"/file", googleFile); w.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		p := h.read(id)
		if p.Health.Heard != 3 || p.Health.LeftOut != 1 || p.Health.Fault != "" || !p.Health.NextLook.IsZero() {
			t.Fatalf("%+v", p.Health)
		}
		items := h.door.all()
		first, answer := properties(t, items[0]), properties(t, items[1])
		if first["text"] != "In ritardo" || first["score"] != 2.0 || first["scale"] != "stars" || first["out_of"] != 5.0 || first["place"] != "22" || first["author"] != "Maria R." || first["translated"] != true ||
			!items[0].Time.Equal(time.Date(2026, 11, 12, 9, 30, 0, 500_000_000, time.UTC)) || items[0].Identifiers[0].Kind != "author" {
			t.Errorf("%v %+v", first, items[0])
		}
		if items[1].Event != "Review Answered" || answer["answer"] != "Ci dispiace" || answer["text"] != nil || items[1].Identifiers[0] != items[0].Identifiers[0] {
			t.Errorf("%v %+v", answer, items[1])
		}
		if len(items[2].Identifiers) != 0 {
			t.Errorf("who wants no name has one: %+v", items[2])
		}
		// The next file holds the old ones too.
		later := strings.Replace(googleFile, `{"reviews": [`, `{"reviews": [{"reviewer":{"displayName":"Maria R."},"starRating":5,"name":"a/b/locations/22/reviews/new","createTime":"2026-11-20T00:00:00Z"},`, 1)
		if w := h.upload("/api/v1/listening-posts/"+id+"/file", later); w.Code != http.StatusAccepted {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		h.room.wg.Wait() // it is read beside
		if p = h.read(id); p.Health.Heard != 4 || len(h.door.all()) != 4 {
			t.Errorf("%+v", p.Health)
		}
		// Of one name, and yet not known to be one.
		if all := h.door.all(); all[3].Identifiers[0] == all[0].Identifiers[0] {
			t.Error("two reviews of one name are taken for one person's")
		}
	})
}

func TestFilesThatAreNone(t *testing.T) {
	h := newHouse(t, "SQLite")
	google, archive, feed := h.post(Google, Config{}, "").ID, h.post(Archive, Config{Mailbox: "info@negozio.it"}, "").ID, h.post(Feed, Config{Address: "https://example.it"}, "").ID
	for _, c := range []struct{ id, content, fault string }{
		{google, "", "format"}, {google, "{}", "format"}, {google, "<html>", "format"}, {google, `{"reviews": [{"starRating":"ONE","name":"a/reviews/1"}, {"starRating"`, "format"},
		{google, strings.Repeat(`{"a":`, 100000), "bomb"}, {archive, "Hello\n", "format"}, {archive, "PK\x03\x04", "format"},
	} {
		h.upload(postPath(c.id)+"/file", c.content)
		p := h.read(c.id)
		if p.Health.Fault != c.fault || !p.Health.NextLook.IsZero() {
			t.Errorf("%.40q: %+v", c.content, p.Health)
		}
		if names, err := h.room.waiting(c.id); err != nil || len(names) != 0 {
			t.Errorf("%.40q is still there: %v %v", c.content, names, err)
		}
	}
	if n := len(h.door.all()); n != 1 {
		t.Errorf("%d reviews were told, the whole one stands before the break", n)
	}
	if w := h.upload(postPath(feed)+"/file", googleFile); w.Code != http.StatusBadRequest {
		t.Errorf("a file for a feed: %d", w.Code)
	}
	if w := h.ask("POST", postPath(google)+"/file", "owner", "x", "text/plain"); w.Code != http.StatusBadRequest {
		t.Errorf("no form: %d", w.Code)
	}
	// Removed: what waits goes as well.
	if err := h.room.pause(t.Context(), archive, true); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(h.room.folder(archive), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := h.room.remove(t.Context(), archive); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(h.room.folder(archive)); !os.IsNotExist(err) {
		t.Error("the folder of a removed post stays")
	}
	if w := h.upload(postPath(archive)+"/file", "x"); w.Code != http.StatusNotFound {
		t.Errorf("a file for a removed post: %d", w.Code)
	}
}

// archiveOf writes letters into an mbox file.
func archiveOf(n int, run string) string {
	var b strings.Builder
	for k := range n {
		fmt.Fprintf(&b, "From a@b.it Thu Nov 12 10:00:%02d 2026\nMessage-ID: <%s-%d@b.it>\nFrom: Anna <a@b.it>\nDate: Thu, 12 Nov 2026 10:00:00 +0000\nSubject: n. %d\n\nEcco:\n\n>From qui\nFrom now on, it works.\n\n", k%60, run, k, k)
	}
	return b.String()
}

func TestArchive(t *testing.T) {
	h := newHouse(t, "SQLite")
	id := h.post(Archive, Config{Mailbox: "Info@Negozio.it"}, "").ID
	h.upload(postPath(id)+"/file", archiveOf(3, "x")+"From b@c.it Thu Nov 12 10:00:00 2026\r\nFrom: Info <info@negozio.it>\r\n\r\nnostra\r\n")
	p := h.look(id)
	if p.Health.Heard != 3 || p.Health.LeftOut != 1 {
		t.Fatalf("%+v", p.Health)
	}
	if text := properties(t, h.door.all()[0])["text"]; text != "Ecco:\n\nFrom qui\nFrom now on, it works." {
		t.Errorf("%q", text)
	}
	// By file and by IMAP it is one mailbox.
	if a, b := h.post(Mailbox, Config{Mailbox: "INFO@negozio.it", Address: "imap.negozio.it"}, "secret"), p; a.Source != b.Source {
		t.Errorf("%s and %s", a.Source, b.Source)
	}
}

// However often the machine goes, a file is read to its end and counted once.
func TestCrashesInAnArchive(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			n := rapid.IntRange(1, 130).Draw(rt, "letters")
			id := h.post(Archive, Config{Mailbox: fmt.Sprintf("m%d@negozio.it", run)}, "").ID
			before := len(h.door.all())
			h.book.breakAfter(-1)
			crashes := rapid.IntRange(0, 3).Draw(rt, "crashes")
			if err := os.MkdirAll(h.room.folder(id), 0o700); err != nil {
				rt.Fatal(err)
			}
			if err := os.WriteFile(h.room.folder(id)+"/1"+brought, []byte(archiveOf(n, fmt.Sprint(run))), 0o600); err != nil {
				rt.Fatal(err)
			}
			for range crashes {
				h.book.breakAfter(rapid.IntRange(0, 4).Draw(rt, "after"))
				h.room.lookAt(t.Context(), id)
				h.book.breakAfter(-1)
				h.later(claimed + time.Minute)
			}
			p := h.look(id)
			if all := len(h.door.all()) - before; all != n || p.Health.Heard != int64(n) || p.Health.Fault != "" {
				rt.Fatalf("%d of %d in the log, %d counted, %s", all, n, p.Health.Heard, p.Health.Fault)
			}
		})
	})
}

// A post that waits for a file looks only where the file is.
func TestFilesWaitWhereTheyAre(t *testing.T) {
	h := newHouse(t, "SQLite")
	id := h.post(Archive, Config{Mailbox: "info@negozio.it"}, "").ID
	if err := h.room.wake(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	list, err := h.room.due(t.Context(), h.now(), 10)
	if err != nil || len(list) != 1 || len(h.room.here(list)) != 0 {
		t.Errorf("%v %v %v", list, h.room.here(list), err)
	}
	if err := h.room.wake(t.Context(), "nobody"); experience.CodeOf(err) != experience.NotFound {
		t.Error(err)
	}
}
