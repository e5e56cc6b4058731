package web

import (
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"
)

// Picture is a drawing that can be kept: a file with its title, its colours
// and what it rests on.
type Picture struct {
	Name          string  // of the file, without ending
	Title         string  // the finding
	Note          string  // period, n, how it was counted
	Width, Height float64 // of the drawing, in pixels
	Drawing       templ.Component
}

// Around a picture's drawing, in pixels.
const (
	pictureEdge   = 36
	pictureHead   = 84
	pictureLine   = 24 // of the title
	pictureLetter = 11 // width of one of its letters
)

// wrapped cuts a text between words into lines of so many letters.
func wrapped(text string, letters int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= letters:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

// SankeyPicture makes a picture of a Sankey diagram; links of pages lead
// nowhere from a file.
func SankeyPicture(p SankeyProps) Picture {
	p.Nodes = slices.Clone(p.Nodes)
	for i := range p.Nodes {
		p.Nodes[i].URL = ""
	}
	s := layoutSankey(p)
	return Picture{Width: s.width, Height: s.height, Drawing: SankeyDrawing(p)}
}

// FlowPicture makes a picture of a flow diagram.
func FlowPicture(p FlowProps) Picture {
	f := layoutFlow(p)
	return Picture{Width: f.width, Height: f.height, Drawing: FlowDrawing(p)}
}

// FunnelPicture makes a picture of a funnel.
func FunnelPicture(p FunnelProps) Picture {
	return Picture{Width: funnelWide, Height: p.high(), Drawing: FunnelDrawing(p)}
}

// LinePicture makes a picture of a line chart.
func LinePicture(p ChartProps) Picture {
	p.Height = 380
	return Picture{Width: funnelWide, Height: 380 + 24*float64(len(p.Series)), Drawing: lineDrawing(layout(p))}
}

// SendPicture answers with a picture as an SVG file.
func (s *Site) SendPicture(w http.ResponseWriter, r *Request, p Picture) error {
	var b strings.Builder
	if err := p.Drawing.Render(r.Context(), &b); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+p.Name+`.svg"`)
	wide := max(p.Width, 560) + 2*pictureEdge
	var title strings.Builder
	lines := wrapped(p.Title, int(wide-2*pictureEdge)/pictureLetter)
	for i, line := range lines {
		fmt.Fprintf(&title, `<text x="%d" y="%d" font-size="18" font-weight="600">%s</text>`, pictureEdge, 40+pictureLine*i, html.EscapeString(line))
	}
	head := pictureHead + pictureLine*(len(lines)-1)
	_, err := fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" font-family="system-ui, sans-serif"><style>%s</style>
<rect width="100%%" height="100%%" fill="#fdfaf4"/>
%s
<text class="drawing-value" x="%d" y="%d">%s</text>
<svg x="%d" y="%d" width="%.0f" height="%.0f" overflow="visible">%s</svg></svg>
`, wide, p.Height+float64(head)+pictureEdge, pictureStyle(), title.String(), pictureEdge, head-22, html.EscapeString(p.Note),
		pictureEdge, head, p.Width, p.Height, b.String())
	if err != nil && r.Context().Err() != nil {
		return nil // the reader is gone
	}
	return err
}

// pictureTones are the light theme's colours, for files that know no theme.
func pictureTones() map[string]string {
	return map[string]string{
		"plain": "#16323a", "petrol": "#0f4f5b", "terracotta": "#c4603f", "sage": "#7b9c83", "ochre": "#cf9a2c", "sand": "#c9ba9d",
		"ch-web": "#0072b2", "ch-app": "#2f8cc2", "ch-shop": "#c4520c", "ch-phone": "#00805f", "ch-email": "#b47700", "ch-chat": "#b0568f",
		"ch-messaging": "#75609f", "ch-post": "#6c7440", "ch-marketplace": "#8a5c33", "ch-social": "#bf4a6b", "ch-reviews": "#8b7a00",
		"ch-device": "#2f8794", "ch-server": "#6c7a7b",
		"st-awareness": "#2f8cc2", "st-consideration": "#0072b2", "st-purchase": "#00805f", "st-delivery": "#b47700", "st-use": "#8b7a00",
		"st-care": "#c4520c", "st-advocacy": "#b0568f",
		"life-prospect": "#c9ba9d", "life-new": "#2f8cc2", "life-active": "#0072b2", "life-repeat": "#00805f", "life-fan": "#b0568f",
		"life-dormant": "#b47700", "life-lost": "#6c7a7b",
	}
}

// pictureStyle writes what the stylesheet says about drawings, with plain
// colours: programs that open pictures know no variables.
func pictureStyle() string {
	var b strings.Builder
	b.WriteString(`text{fill:#16323a}.drawing-label{font-size:13px;font-weight:550}.drawing-value,.drawing-head,.flow-note,.level-value,.class-name{font-size:12px;font-weight:400;fill:#55686a}` +
		`.drawing-end,.level-value{text-anchor:end}.class-name,.flow-label,.flow-mark{text-anchor:middle}.flow-label{font-size:12px;font-weight:600}` +
		`.drawing-label,.drawing-value,.flow-label{paint-order:stroke;stroke:#fdfaf4;stroke-width:3px}.track{fill:#efe7d8}` +
		`.flow-way{fill:none;stroke:#7fa0a4}.flow-way.is-back,.flow-way.is-self{stroke:#cf9a2c;stroke-dasharray:5 4}.flow-tip{fill:#4c6d72}` +
		`.level{stroke:#e4dac7}.line-path{fill:none;stroke-width:2.25}.line-area{display:none}.hit{display:none}`)
	tones := pictureTones()
	names := make([]string, 0, len(tones))
	for name := range tones {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, `.tone-%[1]s .fill,.tone-%[1]s.sankey-node rect,.tone-%[1]s.flow-node circle,.tone-%[1]s .key,.tone-%[1]s.band{fill:%[2]s}.tone-%[1]s.ribbon{fill:%[2]s;opacity:.28}`+
			`.tone-%[1]s.flow-node rect{fill:#fdfaf4;stroke:%[2]s;stroke-width:1.75}.tone-%[1]s .line-path{stroke:%[2]s}.tone-%[1]s circle{fill:#fdfaf4;stroke:%[2]s;stroke-width:2}`, name, tones[name])
	}
	return b.String()
}

// joined puts what there is of two texts side by side.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " · " + b
}
