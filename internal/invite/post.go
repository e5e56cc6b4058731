package invite

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// post is a message for the gateway of text messages.
type post struct {
	id, invitation string
	phone, text    string
	tries          int
	until          time.Time
}

// putPost queues a text message in the caller's transaction.
func (r *Room) putPost(ctx context.Context, tx registry.Tx, i Invitation, phone, text string, until time.Time, again bool) error {
	id := i.ID.String()
	if again {
		id += reminder
	}
	_, err := tx.Exec(ctx, `INSERT INTO invite_posts (id, invitation, phone, text, tries, next_at, until_at) VALUES ($1, $2, $3, $4, 0, $5, $6) ON CONFLICT (id) DO NOTHING`,
		id, i.ID.String(), phone, text, r.Clock().UnixMicro(), until.UnixMicro())
	return err
}

// gatewayPatience is how long the gateway may take to answer.
const gatewayPatience = 15 * time.Second

// gatewayClient follows no redirection: the address is the one that was set.
func gatewayClient() *http.Client {
	return &http.Client{Timeout: gatewayPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// postDue hands text messages to the gateway. One that was handed over and not
// kept as such, because of a crash, goes there again under the same id.
func (r *Room) postDue(ctx context.Context) error {
	settings, err := r.Settings(ctx)
	if err != nil || settings.Gateway == "" {
		return err
	}
	if now := r.Clock(); settings.Quiet.open(now, r.Company(ctx).Location()).After(now) {
		return nil // what was not taken before waits until morning
	}
	for ctx.Err() == nil {
		due, err := r.claimPosts(ctx)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, p := range due {
			said, permanent := r.post(ctx, settings, p)
			if err := r.posted(ctx, p, said, permanent); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// claimPosts takes messages that are due, for longer than they can take.
func (r *Room) claimPosts(ctx context.Context) (list []post, err error) {
	now := r.Clock()
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		list = nil
		rows, err := tx.Query(ctx, `SELECT id, invitation, phone, text, tries, until_at FROM invite_posts WHERE next_at <= $1 ORDER BY next_at, id LIMIT 10`, now.UnixMicro())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p post
			var until int64
			if err := rows.Scan(&p.id, &p.invitation, &p.phone, &p.text, &p.tries, &until); err != nil {
				return err
			}
			p.tries++
			p.until = moment(until)
			list = append(list, p)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, p := range list {
			if _, err := tx.Exec(ctx, `UPDATE invite_posts SET tries = $1, next_at = $2 WHERE id = $3`, p.tries, now.Add(5*time.Minute).UnixMicro(), p.id); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// post hands one message over, signed as Standard Webhooks are: HMAC-SHA-256 of
// "id.timestamp.body". The error says why it was not taken.
func (r *Room) post(ctx context.Context, s Settings, p post) (err error, permanent bool) {
	body, err := json.Marshal(map[string]string{"to": p.phone, "text": p.text, "id": p.id})
	if err != nil {
		return err, true
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Gateway, bytes.NewReader(body))
	if err != nil {
		return err, true
	}
	at := strconv.FormatInt(r.Clock().Unix(), 10)
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Webhook-Id", p.id)
	q.Header.Set("Webhook-Timestamp", at)
	q.Header.Set("Webhook-Signature", "v1,"+signature(s.Secret, p.id+"."+at+"."+string(body)))
	answer, err := r.Client.Do(q)
	if err != nil {
		return experience.Errorf(experience.Unavailable, "the gateway does not answer"), false
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection serves again
	switch c := answer.StatusCode; {
	case c/100 == 2:
		return nil, false
	case c == http.StatusRequestTimeout || c == http.StatusTooManyRequests || c/100 != 4:
		return experience.Errorf(experience.Unavailable, "the gateway answered %d", c), false
	case c == http.StatusUnauthorized || c == http.StatusForbidden || c == http.StatusNotFound: // the settings', not the message's fault
		return experience.Errorf(experience.Unavailable, "the gateway answered %d", c), false
	}
	return experience.Errorf(experience.Invalid, "the gateway answered %d", answer.StatusCode), true
}

// signature is base64 of the HMAC-SHA-256 by a secret of Standard Webhooks.
func signature(secret, text string) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		key = []byte(secret)
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// posted keeps what became of a message.
func (r *Room) posted(ctx context.Context, p post, said error, permanent bool) error {
	now := r.Clock()
	next := now.Add(time.Minute << min(p.tries-1, 8))
	again := strings.HasSuffix(p.id, reminder)
	if said != nil {
		r.Logger.WarnContext(ctx, "a text message was not taken", "invitation", p.invitation, "reason", said.Error(), "tries", p.tries)
	}
	return r.Book.Write(context.WithoutCancel(ctx), func(ctx context.Context, tx registry.Tx) error {
		if said != nil && !permanent && next.Before(p.until) {
			_, err := tx.Exec(ctx, `UPDATE invite_posts SET next_at = $1 WHERE id = $2`, next.UnixMicro(), p.id)
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM invite_posts WHERE id = $1`, p.id)
		if err != nil || n == 0 {
			return err
		}
		i, err := invitation(ctx, tx, p.invitation)
		switch {
		case isMissing(err):
			return nil
		case err != nil:
			return err
		case said != nil && !again:
			return r.bounced(ctx, tx, i, now)
		case said == nil && !again:
			return sent(ctx, tx, i, now)
		}
		return nil
	})
}
