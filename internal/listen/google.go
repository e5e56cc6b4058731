package listen

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"time"
)

// googleReview is a review as Google's Business Profile API has it, and as
// Takeout writes it into reviews.json.
type googleReview struct {
	Name     string `json:"name"` // accounts/…/locations/…/reviews/…
	ID       string `json:"reviewId"`
	Reviewer struct {
		Name      string `json:"displayName"`
		Anonymous bool   `json:"isAnonymous"`
	} `json:"reviewer"`
	Stars   json.RawMessage `json:"starRating"`
	Comment string          `json:"comment"`
	Created string          `json:"createTime"`
	Updated string          `json:"updateTime"`
	Reply   *struct {
		Comment string `json:"comment"`
		Updated string `json:"updateTime"`
	} `json:"reviewReply"`
}

const (
	maxReview  = 256 << 10 // bytes of one
	googleStep = 200       // reviews that are taken together
)

// google reads a file of reviews from where it was left.
func (l *looking) google(ctx context.Context, f *os.File, at filePlace) error {
	return eachReview(bufio.NewReader(f), func(n int, list []googleReview) error {
		if n <= int(at.Offset) {
			return nil // taken before
		}
		var voices []Voice
		for _, g := range list {
			voices = append(voices, g.voices(l.post.Config.Place)...)
		}
		at.Offset = int64(n)
		return l.take(ctx, voices, at)
	})
}

// eachReview hands the reviews of a file on, some at a time, with how many were
// read by then. The file is {"reviews": […]}, or the list itself, or one that
// holds such objects for each place. Its errors are faults.
func eachReview(r io.Reader, take func(n int, list []googleReview) error) error {
	d := json.NewDecoder(r)
	var list []googleReview
	n, found := 0, false
	flush := func() error {
		err := take(n, list)
		list = list[:0]
		return err
	}
	var value func(level int, key string) error
	value = func(level int, key string) error {
		if level > 8 {
			return &fault{key: "bomb", slow: true}
		}
		t, err := d.Token()
		if err != nil {
			return &fault{key: "format", err: err}
		}
		open, nested := t.(json.Delim)
		if !nested {
			return nil
		}
		for d.More() {
			name := key
			if open == '{' {
				k, err := d.Token()
				if err != nil {
					return &fault{key: "format", err: err}
				}
				name, _ = k.(string)
			}
			if open == '[' && (key == "reviews" || key == "") {
				found = true
				var raw json.RawMessage
				if err := d.Decode(&raw); err != nil {
					return &fault{key: "format", err: err}
				}
				var g googleReview
				var group struct{ Reviews []googleReview }
				switch {
				case json.Unmarshal(raw, &group) == nil && group.Reviews != nil:
					list, n = append(list, group.Reviews...), n+len(group.Reviews)
				case len(raw) > maxReview || json.Unmarshal(raw, &g) != nil:
					g = googleReview{} // broken: left out by what it lacks
					fallthrough
				default:
					list, n = append(list, g), n+1
				}
				if len(list) >= googleStep {
					if err := flush(); err != nil {
						return err
					}
				}
				continue
			}
			if err := value(level+1, name); err != nil {
				return err
			}
		}
		_, err = d.Token()
		if err != nil {
			return &fault{key: "format", err: err}
		}
		return nil
	}
	if err := value(0, ""); err != nil {
		var f *fault
		if errors.As(err, &f) && f.key == "format" && len(list) > 0 { // what stands before the break counts
			if broken := flush(); broken != nil {
				return broken
			}
		}
		return err
	}
	if !found {
		return &fault{key: "format"}
	}
	return flush()
}

// voices are the review, and the company's answer to it.
func (g googleReview) voices(place string) []Voice {
	id := cmp.Or(g.ID, g.Name[strings.LastIndexByte(g.Name, '/')+1:])
	stars := g.stars()
	v := Voice{Key: "google:" + cmp.Or(id, hash(g.Reviewer.Name, g.Created, g.Comment))}
	if stars == 0 {
		return []Voice{v} // left out
	}
	v.Event, v.Time = reviewPosted, parsed(cmp.Or(g.Created, g.Updated))
	if !g.Reviewer.Anonymous && g.Reviewer.Name != "" {
		v.Who = unknownAuthor("google", v.Key) // Google shows a name, and no id
	}
	text, translated := originalText(g.Comment)
	v.Properties = map[string]any{
		"platform": "Google", "score": stars, "out_of": 5, "scale": "stars", "text": text, "author": clean(g.Reviewer.Name), "place": cmp.Or(g.location(), place),
	}
	if translated {
		v.Properties["translated"] = true // Google's translation was cut, the writer's own words stand
	}
	out := []Voice{v}
	if g.Reply != nil && clean(g.Reply.Comment) != "" {
		out = append(out, Voice{
			Key: v.Key + ":answer", Event: reviewAnswered, Time: parsed(g.Reply.Updated), Who: v.Who,
			Properties: map[string]any{"platform": "Google", "answer": clean(g.Reply.Comment), "place": v.Properties["place"]},
		})
	}
	return out
}

func (g googleReview) stars() int {
	words := map[string]int{"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5}
	return words[strings.ToUpper(strings.Trim(string(g.Stars), `" `))]
}

// location is the place's own id, where the review tells it.
func (g googleReview) location() string {
	parts := strings.Split(g.Name, "/")
	for k, p := range parts[:len(parts)-1] {
		if p == "locations" {
			return clean(parts[k+1])
		}
	}
	return ""
}

func parsed(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{} // when it is heard
	}
	return t.UTC().Truncate(time.Microsecond)
}

// originalText gives the writer's own words where Google added a translation.
func originalText(comment string) (text string, translated bool) {
	if before, original, ok := strings.Cut(comment, "(Original)"); ok && strings.Contains(before, "(Translated by Google)") {
		return clean(original), true
	}
	if original, _, ok := strings.Cut(comment, "(Translated by Google)"); ok && clean(original) != "" {
		return clean(original), true
	}
	return clean(comment), false
}
