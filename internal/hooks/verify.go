package hooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
)

// tolerance is how far the time that a delivery was signed at may be from ours.
const tolerance = 5 * time.Minute

// Refusals of a signature. Their messages tell nothing of the secret.
var (
	errUnsigned  = experience.Errorf(experience.Unauthorised, "the signature is missing")
	errSignature = experience.Errorf(experience.Unauthorised, "the signature does not fit: is it the right secret?")
	errStale     = experience.Errorf(experience.Unauthorised, "this was signed more than five minutes ago, or ahead: is it a replay, or a wrong clock?")
)

// verify checks a delivery's signature over the body as it was sent. Any of the
// secrets may have signed it.
func (p Preset) verify(h http.Header, body []byte, secrets []string, now time.Time) error {
	switch p {
	case Shopify:
		return plainSignature(h.Get("X-Shopify-Hmac-Sha256"), body, secrets)
	case WooCommerce:
		return plainSignature(h.Get("X-WC-Webhook-Signature"), body, secrets)
	}
	if h.Get("webhook-signature") != "" {
		return standardSignature(h, body, secrets, now)
	}
	return regiaSignature(h.Get("X-Regia-Signature"), body, secrets, now)
}

// plainSignature is base64 of the HMAC-SHA256 of the body.
func plainSignature(sent string, body []byte, secrets []string) error {
	if sent == "" {
		return errUnsigned
	}
	mac, err := base64.StdEncoding.DecodeString(strings.TrimSpace(sent))
	if err != nil {
		return errSignature
	}
	for _, s := range secrets {
		if hmac.Equal(mac, sign([]byte(s), body)) {
			return nil
		}
	}
	return errSignature
}

// regiaSignature is t=<unix seconds>,v1=<hex of the HMAC-SHA256 of "t.body">;
// v1 may stand several times, while the sender changes its secret.
func regiaSignature(sent string, body []byte, secrets []string, now time.Time) error {
	if sent == "" {
		return errUnsigned
	}
	var at string
	var macs [][]byte
	for part := range strings.SplitSeq(sent, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			at = value
		case "v1":
			if mac, err := hex.DecodeString(value); err == nil {
				macs = append(macs, mac)
			}
		}
	}
	return timed(at, []byte(at+"."), body, macs, secrets, now, func(s string) []byte { return []byte(s) })
}

// standardSignature is that of Standard Webhooks: "v1,<base64>", several with
// blanks between them, of the HMAC-SHA256 of "id.timestamp.body". What follows
// whsec_ in a secret is base64 of the key.
func standardSignature(h http.Header, body []byte, secrets []string, now time.Time) error {
	var macs [][]byte
	for _, part := range strings.Fields(h.Get("webhook-signature")) {
		if text, ok := strings.CutPrefix(part, "v1,"); ok {
			if mac, err := base64.StdEncoding.DecodeString(text); err == nil {
				macs = append(macs, mac)
			}
		}
	}
	at := h.Get("webhook-timestamp")
	return timed(at, []byte(h.Get("webhook-id")+"."+at+"."), body, macs, secrets, now, func(s string) []byte {
		if encoded, ok := strings.CutPrefix(s, secretPrefix); ok {
			if key, err := base64.StdEncoding.DecodeString(encoded); err == nil {
				return key
			}
		}
		return []byte(s)
	})
}

// timed checks signatures of head and body, then the time they were made at:
// whoever does not know the secret learns nothing of our clock.
func timed(at string, head, body []byte, macs [][]byte, secrets []string, now time.Time, key func(string) []byte) error {
	for _, s := range secrets {
		want := sign(key(s), head, body)
		for _, mac := range macs {
			if !hmac.Equal(mac, want) {
				continue
			}
			seconds, err := strconv.ParseInt(at, 10, 64)
			if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
				return errStale
			}
			return nil
		}
	}
	return errSignature
}

func sign(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}
