package followup

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

const (
	// old is from when on nobody waits for an answer any more: what was said
	// before opens nothing.
	old = 14 * 24 * time.Hour
	// few is how many voices are looked at in one transaction.
	few = 100
)

// head gives up to which voice the rules looked.
func head(ctx context.Context, tx registry.Tx) (n int64, err error) {
	err = tx.QueryRow(ctx, `SELECT number FROM followup_head WHERE one = 1`).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, err
}

// Looked says up to which voice the rules have looked.
func (r *Room) Looked(ctx context.Context, number int64) error {
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error { return saveHead(ctx, tx, number) })
}

func saveHead(ctx context.Context, tx registry.Tx, number int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO followup_head (one, number) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET number = excluded.number`, number)
	return err
}

// open looks at the next voices, and opens what rules speak for, in one
// transaction with how far it looked: a crash opens nothing twice and misses
// nothing. More says that others may wait.
func (r *Room) open(ctx context.Context) (more bool, err error) {
	var from int64
	if err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		from, err = head(ctx, tx)
		return err
	}); err != nil {
		return false, err
	}
	voices, last, err := r.Voices.After(ctx, from, few)
	if err != nil || last == from {
		return false, err
	}
	users, err := r.Users(ctx)
	if err != nil {
		return false, err
	}
	now, opened, zone := r.Clock(), 0, r.zone(ctx)
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		opened = 0
		at, err := head(ctx, tx)
		if err != nil || at != from {
			return err // another Regia was faster
		}
		list, err := rules(ctx, tx)
		if err != nil {
			return err
		}
		hours, err := loadHours(ctx, tx)
		if err != nil {
			return err
		}
		due := func(now time.Time, rule FollowUpRule) time.Time {
			return hours.Add(now, time.Duration(rule.Hours)*time.Hour, zone)
		}
		for _, v := range voices {
			n, err := weigh(ctx, tx, v, list, users, now, due)
			if err != nil {
				return err
			}
			opened += n
		}
		return saveHead(ctx, tx, last)
	})
	if err == nil && opened > 0 {
		err = r.Bus.Publish(Changed, []byte(`{"what":"opened","n":`+strconv.Itoa(opened)+`}`))
	}
	return true, err
}

// deadline gives until when something must be done that a rule opens now.
type deadline func(now time.Time, rule FollowUpRule) time.Time

// weigh opens a follow-up for a voice where a rule speaks for it, by the most
// pressing one alone; every other rule that speaks is recorded with why it
// opened nothing.
func weigh(ctx context.Context, tx registry.Tx, v Voice, list []FollowUpRule, users []User, now time.Time, deadline deadline) (opened int, err error) {
	if now.Sub(v.Time) > old || v.Time.After(now.Add(time.Hour)) {
		return 0, nil
	}
	names, first := colleagues(users), ""
	for _, rule := range list {
		why, ok := rule.speaks(v, names)
		if !ok {
			continue
		}
		if first != "" {
			if err := pass(ctx, tx, rule.Key, v, now, "voice", first); err != nil {
				return opened, err
			}
			continue
		}
		same, err := recent(ctx, tx, rule, v)
		if err != nil {
			return opened, err
		}
		if same != "" {
			first = same
			if err := pass(ctx, tx, rule.Key, v, now, "person", same); err != nil {
				return opened, err
			}
			continue
		}
		if first, err = begin(ctx, tx, rule, v, why, users, now, deadline(now, rule)); err != nil {
			return opened, err
		}
		opened++
	}
	return opened, nil
}

// recent finds the follow-up that a person got for the same reason a short time
// ago; "" is none.
func recent(ctx context.Context, tx registry.Tx, rule FollowUpRule, v Voice) (id string, err error) {
	if v.Person.IsZero() {
		return "", nil
	}
	err = tx.QueryRow(ctx, `SELECT id FROM followups WHERE person = $1 AND rule = $2 AND said_at > $3 AND said_at < $4 ORDER BY said_at DESC LIMIT 1`,
		v.Person.String(), rule.Key, v.Time.AddDate(0, 0, -rule.Rest).UnixMicro(), v.Time.AddDate(0, 0, rule.Rest).UnixMicro()).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, err
}

func pass(ctx context.Context, tx registry.Tx, rule string, v Voice, now time.Time, why, followup string) error {
	_, err := tx.Exec(ctx, `INSERT INTO followup_passed (rule, voice, at, why, followup) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (rule, voice) DO NOTHING`,
		rule, v.ID.String(), now.UnixMicro(), why, followup)
	return err
}

// begin opens a follow-up.
func begin(ctx context.Context, tx registry.Tx, rule FollowUpRule, v Voice, why string, users []User, now, due time.Time) (string, error) {
	id := experience.NewID().String()
	owner := asked(rule.Owner, users, experience.Manager, experience.Owner)
	n, err := tx.Exec(ctx, `INSERT INTO followups (id, rule, voice, person, said_at, why, scale, score, opened_at, owner, due_at, late_to, late_at, told, closed_at, closed_by, outcome)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', 0, 0, 0, '', '') ON CONFLICT (rule, voice) DO NOTHING`,
		id, rule.Key, v.ID.String(), v.Person.String(), v.Time.UnixMicro(), why, v.Scale, v.Score, now.UnixMicro(), owner,
		due.UnixMicro())
	if err != nil || n == 0 {
		return id, err
	}
	return id, step(ctx, tx, id, now, "", "", stepOpened, owner)
}

