package invite

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"regia/internal/experience"
)

// letter is what an invitation says, in the language of whom it asks.
type letter struct {
	Language, Subject, Hello, Intro, Question string
	Low, High, Open, Bye, Stop, Why           string
	Accent, Ink, Logo                         string
	Link, Unsubscribe                         string
	Scores                                    []score // links to the answers of the first question
	company                                   string
}

// score is one answer of the first question.
type score struct{ Label, Name, URL string }

// petrol is Regia's own colour, for surveys without one.
const petrol = "#1f5f63"

// letter writes an invitation.
func (r *Room) letter(i Invitation, c Contact, s Survey, company experience.Company, again bool) (letter, error) {
	language := languageFor(s, c.Language)
	t := r.site.Locale(language, company.Location())
	path, err := r.Surveys.Path(i.link(language))
	if err != nil {
		return letter{}, err
	}
	l := letter{
		Language: language, company: company.Name, Link: r.base() + path, Unsubscribe: r.base() + "/u/" + r.stopToken(i.ID.String()),
		Logo: cmp.Or(s.Logo, company.Name), Accent: cmp.Or(s.Accent, petrol), Question: s.Question[language], Low: s.Low[language], High: s.High[language],
		Intro: cmp.Or(s.Intro[language], t.T("invite.letter.intro")), Open: t.T("invite.letter.open"), Bye: t.T("invite.letter.bye"),
		Stop: t.T("invite.letter.stop"), Why: t.T("invite.letter.why", "company", company.Name), Hello: t.T("invite.letter.hello"),
	}
	if name := callable(c.FirstName); name != "" {
		l.Hello = t.T("invite.letter.hello.name", "name", name)
	}
	l.Ink = inkOn(l.Accent)
	l.Subject = cmp.Or(s.Title[language], l.Question, t.T("invite.letter.subject", "company", company.Name))
	if again {
		l.Subject, l.Intro = t.T("invite.letter.again", "subject", l.Subject), t.T("invite.letter.intro.again")
	}
	if s.Scale != "" {
		for n := s.From; n <= s.To; n++ {
			x := score{Label: strconv.Itoa(n), URL: l.Link + "?a=" + strconv.Itoa(n), Name: t.T("invite.letter.score", "score", strconv.Itoa(n), "best", strconv.Itoa(s.To))}
			switch s.Scale {
			case "stars":
				x.Label += " ★"
			case "smiley":
				x.Label = []string{"😞", "🙁", "😐", "🙂", "😀"}[min(max(n-s.From, 0), 4)]
			}
			l.Scores = append(l.Scores, x)
		}
	}
	return l, nil
}

// callable gives a first name as a letter may call somebody by; "" where it is
// none. Who sends names in need not be the one who bears them: a name that is a
// sentence, a number or an address would have the company's own mail say it.
func callable(name string) string {
	name = strings.Join(strings.Fields(name), " ")
	if utf8.RuneCountInString(name) > 30 || strings.Count(name, " ") > 2 {
		return ""
	}
	for at, r := range name {
		ends := at+1 == len(name) || name[at+1] == ' '
		switch {
		case unicode.IsLetter(r), unicode.IsMark(r), r == ' ', r == '-', r == '\'', r == '’', r == '.' && ends:
		default:
			return ""
		}
	}
	return name
}

// languageFor chooses a survey's language for somebody.
func languageFor(s Survey, wanted string) string {
	base, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(wanted, "_", "-")), "-")
	if slices.Contains(s.Languages, base) {
		return base
	}
	if len(s.Languages) > 0 {
		return s.Languages[0]
	}
	return "it"
}

// bodies writes the mail as plain text and as HTML.
func (l letter) bodies(ctx context.Context) (text, html string, err error) {
	var b strings.Builder
	line := func(s ...string) { b.WriteString(strings.Join(s, "") + "\n") }
	line(l.Hello, "\n\n", l.Intro, "\n")
	line(l.Question, "\n")
	for _, s := range l.Scores {
		line(s.Name, ": ", s.URL)
	}
	if l.Low != "" || l.High != "" {
		line("\n", l.Low, " … ", l.High)
	}
	line("\n", l.Open, ": ", l.Link, "\n")
	line(l.Bye, "\n", l.Logo, "\n\n-- ")
	line(l.Why, "\n", l.Stop, ": ", l.Unsubscribe)
	var out bytes.Buffer
	err = letterMail(l).Render(ctx, &out)
	return b.String(), "<!doctype html>" + out.String(), err
}

// sms is the text message: one link, and a way out.
func (l letter) sms() string {
	return l.company + ": " + cmp.Or(l.Question, l.Subject) + " " + l.Link + "\nStop: " + l.Unsubscribe
}

// inkOn gives the colour of text that can be read on another (WCAG 2.2,
// relative luminance): white, or nearly black.
func inkOn(colour string) string {
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil || len(colour) != 7 {
		return "#ffffff"
	}
	linear := func(v uint64) float64 {
		x := float64(v) / 255
		return x * x // near enough to choose one of two
	}
	if 0.2126*linear(n>>16&255)+0.7152*linear(n>>8&255)+0.0722*linear(n&255) > 0.3 {
		return "#1b1b1b"
	}
	return "#ffffff"
}

func (r *Room) base() string { return strings.TrimSuffix(r.BaseURL, "/") }

// stopToken lets whom an invitation is for, and nobody else, say that they do
// not want to be asked.
func (r *Room) stopToken(id string) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte(id), r.stopMac(id)...))
}

const stopMacBytes = 16

func (r *Room) stopMac(id string) []byte {
	h := hmac.New(sha256.New, r.key)
	h.Write([]byte("invite stop\x00" + id))
	return h.Sum(nil)[:stopMacBytes]
}

// readStop gives the invitation of a stopToken.
func (r *Room) readStop(token string) (string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= stopMacBytes || len(raw) > 100 || !hmac.Equal(raw[len(raw)-stopMacBytes:], r.stopMac(string(raw[:len(raw)-stopMacBytes]))) {
		return "", experience.Errorf(experience.NotFound, "invite.error.stop")
	}
	return string(raw[:len(raw)-stopMacBytes]), nil
}
