package mail

import (
	"strings"
	"testing"
	"testing/quick"
	"time"
)

// bounce is a delivery status notification as Postfix writes them (RFC 3464).
func bounce(to, action, status, original string) []byte {
	return lines(`
From: MAILER-DAEMON@mx.cliente.example (Mail Delivery System)
To: ` + to + `
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.cliente.example
Arrival-Date: Sun, 22 Nov 2026 12:00:05 +0000

Final-Recipient: rfc822; dario@altri.example
Action: ` + action + `
Status: ` + status + `
Diagnostic-Code: smtp; 550 ` + status + ` <dario@altri.example>: User
    unknown

--B
Content-Type: text/rfc822-headers

Return-Path: <` + original + `>
Subject: Com'era
--B--
`)
}

func complaint(original string) []byte {
	return lines(`
From: abuse@grande.example
To: abuse@negozio.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Grande/1.0
Version: 1

--B
Content-Type: message/rfc822

Message-ID: <` + original + `@negozio.example>
Subject: x

y
--B--
`)
}

func TestWhatComesBackIsUnderstood(t *testing.T) {
	const anna = "anna@cliente.example"
	for name, c := range map[string]struct {
		report     func(token string) []byte
		ours       bool
		fate       Fate
		suppressed Suppression
	}{
		"to the return path": {func(k string) []byte { return bounce("rimbalzi+"+k+"@negozio.example", "failed", "5.1.1", "") }, true, Failed, Bounced},
		"in capitals": {func(k string) []byte {
			return bounce(strings.ToUpper("rimbalzi+"+k+"@negozio.example"), "failed", "5.1.1", "")
		}, true, Failed, Bounced},
		"with the headers": {func(k string) []byte {
			return bounce("rimbalzi@negozio.example", "Failed", "5.1.10", "rimbalzi+"+k+"@negozio.example")
		}, true, Failed, Bounced},
		"mailbox full":  {func(k string) []byte { return bounce("rimbalzi+"+k+"@negozio.example", "failed", "5.2.2", "") }, true, Failed, ""},
		"gave up":       {func(k string) []byte { return bounce("rimbalzi+"+k+"@negozio.example", "failed", "4.4.7", "") }, true, Failed, ""},
		"still trying":  {func(k string) []byte { return bounce("rimbalzi+"+k+"@negozio.example", "delayed", "4.4.1", "") }, true, Sent, ""},
		"a complaint":   {complaint, true, Complained, Complaint},
		"no token":      {func(string) []byte { return bounce("rimbalzi@negozio.example", "failed", "5.1.1", "") }, false, Sent, ""},
		"a made-up one": {func(k string) []byte { return bounce("rimbalzi+"+forged(k)+"@negozio.example", "failed", "5.1.1", "") }, false, Sent, ""},
		"a letter": {func(k string) []byte {
			return lines("To: rimbalzi+" + k + "@negozio.example\nSubject: Ciao\n\nGrazie\n")
		}, false, Sent, ""},
		"not a mail": {func(string) []byte { return []byte("\x00\x01") }, false, Sent, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bothEngines(t, func(t *testing.T, book Book) {
				p := newPost(t, book, serve(t, Plain), Plain)
				id := p.put(anna)
				p.deliver()
				p.now = p.now.Add(time.Hour)
				for range 2 { // the second one changes nothing
					ours, err := p.TakeReport(t.Context(), c.report(p.token(id)))
					if err != nil || ours != c.ours {
						t.Fatalf("ours: %v, %v", ours, err)
					}
				}
				want := []Fate{Sent}
				if c.fate != Sent {
					want = append(want, c.fate)
				}
				if len(p.told) != len(want) || p.told[len(want)-1].Fate != c.fate {
					t.Errorf("told %+v, want %v", p.told, want)
				}
				if got := p.suppressed(anna); got != c.suppressed {
					t.Errorf("suppressed: %q, want %q", got, c.suppressed)
				}
				if p.suppressed("dario@altri.example") != "" {
					t.Error("whom a report names is suppressed: anybody could write one")
				}
			})
		})
	}
}

// forged is a token of another message, signed by who has no key.
func forged(token string) string {
	last := byte('a')
	if token[0] == 'a' {
		last = 'b'
	}
	return string(last) + token[1:]
}

func TestNoReportHarms(t *testing.T) {
	endless := append(bounce("x@y.example", "failed", "5.1.1", ""), make([]byte, 3<<20)...)
	if _, ok := parseReport(endless); !ok {
		t.Error("a long report is not read")
	}
	if err := quick.Check(func(a, b, c string) bool {
		parseReport(bounce(a, b, c, a))
		parseReport([]byte(a + b + c))
		return true
	}, nil); err != nil {
		t.Error(err)
	}
}
