package voice

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/language"
	"regia/internal/registry"
	"regia/internal/stats"
	"regia/internal/web"
)

const (
	// calm is how long corrections must have rested before they are learnt from:
	// who puts labels right puts several right, and after learning everything is
	// read anew.
	calm = 20 * time.Second
	// mostLearnt is how many corrections are learnt from, the latest.
	mostLearnt = 20_000
)

// taught is what was learnt from corrections, and by which tree topics are told.
type taught struct {
	mark  mark
	tree  int64
	gains []language.Gain
}

// mark tells states of the corrections apart.
type mark struct{ n, undone, last int64 }

func (r *Room) mark(ctx context.Context) (m mark, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*), COALESCE(sum(CASE WHEN undone_at > 0 THEN 1 ELSE 0 END), 0), COALESCE(max(CASE WHEN undone_at > made_at THEN undone_at ELSE made_at END), 0) FROM voice_corrections`).Scan(&m.n, &m.undone, &m.last)
	})
	return m, err
}

// learn has the reader mind the company's topics and what people put right,
// unless it does already, or they are at it. Hasty does not wait for calm. Held
// by who holds reading.
func (r *Room) learn(ctx context.Context, hasty bool) error {
	m, err := r.mark(ctx)
	if err != nil {
		return err
	}
	tree, err := r.topicTree(ctx)
	if err != nil {
		return err
	}
	known, first := taught{}, true
	if was := r.taught.Load(); was != nil {
		known, first = *was, false
	}
	fresh := known.mark != m && (hasty || first || r.Clock().Sub(time.UnixMicro(m.last)) >= calm)
	if !fresh {
		if known.tree != tree.version {
			r.use(r.reader.models.With(tree.rules))
			r.taught.Store(&taught{known.mark, tree.version, known.gains})
		}
		return nil
	}
	list, err := r.lessons(ctx)
	if err != nil {
		return err
	}
	base, err := newReader()
	if err != nil {
		return err
	}
	models, report, err := base.models.With(tree.rules).Learn(ctx, list)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil { // reading must go on
		r.Logger.WarnContext(ctx, "corrections could not be learnt from; texts are read without them", "error", err)
		models = base.models.With(tree.rules)
	}
	r.use(models)
	r.taught.Store(&taught{m, tree.version, report.Fields})
	return nil
}

// lessons gives what people put right, as package language learns it: of each
// text and field what holds, the text that was put right last at the end.
func (r *Room) lessons(ctx context.Context) ([]language.Correction, error) {
	var list []Correction
	err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		list, err = selectCorrections(ctx, tx, `undone_at = 0 AND aspect <> 'language'`)
		return err
	})
	if err != nil {
		return nil, err
	}
	list = list[max(0, len(list)-mostLearnt):]
	texts, err := r.voicesOf(ctx, list)
	if err != nil {
		return nil, err
	}
	var out []language.Correction
	for _, c := range list {
		v, ok := texts[c.Voice]
		if !ok || v.Text == "" {
			continue
		}
		lesson := language.Correction{Text: v.Text}
		switch c.Aspect {
		case aspectSentiment:
			lesson.Field, lesson.Labels = "sentiment", []string{c.Value}
		case aspectUrgency:
			lesson.Field, lesson.Labels = "urgency", []string{c.Value}
		case aspectTopic:
			lesson.Field, lesson.Labels = "topics", []string{}
			for _, t := range v.Labels.topics() {
				lesson.Labels = append(lesson.Labels, t.Label)
			}
		}
		if r.reader == nil || r.reader.learns(lesson.Field) {
			out = append(out, lesson)
		}
	}
	return out, nil
}

// learns tells whether there is a model of a field.
func (r *reader) learns(field string) bool {
	for _, c := range r.models.Cards() {
		if c.Name == field {
			return true
		}
	}
	return false
}

// voicesOf gives the texts that corrections are of, by their ids.
func (r *Room) voicesOf(ctx context.Context, list []Correction) (map[experience.ID]Voice, error) {
	out := map[experience.ID]Voice{}
	var ids []string
	flush := func() error {
		if len(ids) == 0 {
			return nil
		}
		some, err := r.some(ctx, `FROM voices v WHERE v.id IN (`+quotedList(ids)+`)`)
		for _, v := range some {
			out[v.ID] = v
		}
		ids = ids[:0]
		return err
	}
	seen := map[experience.ID]bool{}
	for _, c := range list {
		if seen[c.Voice] {
			continue
		}
		seen[c.Voice] = true
		if ids = append(ids, c.Voice.String()); len(ids) == batch {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	return out, flush()
}

// VoiceGain is how much better a field is told since people put labels right,
// on corrections that were held back: each was judged by models that had not
// seen it.
type VoiceGain struct {
	Field       string          `json:"field" doc:"sentiment, topics or urgency"`
	Corrections int             `json:"corrections"`
	HeldBack    int             `json:"held_back" doc:"How many were judged; 0 where there are fewer than five"`
	Before      *stats.Interval `json:"before" doc:"Part told rightly before learning; null where none was judged"`
	After       *stats.Interval `json:"after" doc:"... and after"`
	Won         int             `json:"won" doc:"Wrong before, right after"`
	Lost        int             `json:"lost" doc:"Right before, wrong after"`
	Adopted     bool            `json:"adopted" doc:"What was learnt is used: unless it made things worse"`
}

// gains tells what was learnt, as far as it was.
func (r *Room) gains() []VoiceGain {
	out := []VoiceGain{}
	known := r.taught.Load()
	if known == nil {
		return out
	}
	for _, g := range known.gains {
		x := VoiceGain{Field: g.Field, Corrections: g.Corrections, HeldBack: g.HeldBack, Won: g.Won, Lost: g.Lost, Adopted: g.Adopted}
		if g.HeldBack > 0 {
			before, after := stats.Share(int64(g.Before), int64(g.HeldBack)), stats.Share(int64(g.After), int64(g.HeldBack))
			x.Before, x.After = &before, &after
		}
		out = append(out, x)
	}
	return out
}

// learningView is the page of what was put right and what came of it.
type learningView struct {
	names
	gains []VoiceGain
	list  []Correction
	n     int64
	cards []language.Card
}

// shownCorrections is how many corrections the page lists.
const shownCorrections = 50

func (r *Room) learningPage(w http.ResponseWriter, q *web.Request) error {
	v := learningView{gains: r.gains()}
	err := r.Book.Read(q.Context(), func(ctx context.Context, tx registry.Tx) (err error) {
		if err = tx.QueryRow(ctx, `SELECT count(*) FROM voice_corrections WHERE undone_at = 0`).Scan(&v.n); err != nil {
			return err
		}
		v.list, err = latestCorrections(ctx, tx, shownCorrections)
		return err
	})
	if err != nil {
		return err
	}
	if v.cards, err = r.cards(); err != nil {
		return err
	}
	if v.names, err = r.names(q, nil); err != nil {
		return err
	}
	return r.site.Render(w, q, web.Page{Room: "voice", Title: q.L.T("voice.learning")}, learningBody(v))
}

// cards tells what the models are; they are opened once.
func (r *Room) cards() ([]language.Card, error) {
	if known := r.models.Load(); known != nil {
		return *known, nil
	}
	opened, err := newReader()
	if err != nil {
		return nil, err
	}
	list := opened.models.Cards()
	r.models.Store(&list)
	return list, nil
}

func (v learningView) gainColumns() []web.Column {
	return []web.Column{{Label: v.l.T("voice.learning.field")}, {Label: v.l.T("voice.learning.n"), Number: true},
		{Label: v.l.T("voice.learning.before"), Number: true}, {Label: v.l.T("voice.learning.after"), Number: true}, {Label: v.l.T("voice.learning.used")}}
}

func (v learningView) modelColumns() []web.Column {
	return []web.Column{{Label: v.l.T("voice.learning.model")}, {Label: v.l.T("voice.learning.f1"), Number: true}, {Label: v.l.T("voice.learning.version"), Number: true}}
}

// model names a model by what it tells, and by its language where it has one.
func (v learningView) model(c language.Card) string {
	what, tongue, _ := strings.Cut(c.Name, "-")
	if !v.l.Has("voice.model." + what) {
		return c.Name
	}
	name := v.l.T("voice.model." + what)
	if v.l.Has("voice.language." + tongue) {
		name += " · " + v.l.T("voice.language."+tongue)
	}
	return name
}

func (v learningView) right(i *stats.Interval) string {
	if i == nil {
		return v.l.TooFew(0)
	}
	return v.share(*i)
}

func (v learningView) bounds(i *stats.Interval) string {
	if i == nil {
		return ""
	}
	return v.interval(*i)
}

func (v learningView) answer() string {
	if v.n == 0 {
		return v.l.T("voice.learning.untaught")
	}
	return v.l.T("voice.learning.answer", "n", v.n)
}

// figure writes how good a model is, on texts it had not seen.
func (v learningView) figure(c language.Card) string {
	f, ok := c.Figures["f1"]
	if !ok {
		return ""
	}
	return v.l.Decimal(f, 2)
}

func version(c language.Card) string { return strconv.Itoa(c.Version) }
