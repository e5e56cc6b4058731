package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
)

var noon = time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)

func at(t time.Time) experience.Clock { return func() time.Time { return t } }

// told is the default history, made once for all tests.
var told = sync.OnceValue(func() []Item { return slices.Collect(History(Options{Clock: at(noon)})) })

func digest(o Options) string {
	h := sha256.New()
	e := json.NewEncoder(h)
	for i := range History(o) {
		if err := e.Encode(i); err != nil {
			panic(err)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestSameSeedSameHistory(t *testing.T) {
	small := Options{Clock: at(noon), Scale: 0.1, Months: 6}
	first := digest(small)
	if again := digest(small); again != first {
		t.Error("the same options told two different histories")
	}
	other := small
	other.Seed = 2
	if digest(other) == first {
		t.Error("another seed told the same history")
	}
}

func TestALaterNowOnlyAdds(t *testing.T) {
	o := Options{Clock: at(noon), Scale: 0.1, Months: 6}
	o.Start = Start(o)
	today := slices.Collect(History(o))
	o.Clock = at(noon.AddDate(0, 1, 3))
	later := slices.Collect(History(o))
	if len(later) <= len(today) {
		t.Fatalf("a month later there are %d items, and today %d", len(later), len(today))
	}
	for i := range today {
		if today[i].Event.MessageID != later[i].Event.MessageID || !today[i].Event.Time.Equal(later[i].Event.Time) {
			t.Fatalf("item %d of the past changed with the present", i)
		}
	}
}

func TestAnyWorldIsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Options{
			Seed: rapid.Uint64().Draw(t, "seed"), Scale: 0.01, Months: rapid.IntRange(1, 5).Draw(t, "months"),
			Clock: at(noon.Add(time.Duration(rapid.Int64Range(0, int64(400*24*time.Hour)).Draw(t, "later")))),
		}
		last, ids := Start(o), map[string]bool{}
		for i := range History(o) {
			if !i.Event.Time.After(last) || i.Event.Time.After(o.Clock()) || ids[i.Event.MessageID] {
				t.Fatalf("%s at %v follows %v, now is %v", i.Event.MessageID, i.Event.Time, last, o.Clock())
			}
			last, ids[i.Event.MessageID] = i.Event.Time, true
		}
	})
}

func TestStopsWhenNobodyListens(t *testing.T) {
	n := 0
	for range History(Options{Clock: at(noon), Scale: 0.1}) {
		if n++; n == 10 {
			break
		}
	}
	if n != 10 {
		t.Errorf("told %d items after being stopped at 10", n)
	}
}

func TestTimeRunsForwardAndEndsNow(t *testing.T) {
	start := Start(Options{Clock: at(noon)})
	if want := time.Date(2024, 11, 1, 0, 0, 0, 0, Company().Location()); !start.Equal(want) {
		t.Errorf("the history starts %v, want %v", start, want)
	}
	last := start
	for _, i := range told() {
		if !i.Event.Time.After(last) {
			t.Fatalf("%s is told after something at %v, but happened %v", i.Event.MessageID, last, i.Event.Time)
		}
		last = i.Event.Time
	}
	if last.After(noon) {
		t.Errorf("the last thing happens in the future: %v", last)
	}
	if noon.Sub(last) > 3*time.Hour {
		t.Errorf("nothing happened since %v", last)
	}
}

func TestSize(t *testing.T) {
	total, bytes := len(told()), 0
	known := map[string]bool{}
	for _, i := range told() {
		b, err := json.Marshal(i.Event)
		if err != nil {
			t.Fatal(err)
		}
		bytes += len(b)
		for _, id := range i.Event.Identifiers {
			if id.Kind == experience.EmailID {
				known[id.Value] = true
			}
		}
		var traits struct{ Email string }
		if i.Event.Traits != nil && json.Unmarshal(i.Event.Traits, &traits) == nil && traits.Email != "" {
			known[traits.Email] = true
		}
	}
	if total < 120_000 || total > 200_000 {
		t.Errorf("%d interactions, want 120,000 to 200,000", total)
	}
	if mean := bytes / total; mean > 450 {
		t.Errorf("an event has %d bytes on average, want at most 450", mean)
	}
	if n := len(known); n < 3500 || n > 6000 {
		t.Errorf("%d people have an e-mail address, want about 4,000", n)
	}
}

