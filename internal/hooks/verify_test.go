package hooks

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"regia/internal/experience"
)

// What openssl dgst -sha256 -hmac says of this body.
const (
	vectorBody   = `{"id":7,"total":"19.90"}`
	vectorSecret = "a shared secret of a shop"
	vectorPlain  = "oJu8SRkZ/v9p2qxcC6/DRPn07AMme9Dpmmn9hAeK9WE="
	vectorTime   = 1767225600
	vectorTimed  = "ba44ec55d0fb5d2de751231ed7190e1a7e1477c101820e1f7ddb6f7e3b2234e2" // of "1767225600." and the body
	// The key is MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, the text "msg_1.1767225600." and the body.
	vectorStandardSecret = "whsec_TWZLUTlyOEdLWXFyVHdqVVBEOElMUFpJbzJMYUxhU3c="
	vectorStandard       = "w0mZf0l0hK8blk2wJGf6x2CQGRLpXNiVHbMyvUDVrNw="
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for k := 0; k < len(pairs); k += 2 {
		h.Set(pairs[k], pairs[k+1])
	}
	return h
}

func TestVerify(t *testing.T) {
	at := strconv.Itoa(vectorTime)
	standard := func(id, at, signature string) http.Header {
		return header("webhook-id", id, "webhook-timestamp", at, "webhook-signature", signature)
	}
	regia := func(value string) http.Header { return header("X-Regia-Signature", value) }
	for name, c := range map[string]struct {
		preset Preset
		header http.Header
		secret string
		late   time.Duration
		want   error
	}{
		"Shopify":                   {preset: Shopify, header: header("X-Shopify-Hmac-Sha256", vectorPlain)},
		"WooCommerce":               {preset: WooCommerce, header: header("X-WC-Webhook-Signature", vectorPlain)},
		"ours":                      {preset: Generic, header: regia("t=" + at + ",v1=" + vectorTimed)},
		"ours, of two":              {preset: Generic, header: regia("t=" + at + ", v1=00, v1=" + vectorTimed)},
		"standard":                  {preset: Generic, header: standard("msg_1", at, "v1,"+vectorStandard), secret: vectorStandardSecret},
		"standard, of two":          {preset: Generic, header: standard("msg_1", at, "v1a,x v1,AAAA v1,"+vectorStandard), secret: vectorStandardSecret},
		"nearly late":               {preset: Generic, header: regia("t=" + at + ",v1=" + vectorTimed), late: tolerance},
		"nothing":                   {preset: Shopify, want: errUnsigned},
		"nothing of WooCommerce":    {preset: WooCommerce, want: errUnsigned},
		"nothing of ours":           {preset: Generic, want: errUnsigned},
		"another's header":          {preset: Shopify, header: header("X-WC-Webhook-Signature", vectorPlain), want: errUnsigned},
		"another secret":            {preset: Shopify, header: header("X-Shopify-Hmac-Sha256", vectorPlain), secret: "another secret altogether", want: errSignature},
		"not base64":                {preset: Shopify, header: header("X-Shopify-Hmac-Sha256", "!"), want: errSignature},
		"cut short":                 {preset: Shopify, header: header("X-Shopify-Hmac-Sha256", "oJu8SRkZ/v8="), want: errSignature},
		"late":                      {preset: Generic, header: regia("t=" + at + ",v1=" + vectorTimed), late: tolerance + time.Second, want: errStale},
		"ahead":                     {preset: Generic, header: regia("t=" + at + ",v1=" + vectorTimed), late: -tolerance - time.Second, want: errStale},
		"late, standard":            {preset: Generic, header: standard("msg_1", at, "v1,"+vectorStandard), secret: vectorStandardSecret, late: time.Hour, want: errStale},
		"another time":              {preset: Generic, header: regia("t=1767225601,v1=" + vectorTimed), want: errSignature},
		"no time":                   {preset: Generic, header: regia("v1=" + vectorTimed), want: errSignature},
		"another id":                {preset: Generic, header: standard("msg_2", at, "v1,"+vectorStandard), secret: vectorStandardSecret, want: errSignature},
		"late and of somebody else": {preset: Generic, header: regia("t=1,v1=" + vectorTimed), want: errSignature},
	} {
		t.Run(name, func(t *testing.T) {
			secret := c.secret
			if secret == "" {
				secret = vectorSecret
			}
			if c.header == nil {
				c.header = http.Header{}
			}
			now := time.Unix(vectorTime, 0).Add(c.late)
			got := c.preset.verify(c.header, []byte(vectorBody), []string{"the new secret of the shop", secret}, now)
			if experience.CodeOf(got) != experience.CodeOf(c.want) || c.want != nil && got.Error() != c.want.Error() {
				t.Errorf("%v, want %v", got, c.want)
			}
			if got == nil && c.preset.verify(c.header, []byte(vectorBody+" "), []string{secret}, now) == nil {
				t.Error("another body has the same signature")
			}
		})
	}
}

func TestPing(t *testing.T) {
	for body, want := range map[string]bool{"webhook_id=12": true, "webhook_id=": false, `{"webhook_id":12}`: false, "webhook_id=12&id=1": false} {
		if got := WooCommerce.ping(http.Header{}, []byte(body)); got != want {
			t.Errorf("%s: %v", body, got)
		}
		if Shopify.ping(http.Header{}, []byte(body)) || WooCommerce.ping(header("X-WC-Webhook-Signature", "x"), []byte(body)) {
			t.Errorf("%s: a ping of another", body)
		}
	}
}
