package invite

import (
	"strings"
	"testing"

	"github.com/go-pdf/fpdf"
)

// What is written on a poster stands on it, however long a name or a word is.
func TestPosterHoldsItsWords(t *testing.T) {
	p := poster{pdfFile: fpdf.New("P", "mm", "A5", "")}
	p.pdfFile.AddPage()
	p.width, p.height = p.pdfFile.GetPageSize()
	p.unit = p.width / 100
	endless := strings.Repeat("Donaudampfschiff", 8)
	for _, text := range []string{"", "Bottega", "Ferramenta & Casalinghi Fratelli Bianchi dal 1921", endless, "Com'è andata? " + endless} {
		lines, size := p.fit(text, "B", 7, 13)
		if high := float64(len(lines)) * size * leading; high > 13 {
			t.Errorf("%.20s is %.1f units high", text, high)
		}
		for _, line := range lines {
			if width := p.pdfFile.GetStringWidth(line); width > p.width-14*p.unit {
				t.Errorf("%q is %.1f mm wide", line, width)
			}
		}
		if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != strings.ReplaceAll(western(text), " ", "") {
			t.Errorf("%q became %q", text, got)
		}
	}
}
