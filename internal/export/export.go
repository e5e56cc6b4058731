package export

import (
	"context"
	"embed"
	"io"
	"log/slog"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Ledger gives interactions.
type Ledger interface {
	Scan(ctx context.Context, f ledger.Filter, do func(experience.Interaction) error) error
}

// People gives everybody, anonymous visitors only when asked for, and who an
// id belongs to now.
type People interface {
	Each(ctx context.Context, anonymous bool, do func(Person) error) error
	Current(ctx context.Context, id experience.ID) (experience.ID, error)
}

// Named is a source or a touchpoint to choose by.
type Named struct{ Key, Name string }

// Options say what the room needs.
type Options struct {
	Ledger      Ledger
	People      People
	Sources     func(context.Context) ([]Named, error)
	Touchpoints func(ctx context.Context, lang string) ([]Named, error)
	Clock       experience.Clock
	Logger      *slog.Logger
	AtOnce      int // exports under way at one time; default 4
}

// Room is what lets data out: its API and its page.
type Room struct {
	Options
	site  *web.Site
	slots chan struct{}
}

// New makes the room; Register opens it.
func New(o Options) *Room {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.AtOnce <= 0 {
		o.AtOnce = 4
	}
	return &Room{Options: o, slots: make(chan struct{}, o.AtOnce)}
}

// Register puts the room's texts, page and operations on the site.
func (r *Room) Register(s *web.Site) error {
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	r.registerAPI()
	r.registerPages()
	return nil
}

// wanted is what somebody asked for.
type wanted struct {
	what      string // interactions, people
	format    Format
	filter    ledger.Filter
	anonymous bool // also people of whom nothing is known
	raw       bool // formulas stay as they are
}

// Question is what interactions to take out, as it is asked.
type Question struct {
	Format     string
	From, To   string
	Source     string
	Touchpoint string
	Person     string
	All        bool
	Raw        bool
}

// interactions understands a question. Days are those of zone, the last one
// included.
func (r *Room) interactions(ctx context.Context, q Question, zone *time.Location) (wanted, error) {
	w := wanted{what: "interactions", format: Format(q.Format), raw: q.Raw}
	w.filter = ledger.Filter{Source: q.Source, Touchpoint: q.Touchpoint, IncludeFlagged: q.All}
	var err error
	if w.filter.From, err = moment(q.From, zone, false); err != nil {
		return w, err
	}
	if w.filter.To, err = moment(q.To, zone, true); err != nil {
		return w, err
	}
	if !w.filter.To.IsZero() && !w.filter.From.Before(w.filter.To) {
		return w, experience.Errorf(experience.Invalid, "export.error.period")
	}
	if q.Person != "" {
		id, err := experience.ParseID(strings.TrimSpace(q.Person))
		if err != nil {
			return w, err
		}
		if w.filter.Person, err = r.People.Current(ctx, id); err != nil {
			return w, err
		}
	}
	if err := r.exists(ctx, q.Source, r.Sources, "export.error.source"); err != nil {
		return w, err
	}
	touchpoints := func(ctx context.Context) ([]Named, error) { return r.Touchpoints(ctx, "en") }
	return w, r.exists(ctx, q.Touchpoint, touchpoints, "export.error.touchpoint")
}

// exists refuses a key that nothing has: an empty file would look like an answer.
func (r *Room) exists(ctx context.Context, key string, list func(context.Context) ([]Named, error), refusal string) error {
	if key == "" {
		return nil
	}
	all, err := list(ctx)
	if err != nil {
		return err
	}
	for _, n := range all {
		if n.Key == key {
			return nil
		}
	}
	return experience.Errorf(experience.NotFound, "%s", refusal)
}

// moment reads a day or a time; the end of a period that is a day is the end
// of that day.
func moment(text string, zone *time.Location, end bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		if end {
			day = day.AddDate(0, 0, 1)
		}
		return day, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, experience.Errorf(experience.Invalid, "export.error.time")
	}
	return t, nil
}

// produce writes what is wanted, as user may see it, and gives how many rows.
func (r *Room) produce(ctx context.Context, w wanted, user *web.User, out io.Writer) (int64, error) {
	sees := user.SeesPeople()
	if w.what == "people" {
		t, err := open(personShape, w.format, out, w.raw)
		if err != nil {
			return 0, err
		}
		return fill(t, func(row func(Person) error) error {
			return r.People.Each(ctx, w.anonymous, func(p Person) error {
				if !sees {
					p.mask()
				}
				return row(p)
			})
		})
	}
	t, err := openInteractions(w.format, out, w.raw)
	if err != nil {
		return 0, err
	}
	return fill(t, func(row func(experience.Interaction) error) error {
		return r.Ledger.Scan(ctx, w.filter, func(i experience.Interaction) error {
			if !sees { // as on a person's timeline: what happened, not what was said of whom
				i.Properties, i.Context = nil, nil
			}
			return row(i)
		})
	})
}

func fill[T any](t table[T], each func(row func(T) error) error) (rows int64, err error) {
	err = each(func(row T) error {
		rows++
		return t.write(row)
	})
	if err != nil {
		return rows, err
	}
	return rows, t.close()
}
