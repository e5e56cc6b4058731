package voice

import (
	"slices"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/web"
)

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

// What people say is read whatever the event is called; what the company
// writes, bots and what has no words are not read as texts.
func TestWhatIsRead(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		bot := h.said(1, 1, "Review Posted", map[string]any{"text": "Pessimo."})
		bot.Flags = experience.FlagBot
		h.tell(
			h.said(1, 5, "Review Posted", map[string]any{"score": 1, "text": "Il pacco è arrivato rotto, è una vergogna.", "title": "Deluso", "platform": "mappe"}),
			h.said(2, 4, "Survey Answered", map[string]any{"scale": "nps", "score": 3, "comment": "Consegna in ritardo di una settimana."}),
			h.said(3, 3, "Something Else", map[string]any{"message": "Tutto perfetto, grazie mille!"}),
			h.said(4, 2, "Survey Answered", map[string]any{"scale": "nps", "score": 9}),
			h.said(5, 2, "Case Answered", map[string]any{"text": "Ci scusiamo per il disagio."}),
			h.said(6, 2, "Email Synced", map[string]any{"text": "Ci scusiamo per il disagio.", "direction": "outbound"}),
			h.said(7, 2, "Product Viewed", map[string]any{"text": "  ", "name": "text"}),
			bot,
		)
		p := h.list(Filter{})
		if p.All != 3 || len(p.Voices) != 3 {
			t.Fatalf("%d texts were read: %+v", p.All, p.Voices)
		}
		last := p.Voices[2]
		if last.Text != "Deluso\nIl pacco è arrivato rotto, è una vergogna." || last.Platform != "mappe" || last.Scale != "stars" || last.Score != 1 || last.Person != person(1) {
			t.Errorf("the oldest is %+v", last)
		}
		if last.Labels.Language.Label != "it" || last.Labels.Sentiment.Label != negative {
			t.Errorf("it is read as %+v", last.Labels)
		}
		var answers int
		err := h.book.Read(t.Context(), count(&answers, `SELECT count(*) FROM voices WHERE worded = 0 AND scale = 'nps' AND score = 9`))
		if err != nil || answers != 1 {
			t.Errorf("answers without a text: %d %v", answers, err)
		}
	})
}

// The past may change: imports taken back, people who turn out to be one, and
// touchpoints that are bound another way.
func TestThePastIsFollowed(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		imported := experience.HashID(nil, "import")
		back := h.said(1, 3, "Review Posted", map[string]any{"text": "Ottimo prodotto, lo consiglio."})
		back.Import = imported
		stays := h.said(2, 2, "Review Posted", map[string]any{"text": "Pessima esperienza."})
		h.tell(back, stays)
		if p := h.list(Filter{}); p.All != 2 {
			t.Fatalf("%d texts", p.All)
		}
		h.weave(ledger.Batch{Moves: []ledger.Move{{Number: 1, Subject: person(2), Was: person(2), Person: person(9)}}})
		if p := h.list(Filter{}); p.Voices[0].Person != person(9) {
			t.Error("the list does not know at once whose a text is")
		}
		h.look()
		if p := h.list(Filter{Person: person(9).String()}); p.All != 1 {
			t.Errorf("%d texts are of the person they moved to", p.All)
		}
		h.weave(ledger.Batch{Forget: []experience.ID{imported}})
		if p := h.list(Filter{}); len(p.Voices) != 1 {
			t.Error("what was taken back is shown")
		}
		h.look()
		if p := h.list(Filter{}); p.All != 1 || p.Voices[0].ID != stays.ID {
			t.Errorf("after the import was taken back there are %d", p.All)
		}
	})
}

