package language

import (
	"bufio"
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

//go:embed messages
var messageFiles embed.FS

// Message is something a customer might write, written for Regia, with what it
// means.
type Message struct {
	Text       string
	Sentiment  int      // -1, 0 or 1
	Topics     []string // of Topics
	Urgency    int      // 0 none … 3 now, or somebody may come to harm
	Effort     int      // 0 none … 2 much: what it cost the person
	Politeness int      // -2 an insult … 2 warm
	Actionable bool     // somebody should do something
}

// Topics are what messages are about.
var Topics = []string{
	"product-information", "availability", "price", "delivery", "returns", "product-quality", "staff", "support", "site",
	"payment", "loyalty", "other",
}

// Messages reads all of them.
func Messages() ([]Message, error) {
	var out []Message
	err := fs.WalkDir(messageFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := messageFiles.ReadFile(path)
		if err != nil {
			return err
		}
		s := bufio.NewScanner(bytes.NewReader(raw))
		for n := 1; s.Scan(); n++ {
			if line := s.Text(); line != "" && line[0] != '#' {
				m, err := parseMessage(line)
				if err != nil {
					return fmt.Errorf("%s, line %d: %w", path, n, err)
				}
				out = append(out, m)
			}
		}
		return s.Err()
	})
	return out, err
}

// parseMessage reads sentiment|topics|urgency|effort|politeness|actionable|text.
func parseMessage(line string) (Message, error) {
	parts := strings.SplitN(line, "|", 7)
	if len(parts) < 7 {
		return Message{}, fmt.Errorf("%d fields instead of 7", len(parts))
	}
	m := Message{Topics: strings.Fields(parts[1]), Actionable: parts[5] == "1", Text: parts[6]}
	for _, f := range []struct {
		text      string
		into      *int
		low, high int
	}{{parts[0], &m.Sentiment, -1, 1}, {parts[2], &m.Urgency, 0, 3}, {parts[3], &m.Effort, 0, 2}, {parts[4], &m.Politeness, -2, 2}} {
		n, err := strconv.Atoi(f.text)
		if err != nil || n < f.low || n > f.high {
			return m, fmt.Errorf("%q is not from %d to %d", f.text, f.low, f.high)
		}
		*f.into = n
	}
	for _, t := range m.Topics {
		if !slices.Contains(Topics, t) {
			return m, fmt.Errorf("there is no topic %q", t)
		}
	}
	return m, nil
}
