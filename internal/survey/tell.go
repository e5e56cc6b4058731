package survey

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"regia/internal/experience"
	"regia/internal/registry"
)

const (
	tellEvery   = time.Minute // also looks for what was left unfinished
	opensEvery  = 2 * time.Second
	tellAtOnce  = 200
	settleBatch = 100
	// mostEvent is how many bytes of one answer the log gets, mostToldAtOnce of
	// several together: more than the log takes would hold up all that follow.
	mostEvent      = 512 << 10
	mostToldAtOnce = 4 << 20
)

// told is what the event of a response says. The first scored question stands
// flat, as tools that send one question an event have it.
type told struct {
	Survey     string               `json:"survey"`
	Version    int                  `json:"survey_version"`
	Response   string               `json:"response"`
	Invitation string               `json:"invitation,omitempty"`
	Channel    Channel              `json:"channel_asked"`
	Language   string               `json:"language,omitempty"`
	About      string               `json:"about,omitempty"`
	Shop       string               `json:"shop,omitempty"`
	OrderID    string               `json:"order_id,omitempty"`
	ProductID  string               `json:"product_id,omitempty"`
	Partial    bool                 `json:"partial,omitempty"` // it was left unfinished
	Question   string               `json:"question,omitempty"`
	Scale      string               `json:"scale,omitempty"`
	Score      *int                 `json:"score,omitempty"`
	Dimension  experience.Dimension `json:"dimension,omitempty"`
	Text       string               `json:"text,omitempty"`
	Cut        bool                 `json:"text_cut,omitempty"` // texts were shortened for the log; the results have them whole
	Answers    []toldAnswer         `json:"answers,omitempty"`
}

// toldAnswer is one answer. Scale and OutOf say what Score is on.
type toldAnswer struct {
	Question  string               `json:"question"`
	Item      string               `json:"item,omitempty"` // of a matrix
	Type      Type                 `json:"type"`
	Scale     string               `json:"scale,omitempty"`
	OutOf     int                  `json:"out_of,omitempty"` // the best score, where it is not the scale's usual one
	Score     *int                 `json:"score,omitempty"`
	Choice    []string             `json:"choice,omitempty"`
	Text      string               `json:"text,omitempty"`
	Dimension experience.Dimension `json:"dimension,omitempty"`
}

// tell says in the log's words what a response says.
func tell(v *Version, r Response) told {
	out := told{
		Survey: r.Survey, Version: r.Version, Response: r.ID.String(), Invitation: r.Invitation, Channel: r.Channel, Language: r.Language,
		About: r.About, Shop: r.Shop, OrderID: r.OrderID, ProductID: r.ProductID, Partial: r.FinishedAt.IsZero(),
	}
	var texts []string
	for i := range v.Questions {
		q := &v.Questions[i]
		a, ok := r.Answers[q.Key]
		if !ok {
			continue
		}
		out.Answers = append(out.Answers, q.tell(a)...)
		if a.Text != "" {
			texts = append(texts, a.Text)
		}
		if a.Score != nil && out.Score == nil {
			out.Question, out.Scale, out.Score, out.Dimension = q.Key, q.Scale(), a.Score, q.Dimension
		}
	}
	out.Text = strings.Join(texts, "\n\n")
	return out
}

func (q *Question) tell(a Answer) (out []toldAnswer) {
	scale := q.scale()
	one := toldAnswer{Question: q.Key, Type: q.Type, Scale: scale.Name(), Dimension: q.dimension()}
	if q.Type != Matrix {
		one.Score, one.Choice, one.Text = a.Score, a.Choice, a.Text
		return append(out, one)
	}
	if !scale.Usual() {
		one.OutOf = int(scale.High)
	}
	for _, item := range q.Items {
		if score, ok := a.Items[item.Key]; ok {
			one.Item, one.Score = item.Key, &score
			out = append(out, one)
		}
	}
	return out
}

// Run tells the log what was answered, and settles what was left unfinished,
// until ctx ends. What could not be told is told another time: each response
// has one message id, which the log's readers count once for ever.
func (r *Room) Run(ctx context.Context) error {
	every, opens := time.NewTicker(tellEvery), time.NewTicker(opensEvery)
	defer every.Stop()
	defer opens.Stop()
	r.warn(ctx, "answers could not be settled or told; they are kept and will be", r.CatchUp(ctx))
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
			r.warn(ctx, "answers could not be settled or told; they are kept and will be", r.CatchUp(ctx))
		case <-opens.C:
			r.warn(ctx, "the views of surveys could not be counted", r.Store.writeOpens(ctx))
		case <-r.answered:
			_, err := r.Tell(ctx)
			r.warn(ctx, "answers could not be told; they are kept and will be", err)
		}
	}
}

