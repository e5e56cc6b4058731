package voice

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"regia/internal/experience"
	"regia/internal/language"
	"regia/internal/registry"
	"regia/internal/stats"
	"regia/internal/web"
)

// VoiceTheme is something that several texts that no topic fits have in common.
type VoiceTheme struct {
	Words    []string          `json:"words" doc:"That they share, the most frequent first"`
	Language string            `json:"language" doc:"Of most of the texts"`
	Texts    int64             `json:"texts" doc:"With at least two of the words, of those that were read"`
	Before   int64             `json:"texts_before" doc:"In the time of the same length before"`
	Now      *stats.Interval   `json:"now" doc:"Part of all texts"`
	Then     *stats.Interval   `json:"before" doc:"... before; null where there were none"`
	Change   *stats.Difference `json:"change" doc:"Null where there are too few"`
	Move     string            `json:"move" enum:",more,less,same" doc:"more and less: by more than chance explains; empty: too few to say"`
	Examples []string          `json:"examples" doc:"Ids of texts"`
	ids      []experience.ID
}

// VoiceThemes are what texts that no topic fits have in common.
type VoiceThemes struct {
	Span   VoiceSpan    `json:"span"`
	Former VoiceSpan    `json:"former"`
	All    int64        `json:"all" doc:"Texts of the time"`
	Unfit  int64        `json:"unfit" doc:"... that no topic fits"`
	Read   int          `json:"read" doc:"... that were read for this, the latest"`
	Themes []VoiceTheme `json:"themes" doc:"The most frequent first"`
}

// Discarded is a theme that somebody threw away.
type Discarded struct {
	ID    experience.ID
	Words []string
	By    string // the user's name then
	At    time.Time
}

const (
	// mostUnfit is how many texts of each time themes are looked for in.
	mostUnfit = 10_000
	// themesKept is how long themes that were found stand, where nothing changed.
	themesKept = 10 * time.Minute
	// mostThemeWords is how many words a theme that is thrown away may have.
	mostThemeWords = 20
)

// themesFound keeps the themes that were found last.
type themesFound struct {
	mu   sync.Mutex
	key  string
	read time.Time
	is   *VoiceThemes
}

// Themes suggests what the texts of a time that no topic fits have in common,
// but for what was thrown away.
func (r *Room) Themes(ctx context.Context, s VoiceSpan) (*VoiceThemes, error) {
	models, err := r.current(ctx)
	if err != nil {
		return nil, err
	}
	number, err := r.lastNumber(ctx)
	if err != nil {
		return nil, err
	}
	away, err := r.discarded(ctx)
	if err != nil {
		return nil, err
	}
	p, err := r.progress(ctx)
	if err != nil {
		return nil, err
	}
	key := strings.Join([]string{models.Version(), strconv.FormatInt(number, 10), strconv.FormatInt(p.Read, 10), s.From.String(), strconv.Itoa(len(away))}, "|")
	for _, one := range away {
		key += "|" + one.ID.String()
	}
	k := &r.themes
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key == key && time.Since(k.read) < themesKept {
		return k.is, nil
	}
	found, err := r.findThemes(ctx, models, s, away)
	if err != nil {
		return nil, err
	}
	k.key, k.read, k.is = key, time.Now(), found
	return found, nil
}

// unfit is the texts of a time that no topic fits.
type unfit struct {
	ids   []experience.ID
	texts []string
	read  int   // the latest ones, also what was thrown away
	some  int64 // how many there are
	all   int64 // texts of the time
}

// of gives among how many texts those read were found: where not all were read,
// the part of the time that they stand for.
func (u unfit) of() int64 {
	if u.some == 0 || int64(u.read) >= u.some {
		return u.all
	}
	return int64(float64(u.all) * float64(u.read) / float64(u.some))
}

