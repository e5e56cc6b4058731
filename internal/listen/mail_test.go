package listen

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
)

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func mailVoice(t testing.TB, raw string) (Voice, letter) {
	t.Helper()
	l := readLetter(strings.NewReader(crlf(raw)))
	return l.voice("info@negozio.it", time.Time{}), l
}

const simple = `Message-ID: <1@example.it>
From: =?iso-8859-1?Q?Giulia_Nicol=F2?= <Giulia@Example.it>
To: info@negozio.it
Subject: =?utf-8?B?Q29uc2VnbmEgaW4gcml0YXJkbyDinYw=?=
Date: Sat, 21 Nov 2026 18:00:00 +0100
Content-Type: text/plain; charset=windows-1252
Content-Transfer-Encoding: quoted-printable

Il pacco =E8 arrivato tardi, =80 10 in pi=F9.

Inviato da iPhone
`

func TestLetterIsRead(t *testing.T) {
	v, _ := mailVoice(t, simple)
	p := v.Properties
	if v.Event != "Email Received" || v.Who != (experience.Identifier{Kind: experience.EmailID, Value: "giulia@example.it"}) || !v.Time.Equal(time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC)) ||
		p["text"] != "Il pacco è arrivato tardi, € 10 in più." || p["subject"] != "Consegna in ritardo ❌" || p["author"] != "Giulia Nicolò" || p["mailbox"] != "info@negozio.it" {
		t.Errorf("%+v", v)
	}
	if cuts, ok := p["cut"].([]piece); !ok || len(cuts) != 1 || cuts[0].What != "signature" || cuts[0].Text != "Inviato da iPhone" {
		t.Errorf("cut: %v", p["cut"])
	}
}

// In whatever encoding, and whatever it says of itself.
func TestCharsets(t *testing.T) {
	const want = "Perché costa così tanto?"
	for name, part := range map[string]string{
		"utf-8":            "Content-Type: text/plain; charset=utf-8\n\nPerché costa così tanto?",
		"none said":        "X: y\n\nPerché costa così tanto?",
		"none said, Latin": "X: y\n\nPerch\xe9 costa cos\xec tanto?",
		"Latin 15":         "Content-Type: text/plain; charset=\"ISO-8859-15\"\n\nPerch\xe9 costa cos\xec tanto?",
		"a wrong name":     "Content-Type: text/plain; charset=nonsense\n\nPerch\xe9 costa cos\xec tanto?",
		"a lie":            "Content-Type: text/plain; charset=utf-8\n\nPerch\xe9 costa cos\xec tanto?",
		"base64":           "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nUGVyY2jDqSBjb3N0YSBjb3PDrCB0YW50bz8=",
		"UTF-16":           "Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n\nUABlAHIAYwBoAOkAIABjAG8AcwB0AGEAIABjAG8AcwDsACAAdABhAG4AdABvAD8A",
		"HTML":             "Content-Type: text/html\n\n<html><head><title>x</title><style>p{}</style></head><p>Perch&eacute; costa <b>cos&igrave;</b> tanto?</p><img src=x onerror=alert(1)>",
	} {
		if v, _ := mailVoice(t, "From: a@b.it\n"+part); v.Properties["text"] != want {
			t.Errorf("%s: %q", name, v.Properties["text"])
		}
	}
}

func TestParts(t *testing.T) {
	v, l := mailVoice(t, `From: a@b.it
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: multipart/alternative; boundary=y

--y
Content-Type: text/plain

In breve
--y
Content-Type: text/html

<p>In breve</p>
--y--
--x
Content-Type: application/pdf; name="scontrino.pdf"
Content-Disposition: attachment; filename="=?utf-8?Q?scontrino_=E2=82=AC.pdf?="
Content-Transfer-Encoding: base64

aGVsbG8=
--x
Content-Type: message/rfc822

From: x@y.it

Un'altra lettera
--x--
`)
	if v.Properties["text"] != "In breve" {
		t.Errorf("the text is %q", v.Properties["text"])
	}
	if len(l.parts) != 2 || l.parts[0] != (attachment{"scontrino €.pdf", "application/pdf", 5}) || l.parts[1].Type != "message/rfc822" || l.limits != nil {
		t.Errorf("%+v %v", l.parts, l.limits)
	}
}

