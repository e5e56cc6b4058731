package voice

import (
	"cmp"
	"strconv"
	"time"

	"regia/internal/experience"
)

// textNames are the properties that hold what somebody wrote, the first that is
// there counts.
func textNames() []string { return []string{"text", "message", "body", "comment"} }

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
	Scale      string // key of an experience.Scale; "" = no answer
	Score      float64
	Worded     bool // it has a text
	Text       string
	Labels     VoiceLabels
	Corrected  []Correction // those that hold
}

// unknown stands for a grade that nobody knows.
const unknown = -9

// answered reads what an event states on a scale; "" where it states nothing.
func answered(name, scale, outOf, score string) (string, float64) {
	usual, ok := experience.AnswerScale(name)
	if !ok {
		return "", 0
	}
	s, ok := experience.ScaleNamed(cmp.Or(scale, usual), outOf)
	if !ok {
		return "", 0
	}
	v, err := strconv.ParseFloat(score, 64)
	if err != nil || !s.Holds(v) {
		return "", 0
	}
	return s.Key, v
}
