package language

import (
	"context"
	"fmt"
	"slices"
)

// lessons are what Regia's own models learn, in order.
func lessons() []func(dir string) (Lesson, error) {
	return []func(dir string) (Lesson, error){languageLesson, sentimentLesson, topicsLesson}
}

// languageLesson teaches in which of the five languages a text is.
func languageLesson(dir string) (Lesson, error) {
	l := Lesson{
		Card: Card{
			Name: "language", Version: 2, Labels: Languages, Blind: true, Trust: 0.98,
			Data: []string{
				"XED, lines of film subtitles (Öhman et al. 2020), CC BY 4.0",
				"xlm-t, tweets (Barbieri et al. 2022), Apache-2.0",
			},
			Limits: "Five languages only: what is written in another is taken for the nearest. One or two words may belong to several.",
		},
		Cost: 1, Examples: nil,
	}
	for k, language := range Languages {
		list, err := subtitles(dir, language)
		if err != nil {
			return l, err
		}
		short, err := tweets(dir, language, "train")
		if err != nil {
			return l, err
		}
		for i := range short {
			short[i].Labels, short[i].Borrowed = []int{k}, true
		}
		l.Examples = append(append(l.Examples, list...), short...)
	}
	return l, nil
}

// italianWeight is how much more an Italian tweet counts than another's: of 1 to
// 8, 4 and 8 were best in cross-validation.
const italianWeight = 4

// sentimentLesson teaches how somebody feels about what they write of, Italian
// first: tweets in other languages help, Italian ones are what it is measured on.
func sentimentLesson(dir string) (Lesson, error) {
	l := Lesson{
		Card: Card{
			Name: "sentiment", Version: 2, Labels: Sentiments, Trust: 0.75,
			Data: []string{
				"xlm-t, tweets in five languages (Barbieri et al. 2022), Apache-2.0",
				"messages of customers in Italian, written for Regia, Apache-2.0",
			},
			Limits: "Learnt mostly from tweets. Irony is often missed; a sentence that praises and blames is given one answer. Figures are of Italian tweets.",
		},
		Cost: 0.1,
	}
	for _, language := range Languages {
		list, err := tweets(dir, language, "train")
		if err != nil {
			return l, err
		}
		for i := range list {
			if language == "it" {
				list[i].Weight = italianWeight
			} else {
				list[i].Borrowed = true
			}
		}
		l.Examples = append(l.Examples, list...)
	}
	own, err := Messages()
	if err != nil {
		return l, fmt.Errorf("messages: %w", err)
	}
	for _, m := range own {
		l.Examples = append(l.Examples, Example{Text: m.Text, Language: "it", Labels: []int{m.Sentiment + 1}, Weight: 1, Borrowed: true})
	}
	return l, nil
}

// topicsLesson teaches what an Italian message is about, from the messages
// alone.
func topicsLesson(string) (Lesson, error) {
	l := Lesson{
		Card: Card{
			Name: "topics", Version: 1, Labels: Topics, Many: true,
			Data:   []string{"messages of customers in Italian, written for Regia, Apache-2.0"},
			Limits: "Italian only, and learnt from few messages, all by one hand: what real customers write will be told less well.",
		},
		Cost: 1, Balance: true,
	}
	own, err := Messages()
	for _, m := range own {
		e := Example{Text: m.Text, Language: "it", Weight: 1}
		for _, t := range m.Topics {
			e.Labels = append(e.Labels, slices.Index(Topics, t))
		}
		l.Examples = append(l.Examples, e)
	}
	return l, err
}

// TrainAll makes Regia's own models from the corpora in dir, and gives each to
// keep when it is ready: those named, or all.
func TrainAll(ctx context.Context, dir string, names []string, keep func(*Model) error) error {
	for _, lesson := range lessons() {
		l, err := lesson(dir)
		if err != nil {
			return err
		}
		if len(names) > 0 && !slices.Contains(names, l.Name) {
			continue
		}
		m, err := Train(ctx, l)
		if err != nil {
			return err
		}
		if err := keep(m); err != nil {
			return err
		}
	}
	return nil
}
