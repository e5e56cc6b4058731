package language

import (
	"context"
	"fmt"
	"slices"
)

// lessons are what Regia's own models learn, in order.
func lessons() []func(dir string) (Lesson, error) {
	return []func(dir string) (Lesson, error){
		languageLesson, sentimentLesson, topicsLesson, urgencyLesson, effortLesson, politenessLesson, englishPolitenessLesson,
		actionabilityLesson, emotionsLesson("it"), emotionsLesson("en"), emotionsLesson("fr"), emotionsLesson("de"),
		emotionsLesson("es"),
	}
}

// languageLesson teaches in which of the five languages a text is.
func languageLesson(dir string) (Lesson, error) {
	l := Lesson{
		Card: Card{
			Name: "language", Version: 3, Labels: Languages, Blind: true, Trust: 0.98,
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
		for i := range list {
			list[i].Labels = []int{k}
		}
		for i := range short {
			short[i].Labels, short[i].Borrowed = []int{k}, true
		}
		l.Examples = append(append(l.Examples, list...), short...)
	}
	return l, nil
}

// How much texts count for sentiment beside a message of a customer, 1. Chosen
// among a dozen ways by cross-validation on the Italian tweets for training.
const (
	italianWeight  = 4   // an Italian tweet
	foreignWeight  = 0.7 // a tweet in another language
	subtitleWeight = 0.3 // an Italian line of a film, by its emotions
)

// sentimentLesson teaches how somebody feels about what they write of, Italian
// first: tweets in other languages help, Italian ones are what it is measured
// on. Of those set aside (val) only the foreign ones are learnt from.
func sentimentLesson(dir string) (Lesson, error) {
	l := Lesson{
		Card: Card{
			Name: "sentiment", Version: 4, Labels: Sentiments, Trust: 0.75, Glance: true,
			Data: []string{
				"xlm-t, tweets in five languages (Barbieri et al. 2022), Apache-2.0",
				"XED, Italian lines of film subtitles by their emotions (Öhman et al. 2020), CC BY 4.0",
				messagesAre,
			},
			Limits: "Learnt mostly from tweets. Irony is often missed; a sentence that praises and blames is given one answer. Figures are of Italian tweets.",
		},
		Cost: 0.2, Balance: 0.5, Loud: 3,
	}
	for _, language := range Languages {
		for _, split := range []string{"train", "val"} {
			if language == "it" && split == "val" {
				continue
			}
			list, err := tweets(dir, language, split)
			if err != nil {
				return l, err
			}
			for i := range list {
				list[i].Weight, list[i].Borrowed = foreignWeight, true
				if language == "it" {
					list[i].Weight, list[i].Borrowed = italianWeight, false
				}
			}
			l.Examples = append(l.Examples, list...)
		}
	}
	own, err := Messages()
	if err != nil {
		return l, fmt.Errorf("messages: %w", err)
	}
	for _, m := range own {
		l.Examples = append(l.Examples, Example{Text: m.Text, Language: "it", Labels: []int{m.Sentiment + 1}, Weight: 1, Borrowed: true})
	}
	films, err := subtitles(dir, "it")
	for _, e := range films {
		if s, plain := sentimentOf(e.Labels); plain {
			l.Examples = append(l.Examples, Example{Text: e.Text, Language: "it", Labels: []int{s}, Weight: subtitleWeight, Borrowed: true})
		}
	}
	return l, err
}

// sentimentOf gives the sentiment of emotions, by their numbers; not where good
// and bad ones stand together. Anticipation and surprise are neither.
func sentimentOf(emotions []int) (sentiment int, plain bool) {
	good, bad := 0, 0
	for _, e := range emotions {
		switch Emotions[e] {
		case "joy", "trust":
			good++
		case "anger", "disgust", "fear", "sadness":
			bad++
		}
	}
	switch {
	case good > 0 && bad > 0:
		return 0, false
	case good > 0:
		return 2, true
	case bad > 0:
		return 0, true
	}
	return 1, true
}

// emotionsLesson teaches which of Plutchik's emotions are in a text of a language.
func emotionsLesson(language string) func(dir string) (Lesson, error) {
	return func(dir string) (Lesson, error) {
		l := Lesson{
			Card: Card{
				Name: "emotions", Version: 2, Labels: Emotions, Many: true,
				Data: []string{"XED, lines of film subtitles, " + folders[language] + " (Öhman et al. 2020), CC BY 4.0"},
				Limits: "Learnt from lines of films that one or a few people labelled without what came before: many labels can be " +
					"argued about. Lines that say the same in the same words are in one part of the cross-validation; lines that say " +
					"nearly the same are not.",
			},
			Cost: 0.3, Balance: 0.5, Ratios: 0.3,
		}
		if language != "it" {
			l.Name += "-" + language
		}
		var err error
		if l.Examples, err = subtitles(dir, language); err != nil || language != "it" {
			return l, err
		}
		l.Data = append(l.Data, messagesAre+", whose emotions are taken from their other labels")
		own, err := Messages()
		for _, m := range own {
			e := Example{Text: m.Text, Language: "it", Weight: messageWeight, Borrowed: true}
			for _, felt := range m.emotions() {
				e.Labels = append(e.Labels, slices.Index(Emotions, felt))
			}
			l.Examples = append(l.Examples, e)
		}
		return l, err
	}
}

// messageWeight is how much a message counts for emotions beside a line of a
// film: what is felt in it is only supposed.
const messageWeight = 0.3

// emotions supposes what somebody feels who writes so: customers, unlike people
// in films, are glad or disappointed, and hope for an answer.
func (m Message) emotions() []string {
	switch {
	case m.Sentiment > 0 && m.Politeness > 1:
		return []string{"joy", "trust"}
	case m.Sentiment > 0:
		return []string{"joy"}
	case m.Sentiment == 0:
		return []string{"anticipation"}
	case m.Urgency == 3 && m.Politeness >= 0:
		return []string{"fear"}
	case m.Politeness < -1:
		return []string{"anger", "disgust"}
	case m.Politeness < 0 || m.Effort == 2:
		return []string{"anger"}
	}
	return []string{"sadness"}
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
