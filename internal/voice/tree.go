package voice

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/unicode/norm"

	"regia/internal/experience"
	"regia/internal/language"
	"regia/internal/web"
)

// VoiceTopic is something that texts are about, and the words by which it is told.
type VoiceTopic struct {
	Key    string              `json:"key" maxLength:"40"`
	Parent string              `json:"parent" required:"false" doc:"Key of the topic that it is part of; empty: none"`
	Names  map[string]string   `json:"names" doc:"By language: it, en"`
	Off    bool                `json:"off" required:"false" doc:"Not told, nor are its parts"`
	Own    bool                `json:"regias_own" required:"false" doc:"Regia knows it without the company's words; not read when a tree is put"`
	Surely map[string][]string `json:"surely" required:"false" doc:"By language: phrases that always mean it. A word that ends in * stands for all that begin so"`
	Words  map[string][]string `json:"words" required:"false" doc:"By language: words and phrases that speak for it"`
}

// name gives what the topic is called in a language, or in another.
func (t VoiceTopic) name(lang string) string {
	for _, l := range []string{lang, "it", "en"} {
		if t.Names[l] != "" {
			return t.Names[l]
		}
	}
	return web.Capital(strings.NewReplacer("/", ": ", "-", " ", "_", " ").Replace(t.Key))
}

// topicTree is the company's topics as they hold, each before its parts.
type topicTree struct {
	version int64 // 0: nobody changed anything
	topics  []VoiceTopic
	rules   *language.Tree // nil: Regia's own
}

// find gives a topic by its key; nil where there is none.
func (t *topicTree) find(key string) *VoiceTopic {
	for i := range t.topics {
		if t.topics[i].Key == key {
			return &t.topics[i]
		}
	}
	return nil
}

// off tells whether a topic, or what it is part of, is switched off.
func (t *topicTree) off(one VoiceTopic) bool {
	up := t.find(one.Parent)
	return one.Off || up != nil && up.Off
}

// keys gives the topics that are told.
func (t *topicTree) keys() []string {
	var out []string
	for _, one := range t.topics {
		if !t.off(one) {
			out = append(out, one.Key)
		}
	}
	return out
}

// name gives what a topic is called; one that is in the tree no more by its key.
func (t *topicTree) name(lang, key string) string {
	if one := t.find(key); one != nil {
		return one.name(lang)
	}
	return VoiceTopic{Key: key}.name(lang)
}

// ownTree is the tree that is part of Regia.
var ownTree = sync.OnceValue(func() *topicTree {
	t, err := language.ReadTree(language.OwnTopics())
	if err != nil {
		panic(err) // it is part of the program, and a test reads it
	}
	out := &topicTree{}
	var take func(list []language.Topic, parent string)
	take = func(list []language.Topic, parent string) {
		for _, one := range list {
			out.topics = append(out.topics, VoiceTopic{Key: one.Key, Parent: parent, Names: one.Names, Own: true, Surely: one.Surely, Words: one.Words})
			take(one.Topics, one.Key)
		}
	}
	take(t.Topics, "")
	return out
})

// topicChange is what a company changed about a topic of Regia's own, or one of
// its own in whole: what Regia learns about topics later reaches those who
// changed a word of it.
type topicChange struct {
	Key    string            `json:"key"`
	Parent string            `json:"parent,omitempty"`
	Names  map[string]string `json:"names,omitempty"` // that differ
	Off    bool              `json:"off,omitempty"`
	Surely phraseChange      `json:"surely,omitzero"`
	Words  phraseChange      `json:"words,omitzero"`
}

// phraseChange is which phrases came and went, by language.
type phraseChange struct {
	Added   map[string][]string `json:"added,omitempty"`
	Dropped map[string][]string `json:"dropped,omitempty"`
}

// silent tells whether the change is of names alone: nothing is read otherwise.
func (c topicChange) silent() bool {
	return ownTree().find(c.Key) != nil && !c.Off && len(c.Surely.Added)+len(c.Surely.Dropped)+len(c.Words.Added)+len(c.Words.Dropped) == 0
}

