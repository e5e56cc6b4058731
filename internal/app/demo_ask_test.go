package app_test

import (
	"context"
	"slices"
	"time"

	"regia/internal/app"
	"regia/internal/registry"
)

// asksAndListens: the demo company asked, people answered or did not, and
// colleagues looked after them, as the rules say.
func (w world) asksAndListens() {
	w.tb.Helper()
	w.everyFate()
	w.sometimesLate()
	// What was told is told once.
	w.same("responses not told", w.registry(`SELECT count(*) FROM survey_responses WHERE settled_at > 0 AND told = 0`), 0)
	w.same("events that wait", w.registry(`SELECT count(*) FROM invite_untold`), 0)
	w.same("answers in the ledger", w.sql(`SELECT count(*) FROM interactions WHERE name = 'Survey Answered' AND message_id LIKE 'survey-%'`),
		w.registry(`SELECT count(*) FROM survey_responses WHERE told = 1 AND answers <> '{}'`))
	w.same("answered invitations without a response", w.registry(`SELECT count(*) FROM invitations WHERE state = 'answered' AND id NOT IN (SELECT invitation FROM survey_responses)`), 0)
	w.same("invitations sent, in the ledger", w.sql(`SELECT count(*) FROM interactions WHERE name = 'Survey Sent'`), w.registry(`SELECT count(*) FROM invitations WHERE sent_at > 0`))

	before := w.sql(`SELECT count(*) FROM interactions`)
	d, err := app.OpenDemo(context.Background(), w.App, 1)
	if err == nil {
		err = d.Ask(context.Background())
	}
	if err != nil {
		w.tb.Fatal(err)
	}
	w.caught()
	w.same("interactions after asking again", w.sql(`SELECT count(*) FROM interactions`), before)
}

// everyFate: all that can become of a question has become of some, and nobody was
// asked too often or at night.
func (w world) everyFate() {
	w.tb.Helper()
	for _, reason := range []string{"asked", "recently", "no_address", "not_drawn", "undelivered", "unsubscribed"} {
		if w.registry(`SELECT coalesce(sum(n), 0) FROM invite_tally WHERE reason = '`+reason+`'`) == 0 {
			w.tb.Errorf("nobody is %s", reason)
		}
	}
	for _, state := range []string{"sent", "opened", "answered", "declined", "bounced", "expired"} {
		if w.registry(`SELECT count(*) FROM invitations WHERE state = '`+state+`'`) == 0 {
			w.tb.Errorf("no invitation is %s", state)
		}
	}
	for what, query := range map[string]string{
		"email": `channel = 'email' AND finished_at > 0`, "half-finished": `finished_at = 0 AND settled_at > 0`, "qr": `channel = 'qr'`, "kiosk": `channel = 'kiosk'`,
	} {
		if w.registry(`SELECT count(*) FROM survey_responses WHERE `+query) == 0 {
			w.tb.Errorf("no answer is %s", what)
		}
	}
	w.same("people asked twice within two weeks", w.registry(`SELECT count(*) FROM invitation_keys a JOIN invitation_keys b ON a.key = b.key AND a.invitation < b.invitation
		JOIN invitations x ON x.id = a.invitation JOIN invitations y ON y.id = b.invitation
		WHERE x.sent_at > 0 AND y.sent_at > 0 AND abs(x.asked_at - y.asked_at) < 1209600000000 - 60000000`), 0)
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		w.tb.Fatal(err)
	}
	for _, at := range w.moments(`SELECT sent_at FROM invitations WHERE sent_at > 0`) {
		if h := at.In(zone).Hour(); h < 9 || h >= 21 {
			w.tb.Errorf("somebody was asked at %s", at.In(zone))
		}
	}
}

// sometimesLate: follow-ups have an owner and a deadline in working hours, some
// were closed in time and some late, and enough people were asked again to say
// whether their opinion turned.
func (w world) sometimesLate() {
	w.tb.Helper()
	w.same("follow-ups nobody looks after", w.registry(`SELECT count(*) FROM followups WHERE owner = ''`), 0)
	for what, query := range map[string]string{"in time": `closed_at > 0 AND closed_at <= due_at`, "late": `closed_at > due_at`, "passed on": `late_at > 0`} {
		if n := w.registry(`SELECT count(*) FROM followups WHERE ` + query); n < 5 {
			w.tb.Errorf("%d follow-ups are %s", n, what)
		}
	}
	hours, err := w.FollowUps.Hours(w.tb.Context())
	if err != nil {
		w.tb.Fatal(err)
	}
	zone := w.Company(w.tb.Context()).Location()
	for _, at := range slices.Concat(w.moments(`SELECT due_at FROM followups`), w.moments(`SELECT closed_at FROM followups WHERE closed_at > 0`)) {
		if !hours.Open(at, zone) {
			w.tb.Errorf("at %s nobody works", at.In(zone))
		}
	}
	var f struct {
		Turned []struct {
			Scale string
			Share struct {
				Value float64
				N     int64
			}
			Rise struct{ Low float64 }
		}
	}
	w.get("/api/v1/follow-up-figures?days=90", &f)
	var enough []string
	for _, t := range f.Turned {
		w.tb.Logf("of %d who answered again on %s, %.0f %% turned", t.Share.N, t.Scale, 100*t.Share.Value)
		if t.Share.N >= 20 && t.Rise.Low > 0 {
			enough = append(enough, t.Scale)
		}
	}
	if len(enough) == 0 {
		w.tb.Errorf("on no scale enough answered again: %+v", f.Turned)
	}
}

// moments reads times from the registry.
func (w world) moments(query string) (out []time.Time) {
	w.tb.Helper()
	err := w.Registry.Read(context.Background(), func(ctx context.Context, tx registry.Tx) error {
		rows, err := tx.Query(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var at int64
			if err := rows.Scan(&at); err != nil {
				return err
			}
			out = append(out, time.UnixMicro(at))
		}
		return rows.Err()
	})
	if err != nil {
		w.tb.Fatalf("%s: %v", query, err)
	}
	return out
}
