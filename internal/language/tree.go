package language

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"regia/internal/experience"
)

// Topic is something that texts are about, and the words by which it is told
// where they are clear.
type Topic struct {
	Key    string              `yaml:"key"`
	Names  map[string]string   `yaml:"names"`  // by language
	Surely map[string][]string `yaml:"surely"` // by language: phrases that always mean it
	Words  map[string][]string `yaml:"words"`  // by language: phrases that speak for it
	Topics []Topic             `yaml:"topics"` // that are part of it
}

// Tree is all topics, with their rules. It never changes.
type Tree struct {
	Topics  []Topic
	keys    []string // as numbered by the books: surely 2i, words 2i+1
	parent  map[string]string
	books   map[string]*book
	added   map[string]*book // what a company added to topics of Regia's own
	phrases map[entry]bool
	digest  uint32
}

// entry is one phrase of a tree: of which topic, in which of its lists.
type entry struct {
	key, language, text string
	list                int // 0 surely, 1 words
}

// Limits of a tree that a company writes.
const (
	maxTree    = 1 << 20 // bytes
	maxTopics  = 500
	maxPhrases = 20000
)

// ReadTree reads topics as YAML: see cues/topics.yaml for Regia's own, which
// may be changed, left out and added to. What is wrong is said for people.
func ReadTree(raw []byte) (*Tree, error) { return readTree(raw, ownTree()) }

// readTree reads a tree, and what it adds to the topics of another.
func readTree(raw []byte, base *Tree) (*Tree, error) {
	var file struct {
		Topics []Topic `yaml:"topics"`
	}
	if len(raw) > maxTree {
		return nil, experience.Errorf(experience.Invalid, "topics are longer than %d bytes", maxTree)
	}
	if err := yaml.UnmarshalWithOptions(raw, &file, yaml.Strict()); err != nil {
		return nil, experience.Errorf(experience.Invalid, "topics cannot be read: %s", yaml.FormatError(err, false, false))
	}
	t := &Tree{digest: crc32.ChecksumIEEE(raw), Topics: file.Topics, parent: map[string]string{}, books: map[string]*book{},
		added: map[string]*book{}, phrases: map[entry]bool{}}
	if err := t.take(file.Topics, "", base); err != nil {
		return nil, experience.Errorf(experience.Invalid, "%w", err)
	}
	return t, nil
}

// OwnTopics is the tree that is part of Regia, as YAML, to be edited.
func OwnTopics() []byte {
	raw, err := cueFiles.ReadFile("cues/topics.yaml")
	if err != nil {
		panic(err) // it is part of the program
	}
	return raw
}

var ownTree = sync.OnceValue(func() *Tree {
	t, err := readTree(OwnTopics(), &Tree{})
	if err != nil {
		panic(err) // it is part of the program, and a test reads it
	}
	return t
})

func (t *Tree) take(topics []Topic, parent string, base *Tree) error {
	for _, one := range topics {
		if one.Key == "" || strings.ContainsAny(one.Key, " \n\t") {
			return fmt.Errorf("%q is no key of a topic", one.Key)
		}
		if slices.Contains(t.keys, one.Key) {
			return fmt.Errorf("there are two topics %q", one.Key)
		}
		if len(t.keys) == maxTopics {
			return fmt.Errorf("there are more than %d topics", maxTopics)
		}
		at := len(t.keys)
		t.keys = append(t.keys, one.Key)
		t.parent[one.Key] = parent
		for k, words := range []map[string][]string{one.Surely, one.Words} {
			if err := t.write(one.Key, words, at, k, base); err != nil {
				return fmt.Errorf("topic %s: %w", one.Key, err)
			}
		}
		if err := t.take(one.Topics, one.Key, base); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tree) write(key string, words map[string][]string, at, list int, base *Tree) error {
	for language, phrases := range words {
		if len(phrases) > maxPhrases {
			return fmt.Errorf("there are more than %d phrases", maxPhrases)
		}
		for _, p := range phrases {
			e := entry{key, language, p, list}
			t.phrases[e] = true
			books := t.books
			if base.has(key) && !base.phrases[e] {
				books = t.added
			}
			b := books[language]
			if b == nil {
				b = newBook()
				books[language] = b
			}
			if err := b.add(p, 2*at+list); err != nil {
				return err
			}
		}
	}
	return nil
}

// Parent gives the topic that a topic is part of; "" for none.
func (t *Tree) Parent(key string) string { return t.parent[key] }

// Keys gives all topics, each before those that are part of it.
func (t *Tree) Keys() []string { return slices.Clone(t.keys) }

// version names the tree's content.
func (t *Tree) version() string { return fmt.Sprintf("tree %08x", t.digest) }
