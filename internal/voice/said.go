package voice

import (
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
)

// textNames are the properties that hold what somebody wrote, the first that is
// there counts.
func textNames() []string { return []string{"text", "message", "body", "comment"} }

// answerNames are the events in which people say what they think on a scale,
// also where they write nothing, with the scale they are on unless they name
// another.
func answerNames() map[string]string {
	return map[string]string{
		"Survey Answered": "", "Survey Response": "", "Review Posted": "stars", "Product Reviewed": "stars", "Chat Rated": "csat",
		"Live Chat Rated": "csat", "Shop Rated": "stars", "Smiley Button Pressed": "smiley", "Help Article Rated": "thumb",
	}
}

// companyNames are the events whose text the company wrote, not a customer.
func companyNames() []string {
	return []string{
		"Case Answered", "Case Closed", "Chat Ended", "Chat Answered", "Live Chat Ended", "Email Sent", "Email Delivered", "Message Sent", "SMS Sent",
		"Push Notification Sent", "Push Notification Received", "Newsletter Sent", "Campaign Sent", "Survey Sent", "Survey Opened", "Survey Bounced",
		"Invitation Sent", "Reply Sent", "Review Answered", "Error Shown", "Application Crashed",
	}
}

// Voice is what one interaction says.
type Voice struct {
	ID         experience.ID
	Number     int64 // in which order Regia heard it
	Time       time.Time
	Received   time.Time
	Person     experience.ID // zero: nobody known
	Name       string        // of the event
	Source     string
	Touchpoint string
	Platform   string // where it was published; "" = nowhere
	Order      string
	Scale      string // nps, csat, ces, stars, smiley, thumb or percent, "/10" where its best is another than usual; "" = no answer
	Score      float64
	Worded     bool // it has a text
	Text       string
	Labels     VoiceLabels
	Corrected  []Correction // those that hold
}

// unknown stands for a grade that nobody knows.
const unknown = -9

// Scale is a way to ask: its worst and best answers.
type Scale struct {
	Key       string
	Low, High float64
}

// scales are those known by name (the same that package impact reads).
func scales() map[string]Scale {
	return map[string]Scale{
		"stars": {"stars", 1, 5}, "nps": {"nps", 0, 10}, "csat": {"csat", 1, 5}, "ces": {"ces", 1, 7}, "smiley": {"smiley", 1, 5},
		"thumb": {"thumb", 0, 1}, "percent": {"percent", 0, 100},
	}
}

// ScaleNamed finds a scale by its key; "stars/10" are not stars.
func ScaleNamed(key string) (Scale, bool) {
	name, top, other := strings.Cut(strings.ToLower(strings.TrimSpace(key)), "/")
	s, ok := scales()[name]
	if !ok || !other {
		return s, ok
	}
	high, err := strconv.ParseFloat(top, 64)
	if err != nil || high <= s.Low || high > 1000 {
		return s, false
	}
	if high != s.High {
		s.High = high
		s.Key += "/" + strconv.FormatFloat(high, 'f', -1, 64)
	}
	return s, true
}

// answered reads what an event states on a scale; "" where it states nothing.
func answered(name, scale, outOf, score string) (string, float64) {
	usual, ok := answerNames()[name]
	if !ok {
		return "", 0
	}
	if scale == "" {
		scale = usual
	}
	if outOf != "" && !strings.Contains(scale, "/") {
		scale += "/" + outOf
	}
	s, ok := ScaleNamed(scale)
	if !ok {
		return "", 0
	}
	v, err := strconv.ParseFloat(score, 64)
	if err != nil || v < s.Low || v > s.High {
		return "", 0
	}
	return s.Key, v
}