// asked gives who is asked: the user named, if they may come in, else the first
// of the roles in order, else anybody.
func asked(named string, users []User, roles ...experience.Role) string {
	if slices.ContainsFunc(users, func(u User) bool { return u.ID == named }) {
		return named
	}
	for _, role := range roles {
		if i := slices.IndexFunc(users, func(u User) bool { return u.Role == role }); i >= 0 {
			return users[i].ID
		}
	}
	return ""
}

// What is recorded about a follow-up.
const (
	stepOpened   = "opened"
	stepAssigned = "assigned"
	stepLate     = "late"
	stepNoted    = "noted"
	stepClosed   = "closed"
	stepReopened = "reopened"
)

func step(ctx context.Context, tx registry.Tx, followup string, at time.Time, who, name, what, text string) error {
	_, err := tx.Exec(ctx, `INSERT INTO followup_steps (id, followup, at, who, name, what, text) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		experience.NewID().String(), followup, at.UnixMicro(), who, name, what, text)
	return err
}

// passOn hands what is late to whom the rule names for that, while there is
// somebody at work to take it.
func (r *Room) passOn(ctx context.Context) error {
	now := r.Clock()
	if hours, err := r.Hours(ctx); err != nil || !hours.Open(now, r.zone(ctx)) {
		return err
	}
	users, err := r.Users(ctx)
	if err != nil {
		return err
	}
	late := 0
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		late = 0
		list, err := rules(ctx, tx)
		if err != nil {
			return err
		}
		items, err := selectItems(ctx, tx, `closed_at = 0 AND late_at = 0 AND due_at < $1 ORDER BY due_at, id LIMIT 500`, now.UnixMicro())
		if err != nil {
			return err
		}
		for _, i := range items {
			to := ""
			if at := slices.IndexFunc(list, func(x FollowUpRule) bool { return x.Key == i.Rule }); at >= 0 {
				to = list[at].LateTo
			}
			to = asked(to, users, experience.Owner, experience.Manager)
			if _, err := tx.Exec(ctx, `UPDATE followups SET late_at = $1, late_to = $2, told = 0 WHERE id = $3`, now.UnixMicro(), to, i.ID); err != nil {
				return err
			}
			if err := step(ctx, tx, i.ID, now, "", "", stepLate, to); err != nil {
				return err
			}
			late++
		}
		return nil
	})
	if err == nil && late > 0 {
		err = r.Bus.Publish(Changed, []byte(`{"what":"late","n":`+strconv.Itoa(late)+`}`))
	}
	return err
}

// tell writes to those who are asked, and to those whom something late was
// passed on to: that they were told is committed with the letters.
func (r *Room) tell(ctx context.Context) error {
	var any bool
	err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		waiting, err := selectItems(ctx, tx, `told = 0 LIMIT 1`)
		any = len(waiting) > 0
		return err
	})
	if err != nil || !any {
		return err
	}
	users, err := r.Users(ctx)
	if err != nil {
		return err
	}
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		waiting, err := selectItems(ctx, tx, `told = 0 ORDER BY opened_at, id LIMIT 500`)
		if err != nil {
			return err
		}
		for _, i := range waiting {
			letter, ok := r.letter(ctx, i, users)
			if ok && r.Mailer != nil && i.Closed.IsZero() {
				err := r.Mailer.Put(ctx, tx, letter)
				if err != nil && experience.CodeOf(err) != experience.Conflict && experience.CodeOf(err) != experience.Invalid {
					return err // else the address takes no mail: the page tells them
				}
			}
			if _, err := tx.Exec(ctx, `UPDATE followups SET told = 1 WHERE id = $1`, i.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// letter is what is written about a follow-up; false when there is nobody to
// write to.
func (r *Room) letter(ctx context.Context, i Item, users []User) (Letter, bool) {
	to, what := i.Owner, "opened"
	if !i.LateAt.IsZero() {
		to, what = i.LateTo, "late"
	}
	at := slices.IndexFunc(users, func(u User) bool { return u.ID == to })
	if at < 0 || users[at].Email == "" || r.site == nil {
		return Letter{}, false
	}
	zone := r.zone(ctx)
	lang := users[at].Lang
	if lang == "" {
		lang = "it"
	}
	l := r.site.Locale(lang, zone)
	link := ""
	if r.BaseURL != "" {
		link = "\n\n" + r.BaseURL + i.path()
	}
	return Letter{
		Reference: "followup:" + i.ID, To: users[at],
		Subject: l.T("followup.mail."+what+".subject", "rule", l.T("followup.rule."+i.Rule)),
		Text:    l.T("followup.mail."+what, "rule", l.T("followup.rule."+i.Rule), "due", l.DateTime(i.Due)) + link,
	}, true
}
