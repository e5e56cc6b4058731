package listen

import (
	"regexp"
	"strings"
)

// piece is what was cut from a letter: somebody else's words, or none at all.
type piece struct {
	What  string `json:"what"` // quote, signature, notice
	Text  string `json:"text"` // the beginning of it
	Bytes int    `json:"bytes"`
}

// Bounds of what is kept of what was cut.
const (
	maxPiece  = 8 << 10 // bytes of one
	maxPieces = 20
	maxLines  = 20000 // of a letter that are looked at
)

// What programs write above the letter that is answered, in the languages of
// Regia's first users. The line may be broken in two or three.
var (
	quoteHeads = regexp.MustCompile(`(?i)^(` + strings.Join([]string{
		`il (giorno )?.{4,120}\bha scritto\s*:`, `in data .{4,120}\bha scritto\s*:`, `.{2,120}\bha scritto (il|in data) .{4,80}:`,
		`on .{4,150}\bwrote\s*:`, `le .{4,150}\ba écrit\s*:`, `am .{4,150}\bschrieb\b.{0,100}:`, `el .{4,150}\bescribió\s*:`, `em .{4,150}\bescreveu\s*:`,
		`\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.{0,40}<[^<>@ ]+@[^<>@ ]+>\s*:`,
	}, `|`) + `)$`)
	quoteRules = regexp.MustCompile(`(?i)^[-_\s]{0,20}(` + strings.Join([]string{
		`messaggio originale`, `original message`, `message d'origine`, `message original`, `ursprüngliche nachricht`, `mensaje original`,
		`messaggio inoltrato`, `inizio messaggio inoltrato:?`, `forwarded message`, `begin forwarded message:?`, `message transféré`, `weitergeleitete nachricht`, `mensaje reenviado`,
	}, `|`) + `)[-_\s]{0,20}$`)
	forwardRules = regexp.MustCompile(`(?i)(inoltrato|forwarded|transféré|weitergeleitete|reenviado)`)
	mailFrom     = regexp.MustCompile(`(?i)^\*?(da|from|de|von)\s?:\*?\s?\S`)
	mailSent     = regexp.MustCompile(`(?i)^\*?(inviato|data|sent|date|envoyé|gesendet|datum|enviado( el)?|fecha|a|to|à|an|para|oggetto|subject|objet|betreff|asunto)\s?:\*?`)
	lineRule     = regexp.MustCompile(`^_{10,}$|^-{10,}$`)
	devices      = regexp.MustCompile(`(?i)^(inviato (da|dal|con|tramite)|ottieni outlook|scarica outlook|sent from|sent via|get outlook|envoyé (de|depuis)|télécharger outlook|von meinem .{1,40} gesendet|gesendet (von|mit)|holen sie sich outlook|enviado (desde|do)|obtener outlook)\b.{0,80}$`)
	notices      = regexp.MustCompile(`(?i)^\W{0,5}(questa e-?mail|questo messaggio|il presente messaggio|la presente e-?mail|le informazioni contenute|il contenuto (di questa|della presente)|ai sensi del|avviso di riservatezza|this e-?mail( message)?( and any| is| may| contains)|this message( and any| is| may| contains)|confidentiality notice|the information (contained )?in this|disclaimer\b|ce message (et|est)|diese e-?mail enthält|este mensaje)`)
)

// cutLetter divides a letter into its writer's own words and the rest. A
// letter that only passes another on has that one's words.
func cutLetter(body string) (own string, cuts []piece) {
	c := cutter{}
	lines := strings.Split(body, "\n")
	if len(lines) > maxLines {
		c.add("quote", lines[maxLines:])
		lines = lines[:maxLines]
	}
	forwarded := -1
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		switch {
		case strings.HasPrefix(line, ">"):
			from := i
			for i+1 < len(lines) && isQuoted(lines, i+1) {
				i++
			}
			c.add("quote", lines[from:i+1])
		case quoteRules.MatchString(line), lineRule.MatchString(line) && headBlock(lines, i+1), headBlock(lines, i):
			c.add("quote", lines[i:])
			if forwardRules.MatchString(line) {
				forwarded = i + 1
			}
			i = len(lines)
		case quoteHead(lines, i) > 0:
			n := quoteHead(lines, i)
			c.add("quote", lines[i:i+n])
			i += n - 1
			if !quotedBelow(lines, i+1) { // the program marks no lines: all that follows is the other letter
				c.add("quote", lines[i+1:])
				i = len(lines)
			}
		case lines[i] == "-- " || line == "--":
			n := until(lines, i+1)
			c.add("signature", lines[i:n])
			i = n - 1
		case devices.MatchString(line):
			c.add("signature", lines[i:i+1])
		case notices.MatchString(line) && i > 0:
			n := until(lines, i+1)
			c.add("notice", lines[i:n])
			i = n - 1
		default:
			c.own = append(c.own, lines[i])
		}
	}
	own = strings.TrimSpace(squeeze(strings.Join(c.own, "\n")))
	if own == "" && forwarded >= 0 {
		own = strings.TrimSpace(unquoted(lines[forwarded:]))
	}
	return own, c.cuts
}

