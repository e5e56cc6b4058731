package listen

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The feed of an app's reviews in one country: ten pages of fifty, the latest
// first. Apple publishes it for everybody, without a key.
const (
	storeHost  = "https://itunes.apple.com"
	storePages = 10
)

func storeAddress(host string, c Config, page int) string {
	return fmt.Sprintf("%s/%s/rss/customerreviews/page=%d/id=%s/sortby=mostrecent/json", host, url.PathEscape(c.Country), page, url.PathEscape(c.App))
}

// appStore reads pages until one has nothing new. The first is asked for only
// where it changed.
func (l *looking) appStore(ctx context.Context) error {
	var at, first place
	_ = json.Unmarshal([]byte(l.post.position), &at) // empty, or written here
	var all []Voice
	for page := 1; page <= storePages; page++ {
		a, err := l.fetch.get(ctx, storeAddress(l.store(), l.post.Config, page), at.ETag, at.Modified, "application/json, text/xml;q=0.5")
		if err != nil || a.same {
			return err
		}
		if page == 1 {
			first = place{a.etag, a.modified}
		}
		at = place{}
		voices, err := storeVoices(a.body, l.post.Config)
		if err != nil {
			return err
		}
		if len(voices) == 0 {
			break
		}
		all = append(voices, all...)
		if known, err := l.allHeard(ctx, voices); err != nil || known {
			if err != nil {
				return err
			}
			break
		}
	}
	// All together and last the position: a page that failed is asked for again.
	return l.take(ctx, all, first)
}

// allHeard tells whether nothing of voices is new.
func (l *looking) allHeard(ctx context.Context, voices []Voice) (bool, error) {
	keys := make([]string, len(voices))
	for k, v := range voices {
		keys[k] = v.Key
	}
	fresh, err := l.unheard(ctx, l.post.Source, keys)
	for _, is := range fresh {
		if is {
			return false, err
		}
	}
	return true, err
}

func (r *Room) store() string {
	if r.appStoreHost != "" {
		return r.appStoreHost
	}
	return storeHost
}

// label is how Apple's JSON writes every value.
type label struct {
	Label string `json:"label"`
}

type storeEntry struct {
	ID     label `json:"id"`
	Author struct {
		Name label `json:"name"`
		URI  label `json:"uri"`
	} `json:"author"`
	Updated label           `json:"updated"`
	Rating  label           `json:"im:rating"`
	Version label           `json:"im:version"`
	Title   label           `json:"title"`
	Content json.RawMessage `json:"content"`
}

// several reads one thing or a list of them: Apple writes a list of one as the
// thing itself.
type several[T any] []T

// UnmarshalJSON reads a list, or one thing.
func (s *several[T]) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		return json.Unmarshal(text, (*[]T)(s))
	}
	var one T
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	*s = several[T]{one}
	return nil
}

// storeVoices reads a page of reviews, the oldest first. Apple answers in JSON
// or, at the same address with xml at its end, in Atom. Its errors are faults.
func storeVoices(body []byte, c Config) ([]Voice, error) {
	body = bytes.TrimSpace(body)
	if bytes.HasPrefix(body, []byte("<")) {
		return storeAtom(body, c)
	}
	var page struct {
		Feed *struct {
			Entry several[storeEntry] `json:"entry"`
		} `json:"feed"`
	}
	if err := json.Unmarshal(body, &page); err != nil || page.Feed == nil {
		return nil, &fault{key: "format", err: err}
	}
	var out []Voice
	for k := len(page.Feed.Entry) - 1; k >= 0; k-- {
		e := page.Feed.Entry[k]
		var text label
		if json.Unmarshal(e.Content, &text) != nil {
			var texts several[label]
			if json.Unmarshal(e.Content, &texts) == nil && len(texts) > 0 {
				text = texts[0]
			}
		}
		if e.ID.Label == "" {
			continue
		}
		at, _ := time.Parse(time.RFC3339, e.Updated.Label) // zero: when it is heard
		out = append(out, storeVoice(c, e.ID.Label, e.Author.Name.Label, e.Author.URI.Label, e.Title.Label, text.Label, e.Rating.Label, e.Version.Label, at))
	}
	return out, nil
}

func storeAtom(body []byte, c Config) ([]Voice, error) {
	feed, err := parseFeed(body)
	if err != nil {
		return nil, err
	}
	var out []Voice
	for k := len(feed.Items) - 1; k >= 0; k-- {
		e := feed.Items[k]
		stars, ok := entryStars(e)
		if !ok || e.GUID == "" {
			continue // the app itself is an entry as well
		}
		name := ""
		if len(e.Authors) > 0 && e.Authors[0] != nil {
			name = e.Authors[0].Name
		}
		version := ""
		for _, x := range e.Extensions["im"]["version"] {
			version = x.Value
		}
		text := e.Content
		if i := strings.Index(text, "<table"); i >= 0 { // some pages show a whole table with the icon
			text = plain(text)
		}
		out = append(out, storeVoice(c, e.GUID, name, "", e.Title, text, strconv.Itoa(stars), version, entryTime(e)))
	}
	return out, nil
}

func storeVoice(c Config, id, name, uri, title, text, rating, version string, at time.Time) Voice {
	v := Voice{Key: "app-store:" + clean(id), Time: at.UTC()}
	stars, err := strconv.Atoi(strings.TrimSpace(rating))
	if err != nil || stars < 1 || stars > 5 {
		return v
	}
	v.Event = reviewPosted
	v.Properties = map[string]any{
		"platform": "App Store", "score": stars, "out_of": 5, "scale": "stars", "title": cut(clean(title), maxTitle), "text": clean(text), "author": clean(name),
		"product_id": c.App, "place": strings.ToUpper(c.Country), "app_version": clean(version),
		"url": "https://apps.apple.com/" + c.Country + "/app/id" + c.App,
	}
	// https://itunes.apple.com/it/reviews/id123456789: the number is the author's.
	if i := strings.LastIndex(uri, "/id"); i >= 0 && appNumber.MatchString(uri[i+3:]) {
		v.Who = author("app-store", uri[i+3:])
	} else {
		v.Who = unknownAuthor("app-store", id)
	}
	return v
}