func TestQuotesAndSignaturesAreCut(t *testing.T) {
	for name, c := range map[string]struct {
		body, own string
		what      []string
	}{
		"Gmail":      {"Grazie, tutto bene.\n\nIl giorno gio 12 nov 2026 alle ore 10:00 Negozio <info@negozio.it>\nha scritto:\n\n> Gentile cliente\n> come va?\n", "Grazie, tutto bene.", []string{"quote"}},
		"Outlook":    {"Non va.\n\nDa: Negozio <info@negozio.it>\nInviato: lunedì 9 novembre 2026 10:00\nA: Giulia\nOggetto: Ordine\n\nGentile cliente", "Non va.", []string{"quote"}},
		"a rule":     {"Non va.\n________________________________\nFrom: Shop\nSent: Monday\nTo: me\nSubject: x\n\nDear", "Non va.", []string{"quote"}},
		"original":   {"No.\n-----Messaggio originale-----\nDa: x", "No.", []string{"quote"}},
		"English":    {"Thanks!\n\nOn Thu, 12 Nov 2026 at 10:00, Shop <info@shop.it> wrote:\n> Dear", "Thanks!", []string{"quote"}},
		"German":     {"Danke.\nAm 12.11.2026 um 10:00 schrieb Laden:\n> Liebe", "Danke.", []string{"quote"}},
		"French":     {"Merci.\nLe 12 nov. 2026 à 10:00, Boutique a écrit :\n> Chère", "Merci.", []string{"quote"}},
		"Spanish":    {"Gracias.\nEl jue, 12 nov 2026 a las 10:00, Tienda escribió:\n> Estimada", "Gracias.", []string{"quote"}},
		"between":    {"> Di che colore?\nRosso.\n> E la taglia?\nM.", "Rosso.\nM.", []string{"quote"}},
		"signature":  {"Vorrei un reso.\n-- \nGiulia\nVia Roma 1", "Vorrei un reso.", []string{"signature"}},
		"then quote": {"Sì.\n--\nGiulia\n\n> Vuole un reso?", "Sì.", []string{"signature", "quote"}},
		"notice":     {"Grazie.\n\nLe informazioni contenute in questa e-mail sono riservate.\nNon stampare.", "Grazie.", []string{"notice"}},
		"forwarded":  {"---------- Messaggio inoltrato ---------\nDa: Giulia <g@x.it>\nData: gio 12 nov 2026\nOggetto: Reso\n\nIl reso non va.", "Il reso non va.", []string{"quote"}},
		"no mark":    {"Il negozio ha scritto: tutto esaurito. Peccato.\nDa domani torno altrove.", "Il negozio ha scritto: tutto esaurito. Peccato.\nDa domani torno altrove.", nil},
		"only quote": {"> Gentile cliente", "", []string{"quote"}},
		"a dash":     {"Misure:\n- 10\n- 20\n------\nfine", "Misure:\n- 10\n- 20\n------\nfine", nil},
	} {
		own, cuts := cutLetter(c.body)
		var what []string
		for _, p := range cuts {
			what = append(what, p.What)
		}
		if own != c.own || !slices.Equal(slices.Compact(what), c.what) {
			t.Errorf("%s: %q and %v", name, own, cuts)
		}
	}
}

// Nothing of a letter is lost by cutting: what is short is in one piece or the other.
func TestCuttingKeepsEveryWord(t *testing.T) {
	body := "Ciao parola1\n> parola2\nparola3\nIl giorno 1 nov 2026 Negozio ha scritto:\n> parola4\n-- \nparola5"
	own, cuts := cutLetter(body)
	all := own
	for _, p := range cuts {
		all += " " + p.Text
	}
	for k := range 5 {
		if !strings.Contains(all, fmt.Sprintf("parola%d", k+1)) {
			t.Errorf("parola%d is gone: %q", k+1, all)
		}
	}
}

