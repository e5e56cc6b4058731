package invite

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-pdf/fpdf"
	"github.com/skip2/go-qrcode"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"regia/internal/experience"
)

// poster is a sheet for the shop: a question, a code to scan, who asks.
type poster struct {
	Size, Language, Accent      string // A4 or A5; "it"; #rrggbb
	Company, Shop               string
	Question, Call, Steps, Foot string
	Address                     string // what the code leads to
	pdfFile                     *fpdf.Fpdf
	width, height, unit, top    float64 // unit: a hundredth of the width, in mm
}

// pdf draws the poster. The same poster is the same bytes.
func (p poster) pdf() ([]byte, error) {
	if p.Size != "A4" && p.Size != "A5" {
		return nil, experience.Errorf(experience.Invalid, "invite.error.size")
	}
	code, err := qrcode.New(p.Address, qrcode.Medium)
	if err != nil {
		return nil, experience.Errorf(experience.Invalid, "invite.error.poster: %w", err)
	}
	code.DisableBorder = true
	f := fpdf.New("P", "mm", p.Size, "")
	epoch := time.Unix(0, 0).UTC()
	f.SetCreationDate(epoch)
	f.SetModificationDate(epoch)
	f.SetCatalogSort(true)
	f.SetTitle(p.Question, true)
	f.SetLang(p.Language)
	f.SetProducer("Regia", false)
	f.SetAutoPageBreak(false, 0)
	f.AddPage()
	p.pdfFile = f
	p.width, p.height = f.GetPageSize()
	p.unit = p.width / 100

	r, g, b := rgb(p.Accent)
	f.SetFillColor(r, g, b)
	f.Rect(0, 0, p.width, 18*p.unit, "F")
	r, g, b = rgb(inkOn(p.Accent))
	name, size := p.fit(p.Company, "B", 7, 13)
	p.top = (18 - float64(len(name))*size*leading) / 2 * p.unit
	p.lines(name, size, [3]int{r, g, b})
	ink, grey := [3]int{0x26, 0x30, 0x2f}, [3]int{0x5c, 0x66, 0x63}
	p.top = 25 * p.unit
	p.write(p.Question, "B", 8.5, ink)
	p.top += 2.5 * p.unit
	p.write(p.Call, "", 5, ink)

	side := min(52*p.unit, p.height-p.top-32*p.unit)
	p.top += 3 * p.unit
	p.code(code.Bitmap(), (p.width-side)/2, p.top, side)
	p.top += side + 3.5*p.unit
	p.write(p.Steps, "", 4.2, ink)
	if p.Shop != "" {
		p.top += 0.8 * p.unit
		p.write(p.Shop, "B", 4.2, ink)
	}
	p.top = p.height - 9*p.unit
	p.write(p.Foot, "", 3, grey)
	var out bytes.Buffer
	if err := f.Output(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// leading is the distance of two lines, in sizes of their letters.
const leading = 1.22

// write lays text out in the middle from the top on, in lines that fit, in a
// size of so many units; what would need more than four lines is written smaller.
func (p *poster) write(text, style string, size float64, colour [3]int) {
	lines, size := p.fit(text, style, size, 4*size*leading)
	p.lines(lines, size, colour)
}

// fit breaks text into lines that stand in a room of so many units of height,
// smaller where they must: a word is cut only where it would become unreadable.
func (p *poster) fit(text, style string, size, room float64) ([]string, float64) {
	width, least := p.width-14*p.unit, size*0.55
	text = western(text)
	for {
		p.pdfFile.SetFont("Helvetica", style, size*p.unit*72/25.4)
		lines, whole := wrap(p.pdfFile, text, width)
		if high := float64(len(lines)) * size * leading; size <= 2 || high <= room && (whole || size <= least) {
			return lines, size
		}
		size *= 0.9
	}
}

func (p *poster) lines(lines []string, size float64, colour [3]int) {
	p.pdfFile.SetTextColor(colour[0], colour[1], colour[2])
	for _, line := range lines {
		p.pdfFile.Text((p.width-p.pdfFile.GetStringWidth(line))/2, p.top+size*p.unit*0.8, line)
		p.top += size * p.unit * leading
	}
}

// wrap breaks text, one byte a character, into lines of a width. A word that is
// wider is cut, and whole is false.
func wrap(f *fpdf.Fpdf, text string, width float64) (lines []string, whole bool) {
	line, whole := "", true
	for _, word := range strings.Fields(text) {
		if next := strings.TrimSpace(line + " " + word); f.GetStringWidth(next) <= width {
			line = next
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = word; len(line) > 1 && f.GetStringWidth(line) > width; whole = false {
			cut := len(line) - 1
			for cut > 1 && f.GetStringWidth(line[:cut]) > width {
				cut--
			}
			lines, line = append(lines, line[:cut]), line[cut:]
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines, whole
}

// code draws a QR code as squares, sharp at every size, on white and with the
// four modules of quiet zone that ISO/IEC 18004 asks for.
func (p *poster) code(bits [][]bool, x, y, side float64) {
	f := p.pdfFile
	module := side / float64(len(bits)+8)
	f.SetFillColor(255, 255, 255)
	f.Rect(x, y, side, side, "F")
	f.SetFillColor(0, 0, 0)
	for row := range bits {
		for from := 0; from < len(bits[row]); from++ {
			if !bits[row][from] {
				continue
			}
			to := from
			for to < len(bits[row]) && bits[row][to] {
				to++
			}
			f.Rect(x+float64(from+4)*module, y+float64(row+4)*module, float64(to-from)*module, module, "F")
			from = to
		}
	}
}

// western writes a text in Windows-1252, which the fonts that every reader of
// PDF has know: all that Italian, English, French, German and Spanish need. Other
// letters lose their marks, or become a question mark.
func western(text string) string {
	var out []byte
	for _, r := range norm.NFC.String(text) {
		if b, ok := charmap.Windows1252.EncodeRune(r); ok && !unicode.IsControl(r) {
			out = append(out, b)
			continue
		}
		plain := []rune(norm.NFD.String(string(r)))
		if b, ok := charmap.Windows1252.EncodeRune(plain[0]); ok && len(plain) > 1 {
			out = append(out, b)
		} else if !unicode.IsControl(r) {
			out = append(out, '?')
		} else {
			out = append(out, ' ')
		}
	}
	return string(out)
}

func rgb(colour string) (r, g, b int) {
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil || len(colour) != 7 {
		n = 0x1f5f63
	}
	return int(n >> 16 & 255), int(n >> 8 & 255), int(n & 255)
}
