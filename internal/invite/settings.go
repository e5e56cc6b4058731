package invite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Settings hold for all rules and for the API.
type Settings struct {
	Window  int    `json:"window_days"`       // nobody is asked twice within so many days
	Quiet   Quiet  `json:"quiet"`             // when nothing is sent
	Purpose string `json:"purpose,omitempty"` // a consent that must be given; "" = none is asked for
	Gateway string `json:"gateway,omitempty"` // https address that sends text messages; "" = none are sent
	Secret  string `json:"secret,omitempty"`  // signs what goes there
}

// Quiet is a part of the day, in minutes since midnight in the company's time
// zone, from From to To; From after To goes over midnight; equal is never.
type Quiet struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// usualSettings: a month between two questions, nothing at night.
var usualSettings = Settings{Window: 30, Quiet: Quiet{From: 21 * 60, To: 9 * 60}}

const (
	settingsKey = "invite"
	maxWindow   = 365
	day         = 24 * time.Hour
)

// checked gives settings as they can be kept.
func (s Settings) checked() (Settings, error) {
	s.Purpose, s.Gateway = strings.TrimSpace(s.Purpose), strings.TrimSpace(s.Gateway)
	invalid := func(key string) (Settings, error) {
		return s, experience.Errorf(experience.Invalid, "invite.error.%s", key)
	}
	switch q := s.Quiet; {
	case s.Window < 1 || s.Window > maxWindow:
		return invalid("window")
	case q.From < 0 || q.From >= 24*60 || q.To < 0 || q.To >= 24*60:
		return invalid("quiet")
	case len(s.Purpose) > 100:
		return invalid("purpose")
	}
	if s.Gateway != "" {
		u, err := url.Parse(s.Gateway)
		if err != nil || u.Host == "" || u.User != nil || len(s.Gateway) > 500 || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
			return invalid("gateway")
		}
	}
	return s, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// open gives the first moment from t on at which something may be sent. Hours
// that a change of the clocks leaves out, or has twice, are those of the wall:
// it is looked for on the wall's clock, minute by minute.
func (q Quiet) open(t time.Time, zone *time.Location) time.Time {
	if !q.holds(t.In(zone)) {
		return t
	}
	for at := t.Truncate(time.Minute).Add(time.Minute); at.Before(t.Add(2 * day)); at = at.Add(time.Minute) {
		if !q.holds(at.In(zone)) {
			return at.UTC()
		}
	}
	return t // no day is all quiet
}

func (q Quiet) holds(local time.Time) bool {
	minute := local.Hour()*60 + local.Minute()
	if q.From <= q.To {
		return minute >= q.From && minute < q.To
	}
	return minute >= q.From || minute < q.To
}

// Settings gives what holds now.
func (r *Room) Settings(ctx context.Context) (s Settings, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		s, err = loadSettings(ctx, tx)
		return err
	})
	return s, err
}

func loadSettings(ctx context.Context, tx registry.Tx) (Settings, error) {
	s := usualSettings
	var text string
	err := tx.QueryRow(ctx, `SELECT value FROM settings WHERE key = $1`, settingsKey).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(text), &s)
}

// SaveSettings checks and keeps settings. A gateway that is new gets a secret of
// its own, which is given this once.
func (r *Room) SaveSettings(ctx context.Context, s Settings) (secret string, err error) {
	if s, err = s.checked(); err != nil {
		return "", err
	}
	fresh := newSecret()
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		was, err := loadSettings(ctx, tx)
		if err != nil {
			return err
		}
		now := s
		secret = ""
		if now.Secret = was.Secret; now.Gateway != "" && (now.Secret == "" || now.Gateway != was.Gateway) {
			now.Secret, secret = fresh, fresh
		}
		text, err := json.Marshal(now)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, settingsKey, string(text))
		return err
	})
	return secret, err
}

// newSecret makes one as Standard Webhooks has them.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return "whsec_" + base64.StdEncoding.EncodeToString(b[:])
}