func TestEveryEventIsValid(t *testing.T) {
	sources := map[string]bool{}
	for _, s := range Sources() {
		sources[s.Key] = true
		if s.Name["it"] == "" || s.Name["en"] == "" || s.Kind == "" || !slices.Contains(experience.Channels, s.Channel) {
			t.Errorf("source %+v is incomplete", s)
		}
	}
	seen := make(map[string]bool, len(told()))
	for _, i := range told() {
		e := i.Event
		fail := func(why string) {
			t.Helper()
			t.Fatalf("%s of %s (%s %q): %s", e.MessageID, i.Source, e.Kind, e.Name, why)
		}
		if !sources[i.Source] {
			fail("unknown source")
		}
		if !strings.HasPrefix(e.MessageID, "demo-") || seen[e.MessageID] {
			fail("message id missing or seen before")
		}
		seen[e.MessageID] = true
		if !slices.Contains(experience.Kinds, e.Kind) {
			fail("unknown kind")
		}
		if named := e.Kind == experience.Track || e.Kind == experience.PageView || e.Kind == experience.Screen; named != (e.Name != "") {
			fail("name missing, or where none belongs")
		}
		if e.UserID == "" && e.AnonymousID == "" && len(e.Identifiers) == 0 {
			fail("nobody did it")
		}
		for _, raw := range []json.RawMessage{e.Properties, e.Traits, e.Context} {
			var object map[string]any
			if raw != nil && json.Unmarshal(raw, &object) != nil {
				fail("not an object: " + string(raw))
			}
		}
		for _, id := range e.Identifiers {
			if norm, ok := experience.NewIdentifier(id.Kind, id.Value, "IT"); !ok || norm != id {
				fail("identifier names nobody or is not normal: " + id.String())
			}
		}
		b, err := json.Marshal(e)
		if err != nil || len(b) >= 32<<10 {
			fail("cannot be written, or too large")
		}
		if !e.Time.Equal(e.Time.Truncate(time.Microsecond)) || e.Time.Location() != time.UTC {
			fail("time is not UTC microseconds")
		}
	}
}

func TestNoRealAddressesAndNoShouting(t *testing.T) {
	allowed := regexp.MustCompile(`^((staff\.)?example\.(it|com|org)|ramelino\b)`)
	for _, i := range told() {
		e := i.Event
		all := []string{e.UserID, e.AnonymousID, string(e.Properties), string(e.Traits), string(e.Context)}
		for _, id := range e.Identifiers {
			all = append(all, id.Value)
		}
		for _, s := range all {
			if strings.Contains(s, "!") {
				t.Fatalf("an exclamation mark in %s", s)
			}
			if at := strings.Index(s, "://"); at >= 0 && !allowed.MatchString(s[at+3:]) {
				t.Fatalf("not a domain for examples: %s", s)
			}
			before, after, found := strings.Cut(s, "@")
			for ; found; before, after, found = strings.Cut(after, "@") {
				isHandle := before == "" || strings.HasSuffix(before, " ") || strings.HasSuffix(before, `"`)
				if !isHandle && !allowed.MatchString(after) {
					t.Fatalf("not a domain for examples: %s", s)
				}
			}
		}
	}
}

