package voice

import "strings"

// told says in a sentence how a text was read.
func (n names) told(v Voice) string {
	if !v.Worded {
		return n.l.T("voice.wordless")
	}
	var about []string
	for _, t := range v.Labels.topics() {
		about = append(about, n.topic(t.Label))
	}
	topics, sentiment := strings.Join(about, ", "), v.Labels.Sentiment.counted()
	switch {
	case sentiment != "" && topics != "":
		return n.l.T("voice.one.told", "sentiment", n.l.T("voice.one.sentiment."+sentiment), "topics", topics)
	case sentiment != "":
		return n.l.T("voice.one.felt", "sentiment", n.l.T("voice.one.sentiment."+sentiment))
	case topics != "":
		return n.l.T("voice.one.about", "topics", topics)
	}
	return n.l.T("voice.one.unsure")
}
