package invite

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

const (
	// overlap is how far back what was read is read again: what the door took at
	// nearly the same time may have been woven in another order, and clocks of
	// several servers differ. What was decided is not decided again.
	overlap  = 5 * time.Minute
	pageRows = 200
)

// follow decides about what was woven since the last time. A crash in between
// changes nothing: decisions, the invitations they plan and the position are
// kept together, and an interaction is decided once for each rule.
func (r *Room) follow(ctx context.Context) error {
	rules, err := r.activeRules(ctx)
	if err != nil || len(rules) == 0 {
		return err
	}
	settings, err := r.Settings(ctx)
	if err != nil {
		return err
	}
	at, err := r.position(ctx)
	if err != nil {
		return err
	}
	from := at.Add(-overlap)
	if first := earliest(rules).Add(-overlap); first.After(from) {
		from = first
	}
	var head *time.Time
	if err := r.Ledger.QueryRow(ctx, `SELECT max(received_at) FROM interactions WHERE received_at >= $1`, from).Scan(&head); err != nil || head == nil {
		return err
	}
	cursor := page{at: from}
	for {
		rows, err := r.readPage(ctx, rules, cursor, *head)
		if err != nil {
			return err
		}
		if err := r.decidePage(ctx, rules, settings, rows); err != nil {
			return err
		}
		if len(rows) < pageRows {
			return r.savePosition(ctx, *head)
		}
		last := rows[len(rows)-1]
		cursor = page{at: last.ReceivedAt, id: last.ID}
	}
}

// Consider decides about interactions now, by the rules in force, as if they had
// been woven this moment. Whoever tells a past gives them in the order of time,
// by a Room whose clock stands there.
func (r *Room) Consider(ctx context.Context, rows []experience.Interaction) error {
	rules, err := r.activeRules(ctx)
	if err != nil || len(rules) == 0 || len(rows) == 0 {
		return err
	}
	settings, err := r.Settings(ctx)
	if err != nil {
		return err
	}
	return r.decidePage(ctx, rules, settings, rows)
}

// Considered says that all that the door took until a moment was decided about.
func (r *Room) Considered(ctx context.Context, until time.Time) error {
	return r.savePosition(ctx, until)
}

func earliest(rules []Rule) time.Time {
	first := rules[0].Since
	for _, r := range rules {
		if r.Since.Before(first) {
			first = r.Since
		}
	}
	return first
}

// page is where a page of the ledger begins: after an interaction.
type page struct {
	at time.Time
	id experience.ID
}

