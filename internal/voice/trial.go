package voice

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"regia/internal/experience"
	"regia/internal/language"
	"regia/internal/registry"
)

const (
	// trialDays is over how many days it is tried what a change would do.
	trialDays = 90
	// mostTried is how many texts are read for it, the latest: a second's work.
	mostTried = 5000
	// trialExamples is how many texts of those that would move are shown.
	trialExamples = 3
	// trialKept is how long the texts are kept for the next try.
	trialKept = time.Minute
)

// VoiceTrial tells what a tree of topics would change.
type VoiceTrial struct {
	Days   int          `json:"days" doc:"Of the last so many days"`
	All    int64        `json:"all" doc:"How many texts there are in that time"`
	Read   int          `json:"read" doc:"How many of them were read for this, the latest"`
	Moved  int          `json:"moved" doc:"How many of those read would be about something else"`
	Topics []VoiceShift `json:"topics" doc:"That win or lose texts"`
	moved  []experience.ID
}

// VoiceShift is what a topic wins and loses.
type VoiceShift struct {
	Topic  string `json:"topic"`
	Now    int    `json:"now" doc:"Texts about it, of those read"`
	Gained int    `json:"gained"`
	Lost   int    `json:"lost"`
}

// tried is a text that changes are tried on.
type tried struct {
	id    experience.ID
	text  string
	about []string
}

// trials keeps the texts for the next try.
type trials struct {
	mu      sync.Mutex
	read    time.Time
	version string // of the reader
	number  int64  // of the last text
	all     int64
	texts   []tried
}

// tryTopics tells what a tree would change about the texts of the last days.
func (r *Room) tryTopics(ctx context.Context, topics []VoiceTopic) (t VoiceTrial, err error) {
	if err := checkTopics(topics); err != nil {
		return t, err
	}
	draft, err := newTree(0, changesOf(topics))
	if err != nil {
		return t, err
	}
	models, err := r.current(ctx)
	if err != nil {
		return t, err
	}
	texts, all, err := r.triedTexts(ctx, models)
	if err != nil {
		return t, err
	}
	would := models.With(draft.rules)
	t = VoiceTrial{Days: trialDays, All: all, Read: len(texts), Topics: []VoiceShift{}}
	shifts := map[string]*VoiceShift{}
	count := func(topic string) *VoiceShift {
		if shifts[topic] == nil {
			shifts[topic] = &VoiceShift{Topic: topic}
		}
		return shifts[topic]
	}
	for i, one := range texts {
		if i%100 == 0 && ctx.Err() != nil {
			return t, ctx.Err()
		}
		now := counted(would.About(one.text))
		moved := false
		for _, topic := range one.about {
			s := count(topic)
			s.Now++
			if !slices.Contains(now, topic) {
				s.Lost++
				moved = true
			}
		}
		for _, topic := range now {
			if !slices.Contains(one.about, topic) {
				count(topic).Gained++
				moved = true
			}
		}
		if moved {
			t.Moved++
			t.moved = append(t.moved, one.id)
		}
	}
	for _, s := range shifts {
		if s.Gained+s.Lost > 0 {
			t.Topics = append(t.Topics, *s)
		}
	}
	slices.SortFunc(t.Topics, func(a, b VoiceShift) int {
		return cmp.Or(cmp.Compare(b.Gained+b.Lost, a.Gained+a.Lost), strings.Compare(a.Topic, b.Topic))
	})
	return t, nil
}

// counted gives the topics that count.
func counted(list []language.Told) (out []string) {
	for _, t := range list {
		if l := label(t).counted(); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// triedTexts gives the latest texts, with what they are about now, and how many
// there are in all. They are kept for the next try, which comes with the next
// letter that somebody types.
func (r *Room) triedTexts(ctx context.Context, models *language.Reader) ([]tried, int64, error) {
	k := &r.trials
	k.mu.Lock()
	defer k.mu.Unlock()
	h, err := r.lastNumber(ctx)
	if err != nil {
		return nil, 0, err
	}
	if k.version == models.Version() && k.number == h && time.Since(k.read) < trialKept {
		return k.texts, k.all, nil
	}
	e, err := r.extent(ctx)
	if err != nil {
		return nil, 0, err
	}
	span := VoiceSpan{e.to.AddDate(0, 0, -trialDays), e.to}
	var all int64
	places, err := r.places(ctx, mostTried, &all, `worded = 1 AND at >= $1 AND at < $2`, span.From.UnixMicro(), span.To.UnixMicro())
	if err != nil {
		return nil, 0, err
	}
	var texts []tried
	err = r.texts(ctx, places, func(v Voice) {
		texts = append(texts, tried{v.ID, v.Text, counted(models.About(v.Text))})
	})
	if err != nil {
		return nil, 0, err
	}
	k.read, k.version, k.number, k.all, k.texts = time.Now(), models.Version(), h, all, texts
	return texts, all, nil
}

// lastNumber gives the number of the text that was heard last.
func (r *Room) lastNumber(ctx context.Context) (n int64, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT COALESCE(max(number), 0) FROM voices`).Scan(&n)
	})
	return n, err
}

// places gives where the latest voices of a condition stand, and counts all of
// them.
func (r *Room) places(ctx context.Context, limit int, all *int64, where string, args ...any) (out []place, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		out = nil
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM voices WHERE `+where, args...).Scan(all); err != nil {
			return err
		}
		out, err = selectPlaces(ctx, tx, `id, at FROM voices WHERE `+where+` ORDER BY at DESC, id DESC LIMIT `+strconv.Itoa(limit), args...)
		return err
	})
	return out, err
}

// texts gives do the voices at some places, as far as the ledger has their texts.
func (r *Room) texts(ctx context.Context, places []place, do func(Voice)) error {
	for some := range slices.Chunk(places, csvBatch) {
		found, err := r.fetch(ctx, some)
		if err != nil {
			return err
		}
		for _, p := range some {
			if v, ok := found[p.id]; ok && v.Worded {
				do(v)
			}
		}
	}
	return nil
}