func TestEveryChannelHasItsShare(t *testing.T) {
	channel := map[string]experience.Channel{}
	for _, s := range Sources() {
		channel[s.Key] = s.Channel
	}
	count := map[experience.Channel]int{}
	for _, i := range told() {
		count[channel[i.Source]]++
	}
	for c, want := range map[experience.Channel][2]float64{
		experience.Web: {0.40, 0.60}, experience.App: {0.06, 0.20}, experience.Shop: {0.05, 0.15},
		experience.Email: {0.08, 0.20}, experience.Server: {0.06, 0.16}, experience.Marketplace: {0.003, 0.02},
		experience.Reviews: {0.005, 0.02}, experience.Social: {0.001, 0.01}, experience.Phone: {0.002, 0.02}, experience.Chat: {0.004, 0.02},
	} {
		if share := float64(count[c]) / float64(len(told())); share < want[0] || share > want[1] {
			t.Errorf("%s has %.3f of the interactions, want %v", c, share, want)
		}
	}
}

func TestLanguages(t *testing.T) {
	count := map[string]int{}
	for _, i := range told() {
		var traits struct{ Language string }
		if i.Event.Kind == experience.Identify {
			if err := json.Unmarshal(i.Event.Traits, &traits); err != nil {
				t.Fatal(err)
			}
			count[traits.Language]++
		}
	}
	if keys := slices.Sorted(maps.Keys(count)); !slices.Equal(keys, []string{"en", "it"}) {
		t.Fatalf("languages are %v", keys)
	}
	if share := float64(count["en"]) / float64(count["en"]+count["it"]); share < 0.03 || share > 0.10 {
		t.Errorf("%.3f of those who say who they are speak English, want about 0.06", share)
	}
}

func TestThePhrasebooksAreWhole(t *testing.T) {
	used := regexp.MustCompile(`\[([^\]]+)\]`)
	it, en := italian(), english()
	pieces := 0
	for name, book := range map[string]phrasebook{"it": it, "en": en} {
		for key, sentences := range book {
			if len(sentences) == 0 {
				t.Errorf("%s: nothing to say about %q", name, key)
			}
			for _, s := range sentences {
				if name == "it" && len(used.ReplaceAllString(s, "")) > 12 {
					pieces++
				}
				for _, m := range used.FindAllStringSubmatch(s, -1) {
					if len(book[m[1]]) == 0 {
						t.Errorf("%s: %q leans on %q, which is not there", name, key, m[1])
					}
				}
			}
		}
	}
	if pieces < 150 {
		t.Errorf("%d pieces of Italian, want at least 150", pieces)
	}
	for key := range en {
		if base, _, _ := strings.Cut(key, "/"); strings.Contains(base, ".") && len(it[base]) == 0 {
			t.Errorf("%q is said in English only", key)
		}
	}
	fragments := words("consegna.bene uso.bene scheda.bene scheda.male scheda.effetto ritardo.effetto negozio.torno negozio.addio qualita.male qualita.effetto attesa.rimborso rotto.stoffa mention.question")
	for key := range it {
		if strings.Contains(key, ".") && !strings.Contains(key, "/") && len(en[key]) == 0 && !slices.Contains(fragments, key) {
			t.Errorf("%q is said in Italian only", key)
		}
	}
}

func TestTextsAreFinished(t *testing.T) {
	distinct := map[string]bool{}
	for _, i := range told() {
		var p struct{ Text, Comment *string }
		if i.Event.Properties == nil {
			continue
		}
		if err := json.Unmarshal(i.Event.Properties, &p); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*string{p.Text, p.Comment} {
			if s == nil {
				continue
			}
			distinct[*s] = true
			if *s == "" || strings.ContainsAny(*s, "{}[]<>|") || strings.Contains(*s, "  ") || strings.Contains(*s, " .") {
				t.Fatalf("%s %q says %q", i.Source, i.Event.Name, *s)
			}
		}
	}
	if len(distinct) < 1500 {
		t.Errorf("%d distinct texts, want at least 1,500", len(distinct))
	}
}

func BenchmarkHistory(b *testing.B) {
	for b.Loop() {
		n := 0
		for range History(Options{Clock: at(noon)}) {
			n++
		}
		b.ReportMetric(float64(n), "interactions")
	}
}