// readPage reads interactions that some rule may be about, in the order in which
// the door took them.
func (r *Room) readPage(ctx context.Context, rules []Rule, after page, until time.Time) (out []experience.Interaction, err error) {
	args := []any{after.at, after.at, after.id.String(), until, pageRows}
	if after.id.IsZero() {
		args[2] = "00000000-0000-0000-0000-000000000000"
	}
	var names []string
	seen := map[string]bool{}
	for _, rule := range rules {
		if name := strings.ToLower(rule.Event); !seen[name] {
			seen[name] = true
			args = append(args, name)
			names = append(names, "$"+strconv.Itoa(len(args)))
		}
	}
	rows, err := r.Ledger.Query(ctx, `SELECT id::TEXT, source, name, time, received_at, person_id::TEXT, touchpoint, order_id, product_id, properties::TEXT, import_id::TEXT
		FROM interactions WHERE flags = 0 AND kind = 'track' AND (received_at > $1 OR received_at = $2 AND id > $3::UUID) AND received_at <= $4
		AND lower(name) IN (`+strings.Join(names, ", ")+`) ORDER BY received_at, id LIMIT $5`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var x experience.Interaction
		var properties *string
		if err := rows.Scan(&x.ID, &x.Source, &x.Name, &x.Time, &x.ReceivedAt, &x.Person, &x.Touchpoint, &x.OrderID, &x.ProductID, &properties, &x.Import); err != nil {
			return nil, err
		}
		if properties != nil {
			x.Properties = json.RawMessage(*properties)
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

// decidePage decides about interactions, a few in each transaction.
func (r *Room) decidePage(ctx context.Context, rules []Rule, settings Settings, rows []experience.Interaction) error {
	open, err := r.openSurveys(ctx)
	if err != nil {
		return err
	}
	type pair struct {
		rule Rule
		x    experience.Interaction
	}
	var pairs []pair
	for _, x := range rows {
		for _, rule := range rules {
			if rule.fits(x) {
				pairs = append(pairs, pair{rule, x})
			}
		}
	}
	const together = 25
	for len(pairs) > 0 {
		n := min(together, len(pairs))
		err := r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
			for _, p := range pairs[:n] {
				if err := r.decide(ctx, tx, p.rule, p.x, settings, open); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		pairs = pairs[n:]
	}
	return nil
}

// openSurveys gives the keys of surveys that may be answered.
func (r *Room) openSurveys(ctx context.Context) (map[string]bool, error) {
	all, err := r.Surveys.List(ctx)
	open := make(map[string]bool, len(all))
	for _, s := range all {
		open[s.Key] = s.Open
	}
	return open, err
}

// decide decides once whether a rule asks after an interaction.
func (r *Room) decide(ctx context.Context, tx registry.Tx, rule Rule, x experience.Interaction, settings Settings, open map[string]bool) error {
	known, err := decided(ctx, tx, rule.ID, x.ID)
	if err != nil || known {
		return err
	}
	now := r.Clock()
	d := decision{rule: rule.ID, event: x.ID, person: x.Person, at: now}
	due := x.Time.Add(time.Duration(rule.Delay) * time.Minute)
	if due.Before(now) {
		due = now
	}
	if rule.By != Widget { // who is in the site is awake
		due = settings.Quiet.open(due, r.Company(ctx).Location())
	}
	var contact Contact
	var keys []string
	switch {
	case rule.late(x, now):
		d.reason = TooLate
	case x.Person.IsZero():
		d.reason = Nobody
	case !rule.draws(x.ID):
		d.reason = NotDrawn
	case !open[rule.Survey]:
		d.reason = Closed
	default:
		contact, err = r.People.Contact(ctx, tx, x.Person)
		if isMissing(err) {
			d.reason, err = Nobody, nil
			break
		}
		if err != nil {
			return err
		}
		d.person = contact.Person
		d.reason, keys, err = r.judge(ctx, tx, judgement{contact: contact, by: rule.By, at: due, settings: settings})
	}
	if err != nil {
		return err
	}
	if d.reason == Asked {
		i := rule.invitation(x, contact, now, due)
		i.ID = experience.HashID(r.key, "invitation", rule.ID.String(), x.ID.String()) // decided again after a crash, it is the same
		i.identifier = keys
		d.invitation = i.ID
		if err := r.insert(ctx, tx, i, contact); err != nil {
			return err
		}
	}
	return d.insert(ctx, tx, r.Company(ctx).Location())
}

// invitation plans what a rule asks after an interaction.
func (r Rule) invitation(x experience.Interaction, c Contact, now, due time.Time) Invitation {
	i := Invitation{
		Rule: r.ID, Event: x.ID, Import: x.Import, Person: c.Person, Channel: r.By, Survey: r.Survey, Language: c.Language, State: Planned,
		About:     About{Touchpoint: r.About, Shop: propertyOf(x, "shop"), OrderID: x.OrderID, ProductID: x.ProductID},
		PlannedAt: now, DueAt: due, AskedAt: due, ExpiresAt: due.Add(time.Duration(r.Expiry) * day),
	}
	if i.About.Touchpoint == "" {
		i.About.Touchpoint = x.Touchpoint
	}
	i.About = i.About.tidy()
	if r.Remind > 0 && (r.By == Email || r.By == SMS) {
		i.RemindAt = due.Add(time.Duration(r.Remind) * day)
	}
	return i
}