// changed gives a tree with the changes made to Regia's own.
func changed(changes []topicChange) []VoiceTopic {
	by := map[string]topicChange{}
	parts := map[string][]VoiceTopic{} // the company's own
	for _, c := range changes {
		by[c.Key] = c
		if ownTree().find(c.Key) == nil {
			parts[c.Parent] = append(parts[c.Parent], c.on(VoiceTopic{Key: c.Key, Parent: c.Parent}))
		}
	}
	var out []VoiceTopic
	top := func(one VoiceTopic) {
		out = append(out, one)
		for _, part := range ownTree().topics {
			if part.Parent == one.Key {
				out = append(out, by[part.Key].on(part))
			}
		}
		out = append(out, parts[one.Key]...)
	}
	for _, one := range ownTree().topics {
		if one.Parent == "" {
			top(by[one.Key].on(one))
		}
	}
	for _, one := range parts[""] {
		top(one)
	}
	return out
}

// on gives a topic with the change made.
func (c topicChange) on(t VoiceTopic) VoiceTopic {
	names := maps.Clone(t.Names)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, c.Names)
	t.Names, t.Off = names, c.Off
	t.Surely, t.Words = c.Surely.on(t.Surely), c.Words.on(t.Words)
	return t
}

func (c phraseChange) on(was map[string][]string) map[string][]string {
	out := map[string][]string{}
	for _, lang := range language.Languages {
		list := slices.DeleteFunc(slices.Clone(was[lang]), func(p string) bool { return slices.Contains(c.Dropped[lang], p) })
		for _, p := range c.Added[lang] {
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
		if len(list) > 0 {
			out[lang] = list
		}
	}
	return out
}

// changesOf gives what a tree changed about Regia's own. A topic of Regia's own
// that is left out is switched off.
func changesOf(topics []VoiceTopic) []topicChange {
	var out []topicChange
	tree := topicTree{topics: topics}
	for _, own := range ownTree().topics {
		now := VoiceTopic{Names: own.Names, Off: true, Surely: own.Surely, Words: own.Words}
		if one := tree.find(own.Key); one != nil {
			now = *one
		}
		if c := changeOf(own, now); len(c.Names) > 0 || !c.silent() {
			out = append(out, c)
		}
	}
	for _, one := range topics {
		if ownTree().find(one.Key) == nil {
			out = append(out, topicChange{Key: one.Key, Parent: one.Parent, Names: one.Names, Off: one.Off,
				Surely: phrasesChanged(nil, one.Surely), Words: phrasesChanged(nil, one.Words)})
		}
	}
	return out
}

// changeOf gives what is different about a topic of Regia's own.
func changeOf(own, now VoiceTopic) topicChange {
	c := topicChange{Key: own.Key, Names: map[string]string{}, Off: now.Off, Surely: phrasesChanged(own.Surely, now.Surely), Words: phrasesChanged(own.Words, now.Words)}
	for lang, name := range now.Names {
		if name != own.Names[lang] {
			c.Names[lang] = name
		}
	}
	return c
}

func phrasesChanged(was, now map[string][]string) (c phraseChange) {
	put := func(into *map[string][]string, lang, phrase string) {
		if *into == nil {
			*into = map[string][]string{}
		}
		(*into)[lang] = append((*into)[lang], phrase)
	}
	for _, lang := range language.Languages {
		for _, p := range now[lang] {
			if !slices.Contains(was[lang], p) && !slices.Contains(c.Added[lang], p) {
				put(&c.Added, lang, p)
			}
		}
		for _, p := range was[lang] {
			if !slices.Contains(now[lang], p) {
				put(&c.Dropped, lang, p)
			}
		}
	}
	return c
}

// newTree makes the tree of changes.
func newTree(version int64, changes []topicChange) (*topicTree, error) {
	t := &topicTree{version: version, topics: changed(changes)}
	if !slices.ContainsFunc(changes, func(c topicChange) bool { return !c.silent() }) {
		return t, nil
	}
	raw, err := t.yaml(false)
	if err == nil {
		t.rules, err = language.ReadTree(raw)
	}
	return t, err
}

// yaml writes the tree as package language reads it. What is switched off is
// left out.
func (t *topicTree) yaml(names bool) ([]byte, error) {
	var file struct {
		Topics []language.Topic `yaml:"topics"`
	}
	file.Topics = []language.Topic{}
	at := map[string]int{}
	for _, one := range t.topics {
		if t.off(one) {
			continue
		}
		topic := language.Topic{Key: one.Key, Surely: one.Surely, Words: one.Words}
		if names {
			topic.Names = one.Names
		}
		if one.Parent == "" {
			at[one.Key] = len(file.Topics)
			file.Topics = append(file.Topics, topic)
		} else {
			up := &file.Topics[at[one.Parent]]
			up.Topics = append(up.Topics, topic)
		}
	}
	return yaml.Marshal(file)
}

// Limits of what a company writes.
const (
	mostTopics  = 200
	mostKey     = 40  // bytes
	mostName    = 60  // characters
	mostPhrases = 300 // of a list, in one language
	mostPhrase  = 80  // characters
	leastStem   = 3   // characters before a *
)

// topicTrouble is what is wrong with a tree, and where.
type topicTrouble struct {
	key  string // of the message
	what string // the phrase, name or key that it is about
}

func (t topicTrouble) Error() string { return t.key + ": " + t.what }

// Unwrap gives what pages and programs are answered.
func (t topicTrouble) Unwrap() error { return experience.Errorf(experience.Invalid, "%s", t.key) }

// check tells what is wrong with a tree that somebody wrote.
func checkTopics(topics []VoiceTopic) error {
	if len(topics) > mostTopics {
		return topicTrouble{"voice.error.topics.many", ""}
	}
	seen, names := map[string]VoiceTopic{}, map[string]bool{}
	for _, one := range topics {
		own := ownTree().find(one.Key)
		if _, twice := seen[one.Key]; twice {
			return topicTrouble{"voice.error.topics.twice", one.Key}
		}
		if !topicKey(one.Key) || len(one.Key) > mostKey {
			return topicTrouble{"voice.error.topics.key", one.Key}
		}
		up, has := seen[one.Parent]
		if one.Parent != "" && (!has || up.Parent != "") || own != nil && own.Parent != one.Parent {
			return topicTrouble{"voice.error.topics.parent", one.Key}
		}
		seen[one.Key] = one
		name := one.name("it")
		if len(one.Names["it"])+len(one.Names["en"]) == 0 && own == nil {
			return topicTrouble{"voice.error.topics.nameless", one.Key}
		}
		for lang, text := range one.Names {
			if lang != "it" && lang != "en" || utf8.RuneCountInString(text) > mostName || !printable(text) {
				return topicTrouble{"voice.error.topics.name", name}
			}
		}
		if lower := strings.ToLower(name); names[lower] {
			return topicTrouble{"voice.error.topics.samename", name}
		} else {
			names[lower] = true
		}
		for _, list := range []map[string][]string{one.Surely, one.Words} {
			if err := checkPhrases(list); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkPhrases(list map[string][]string) error {
	for lang, phrases := range list {
		if !slices.Contains(language.Languages, lang) {
			return topicTrouble{"voice.error.topics.language", lang}
		}
		if len(phrases) > mostPhrases {
			return topicTrouble{"voice.error.topics.phrases", lang}
		}
		for _, p := range phrases {
			if utf8.RuneCountInString(p) > mostPhrase || !printable(p) {
				return topicTrouble{"voice.error.topics.phrase", cut(p, mostPhrase)}
			}
			if !strings.ContainsFunc(p, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }) {
				return topicTrouble{"voice.error.topics.wordless", p}
			}
			for w := range strings.FieldsSeq(p) {
				if s, begins := strings.CutSuffix(w, "*"); strings.Contains(s, "*") || begins && utf8.RuneCountInString(s) < leastStem {
					return topicTrouble{"voice.error.topics.star", p}
				}
			}
		}
	}
	return nil
}

// printable tells whether a text is one that pages and engines can hold.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// tidy writes phrases as they are kept: small, single spaces, each once.
func tidy(list map[string][]string) map[string][]string {
	out := map[string][]string{}
	for lang, phrases := range list {
		for _, p := range phrases {
			if p = strings.ToLower(strings.Join(strings.Fields(p), " ")); p != "" && !slices.Contains(out[lang], p) {
				out[lang] = append(out[lang], p)
			}
		}
	}
	return out
}

// keyFor makes a key for a new topic out of its name, and of what it is part of.
func keyFor(name, parent string, taken func(string) bool) string {
	var b strings.Builder
	if parent != "" {
		b.WriteString(parent + "/")
	}
	begin := b.Len()
	for _, c := range norm.NFD.String(strings.ToLower(name)) {
		switch {
		case b.Len() >= mostKey-3 || unicode.Is(unicode.Mn, c):
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > begin && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	key := strings.TrimRight(b.String(), "-")
	if len(key) <= begin {
		key = b.String()[:begin] + "topic"
	}
	for n, first := 2, key; taken(key); n++ {
		key = first + "-" + strconv.Itoa(n)
	}
	return key
}
