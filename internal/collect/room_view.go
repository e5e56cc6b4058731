package collect

import (
	"context"
	"fmt"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// listView is the page of all sources.
type listView struct {
	head   web.HeadProps
	rows   []sourceRow
	err    error // of the figures: the list stands without them
	steers bool
	empty  web.EmptyProps
}

type sourceRow struct {
	Source
	kind     string
	activity Activity
}

func listOf(l *web.Locale, all []Source, activity map[string]Activity, err error, steers bool) listView {
	v := listView{err: err, steers: steers}
	open, events := 0, int64(0)
	var last time.Time
	for _, x := range all {
		row := sourceRow{x, kindLabel(l, x.Kind), activity[x.ID]}
		if x.Kind == RegiaSource && row.activity.Last.IsZero() {
			continue // Regia itself is no news before it did something
		}
		v.rows = append(v.rows, row)
		if x.Kind == RegiaSource {
			continue
		}
		if !x.Disabled {
			open++
		}
		events += row.activity.Events
		if row.activity.Last.After(last) {
			last = row.activity.Last
		}
	}
	v.head = web.HeadProps{Question: l.T("collect.question")}
	switch {
	case open == 0:
		v.head.Answer = l.T("collect.answer.none")
	case err != nil:
		v.head.Answer = l.T("collect.answer.only", "n", open)
	case last.IsZero():
		v.head.Answer = l.T("collect.answer.silent", "n", open)
	default:
		v.head.Answer = l.T("collect.answer", "n", open, "events", events)
	}
	if steers {
		v.head.Action = web.LinkButton(l.T("collect.new"), homePath+"/new")
	}
	return v
}

func kindLabel(l *web.Locale, k SourceKind) string { return l.T("collect.kind." + string(k)) }

// form is what people write of a source.
type form struct {
	source   Source
	err      error
	kinds    []web.Choice
	channels []web.Choice
}

func formOf(l *web.Locale, x Source, err error) form {
	f := form{source: x, err: err}
	for _, k := range Kinds {
		f.kinds = append(f.kinds, web.Choice{Value: string(k), Label: kindLabel(l, k), Selected: k == x.Kind})
	}
	if x.ID == "" {
		f.channels = append(f.channels, web.Choice{Label: l.T("collect.channel.own"), Selected: x.Channel == ""})
	}
	for _, c := range experience.Channels {
		f.channels = append(f.channels, web.Choice{Value: string(c), Label: web.Capital(l.ChannelLabel(c)), Selected: c == x.Channel})
	}
	return f
}

// detailView is the page of one source.
type detailView struct {
	head     web.HeadProps
	source   Source
	done     string
	kind     string
	steers   bool
	snippets []snippet
	library  []string // what there is to say of the library for sites: ends of keys of messages
	live     liveView
	stream   bool
	form     form
}

func (r *Room) detail(q *web.Request, x Source) detailView {
	v := detailView{source: x, kind: kindLabel(q.L, x.Kind), steers: q.User.May(steerers), live: r.live(q, x), stream: r.Bus != nil, form: formOf(q.L, x, nil)}
	key := x.WriteKey
	if !v.steers {
		key = "wk_…"
	}
	library, built := r.site.Library()
	if x.Kind == Site {
		v.library = []string{"what", "consent", "signal"}
		if built {
			v.library = append(v.library, "version")
		}
	}
	v.snippets = snippets(x.Kind, place{r.base(q), r.mqtt(q), key, q.Company.Currency, library})
	v.head = web.HeadProps{Question: q.L.T("collect.source.question", "name", x.Name), Live: r.Bus != nil}
	switch {
	case v.live.eventsErr != nil:
		v.head.Answer = x.Name
	case x.Disabled:
		v.head.Answer = q.L.T("collect.source.disabled")
	case v.live.silent():
		v.head.Answer = q.L.T("collect.source.silent")
	case len(v.live.events) == 0:
		v.head.Answer = q.L.T("collect.source.refused")
	default:
		v.head.Answer = q.L.T("collect.source.answer", "ago", q.L.Ago(v.live.events[0].ReceivedAt, q.Now))
	}
	return v
}

// liveView is the part of a source's page that moves.
type liveView struct {
	events        []eventRow
	eventsErr     error
	rejections    []Rejection
	rejectionsErr error
}

type eventRow struct {
	RecentEvent
	title      string
	touchpoint string
	channel    experience.Channel
}

func (r *Room) live(q *web.Request, x Source) liveView {
	ctx, cancel := context.WithTimeout(q.Context(), lookLimit)
	defer cancel()
	var v liveView
	v.rejections, v.rejectionsErr = r.Sources.Rejections(ctx, x.ID, shown)
	if r.Recent == nil {
		return v
	}
	var events []RecentEvent
	events, v.eventsErr = r.Recent.RecentEvents(ctx, x.ID, shown)
	for _, e := range events {
		row := eventRow{RecentEvent: e, title: r.title(q.L, e), channel: x.Channel}
		if e.Touchpoint != "" {
			row.touchpoint = e.Touchpoint
			if r.Touchpoints != nil {
				names, channel := r.Touchpoints.Touchpoint(ctx, e.Touchpoint)
				if name := names[q.L.Lang()]; name != "" {
					row.touchpoint, row.channel = name, channel
				}
			}
		}
		v.events = append(v.events, row)
	}
	return v
}

// silent tells whether nothing ever arrived, so that what to do comes first.
func (v liveView) silent() bool {
	return len(v.events) == 0 && len(v.rejections) == 0 && v.eventsErr == nil && v.rejectionsErr == nil
}

// title says what came in: in the reader's words where they are known, else
// as the sender wrote it.
func (r *Room) title(l *web.Locale, e RecentEvent) string {
	switch {
	case r.Title != nil:
		return r.Title(l, e.Kind, e.Name)
	case e.Name != "":
		return e.Name
	}
	return l.T("collect.call." + string(e.Kind))
}

// state changes whenever there is something new to show.
func (v liveView) state() string {
	event, rejection := "", int64(0)
	if len(v.events) > 0 {
		event = v.events[0].ID
	}
	if len(v.rejections) > 0 {
		rejection = v.rejections[0].Number
	}
	return fmt.Sprint(event, " ", rejection)
}
