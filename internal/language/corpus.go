package language

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// names of languages in the folders of corpora.
var folders = map[string]string{"it": "italian", "en": "english", "fr": "french", "de": "german", "es": "spanish"}

// Emotions are Plutchik's eight (1980), in the order of XED.
var Emotions = []string{"anger", "anticipation", "disgust", "fear", "joy", "sadness", "surprise", "trust"}

// Sentiments are the labels of sentiment, in the order of the corpora.
var Sentiments = []string{"negative", "neutral", "positive"}

// tweets reads one language's part of cardiffnlp/xlm-t's sentiment (Barbieri et
// al. 2022): a text a line, and its label in the file beside it.
func tweets(dir, language, split string) ([]Example, error) {
	base := filepath.Join(dir, "text", "sentiment", folders[language], split)
	texts, err := lines(base + "_text.txt")
	if err != nil {
		return nil, err
	}
	labels, err := lines(base + "_labels.txt")
	if err != nil {
		return nil, err
	}
	if len(labels) < len(texts) {
		return nil, fmt.Errorf("%s: %d texts, %d labels", base, len(texts), len(labels))
	}
	out := make([]Example, 0, len(texts))
	for i, t := range texts {
		if len(labels[i]) != 1 || labels[i][0] < '0' || labels[i][0] > '2' {
			return nil, fmt.Errorf("%s: label %d is %q", base, i+1, labels[i])
		}
		out = append(out, Example{Text: t, Language: language, Labels: []int{int(labels[i][0] - '0')}, Weight: 1})
	}
	return out, nil
}

// subtitles reads the lines of XED (Öhman et al. 2020) in a language, with their
// emotions. Lines of another shape, which some of its files have, are left out.
func subtitles(dir, language string) ([]Example, error) {
	name := language + "-projections.tsv"
	if language == "en" {
		name = "en-annotated.tsv"
	}
	all, err := lines(filepath.Join(dir, "text", "emotion", name))
	out := make([]Example, 0, len(all))
	for _, line := range all {
		text, felt, _ := strings.Cut(line, "\t")
		e := Example{Text: text, Language: language, Weight: 1}
		for f := range strings.SplitSeq(felt, ",") {
			if n, err := strconv.Atoi(strings.TrimSpace(f)); err == nil && n > 0 && n <= len(Emotions) {
				e.Labels = append(e.Labels, n-1)
			}
		}
		if len(e.Labels) > 0 {
			out = append(out, e)
		}
	}
	return out, err
}

// lines reads a file's lines, the empty ones at its end left out.
func lines(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []string
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		out = append(out, s.Text())
	}
	for len(out) > 0 && strings.TrimSpace(out[len(out)-1]) == "" {
		out = out[:len(out)-1]
	}
	return out, s.Err()
}