// CatchUp settles what was left unfinished, and tells what was not told.
func (r *Room) CatchUp(ctx context.Context) error {
	for {
		n, err := r.Store.settle(ctx, settleBatch)
		if err != nil {
			return err
		}
		if n < settleBatch {
			break
		}
	}
	_, err := r.Tell(ctx)
	return err
}

func (r *Room) warn(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		r.Logger.WarnContext(ctx, what, "error", err)
	}
}

// Tell brings what was answered and not told yet into the log, and gives how
// many responses.
func (r *Room) Tell(ctx context.Context) (n int, err error) {
	for {
		list, err := r.Store.untold(ctx, tellAtOnce)
		if err != nil || len(list) == 0 {
			return n, err
		}
		some, err := r.tellSome(ctx, list)
		if err != nil {
			return n, err
		}
		n += some
	}
}

// tellSome tells the first of a list, as many as the log takes at a time, and
// gives how many.
func (r *Room) tellSome(ctx context.Context, list []Response) (n int, err error) {
	var records []experience.Record
	for size := 0; n < len(list) && size < mostToldAtOnce; n++ {
		record, ok, err := r.record(ctx, list[n])
		if err != nil {
			return 0, err
		}
		if ok {
			records = append(records, record)
			size += len(record.Event)
		}
	}
	if len(records) > 0 {
		if err := r.Log(ctx, records); err != nil {
			return 0, err
		}
	}
	return n, r.Store.told(ctx, list[:n])
}

// record is the event of a response, for whoever answered. False where nothing
// was answered: there is nothing to tell.
func (r *Room) record(ctx context.Context, x Response) (out experience.Record, ok bool, err error) {
	v, err := r.Store.Version(ctx, x.Survey, x.Version)
	if err != nil {
		return out, false, err
	}
	who := x.Who
	if x.Invitation != "" && r.Invitations != nil {
		invited, err := r.Invitations.Look(ctx, x.Invitation)
		if err == nil {
			who = append(who, invited.Identifiers...)
			err = r.Invitations.Answered(ctx, x.Invitation, x.SettledAt, !x.FinishedAt.IsZero())
		}
		if err != nil && experience.CodeOf(err) != experience.NotFound { // forgotten: the answer is nobody's
			return out, false, err
		}
	}
	if len(x.Answers) == 0 {
		return out, false, nil
	}
	properties, err := fitting(tell(v, x))
	if err != nil {
		return out, false, err
	}
	e := experience.Event{
		MessageID: "survey-" + x.ID.String(), Kind: experience.Track, Name: experience.SurveyAnswered, Time: x.ChangedAt,
		Properties: properties, Identifiers: who, Imported: true,
	}
	out = experience.Record{Source: r.Source, ReceivedAt: r.Clock()}
	if v.Staff {
		out.Flags, e.Identifiers = experience.FlagStaff, nil
	}
	out.Event, err = json.Marshal(e)
	return out, err == nil, err
}

// fitting writes what the log is told. Texts are halved until all of it fits:
// the figures stay, and the whole texts stand in the results.
func fitting(t told) (json.RawMessage, error) {
	for most := MaxText; ; most /= 2 {
		raw, err := json.Marshal(t)
		if err != nil || len(raw) <= mostEvent || most == 0 {
			return raw, err
		}
		t.Cut = true
		var texts []string
		for i := range t.Answers {
			if a := &t.Answers[i]; a.Text != "" {
				a.Text = string([]rune(a.Text)[:min(most/2, utf8.RuneCountInString(a.Text))])
				texts = append(texts, a.Text)
			}
		}
		t.Text = strings.Join(texts, "\n\n")
	}
}

// untold gives settled responses that the log does not have.
func (s *Store) untold(ctx context.Context, most int) (list []Response, err error) {
	err = s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		list, err = selectUntold(ctx, tx, most)
		return err
	})
	return list, err
}

func (s *Store) told(ctx context.Context, list []Response) error {
	return s.book.Write(ctx, func(ctx context.Context, tx registry.Tx) error { return markTold(ctx, tx, list) })
}
