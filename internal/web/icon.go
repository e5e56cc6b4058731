package web

import (
	"context"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"regia/internal/experience"
)

// drawings holds our own icons: strokes on a 24 x 24 grid, round ends.
var drawings = map[string]string{
	// rooms
	"pulse":       `<path d="M3 13h3.5l2.5-7 4.5 12 2.5-5H21"/>`,
	"journeys":    `<circle cx="5" cy="18" r="2"/><circle cx="19" cy="6" r="2"/><path d="M7 18h6a3.5 3.5 0 0 0 0-7h-2a3 3 0 0 1 0-5h6"/>`,
	"explore":     `<circle cx="12" cy="12" r="9"/><path d="m15.8 8.2-2.3 5.3-5.3 2.3 2.3-5.3z"/>`,
	"lifecycle":   `<path d="M12 3.5a8.5 8.5 0 1 1-7.8 5.1"/><path d="M3 4.2l1.1 4.6 4.5-1.2"/><circle cx="12" cy="12" r="2.2"/>`,
	"people":      `<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c.6-3.8 3.2-6 6.5-6s5.9 2.2 6.5 6"/><path d="M16 4.9a3.5 3.5 0 0 1 0 6.3M18.5 14.8c1.7.9 2.7 2.7 3 5.2"/>`,
	"voice":       `<path d="M4 5h16v11H11l-4.5 4v-4H4z"/><path d="M8.5 9.5h7M8.5 12.5h4"/>`,
	"care":        `<path d="M12 20.5S4 15.7 4 9.9A4.4 4.4 0 0 1 12 7.3a4.4 4.4 0 0 1 8 2.6c0 5.8-8 10.6-8 10.6z"/>`,
	"help":        `<circle cx="12" cy="12" r="9"/><path d="M9.5 9.5a2.6 2.6 0 1 1 3.7 2.4c-.8.4-1.2 1-1.2 1.8"/><path d="M12 17h.01"/>`,
	"outreach":    `<path d="M4 10v4l11 4.5v-13zM15 8.5c2 .3 3.5 1.7 3.5 3.5s-1.5 3.2-3.5 3.5M7 15l1.2 4.5h2.3L9.6 16"/>`,
	"processes":   `<rect x="3.5" y="4" width="6" height="5" rx="1.5"/><rect x="14.5" y="15" width="6" height="5" rx="1.5"/><path d="M9.5 6.5H15a2.5 2.5 0 0 1 2.5 2.5v6M6.5 9v6a2.5 2.5 0 0 0 2.5 2.5h5.5"/>`,
	"regia":       `<path d="M3 17c3.5 0 4.5-10 9-10s5 6 9 3"/><circle cx="6" cy="15.3" r="1.6"/><circle cx="12" cy="7" r="1.6"/><circle cx="18" cy="11" r="1.6"/>`,
	"settings":    `<path d="M4 7h9M17 7h3M4 17h3M11 17h9M4 12h1M9 12h11"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/><circle cx="7" cy="12" r="2"/>`,
	"sources":     `<path d="M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4"/>`,
	"touchpoints": `<circle cx="12" cy="12" r="2.5"/><path d="M12 3a9 9 0 1 0 9 9"/><path d="M12 7a5 5 0 1 0 5 5"/><circle cx="18.5" cy="5.5" r="1.8"/>`,
	// channels
	"web":         `<rect x="3" y="4.5" width="18" height="15" rx="2"/><path d="M3 9h18M6.5 6.8h.01M9 6.8h.01"/>`,
	"app":         `<rect x="7" y="2.5" width="10" height="19" rx="2.5"/><path d="M11 18.5h2"/>`,
	"shop":        `<path d="M4 10v10h16V10M3 9.5 5 4h14l2 5.5a2.8 2.8 0 0 1-4.5 1 2.9 2.9 0 0 1-4.5 0 2.9 2.9 0 0 1-4.5 0A2.8 2.8 0 0 1 3 9.5zM10 20v-5h4v5"/>`,
	"phone":       `<path d="M6.5 3.5 9 4l1.3 4-2 1.7a12 12 0 0 0 6 6l1.7-2 4 1.3.5 2.5c0 1.7-1.3 3-3 3C10 20.5 3.5 14 3.5 6.5c0-1.7 1.3-3 3-3z"/>`,
	"email":       `<rect x="3" y="5" width="18" height="14" rx="2"/><path d="m3.5 7 8.5 6 8.5-6"/>`,
	"chat":        `<path d="M12 4c5 0 9 3.2 9 7.3s-4 7.2-9 7.2c-1 0-2-.1-2.9-.4L4.5 20l1.2-3.5C4 15.2 3 13.4 3 11.3 3 7.2 7 4 12 4z"/><path d="M8.5 11.5h.01M12 11.5h.01M15.5 11.5h.01"/>`,
	"messaging":   `<path d="M3.5 11.5 20.5 4l-4 16-5-6z"/><path d="m11.5 14 9-10"/>`,
	"post":        `<path d="M4 9.5 12 4l8 5.5V20H4z"/><path d="m4.5 10.5 7.5 5 7.5-5"/>`,
	"marketplace": `<path d="M5 8h14l1 12.5H4z"/><path d="M8.5 10.5V7a3.5 3.5 0 0 1 7 0v3.5"/>`,
	"social":      `<circle cx="6" cy="12" r="2.5"/><circle cx="17.5" cy="6" r="2.5"/><circle cx="17.5" cy="18" r="2.5"/><path d="m8.3 10.8 7-3.6M8.3 13.2l7 3.6"/>`,
	"reviews":     `<path d="m12 3.5 2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z"/>`,
	"device":      `<rect x="6" y="2.5" width="12" height="16" rx="6"/><path d="M12 18.5v3M8.5 21.5h7M9.5 10.5l3.5-4M11.5 13l3-3.5"/>`,
	"server":      `<rect x="4" y="4" width="16" height="7" rx="1.8"/><rect x="4" y="13" width="16" height="7" rx="1.8"/><path d="M7.5 7.5h.01M7.5 16.5h.01M12 7.5h4.5M12 16.5h4.5"/>`,
	// signs
	"search":       `<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/>`,
	"sun":          `<circle cx="12" cy="12" r="4"/><path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"/>`,
	"moon":         `<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z"/>`,
	"system":       `<circle cx="12" cy="12" r="8.5"/><path d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" fill="currentColor"/>`,
	"sign-out":     `<path d="M10 4H5v16h5M15 8l4 4-4 4M19 12H9.5"/>`,
	"globe":        `<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c5 5 5 12 0 17M12 3.5c-5 5-5 12 0 17"/>`,
	"more":         `<circle cx="5" cy="12" r="1.2"/><circle cx="12" cy="12" r="1.2"/><circle cx="19" cy="12" r="1.2"/>`,
	"copy":         `<rect x="8.5" y="8.5" width="12" height="12" rx="2"/><path d="M15.5 8.5v-3a2 2 0 0 0-2-2h-8a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h3"/>`,
	"check":        `<path d="m4.5 12.5 5 5 10-11"/>`,
	"close":        `<path d="m6 6 12 12M18 6 6 18"/>`,
	"plus":         `<path d="M12 5v14M5 12h14"/>`,
	"arrow-right":  `<path d="M4 12h16M14 6l6 6-6 6"/>`,
	"arrow-up":     `<path d="M12 20V4M6 10l6-6 6 6"/>`,
	"arrow-down":   `<path d="M12 4v16M6 14l6 6 6-6"/>`,
	"chevron-down": `<path d="m6 9.5 6 6 6-6"/>`,
	"filter":       `<path d="M3.5 5h17l-6.5 8v6l-4-2v-4z"/>`,
	"calendar":     `<rect x="3.5" y="5" width="17" height="15.5" rx="2"/><path d="M3.5 10h17M8 3v4M16 3v4"/>`,
	"clock":        `<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.5l3.5 2"/>`,
	"key":          `<circle cx="8" cy="15.5" r="4.5"/><path d="M11.5 12.5 20 4M16.5 7.5l3 3"/>`,
	"user":         `<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.8-4.3 3.7-6.5 7.5-6.5s6.7 2.2 7.5 6.5"/>`,
	"warning":      `<path d="M12 4 2.8 19.5h18.4z"/><path d="M12 10v4.5M12 17h.01"/>`,
	"info":         `<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5M12 7.8h.01"/>`,
	"box":          `<path d="m12 3 8.5 4.5v9L12 21l-8.5-4.5v-9zM3.5 7.5 12 12l8.5-4.5M12 12v9"/>`,
	"truck":        `<path d="M2.5 6h11v10h-11zM13.5 9.5h4l4 3.5v3h-8z"/><circle cx="7" cy="17.5" r="2"/><circle cx="17.5" cy="17.5" r="2"/>`,
	"cart":         `<path d="M2.5 4h3l2.3 11.5h10.4L20.5 8H6.5"/><circle cx="9" cy="19.5" r="1.3"/><circle cx="17" cy="19.5" r="1.3"/>`,
	"link":         `<path d="M10 14a4 4 0 0 0 5.7 0l3.5-3.5a4 4 0 0 0-5.7-5.7L12.3 6M14 10a4 4 0 0 0-5.7 0l-3.5 3.5a4 4 0 0 0 5.7 5.7l1.2-1.2"/>`,
	"eye":          `<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="3"/>`,
	"trash":        `<path d="M4 6.5h16M9 6.5V4h6v2.5M6 6.5 7 20.5h10l1-14M10 10.5v6M14 10.5v6"/>`,
	"edit":         `<path d="m4 20 1-4.5L16 4.5l3.5 3.5L8.5 19z"/>`,
	"download":     `<path d="M12 4v11M7 10.5l5 5 5-5M4.5 20h15"/>`,
	"upload":       `<path d="M12 15.5v-11M7 9l5-5 5 5M4.5 20h15"/>`,
	"merge":        `<path d="M5 4c0 6 7 5 7 10v6M19 4c0 6-7 5-7 10"/>`,
	"split":        `<path d="M12 20v-6c0-5-7-4-7-10M12 14c0-5 7-4 7-10"/>`,
	"lock":         `<rect x="5" y="10.5" width="14" height="10" rx="2"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5"/>`,
	"code":         `<path d="m8.5 7-5 5 5 5M15.5 7l5 5-5 5M13.5 4.5l-3 15"/>`,
}