type cutter struct {
	own  []string
	cuts []piece
}

func (c *cutter) add(what string, lines []string) {
	t := strings.TrimSpace(strings.Join(lines, "\n"))
	if t == "" {
		return
	}
	if n := len(c.cuts); n > 0 && (c.cuts[n-1].What == what || n == maxPieces) {
		last := &c.cuts[n-1]
		last.Bytes += len(t) + 1
		last.Text = cut(last.Text+"\n"+t, maxPiece)
		return
	}
	c.cuts = append(c.cuts, piece{what, cut(t, maxPiece), len(t)})
}

// isQuoted tells whether a line is quoted, or blank between two that are.
func isQuoted(lines []string, i int) bool {
	line := strings.TrimSpace(lines[i])
	if strings.HasPrefix(line, ">") {
		return true
	}
	return line == "" && i+1 < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i+1]), ">")
}

// quoteHead gives how many lines at i say who wrote what follows; 0: they do not.
func quoteHead(lines []string, i int) int {
	joined := ""
	for n := 1; n <= 3 && i+n <= len(lines); n++ {
		line := strings.TrimSpace(lines[i+n-1])
		if line == "" || len(joined)+len(line) > 300 {
			return 0
		}
		joined = strings.TrimSpace(joined + " " + line)
		if quoteHeads.MatchString(joined) {
			return n
		}
	}
	return 0
}

// quotedBelow tells whether the next line that is not blank is quoted.
func quotedBelow(lines []string, i int) bool {
	for ; i < len(lines); i++ {
		if line := strings.TrimSpace(lines[i]); line != "" {
			return strings.HasPrefix(line, ">")
		}
	}
	return true
}

// headBlock tells whether the head of another letter stands at i, as Outlook
// writes it: From and at least two more fields within five lines.
func headBlock(lines []string, i int) bool {
	for i < len(lines) && strings.TrimSpace(lines[i]) == "" {
		i++
	}
	if i >= len(lines) || !mailFrom.MatchString(strings.TrimSpace(lines[i])) {
		return false
	}
	more := 0
	for _, line := range lines[i+1 : min(len(lines), i+6)] {
		if mailSent.MatchString(strings.TrimSpace(line)) {
			more++
		}
	}
	return more >= 2
}

// until finds where a signature or notice ends: at the letter that is answered
// below, or at the end.
func until(lines []string, i int) int {
	for ; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if strings.HasPrefix(line, ">") || quoteRules.MatchString(line) || quoteHead(lines, i) > 0 || line != "" && headBlock(lines, i) {
			return i
		}
	}
	return len(lines)
}

// unquoted gives the words of a letter that is passed on: without its head and
// the marks of quoting.
func unquoted(lines []string) string {
	out := make([]string, 0, len(lines))
	head := true
	for _, line := range lines {
		line = strings.TrimLeft(strings.TrimSpace(line), "> ")
		if head && (line == "" || mailFrom.MatchString(line) || mailSent.MatchString(line)) {
			continue
		}
		head = false
		out = append(out, line)
	}
	return squeeze(strings.Join(out, "\n"))
}

// squeeze leaves one empty line where there are several.
func squeeze(s string) string {
	var b strings.Builder
	blank := 0
	for line := range strings.Lines(s) {
		if strings.TrimSpace(line) == "" {
			if blank++; blank > 1 {
				continue
			}
			line = "\n"
		} else {
			blank = 0
		}
		b.WriteString(line)
	}
	return b.String()
}
