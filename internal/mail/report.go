package mail

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strconv"
	"strings"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Limits of what a report is read of: it is a stranger's mail.
const (
	maxReport = 1 << 20 // bytes
	maxParts  = 20
)

// report is what a mail server says of a message sent before: a delivery status
// notification (RFC 3464), or a reader's complaint (ARF, RFC 5965).
type report struct {
	complaint bool
	action    string // failed, delayed, delivered, relayed, expanded
	status    string // 5.1.1 (RFC 3463)
	reason    string // Diagnostic-Code
	original  string // headers of the mail it is about, and where the report was sent to: a token stands in them
}

// parseReport reads a mail; false where it is no report.
func parseReport(raw []byte) (r report, ok bool) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return r, false
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || params["boundary"] == "" {
		return r, false
	}
	for _, name := range []string{"To", "Delivered-To", "X-Original-To", "Envelope-To", "In-Reply-To", "References"} {
		r.original += strings.Join(m.Header[textproto.CanonicalMIMEHeaderKey(name)], " ") + "\n"
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for range maxParts {
		p, err := parts.NextRawPart()
		if err != nil {
			break
		}
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil {
			continue
		}
		switch kind {
		case "message/delivery-status", "message/global-delivery-status":
			ok = r.readStatus(decoded(p)) || ok
		case "message/feedback-report":
			fields, err := textproto.NewReader(bufio.NewReader(decoded(p))).ReadMIMEHeader()
			if (err == nil || errors.Is(err, io.EOF)) && fields.Get("Feedback-Type") != "" {
				r.complaint, ok = true, true
				r.reason = line(fields.Get("Feedback-Type"), 100)
				r.original += fields.Get("Original-Mail-From") + "\n"
			}
		case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
			r.readOriginal(decoded(p))
		}
	}
	return r, ok
}

func decoded(p *multipart.Part) io.Reader {
	switch strings.ToLower(strings.TrimSpace(p.Header.Get("Content-Transfer-Encoding"))) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, p)
	case "quoted-printable":
		return quotedprintable.NewReader(p)
	}
	return p
}

// readStatus reads the groups of fields: one about the message, then one for
// each recipient, of which Regia's mails have one.
func (r *report) readStatus(body io.Reader) bool {
	in := textproto.NewReader(bufio.NewReader(body))
	found := false
	for range maxParts {
		fields, err := in.ReadMIMEHeader()
		if action := strings.ToLower(strings.TrimSpace(fields.Get("Action"))); action != "" && !found {
			found = true
			r.action, r.status = action, strings.TrimSpace(fields.Get("Status"))
			r.reason = line(fields.Get("Diagnostic-Code"), 300)
		}
		if err != nil {
			break
		}
	}
	return found
}

func (r *report) readOriginal(body io.Reader) {
	fields, err := textproto.NewReader(bufio.NewReader(io.LimitReader(body, 64<<10))).ReadMIMEHeader()
	if err != nil && len(fields) == 0 {
		return
	}
	r.original += fields.Get("Message-Id") + "\n" + fields.Get("Return-Path") + "\n"
}

// outcome says what the report means for the message; false where it changes
// nothing, as when a server says that it still tries.
func (r report) outcome() (Outcome, bool) {
	if r.complaint {
		return Outcome{Fate: Complained, Reason: r.reason}, true
	}
	class, rest, _ := strings.Cut(r.status, ".")
	if r.action != "failed" || (class != "5" && class != "4") { // 4.4.7: it gave up trying
		return Outcome{}, false
	}
	out := Outcome{Fate: Failed, Reason: line(strings.TrimSpace(r.status+" "+r.reason), 300)}
	a, b, _ := strings.Cut(rest, ".")
	subject, err := strconv.Atoi(a)
	detail, err2 := strconv.Atoi(strings.TrimSpace(b))
	out.Address = class == "5" && err == nil && err2 == nil && nobodyThere(subject, detail)
	return out, true
}

// TakeReport reads a mail that came to the bounces' address, from a mailbox that
// is read or by the API. False: it is no report about a mail of ours, and for
// somebody to read. Whom a bounce concerns stands in the queue, never in the
// mail: who makes one up can suppress nobody.
func (o *Outbox) TakeReport(ctx context.Context, raw []byte) (ours bool, err error) {
	if len(raw) > maxReport {
		raw = raw[:maxReport]
	}
	r, ok := parseReport(raw)
	if !ok {
		return false, nil
	}
	id, ok := o.tokenIn(r.original)
	if !ok {
		return false, nil
	}
	out, changes := r.outcome()
	if !changes {
		return true, nil
	}
	out.At = o.Clock()
	return true, o.cameBack(ctx, id, out)
}

// cameBack keeps what came back, once: the same report again changes nothing.
func (o *Outbox) cameBack(ctx context.Context, id experience.ID, out Outcome) error {
	return o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		var reference, to string
		err := tx.QueryRow(ctx, `SELECT reference, recipient FROM mail_queue WHERE id = $1 AND fate IN ($2, $3)`, id, string(Sent), string(Waiting)).Scan(&reference, &to)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // forgotten, or known
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE mail_queue SET fate = $1, reason = $2, settled_at = $3, text = '', html = '' WHERE id = $4`,
			string(out.Fate), out.Reason, out.At.UnixMicro(), id); err != nil {
			return err
		}
		return o.consequences(ctx, tx, reference, to, out)
	})
}
