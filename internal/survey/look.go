package survey

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

//go:embed survey.css
var styles []byte

// lookPath is where the styles of a survey's pages are: for ever the same at
// one address, so that they are fetched once.
func lookPath(t Theme) string {
	sum := sha256.Sum256(styles)
	return "/s/look/" + strings.TrimPrefix(t.accent().String(), "#") + "?v=" + hex.EncodeToString(sum[:4])
}

// look answers with the styles in one colour: as a ground for text on it, and
// as shades of it that can be read on the light and the dark paper.
func (r *Room) look(w http.ResponseWriter, q *web.Request) error {
	c, ok := parseColour("#" + q.PathValue("colour"))
	if !ok {
		return experience.Errorf(experience.NotFound, "web.error.notfound")
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, ".sv { --sv-accent: %s; --sv-on: %s; --sv-ink-light: %s; --sv-ink-dark: %s; }\n",
		c, c.on(), c.against(lightPaper), c.against(darkPaper))
	out.Write(styles)
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(out.Bytes()) // the reader may be gone
	return nil
}
