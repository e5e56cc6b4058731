package survey

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"regia/internal/experience"
)

// Somebody who fills every box to the brim must not keep the answers of all the
// others from the log, which takes no event of any size.
func TestALongAnswerHoldsUpNobody(t *testing.T) {
	d := newDesk(t)
	s := Survey{Name: both("Lungo", "Long"), Languages: []string{"it", "en"}, Questions: []Question{{Type: NPS, Text: both("Quanto?", "How much?")}}}
	for range 30 {
		s.Questions = append(s.Questions, Question{Type: OpenText, Text: both("Altro?", "Anything else?")})
	}
	key := d.publish(s)
	v, _, err := d.Store.Current(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	largest, together := 0, 0
	remember := d.Log
	d.Log = func(ctx context.Context, records []experience.Record) error {
		sum := 0
		for _, r := range records {
			largest = max(largest, len(r.Event))
			sum += len(r.Event)
		}
		together = max(together, sum)
		return remember(ctx, records)
	}
	const people = 20
	for n := range people {
		answers := Answers{v.Questions[0].Key: score(3)}
		for k, q := range v.Questions[1:] {
			answers[q.Key] = Answer{Text: strconv.Itoa(k) + strings.Repeat("<", MaxText-10)} // six bytes each, where JSON is careful
		}
		if n == people-1 {
			answers = Answers{v.Questions[0].Key: score(9), v.Questions[1].Key: {Text: "breve"}}
		}
		must[Response](t)(d.Store.Keep(t.Context(), v, Step{ID: experience.NewID(), Ticket: Ticket{Survey: key, Channel: ByLink}, Answers: answers, Finish: true}))
	}
	_, said := d.told()
	if len(said) != people {
		t.Fatalf("%d of %d were told", len(said), people)
	}
	if largest > 768<<10 || together > 16<<20 {
		t.Errorf("an event of %d bytes, %d at a time", largest, together)
	}
	cut := 0
	for _, x := range said {
		if x.Score == nil || len(x.Answers) < 2 || !x.Cut && x.Text != "breve" {
			t.Fatalf("told without its figures: %+v", x.Score)
		}
		if x.Cut {
			cut++
			if !strings.HasPrefix(x.Text, "0<<<") || !strings.HasPrefix(x.Answers[30].Text, "29<<<") {
				t.Error("the texts' beginnings are gone")
			}
		}
	}
	if cut != people-1 {
		t.Errorf("%d say that they were shortened", cut)
	}
	list, _, err := d.Store.Settled(t.Context(), key, "", true, people)
	if err != nil || len(list) != people || len(list[people-1].Answers[v.Questions[5].Key].Text) < MaxText-10 {
		t.Errorf("the results have lost something: %d, %v", len(list), err)
	}
}

// A link that is somebody's own is no kiosk, whatever is written behind it.
func TestAnInvitationIsNoKiosk(t *testing.T) {
	d := newDesk(t)
	key := d.publish(sample())
	d.guests.known["i-1"] = Invited{Survey: key, Open: true}
	p := d.respondent(Ticket{Survey: key, Invitation: "i-1", Channel: ByEmail}).open("?kiosk=1")
	p.send("q1", "9")
	p.send("go", "next")
	d.watch.pass(Abandoned)
	if err := func() error { _, err := d.Store.settle(t.Context(), 10); return err }(); err != nil {
		t.Fatal(err)
	}
	if _, said := d.told(); len(said) != 1 || said[0].Channel != ByEmail {
		t.Errorf("told %+v", said)
	}
}