func (r *Room) unfit(ctx context.Context, s VoiceSpan, away language.ThemeIndex) (u unfit, err error) {
	args := []any{s.From.UnixMicro(), s.To.UnixMicro()}
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*) FROM voices WHERE worded = 1 AND at >= $1 AND at < $2`, args...).Scan(&u.all)
	})
	if err != nil {
		return u, err
	}
	places, err := r.places(ctx, mostUnfit, &u.some, `worded = 1 AND at >= $1 AND at < $2
		AND NOT EXISTS (SELECT 1 FROM voice_topics t WHERE t.voice = voices.id AND t.topic <> '`+otherTopic+`')`, args...)
	if err != nil {
		return u, err
	}
	u.read = len(places)
	err = r.texts(ctx, places, func(v Voice) {
		if len(away.Of(v.Text)) == 0 {
			u.ids, u.texts = append(u.ids, v.ID), append(u.texts, v.Text)
		}
	})
	return u, err
}

func (r *Room) findThemes(ctx context.Context, models *language.Reader, s VoiceSpan, thrown []Discarded) (*VoiceThemes, error) {
	var gone []language.Theme
	for _, d := range thrown {
		gone = append(gone, language.Theme{Words: d.Words})
	}
	away := language.IndexThemes(gone)
	now, err := r.unfit(ctx, s, away)
	if err != nil {
		return nil, err
	}
	before, err := r.unfit(ctx, s.former(), away)
	if err != nil {
		return nil, err
	}
	out := &VoiceThemes{Span: s, Former: s.former(), All: now.all, Unfit: now.some, Read: now.read, Themes: []VoiceTheme{}}
	if now.read < experience.TooFew {
		return out, nil
	}
	found, err := models.Themes(ctx, now.texts)
	if err != nil {
		return nil, err
	}
	index := language.IndexThemes(found)
	counts, former := make([]int64, len(found)), make([]int64, len(found))
	for _, text := range now.texts {
		for _, k := range index.Of(text) {
			counts[k]++
		}
	}
	for _, text := range before.texts {
		for _, k := range index.Of(text) {
			former[k]++
		}
	}
	for k, f := range found {
		t := VoiceTheme{Words: f.Words, Texts: counts[k], Before: former[k]}
		for _, at := range f.Texts[:min(len(f.Texts), candidates)] {
			t.ids = append(t.ids, now.ids[at])
			if len(t.Examples) < trialExamples {
				t.Examples = append(t.Examples, now.ids[at].String())
			}
		}
		if t.Language, err = r.mostly(ctx, t.ids); err != nil {
			return nil, err
		}
		out.Themes = append(out.Themes, t)
	}
	out.judge(now.of(), before.of())
	return out, nil
}

// judge tells which themes rose and fell by more than chance explains: each is
// the difference of two parts of all texts, and of all that are tested so many
// are told that at most a part falseAlarms of them is chance. Themes are looked
// for in the later time, so rises look larger than they are.
func (f *VoiceThemes) judge(now, before int64) {
	var p []float64
	var tested []int
	for i := range f.Themes {
		t := &f.Themes[i]
		t.Now, t.Then = part(t.Texts, now), part(t.Before, before)
		if now < experience.TooFew || before < experience.TooFew || t.Texts+t.Before < experience.TooFew {
			continue
		}
		d := stats.DiffShares(t.Texts, now, t.Before, before)
		t.Change, t.Move = &d, "same"
		tested, p = append(tested, i), append(p, d.P)
	}
	for k, stands := range stats.FalseDiscovery(p, falseAlarms) {
		if t := &f.Themes[tested[k]]; stands {
			t.Move = one(t.Change.Value > 0, more, less)
		}
	}
}

// part gives a share with its interval; nil of nothing.
func part(n, of int64) *stats.Interval {
	if of == 0 {
		return nil
	}
	i := stats.Share(n, of)
	return &i
}

// to gives the themes as somebody may see them: words of a few texts may be
// somebody's name, and are for those alone who may see people.
func (f *VoiceThemes) to(sees bool) *VoiceThemes {
	if sees {
		return f
	}
	shown := *f
	shown.Themes = slices.DeleteFunc(slices.Clone(f.Themes), func(t VoiceTheme) bool { return t.Texts < experience.TooFew })
	return &shown
}

// mostly gives the language of most of some texts.
func (r *Room) mostly(ctx context.Context, ids []experience.ID) (lang string, err error) {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = id.String()
	}
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT COALESCE((SELECT language FROM voices WHERE id IN (`+quotedList(list)+`) AND language <> '' GROUP BY language ORDER BY count(*) DESC, language LIMIT 1), 'it')`).Scan(&lang)
	})
	return lang, err
}

// discarded gives the themes that somebody threw away, the latest first.
func (r *Room) discarded(ctx context.Context) (out []Discarded, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		out = nil
		rows, err := tx.Query(ctx, `SELECT id, words, made_name, made_at FROM voice_themes WHERE undone_at = 0 ORDER BY made_at DESC, id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var d Discarded
			var words string
			var at int64
			if err := rows.Scan(&d.ID, &words, &d.By, &at); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(words), &d.Words); err != nil {
				return err
			}
			d.At = time.UnixMicro(at).UTC()
			out = append(out, d)
		}
		return rows.Err()
	})
	return out, err
}

// Discard throws a theme away: texts that have two of its words are not suggested
// again.
func (r *Room) Discard(ctx context.Context, words []string, by *web.User) error {
	var kept []string
	for _, w := range words {
		w = strings.ToLower(strings.TrimSpace(w))
		if w == "" || utf8.RuneCountInString(w) > mostPhrase || !printable(w) {
			return experience.Errorf(experience.Invalid, "voice.error.theme")
		}
		if !slices.Contains(kept, w) {
			kept = append(kept, w)
		}
	}
	if len(kept) < 2 || len(kept) > mostThemeWords {
		return experience.Errorf(experience.Invalid, "voice.error.theme")
	}
	raw, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		var n int64
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM voice_themes WHERE undone_at = 0 AND words = $1`, string(raw)).Scan(&n); err != nil || n > 0 {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO voice_themes (id, words, made_by, made_name, made_at, undone_by, undone_at) VALUES ($1, $2, $3, $4, $5, '', 0)`,
			experience.NewID().String(), string(raw), by.ID, by.Name, r.Clock().UnixMicro())
		return err
	})
}

// TakeUp has a theme that was thrown away be suggested again.
func (r *Room) TakeUp(ctx context.Context, id experience.ID, by *web.User) error {
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE voice_themes SET undone_by = $1, undone_at = $2 WHERE id = $3 AND undone_at = 0`, by.ID, r.Clock().UnixMicro(), id.String())
		if err == nil && n == 0 {
			err = experience.Errorf(experience.NotFound, "voice.error.theme.none")
		}
		return err
	})
}