func TestWhatIsNobodysVoice(t *testing.T) {
	dsn := func(action string) string {
		return "From: MAILER-DAEMON@mx.it\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nNot delivered\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.it\n\n" +
			"Final-Recipient: rfc822; Anna@x.it\nAction: " + action + "\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n--x--\n"
	}
	for name, c := range map[string]struct {
		raw  string
		want origin
	}{
		"a person":       {"From: a@b.it\nAuto-Submitted: no\n\nx", person},
		"bounce":         {dsn("failed"), bounce},
		"delay":          {dsn("delayed"), delay},
		"old bounce":     {"From: postmaster@x.it\nSubject: Undelivered Mail Returned to Sender\n\nx", bounce},
		"RFC 3834":       {"From: a@b.it\nAuto-Submitted: auto-replied (vacation)\n\nx", reply},
		"by subject":     {"From: a@b.it\nSubject: Risposta automatica: fuori\n\nx", reply},
		"away":           {"From: a@b.it\nSubject: =?utf-8?Q?R=C3=A9ponse_automatique?= : x\n\nx", reply},
		"newsletter":     {"From: a@b.it\nList-Unsubscribe: <mailto:x@y.it>\n\nx", bulk},
		"bulk":           {"From: a@b.it\nPrecedence: bulk\n\nx", bulk},
		"machine":        {"From: no-reply@b.it\n\nx", machine},
		"generated":      {"From: a@b.it\nAuto-Submitted: auto-generated\n\nx", machine},
		"receipt":        {"From: a@b.it\nContent-Type: multipart/report; report-type=disposition-notification; boundary=x\n\n--x--", machine},
		"itself":         {"From: Info <INFO@negozio.it>\n\nx", itself},
		"nobody":         {"Subject: x\n\nx", nobody},
		"nothing at all": {"", nobody},
	} {
		v, l := mailVoice(t, c.raw)
		if got := l.comesFrom("info@negozio.it"); got != c.want {
			t.Errorf("%s comes from %s, want %s", name, got, c.want)
		}
		if _, spoken := v.Properties["text"]; spoken != (c.want == person) {
			t.Errorf("%s is taken for a voice: %v", name, spoken)
		}
	}
	if v, _ := mailVoice(t, dsn("failed")); v.Event != "Email Bounced" || v.Who.Value != "anna@x.it" || v.Properties["status"] != "5.1.1" {
		t.Errorf("%+v", v)
	}
}

// Bombs are cut, and said to be.
func TestBombs(t *testing.T) {
	deep := "From: a@b.it\n"
	for k := range 200 {
		deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", k, k)
	}
	deep += "\nciao"
	many := "From: a@b.it\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nciao\n" + strings.Repeat("--x\nContent-Type: a/b\n\n1\n", 5000) + "--x--\n"
	for name, c := range map[string]struct{ raw, limit, text string }{
		"deep":          {deep, limitDepth, ""},
		"many":          {many, limitParts, "ciao"},
		"one long head": {"From: a@b.it\nX: " + strings.Repeat("y", 1<<20) + "\n\nciao", limitHeader, "ciao"},
		"endless heads": {"From: a@b.it\n" + strings.Repeat("X-Y: z\n", 200000) + "\nciao", limitHeader, "ciao"},
		"long text":     {"From: a@b.it\n\nciao" + strings.Repeat(" ciao", 1<<20), limitText, "ciao"},
		"large":         {"From: a@b.it\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nciao\n--x\nContent-Type: a/b\n\n" + strings.Repeat(strings.Repeat("z", 70)+"\n", 500000), limitSize, "ciao"},
		"no end":        {"From: a@b.it\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nciao\n--x\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!!", limitBroken, "ciao"},
	} {
		v, l := mailVoice(t, c.raw)
		text, _ := v.Properties["text"].(string)
		if !slices.Contains(l.limits, c.limit) || !strings.HasPrefix(text, c.text) {
			t.Errorf("%s: limits %v, text %.50q", name, l.limits, text)
		}
		if i, err := v.item(now); err != nil || i.Size() > 200<<10 {
			t.Errorf("%s: an item of %d bytes, %v", name, i.Size(), err)
		}
	}
	nested := "From: a@b.it\nContent-Type: text/html\n\n" + strings.Repeat("<div><blockquote>", 50000) + "ciao"
	if v, _ := mailVoice(t, nested); !strings.Contains(fmt.Sprint(v.Properties), "ciao") {
		t.Errorf("nested HTML: %v", v.Properties)
	}
}

