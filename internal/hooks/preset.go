package hooks

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"regia/internal/experience"
	"regia/internal/mapping"
)

// Preset says whose webhooks a source takes: how they are signed, how they name
// themselves, and what they mean unless the source has a mapping of its own.
type Preset string

// The presets.
const (
	Shopify     Preset = "shopify"
	WooCommerce Preset = "woocommerce"
	Review      Preset = "review" // reviews and mentions, signed as Generic
	Generic     Preset = "generic"
)

// Presets lists them in the order pages show them.
var Presets = []Preset{Shopify, WooCommerce, Review, Generic}

//go:embed presets
var presetFiles embed.FS

func (p Preset) known() bool { return slices.Contains(Presets, p) }

// mapping is the text of the preset's own mapping.
func (p Preset) mapping() string {
	text, err := presetFiles.ReadFile("presets/" + string(p) + ".yaml")
	if err != nil {
		return "" // only of a preset that is not known
	}
	return string(text)
}

// Sample is what a delivery looks like, invented.
type Sample struct {
	Topic   string
	Payload string
}

// Samples gives one for each topic that the preset's mapping knows.
func (p Preset) Samples() []Sample {
	names, err := fs.Glob(presetFiles, "presets/samples/"+string(p)+"_*.json")
	if err != nil {
		return nil // the pattern is sound
	}
	var out []Sample
	for _, name := range names {
		text, err := presetFiles.ReadFile(name)
		if err != nil {
			continue // it was listed a moment ago
		}
		topic := strings.TrimSuffix(strings.TrimPrefix(name, "presets/samples/"+string(p)+"_"), ".json")
		out = append(out, Sample{Topic: p.topicOf(topic), Payload: string(text)})
	}
	return out
}

// topicOf makes the name of a sample's file a topic.
func (p Preset) topicOf(name string) string {
	switch p {
	case Shopify:
		return strings.Replace(name, "_", "/", 1)
	case WooCommerce:
		return strings.Replace(name, "_", ".", 1)
	}
	return name
}

// headers in which deliveries tell their topic and their id.
var topicHeaders = map[Preset]string{Shopify: "X-Shopify-Topic", WooCommerce: "X-WC-Webhook-Topic", Review: "X-Regia-Topic", Generic: "X-Regia-Topic"}
var idHeaders = map[Preset][]string{
	Shopify:     {"X-Shopify-Webhook-Id"},
	WooCommerce: {"X-WC-Webhook-Delivery-ID"},
	Review:      {"webhook-id", "X-Regia-Delivery"},
	Generic:     {"webhook-id", "X-Regia-Delivery"},
}

// topic is what a delivery is about; "" when it does not say.
func (p Preset) topic(h http.Header) string { return cut(h.Get(topicHeaders[p]), 100) }

// key tells a delivery from others of its source, so that a repetition is
// known: the sender's own id, or else what it is about and its body.
func (p Preset) key(h http.Header, body []byte) string {
	hash := sha256.New()
	for _, name := range idHeaders[p] {
		if id := h.Get(name); id != "" {
			hash.Write([]byte("id\x00" + id))
			return hex.EncodeToString(hash.Sum(nil))
		}
	}
	hash.Write([]byte("body\x00" + p.topic(h) + "\x00"))
	hash.Write(body)
	return hex.EncodeToString(hash.Sum(nil))
}

var ping = regexp.MustCompile(`^webhook_id=[0-9]+$`)

// ping tells whether a request is the one by which WooCommerce tries an address
// out: it is not signed and tells nothing.
func (p Preset) ping(h http.Header, body []byte) bool {
	return p == WooCommerce && h.Get("X-WC-Webhook-Signature") == "" && len(body) < 40 && ping.Match(body)
}

// compile makes a mapping ready; "" means the preset's own.
func (p Preset) compile(text string) (*mapping.Program, error) {
	if text == "" {
		text = p.mapping()
	}
	if len(text) > maxMapping {
		return nil, experience.Errorf(experience.TooLarge, "hooks.error.mapping.size")
	}
	m, err := mapping.Parse("mapping", []byte(text))
	if err != nil {
		return nil, err
	}
	return m.Compile()
}

// maxMapping is the longest mapping, in bytes.
const maxMapping = 64 << 10

func cut(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}
