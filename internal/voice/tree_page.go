package voice

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"regia/internal/experience"
	"regia/internal/language"
	"regia/internal/registry"
	"regia/internal/web"
)

const (
	topicsPath = "/voice/topics"
	editPath   = topicsPath + "/edit"
	// shownVersions is how many versions of the tree the page lists.
	shownVersions = 10
)

// editors may change what texts are about.
func editors() []experience.Role { return []experience.Role{experience.Owner, experience.Manager} }

func (r *Room) registerTopicPages(s *web.Site) {
	s.Page("GET "+topicsPath, nil, r.topicsPage)
	s.Page("GET "+topicsPath+"/progress", nil, r.progressPart)
	s.Page("GET "+topicsPath+".yaml", nil, r.topicsFile)
	s.Page("GET "+editPath, editors(), r.editPage)
	s.Page("POST "+editPath, editors(), r.savePage)
	s.Page("POST "+topicsPath+"/try", editors(), r.tryPart)
	s.Page("POST "+topicsPath+"/restore", editors(), r.restorePage)
}

// topicsView is the tree of topics, and who changed it.
type topicsView struct {
	names
	edits    bool
	span     VoiceSpan
	count    map[string]int64 // texts by topic
	all, fit int64            // texts, and those that some topic fits
	progress VoiceProgress
	versions []VoiceTreeVersion
	period   string // of the themes
	done     string // name of the topic that was saved a moment ago
}

func (r *Room) topicsPage(w http.ResponseWriter, q *web.Request) error {
	ctx := q.Context()
	f, err := readFilter(url.Values{"period": q.URL.Query()["period"]})
	if err != nil {
		return err
	}
	v := topicsView{edits: q.User.May(editors()), period: f.Period, count: map[string]int64{}}
	if v.names, err = r.names(q, nil); err != nil {
		return err
	}
	e, err := r.extent(ctx)
	if err != nil {
		return err
	}
	v.span = e.span(strconv.Itoa(trialDays), q.Company.Location())
	if err := r.Book.Read(ctx, v.ask); err != nil {
		return err
	}
	if v.progress, err = r.progress(ctx); err != nil {
		return err
	}
	if v.versions, err = r.treeVersions(ctx, shownVersions); err != nil {
		return err
	}
	if done := v.tree.find(q.URL.Query().Get("done")); done != nil {
		v.done = done.name(q.L.Lang())
	}
	return r.site.Render(w, q, web.Page{Room: "voice", Title: q.L.T("voice.tree.title")}, topicsBody(v))
}

// ask counts the texts of the span by what they are about.
func (v *topicsView) ask(ctx context.Context, tx registry.Tx) error {
	from, to := v.span.From.UnixMicro(), v.span.To.UnixMicro()
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM voices WHERE worded = 1 AND at >= $1 AND at < $2`, from, to).Scan(&v.all); err != nil {
		return err
	}
	if err := tx.QueryRow(ctx, `SELECT count(DISTINCT voice) FROM voice_topics WHERE at >= $1 AND at < $2 AND topic <> $3`, from, to, otherTopic).Scan(&v.fit); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT topic, count(*) FROM voice_topics WHERE at >= $1 AND at < $2 GROUP BY topic`, from, to)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var topic string
		var n int64
		if err := rows.Scan(&topic, &n); err != nil {
			return err
		}
		v.count[topic] = n
	}
	return rows.Err()
}

func (r *Room) progressPart(w http.ResponseWriter, q *web.Request) error {
	p, err := r.progress(q.Context())
	if err != nil {
		return err
	}
	return r.site.RenderFragment(w, q, progressBox(p))
}

