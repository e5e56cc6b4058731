package touchpoint

import (
	"math"
	"slices"
)

// likely is how alike an event's name must be to something a touchpoint is
// called for it to be suggested: from 0 to 1.
const likely = 0.4

// guesser suggests touchpoints for events that no binding knows.
type guesser struct {
	texts  []called
	weight map[string]float64 // of a triple of letters: what is rare tells more
}

// called is one thing a touchpoint is called by.
type called struct {
	key     string
	triples []string
}

// guesser learns what the touchpoints in use are called: their names and those
// of their events.
func (c Catalogue) guesser() guesser {
	g := guesser{weight: map[string]float64{}}
	retired := map[string]bool{}
	add := func(key, text string) {
		if t := triples(text); len(t) > 0 && !retired[key] {
			g.texts = append(g.texts, called{key, t})
		}
	}
	for _, t := range c.Touchpoints {
		retired[t.Key] = t.Retired
		add(t.Key, t.Name.IT)
		add(t.Key, t.Name.EN)
	}
	for _, b := range c.Bindings {
		if b.Source == "" && len(b.Conditions) == 0 { // the others say less by their name
			add(b.Touchpoint, b.Name)
		}
	}
	for _, t := range g.texts {
		for _, triple := range t.triples {
			g.weight[triple]++
		}
	}
	for triple, n := range g.weight {
		g.weight[triple] = math.Log(1 + float64(len(g.texts))/n)
	}
	return g
}

// guess gives the key of the touchpoint called most like the event; "" when
// nothing is alike enough.
func (g guesser) guess(e Event) string {
	name := triples(e.Name)
	best, key := likely, ""
	for _, t := range g.texts {
		if score := g.alike(name, t.triples); score > best {
			best, key = score, t.key
		}
	}
	return key
}

// alike is Dice's measure: twice what two sets share by what both hold, each
// triple counted by its weight.
func (g guesser) alike(a, b []string) float64 {
	var shared, all float64
	for _, t := range a {
		w, known := g.weight[t]
		if !known {
			w = math.Log(1 + float64(len(g.texts)))
		}
		all += w
		if _, there := slices.BinarySearch(b, t); there {
			shared += w
		}
	}
	for _, t := range b {
		all += g.weight[t]
	}
	if all == 0 {
		return 0
	}
	return 2 * shared / all
}

// triples gives the runs of three letters in a name's words, each word marked
// at its beginning and end; "orderPlaced" and "order_placed" are two words.
func triples(name string) []string {
	var out []string
	word := "-"
	end := func() {
		if word != "-" {
			word += "-"
			for i := 0; i+3 <= len(word); i++ {
				out = append(out, word[i:i+3])
			}
		}
		word = "-"
	}
	for _, r := range Slug(parted(name)) {
		if r == '-' {
			end()
			continue
		}
		word += string(r)
	}
	end()
	slices.Sort(out) // also so that sums come out the same each time
	return slices.Compact(out)
}

// parted puts a blank before a capital that follows a small letter.
func parted(name string) string {
	out := make([]rune, 0, len(name)+4)
	small := false
	for _, r := range name {
		if small && r >= 'A' && r <= 'Z' {
			out = append(out, ' ')
		}
		small = r >= 'a' && r <= 'z'
		out = append(out, r)
	}
	return string(out)
}