// alias names that mean the same drawing.
var drawingAlias = map[string]string{"users": "people", "star": "reviews", "heart": "care", "journey": "journeys", "bell": "outreach"}

// Icon draws an icon by its name, one text line high, in the text's colour. It
// is decoration: the words beside it say the same. An unknown name is a dot.
func Icon(name string) templ.Component {
	d, ok := drawings[name]
	if !ok {
		d, ok = drawings[drawingAlias[name]]
	}
	if !ok {
		d = `<circle cx="12" cy="12" r="3"/>`
	}
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">`+d+`</svg>`)
		return err
	})
}

// HasIcon tells whether there is a drawing of that name.
func HasIcon(name string) bool {
	_, ok := drawings[name]
	_, alias := drawingAlias[name]
	return ok || alias
}

// T gives a text in the reader's language, inside components.
func T(ctx context.Context, key string, args ...any) string { return LocaleFrom(ctx).T(key, args...) }

func channelLabel(ctx context.Context, c experience.Channel) string {
	if c == "" {
		return T(ctx, "web.channel.none")
	}
	return T(ctx, "web.channel."+string(c))
}

// ChannelLabel is the name of a channel in the reader's language.
func (l *Locale) ChannelLabel(c experience.Channel) string { return l.T("web.channel." + string(c)) }

// StageLabel is the name of a stage in the reader's language.
func (l *Locale) StageLabel(s experience.Stage) string { return l.T("web.stage." + string(s)) }

// EvidenceLabel is the name of a kind of evidence in the reader's language.
func (l *Locale) EvidenceLabel(e experience.Evidence) string { return l.T("web.evidence." + string(e)) }

// Capital writes a label the way a line, a heading or a choice begins: with a
// capital letter. Inside a sentence labels stay as they are.
func Capital(label string) string {
	first, size := utf8.DecodeRuneInString(label)
	if size == 0 {
		return label
	}
	return string(unicode.ToUpper(first)) + label[size:]
}

// RoleLabel is the name of a role in the reader's language.
func (l *Locale) RoleLabel(r experience.Role) string { return l.T("web.role." + string(r)) }