// Doors work at the same time: what one of them took minutes before what is in
// the ledger already is heard as well, within minutes.
func TestWhatComesLate(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		h.tell(h.said(1, 2, "Review Posted", map[string]any{"text": "Ottimo prodotto, lo consiglio."}))
		for _, minutes := range []time.Duration{0, 1, 9} {
			late := h.said(2, 3, "Review Posted", map[string]any{"text": "Pessima esperienza."})
			late.ReceivedAt = h.time.Add(-minutes * time.Minute)
			h.tell(late)
		}
		if p := h.list(Filter{}); p.All != 2 {
			t.Errorf("%d texts are heard at once instead of the two that are new", p.All)
		}
		// Nothing else has to happen for that.
		h.time = h.time.Add(wideEvery)
		h.look()
		if p := h.list(Filter{}); p.All != 4 {
			t.Errorf("%d texts are heard after some minutes instead of four", p.All)
		}
		// However much was received since it was looked so far back.
		much := h.said(3, 1, "Page", nil)
		much.ReceivedAt = h.time.Add(10 * time.Hour)
		h.tell(much)
		late := h.said(2, 3, "Review Posted", map[string]any{"text": "Pessima esperienza."})
		late.ReceivedAt = h.time
		h.tell(late)
		h.time = h.time.Add(wideEvery)
		h.look()
		if p := h.list(Filter{}); p.All != 5 {
			t.Errorf("%d texts are heard after hours came at once instead of five", p.All)
		}
	})
}

// Reading again finds nothing new, and what was put right stays right when other
// models read.
func TestReadingAnew(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		one := h.said(1, 3, "Review Posted", map[string]any{"text": "Il corriere ha perso il pacco."})
		h.tell(one)
		marta := &web.User{ID: "u", Name: "Marta"}
		for _, c := range [][2]string{{"sentiment", "positive"}, {"topic", "+loyalty"}, {"urgency", "3"}, {"sentiment", "neutral"}} {
			if err := h.room.Correct(t.Context(), one.ID, c[0], c[1], marta); err != nil {
				t.Fatal(err)
			}
		}
		told, err := h.room.Topics(t.Context(), []experience.ID{one.ID, person(1)})
		if topics, read := told[one.ID]; err != nil || len(told) != 1 || !read || !slices.Contains(topics, "loyalty") {
			t.Errorf("they are told as %v (%v)", told, err)
		}
		h.room.reader.version = "others"
		if err := h.room.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		p := h.list(Filter{Sentiment: "neutral", Topic: "loyalty", Urgency: "3", Corrected: true})
		if len(p.Voices) != 1 || len(p.Voices[0].Corrected) != 3 {
			t.Fatalf("found %+v", p.Voices)
		}
		for _, c := range p.Voices[0].Corrected {
			if _, err := h.room.Undo(t.Context(), c.ID, marta); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.room.CatchUp(t.Context()); err != nil { // what was learnt from them is forgotten
			t.Fatal(err)
		}
		if p := h.list(Filter{Sentiment: "negative", Topic: "delivery"}); len(p.Voices) != 1 || p.Voices[0].Labels.about("loyalty") {
			t.Errorf("after undoing %+v", h.list(Filter{}).Voices)
		}
		for _, c := range [][2]string{{"sentiment", "angry"}, {"topic", "delivery"}, {"topic", "+Non sense"}, {"urgency", "4"}, {"mood", "x"}} {
			if err := h.room.Correct(t.Context(), one.ID, c[0], c[1], marta); experience.CodeOf(err) != experience.Invalid {
				t.Errorf("%v gives %v", c, err)
			}
		}
		if err := h.room.Correct(t.Context(), person(1), "sentiment", "positive", marta); experience.CodeOf(err) != experience.NotFound {
			t.Errorf("a text that is not there gives %v", err)
		}
	})
}

// Where nobody says anything what is new is read, and not everything again.
func TestNothingIsReadTwice(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		h.tell(h.said(1, 2, "Product Viewed", map[string]any{"price": 5}))
		read, err := h.room.head(t.Context())
		if err != nil || read.received != now.UnixMicro() {
			t.Errorf("the ledger was read until %d (%v), want %d", read.received, err, now.UnixMicro())
		}
	})
}