// topicsFile gives the tree as regia language classify --topics reads it.
func (r *Room) topicsFile(w http.ResponseWriter, q *web.Request) error {
	t, err := r.topicTree(q.Context())
	if err != nil {
		return err
	}
	raw, err := t.yaml(true)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="topics.yaml"`)
	_, err = w.Write(raw)
	return err
}

// editView is the form of one topic.
type editView struct {
	names
	version int64
	topic   VoiceTopic
	fresh   bool // a new one
	err     error
}

func (r *Room) editPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.editView(q)
	if err != nil {
		return err
	}
	ask := q.URL.Query()
	v.version = v.tree.version
	if key := ask.Get("topic"); key != "" {
		one := v.tree.find(key)
		if one == nil {
			return experience.Errorf(experience.NotFound, "voice.error.topics.none")
		}
		v.topic = *one
	} else {
		v.fresh, v.topic = true, VoiceTopic{Parent: ask.Get("parent"), Names: map[string]string{}}
	}
	if lang := ask.Get("language"); slices.Contains(language.Languages, lang) {
		added := tidy(map[string][]string{lang: append(slices.Clone(v.topic.Words[lang]), phrasesFrom(ask.Get("words"))...)})
		v.topic.Words = phraseChange{Added: added}.on(v.topic.Words)
	}
	return r.renderEdit(w, q, http.StatusOK, v)
}

func (r *Room) editView(q *web.Request) (v editView, err error) {
	v.names, err = r.names(q, nil)
	return v, err
}

func (r *Room) renderEdit(w http.ResponseWriter, q *web.Request, status int, v editView) error {
	title := q.L.T("voice.tree.new")
	if !v.fresh {
		title = v.tree.name(q.L.Lang(), v.topic.Key)
	}
	return r.site.RenderStatus(w, q, status, web.Page{Room: "voice", Title: title}, editBody(v))
}

// topicFrom reads a topic as the form has it, and the version it was made on.
func topicFrom(q *web.Request, tree *topicTree) (one VoiceTopic, version int64, fresh bool) {
	one = VoiceTopic{Key: q.FormValue("key"), Parent: q.FormValue("parent"), Names: map[string]string{}, Off: q.FormValue("on") == "",
		Surely: map[string][]string{}, Words: map[string][]string{}}
	version, _ = strconv.ParseInt(q.FormValue("version"), 10, 64) // another is none that holds
	for _, lang := range []string{"it", "en"} {
		if name := strings.Join(strings.Fields(q.FormValue("name_"+lang)), " "); name != "" {
			one.Names[lang] = name
		}
	}
	for _, lang := range language.Languages {
		one.Surely[lang], one.Words[lang] = phrasesFrom(q.FormValue("surely_"+lang)), phrasesFrom(q.FormValue("words_"+lang))
	}
	one.Surely, one.Words = tidy(one.Surely), tidy(one.Words)
	if was := tree.find(one.Key); was != nil {
		one.Parent = was.Parent
		return one, version, false
	}
	one.Key = keyFor(one.Names["it"]+one.Names["en"], one.Parent, func(key string) bool { return tree.find(key) != nil })
	if one.Names["it"] != "" {
		one.Key = keyFor(one.Names["it"], one.Parent, func(key string) bool { return tree.find(key) != nil })
	}
	return one, version, true
}

// phrasesFrom reads phrases, one a line or with commas between.
func phrasesFrom(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ';' || c == '\n' || c == '\r' })
}

func (r *Room) savePage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.editView(q)
	if err != nil {
		return err
	}
	v.topic, v.version, v.fresh = topicFrom(q, v.tree)
	topics, did := v.tree.edited(v.topic)
	_, err = r.SaveTopics(q.Context(), v.version, topics, did, q.User)
	switch experience.CodeOf(err) {
	case "":
		http.Redirect(w, q.Request, topicsPath+"?done="+url.QueryEscape(v.topic.Key), http.StatusSeeOther)
		return nil
	case experience.Invalid, experience.Conflict:
		v.err = err
		if v.fresh {
			v.topic.Key = ""
		}
		return r.renderEdit(w, q, web.Status(err), v)
	}
	return err
}

// tryPart tells what the form would change, and keeps nothing.
func (r *Room) tryPart(w http.ResponseWriter, q *web.Request) error {
	v, err := r.editView(q)
	if err != nil {
		return err
	}
	one, _, _ := topicFrom(q, v.tree)
	if len(one.Names) == 0 { // not named yet: its words can be tried
		one.Names = map[string]string{q.L.Lang(): q.L.T("voice.tree.new")}
	}
	topics, _ := v.tree.edited(one)
	trial, err := r.tryTopics(q.Context(), topics)
	if experience.CodeOf(err) == experience.Invalid {
		return r.site.RenderFragment(w, q, troubleBox(err))
	}
	if err != nil {
		return err
	}
	var list []Voice
	if q.User.SeesPeople() {
		if list, err = r.different(q.Context(), trial.moved, trialExamples); err != nil {
			return err
		}
	}
	v.tree = &topicTree{topics: topics}
	return r.site.RenderFragment(w, q, trialBox(v.names, trial, list))
}

// different gives so many of the first voices whose texts are not the same.
func (r *Room) different(ctx context.Context, ids []experience.ID, most int) ([]Voice, error) {
	var some []string
	for _, id := range ids[:min(len(ids), candidates)] {
		some = append(some, id.String())
	}
	if len(some) == 0 {
		return nil, nil
	}
	list, err := r.some(ctx, `FROM voices v WHERE v.id IN (`+quotedList(some)+`) ORDER BY v.at DESC, v.id`)
	if err != nil {
		return nil, err
	}
	said := map[string]bool{}
	var out []Voice
	for _, v := range list {
		if len(out) < most && !said[v.Text] {
			out = append(out, v)
		}
		said[v.Text] = true
	}
	return out, nil
}

func (r *Room) restorePage(w http.ResponseWriter, q *web.Request) error {
	of, err := strconv.ParseInt(q.FormValue("of"), 10, 64)
	version, err2 := strconv.ParseInt(q.FormValue("version"), 10, 64)
	if err = errors.Join(err, err2); err != nil || version < 0 {
		return experience.Errorf(experience.Invalid, "voice.error.topics.version")
	}
	if _, err := r.RestoreTopics(q.Context(), of, version, q.User); err != nil {
		return err
	}
	http.Redirect(w, q.Request, topicsPath, http.StatusSeeOther)
	return nil
}

// trouble writes what is wrong with a tree, and where.
func trouble(l *web.Locale, err error) string {
	text := l.Explain(err)
	if t, ok := errors.AsType[topicTrouble](err); ok && t.what != "" {
		text += " «" + t.what + "»"
	}
	return text
}

func (v topicsView) head() web.HeadProps {
	h := web.HeadProps{Question: v.l.T("voice.tree.question"), Answer: v.l.T("voice.tree.answer.none", "n", len(v.tree.keys()))}
	if v.all > 0 {
		h.Period = v.l.Date(v.span.From) + " – " + v.l.Date(v.span.To)
		h.N = v.l.T("voice.n", "n", v.all)
		h.Answer = v.l.T("voice.tree.answer", "n", len(v.tree.keys()), "share", v.l.Percent(float64(v.fit)/float64(v.all)))
	}
	return h
}

func (v topicsView) columns() []web.Column {
	out := []web.Column{{Label: v.l.T("voice.topic")}, {Label: v.l.T("voice.tree.texts"), Number: true}, {Label: v.l.T("voice.tree.words"), Hide: true}}
	if v.edits {
		out = append(out, web.Column{Label: v.l.T("voice.tree.edit")})
	}
	return out
}

// some gives the first of a topic's words in the reader's language.
func (v topicsView) some(t VoiceTopic) string {
	list := append(slices.Clone(t.Surely[v.l.Lang()]), t.Words[v.l.Lang()]...)
	const shown = 6
	text := strings.Join(list[:min(len(list), shown)], ", ")
	if len(list) > shown {
		text = v.l.T("voice.tree.words.more", "words", text, "n", len(list)-shown)
	}
	return text
}

// touched tells whether the company changed a topic of Regia's own.
func touched(t VoiceTopic) bool {
	own := ownTree().find(t.Key)
	if own == nil || t.Off {
		return false
	}
	c := changeOf(*own, t)
	return len(c.Names) > 0 || !c.silent()
}

// did says what a version did.
func (v topicsView) did(one VoiceTreeVersion) string {
	return v.l.T("voice.tree.did."+one.What, "topic", v.topic(one.Topic), "of", one.Of)
}

func (v editView) url() string {
	if v.fresh {
		return topicsPath
	}
	return topicsPath + "#" + anchor(v.topic.Key)
}

func anchor(key string) string { return "topic-" + strings.ReplaceAll(key, "/", "-") }

func editURL(key string) string { return editPath + "?topic=" + url.QueryEscape(key) }

// parents are what a new topic can be part of.
func (v editView) parents() []web.Choice {
	out := []web.Choice{{Label: v.l.T("voice.tree.parent.none"), Selected: v.topic.Parent == ""}}
	for _, t := range v.tree.topics {
		if t.Parent == "" && t.Key != otherTopic {
			out = append(out, web.Choice{Value: t.Key, Label: t.name(v.l.Lang()), Selected: t.Key == v.topic.Parent})
		}
	}
	return out
}

func (v editView) phrases(list map[string][]string, lang string) string {
	return strings.Join(list[lang], ", ")
}

// shift writes what a topic wins and loses.
func (n names) shift(s VoiceShift) string {
	var parts []string
	if s.Gained > 0 {
		parts = append(parts, "+"+n.l.N(int64(s.Gained)))
	}
	if s.Lost > 0 {
		parts = append(parts, "−"+n.l.N(int64(s.Lost)))
	}
	return strings.Join(parts, " ")
}
