package voice

import (
	"context"
	"fmt"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

const manyTexts = 100_000

// many is a house in which so many texts were said, over two years, each about
// one topic or two. What they were read as is made up.
func many(b *testing.B) *house {
	h := newHouse(b, "DuckDB")
	ctx := context.Background()
	topics := []string{"delivery", "delivery/late", "price", "staff", "support", "product-quality", "returns", "site"}
	var rows []experience.Interaction
	var voices []Voice
	for i := range manyTexts {
		row := h.said(1+i%20_000, 730*float64(i)/manyTexts, "Review Posted", map[string]any{"text": fmt.Sprintf("Il pacco numero %d è arrivato in ritardo.", i)})
		rows = append(rows, row)
		l := VoiceLabels{
			Language: VoiceLabel{Label: []string{"it", "it", "it", "en", "de"}[i%5], Confidence: 0.9}, Sentiment: VoiceLabel{Label: sentiments()[i%7%3], Confidence: 0.8},
			Urgency: &VoiceGrade{Value: i % 11 % 4, Confidence: 0.7}, Sentences: []VoicePiece{{0, 40, negative}},
			Topics: []VoiceLabel{{Label: topics[i%len(topics)], Confidence: 0.9}},
		}
		if i%3 == 0 {
			l.Topics = append(l.Topics, VoiceLabel{Label: "loyalty", Confidence: 0.6})
		}
		voices = append(voices, Voice{ID: row.ID, Time: row.Time, Received: row.ReceivedAt, Person: row.Person, Name: row.Name, Source: row.Source,
			Touchpoint: fmt.Sprintf("touchpoint-%d", i%12), Platform: fmt.Sprintf("platform-%d", i%5), Worded: true, Labels: l})
		if len(rows) == 10_000 {
			h.weave(ledger.Batch{Rows: rows})
			if err := h.room.add(ctx, voices, "made up"); err != nil {
				b.Fatal(err)
			}
			rows, voices = nil, nil
		}
	}
	return h
}

// BenchmarkList asks for the first page of 100,000 texts, counted, and with its
// texts from the ledger.
func BenchmarkList(b *testing.B) {
	h := many(b)
	for name, f := range map[string]Filter{
		"all": {}, "sentiment": {Sentiment: negative}, "urgency": {Urgency: "2"}, "touchpoint": {Touchpoint: "touchpoint-3"}, "rare": {Sentiment: negative, Urgency: "3", Touchpoint: "touchpoint-3", Platform: "platform-1", Language: "de"},
		"topic": {Topic: "loyalty"}, "topic and sentiment": {Topic: "loyalty", Sentiment: negative}, "topic and more": {Topic: "loyalty", Urgency: "1", Language: "it", Touchpoint: "touchpoint-3"},
		"corrected": {Corrected: true}, "person": {Person: person(7).String()}, "nothing": {Platform: "nowhere"},
	} {
		b.Run(name, func(b *testing.B) {
			s := VoiceSpan{now.AddDate(-3, 0, 0), now.Add(time.Hour)}
			for b.Loop() {
				if _, err := h.room.List(context.Background(), f, s, "", inboxPage); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
