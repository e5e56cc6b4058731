package listen

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html/charset"
)

const (
	maxDepth   = 64     // elements within elements
	maxTokens  = 500000 // of a document
	maxEntries = 2000   // of a feed; a longer one is cut
	maxTitle   = 300    // bytes that a title may add to a text
	feedKinds  = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
)

// place is how far an address has been read: what it said of its state.
type place struct {
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
}

func (l *looking) feed(ctx context.Context) error {
	var at place
	_ = json.Unmarshal([]byte(l.post.position), &at) // empty, or written here
	a, err := l.fetch.get(ctx, l.post.Config.Address, at.ETag, at.Modified, feedKinds)
	if err != nil || a.same {
		return err
	}
	voices, err := feedVoices(a.body, l.post.Config, l.now)
	if err != nil {
		return err
	}
	return l.take(ctx, voices, place{a.etag, a.modified})
}

// feedVoices reads what a feed says. Its errors are faults.
func feedVoices(body []byte, c Config, now time.Time) ([]Voice, error) {
	feed, err := parseFeed(body)
	if err != nil {
		return nil, err
	}
	entries := feed.Items
	if len(entries) > maxEntries {
		entries = entries[:maxEntries]
	}
	out := make([]Voice, 0, len(entries))
	for k := len(entries) - 1; k >= 0; k-- { // the oldest first, as feeds begin with the latest
		if entries[k] != nil {
			out = append(out, entryVoice(entries[k], c, feed.Language))
		}
	}
	return out, nil
}

// parseFeed reads RSS, Atom or JSON Feed, whatever the sender calls it.
func parseFeed(body []byte) (feed *gofeed.Feed, err error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	switch {
	case len(body) == 0:
		return nil, &fault{key: "empty"}
	case body[0] != '{':
		if err := checkXML(body); err != nil {
			return nil, err
		}
	case !bytes.Contains(body, []byte("jsonfeed.org/version")):
		return nil, &fault{key: "format"}
	}
	feed, err = gofeed.NewParser().Parse(bytes.NewReader(body))
	if err != nil || feed == nil {
		return nil, &fault{key: "format", err: err}
	}
	return feed, nil
}

// checkXML walks over a document before it is read: nothing nested without end,
// nothing with more parts than a feed has. Entities of the document's own are
// not read at all, so none can grow.
func checkXML(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict, d.CharsetReader = false, charset.NewReaderLabel
	depth := 0
	for n := 0; ; n++ {
		t, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return &fault{key: "format", err: err}
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if depth > maxDepth || n > maxTokens {
			return &fault{key: "bomb", slow: true}
		}
	}
}

func entryVoice(e *gofeed.Item, c Config, language string) Voice {
	title, text := readable(clean(e.Title)), readable(clean(cmp.Or(e.Content, e.Description)))
	key := cmp.Or(e.GUID, e.Link, hash(title, text, e.Published))
	v := Voice{Key: "feed:" + key, Time: entryTime(e)}
	if text == "" {
		text, title = title, ""
	}
	if text == "" {
		return v // nothing is said
	}
	p := map[string]any{"platform": c.Platform, "title": cut(title, maxTitle), "text": text, "url": webAddress(e.Link), "language": language}
	v.Event = map[Hears]string{Reviews: reviewPosted, Mentions: mentionPosted, Forum: forumPosted}[c.Hears]
	if v.Event == reviewPosted {
		if stars, ok := entryStars(e); ok {
			p["score"], p["out_of"], p["scale"] = stars, 5, "stars"
		}
	}
	if len(e.Authors) > 0 && e.Authors[0] != nil {
		name, id := clean(e.Authors[0].Name), clean(e.Authors[0].Email)
		p["author"] = cmp.Or(name, id)
		switch {
		case id != "" && !strings.HasPrefix(strings.ToLower(id), "noreply@"):
			v.Who = author(c.Platform, id)
		case name != "" && c.Hears == Forum:
			v.Who = author(c.Platform, name) // a forum's names are its own ids
		case name != "":
			v.Who = unknownAuthor(c.Platform, key)
		}
	}
	v.Properties = p
	return v
}

func entryTime(e *gofeed.Item) time.Time {
	for _, t := range []*time.Time{e.PublishedParsed, e.UpdatedParsed} {
		if t != nil {
			return t.UTC().Truncate(time.Microsecond)
		}
	}
	return time.Time{}
}

// entryStars finds how many of five stars an entry gives, where it says so in
// the way of Apple's feeds.
func entryStars(e *gofeed.Item) (int, bool) {
	for _, x := range e.Extensions["im"]["rating"] {
		if n, err := strconv.Atoi(strings.TrimSpace(x.Value)); err == nil && n >= 1 && n <= 5 {
			return n, true
		}
	}
	return 0, false
}

// webAddress gives an address that a page may link to, "" for any other.
func webAddress(text string) string {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || checkURL(u) != nil {
		return ""
	}
	return u.String()
}