// A letter is the same however it comes; another one is another, whatever it
// calls itself.
func TestLetterKeys(t *testing.T) {
	a, _ := mailVoice(t, simple)
	b, _ := mailVoice(t, "Received: by somewhere\n"+simple)
	c, _ := mailVoice(t, strings.Replace(simple, "Giulia@", "mallory@", 1))
	none, _ := mailVoice(t, strings.Replace(simple, "Message-ID: <1@example.it>\n", "", 1))
	again, _ := mailVoice(t, "Received: x\n"+strings.Replace(simple, "Message-ID: <1@example.it>\n", "", 1))
	if a.Key != b.Key || a.Key == c.Key || none.Key == a.Key || none.Key != again.Key {
		t.Error(a.Key, b.Key, c.Key, none.Key, again.Key)
	}
	late, _ := mailVoice(t, strings.Replace(simple, "2026", "2099", 1))
	l := readLetter(strings.NewReader(strings.Replace(simple, "2026", "2099", 1)))
	if v := l.voice("info@negozio.it", now); !v.Time.Equal(now) || late.Time.Year() != 2099 {
		t.Errorf("a clock of %v is believed: %v", late.Time, v.Time)
	}
}

// A line of a head that does not end in the reader's buffer is written over by
// what comes next: a letter made so that nothing but line ends came next ended
// the whole of Regia.
func TestALongLineOfAHeadIsLeftOut(t *testing.T) {
	for _, after := range []string{"\r\n", "\n", " ", "\t", "x"} {
		for _, long := range []int{maxFieldLine - 20, maxFieldLine - 3, maxFieldLine, 2 * maxFieldLine, 5 * maxFieldLine} {
			raw := "From: a@b.it\r\nX: " + strings.Repeat("a", long) + strings.Repeat("\r", 4*maxFieldLine) + "\nSubject: dopo\n" + strings.Repeat(after, 2*maxFieldLine)
			if l := readLetter(strings.NewReader(raw)); l.from != "a@b.it" || l.subject != "dopo" || !slices.Contains(l.limits, limitHeader) {
				t.Fatalf("%d bytes, then %q: %q %q %v", long, after, l.from, l.subject, l.limits)
			}
		}
	}
}

func FuzzMail(f *testing.F) {
	f.Add([]byte(simple))
	f.Add([]byte("From: a@b.it\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nciao\r\n--x--\r\n"))
	f.Add([]byte("From x\n\n>From y\n\n--\n"))
	f.Add([]byte("X: " + strings.Repeat("a", maxFieldLine) + strings.Repeat("\r", 4*maxFieldLine) + "\n" + strings.Repeat("\r\n", maxFieldLine)))
	f.Add([]byte("Subject: =?utf-16?B?//4=?=\nFrom: \"a\nDate: x\n\n> a\nOn x wrote:\n-- \n"))
	f.Add([]byte("Content-Type: multipart/report; report-type=delivery-status; boundary=\"\"\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l := readLetter(strings.NewReader(string(raw)))
		v := l.voice("info@negozio.it", now)
		if i, err := v.item(now); err != nil || i.Size() > 512<<10 || i.MessageID == "" {
			t.Fatalf("%v: %d bytes", err, i.Size())
		}
		m := newMbox(strings.NewReader(string(raw)), 0)
		for n := 0; ; n++ {
			if _, err := m.next(); err != nil {
				break
			}
			if n > len(raw) {
				t.Fatal("letters without end")
			}
		}
		if m.at > int64(len(raw)) {
			t.Fatalf("read %d of %d bytes", m.at, len(raw))
		}
	})
}
