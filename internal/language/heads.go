package language

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// messagesAre is what the card of a model says that learns from messages alone.
const (
	messagesAre    = "messages of customers in Italian, written for Regia, Apache-2.0"
	messagesLimits = "Italian only, and learnt from messages written for it, not by customers: what real ones write will be told less well."
)

// headLesson teaches a label of the messages.
func headLesson(card Card, cost, balance float64) (Lesson, error) {
	card.Data, card.Limits = []string{messagesAre}, messagesLimits
	l := Lesson{Card: card, Cost: cost, Balance: balance}
	own, err := Messages()
	for _, m := range own {
		e := Example{Text: m.Text, Language: "it", Weight: 1}
		for _, label := range m.labels(card.Name) {
			e.Labels = append(e.Labels, slices.Index(card.Labels, label))
		}
		l.Examples = append(l.Examples, e)
	}
	return l, err
}

// topicsLesson teaches what a message is about.
func topicsLesson(string) (Lesson, error) {
	return headLesson(Card{Name: "topics", Version: 3, Labels: Topics, Many: true}, 0.3, 0.5)
}

// urgencyLesson teaches how soon something must be done.
func urgencyLesson(string) (Lesson, error) {
	return headLesson(Card{Name: "urgency", Version: 2, Labels: grades(0, 3), Trust: 0.75}, 0.3, 0.6)
}

// effortLesson teaches what it cost the writer.
func effortLesson(string) (Lesson, error) {
	return headLesson(Card{Name: "effort", Version: 2, Labels: grades(0, 2), Trust: 0.75}, 0.3, 0.3)
}

// politenessLesson teaches how the writer speaks.
func politenessLesson(string) (Lesson, error) {
	return headLesson(Card{Name: "politeness", Version: 2, Labels: grades(-2, 2), Trust: 0.75}, 0.3, 0.6)
}

// actionabilityLesson teaches whether somebody should do something.
func actionabilityLesson(string) (Lesson, error) {
	return headLesson(Card{Name: "actionability", Version: 2, Labels: grades(0, 1), Trust: 0.85}, 0.3, 0)
}

// englishPolitenessLesson teaches politeness in English: the lowest quarter of
// requests is impolite, the highest polite.
func englishPolitenessLesson(dir string) (Lesson, error) {
	l := Lesson{
		Card: Card{
			Name: "politeness-en", Version: 2, Labels: grades(-1, 1), Trust: 0.7,
			Data:   []string{"TyDiP, requests of editors of Wikipedia in English (Srinivasan & Choi 2022), MIT"},
			Limits: "English only, and requests among volunteers, not complaints of customers. Whoever labelled them saw half of it otherwise.",
		},
		Cost: 0.3,
	}
	f, err := os.Open(filepath.Join(dir, "text", "politeness", "en_train.csv"))
	if err != nil {
		return l, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return l, fmt.Errorf("politeness: %w", err)
	}
	var scores []float64
	for _, row := range rows[1:] {
		n, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			return l, fmt.Errorf("politeness: %w", err)
		}
		scores = append(scores, n)
	}
	sorted := slices.Sorted(slices.Values(scores))
	low, high := sorted[len(sorted)/4], sorted[len(sorted)*3/4]
	for i, n := range scores {
		label := 1
		if n < low {
			label = 0
		} else if n > high {
			label = 2
		}
		l.Examples = append(l.Examples, Example{Text: rows[i+1][0], Language: "en", Labels: []int{label}, Weight: 1})
	}
	return l, nil
}

// grades names the places of a scale.
func grades(low, high int) []string {
	var out []string
	for n := low; n <= high; n++ {
		out = append(out, strconv.Itoa(n))
	}
	return out
}
