package mapping

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Bounds of a workbook. A file of a few kilobytes can unpack to anything, so
// what is held in memory is bounded as it is unpacked, whatever it claims.
const (
	maxPart    = 8 << 20   // bytes of workbook.xml and its like
	maxStrings = 512 << 20 // bytes of the shared texts, unpacked
	maxSheet   = 16 << 30  // bytes of a sheet, unpacked; its rows are streamed
	maxToken   = maxLine   // bytes of one cell
)

// workbook is an .xlsx file: its sheets, and what their cells refer to.
type workbook struct {
	path   string
	sheets []sheet
	parts  struct{ strings, styles string }
	epoch  epoch

	once    sync.Once // guards what follows, which is read when a sheet is
	err     error
	strings []string
	dates   []dateStyle // by a cell's style
}

type sheet struct {
	name   string
	part   string // its file in the archive
	hidden bool
}

// errNoWorkbook says that an archive is none.
var errNoWorkbook = errors.New("not a workbook")

// openWorkbook looks at what sheets a workbook has; errNoWorkbook when the
// archive is not one.
func openWorkbook(p string) (*workbook, error) {
	z, err := zip.OpenReader(p)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	names := map[string]bool{}
	for _, f := range z.File {
		names[f.Name] = true
	}
	switch {
	case names["xl/workbook.bin"]:
		return nil, errors.New("it is a binary workbook (.xlsb): save it as .xlsx")
	case names["content.xml"] && names["mimetype"]:
		return nil, errors.New("it is an OpenDocument file (.ods): save it as .xlsx or CSV")
	case names["Index/Document.iwa"] || names["Index.zip"]:
		return nil, errors.New("it is a Numbers file: export it as .xlsx or CSV")
	case !names["xl/workbook.xml"]:
		return nil, errNoWorkbook
	}
	b := &workbook{path: p}
	if err := b.index(&z.Reader); err != nil {
		return nil, fmt.Errorf("the workbook is damaged: %w", err)
	}
	return b, nil
}

// index reads which sheets there are and where.
func (b *workbook) index(z *zip.Reader) error {
	var book struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string     `xml:"name,attr"`
			State string     `xml:"state,attr"`
			Attrs []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := readPart(z, "xl/workbook.xml", &book); err != nil {
		return err
	}
	var links struct {
		All []struct {
			ID     string `xml:"Id,attr"`
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := readPart(z, "xl/_rels/workbook.xml.rels", &links); err != nil {
		return err
	}
	targets := map[string]string{}
	for _, l := range links.All {
		to := path.Join("xl", l.Target)
		if strings.HasPrefix(l.Target, "/") {
			to = strings.TrimPrefix(l.Target, "/")
		}
		switch {
		case strings.HasSuffix(l.Type, "/sharedStrings"):
			b.parts.strings = to
		case strings.HasSuffix(l.Type, "/styles"):
			b.parts.styles = to
		case strings.HasSuffix(l.Type, "/worksheet"):
			targets[l.ID] = to
		}
	}
	b.epoch = epoch(book.Properties.Date1904 == "1" || book.Properties.Date1904 == "true")
	for _, s := range book.Sheets {
		for _, a := range s.Attrs {
			if part := targets[a.Value]; a.Name.Local == "id" && part != "" {
				b.sheets = append(b.sheets, sheet{s.Name, part, s.State == "hidden" || s.State == "veryHidden"})
			}
		}
	}
	if len(b.sheets) == 0 {
		return errors.New("it has no sheet with rows")
	}
	return nil
}

// choose finds the sheet that a mapping asks for: by name, by number from 1,
// or the first that is not hidden.
func (b *workbook) choose(wanted string) (sheet, error) {
	var names []string
	for _, s := range b.sheets {
		if strings.EqualFold(strings.TrimSpace(s.name), strings.TrimSpace(wanted)) {
			return s, nil
		}
		names = append(names, s.name)
	}
	if n, err := strconv.Atoi(wanted); err == nil && n >= 1 && n <= len(b.sheets) {
		return b.sheets[n-1], nil
	}
	if wanted != "" {
		return sheet{}, fmt.Errorf("there is no sheet %q; there are: %s", wanted, strings.Join(names, ", "))
	}
	for _, s := range b.sheets {
		if !s.hidden {
			return s, nil
		}
	}
	return b.sheets[0], nil
}

// openSheet opens a sheet for reading row by row.
func (b *workbook) openSheet(wanted string, s settings, count func(int)) (*sheetReader, io.Closer, error) {
	chosen, err := b.choose(wanted)
	if err != nil {
		return nil, nil, err
	}
	file, z, err := openCounted(b.path, count)
	if err != nil {
		return nil, nil, err
	}
	b.once.Do(func() { b.err = b.load(z) })
	err = b.err
	var part io.ReadCloser
	if err == nil {
		part, err = openPart(z, chosen.part)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("the workbook is damaged: %w", err), file.Close())
	}
	r := &sheetReader{book: b, settings: s, bounded: &bounded{from: part, left: maxSheet}}
	r.xml = xml.NewDecoder(r.bounded)
	return r, &counted{closers: []io.Closer{part, file}}, nil
}

// openCounted opens an archive and counts the bytes that are read of it.
func openCounted(p string, count func(int)) (*os.File, *zip.Reader, error) {
	file, err := os.Open(p)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil {
		var z *zip.Reader
		if z, err = zip.NewReader(countedAt{file, count}, info.Size()); err == nil {
			return file, z, nil
		}
	}
	return nil, nil, errors.Join(err, file.Close())
}

type countedAt struct {
	io.ReaderAt
	count func(int)
}

func (c countedAt) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, at)
	if c.count != nil {
		c.count(n)
	}
	return n, err
}

// load reads what all sheets share.
func (b *workbook) load(z *zip.Reader) error {
	if b.parts.styles != "" {
		var styles struct {
			Formats []struct {
				ID   int    `xml:"numFmtId,attr"`
				Code string `xml:"formatCode,attr"`
			} `xml:"numFmts>numFmt"`
			Cells []struct {
				Format int `xml:"numFmtId,attr"`
			} `xml:"cellXfs>xf"`
		}
		if err := readPart(z, b.parts.styles, &styles); err != nil {
			return err
		}
		codes := map[int]string{}
		for _, f := range styles.Formats {
			codes[f.ID] = f.Code
		}
		for _, c := range styles.Cells {
			b.dates = append(b.dates, dateStyleOf(c.Format, codes[c.Format]))
		}
	}
	if b.parts.strings == "" {
		return nil
	}
	part, err := openPart(z, b.parts.strings)
	if err != nil {
		return err
	}
	defer part.Close()
	b.strings, err = readStrings(part)
	return err
}

// readStrings reads the texts that cells share.
func readStrings(part io.Reader) ([]string, error) {
	from := &bounded{from: part, left: maxStrings}
	d := xml.NewDecoder(from)
	var out []string
	for {
		token, err := from.next(d)
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "si" {
			text, err := from.text(d, "si")
			if err != nil {
				return nil, err
			}
			out = append(out, text)
		}
	}
}

func openPart(z *zip.Reader, name string) (io.ReadCloser, error) {
	for _, f := range z.File {
		if strings.EqualFold(f.Name, name) {
			return f.Open()
		}
	}
	return nil, fmt.Errorf("its part %s is missing", name)
}

func readPart(z *zip.Reader, name string, into any) error {
	part, err := openPart(z, name)
	if err != nil {
		return err
	}
	defer part.Close()
	data, err := io.ReadAll(io.LimitReader(part, maxPart+1))
	if err == nil && len(data) > maxPart {
		err = fmt.Errorf("its part %s has more than %d MB", name, maxPart>>20)
	}
	if err == nil {
		err = xml.NewDecoder(bytes.NewReader(data)).Decode(into)
	}
	return err
}

// bounded reads a part within its bounds: of the whole, and of one token, which
// the decoder holds in memory.
type bounded struct {
	from  io.Reader
	left  int64
	token int
}

var errUnpacks = errors.New("it unpacks to more than can be read safely")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 || b.token > maxToken {
		return 0, errUnpacks
	}
	n, err := b.from.Read(p)
	b.left -= int64(n)
	b.token += n
	return n, err
}

// dateStyle says whether numbers of a style are days.
type dateStyle byte

const (
	plainStyle dateStyle = iota
	dayStyle             // a date, or a date with a time
	clockStyle           // a time of day
)

// dateStyleOf tells by a number format: Excel's own by their numbers, others by
// their letters.
func dateStyleOf(id int, code string) dateStyle {
	switch {
	case id >= 18 && id <= 21 || id == 45 || id == 47:
		return clockStyle
	case id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 50 && id <= 58:
		return dayStyle
	case code == "" || strings.EqualFold(code, "general"):
		return plainStyle
	}
	day, clock, elapsed := false, false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"':
			for i++; i < len(code) && code[i] != '"'; i++ {
				continue
			}
		case '\\', '_', '*':
			i++
		case '[':
			from := i
			for ; i < len(code) && code[i] != ']'; i++ {
				continue
			}
			elapsed = elapsed || strings.Trim(strings.ToLower(code[from+1:min(i, len(code))]), "hms") == "" && i > from+1
		case 'y', 'Y', 'd', 'D':
			day = true
		case 'h', 'H', 's', 'S':
			clock = true
		case ';':
			i = len(code) // the first section says it
		}
	}
	switch {
	case elapsed:
		return plainStyle
	case day:
		return dayStyle
	case clock:
		return clockStyle
	}
	return plainStyle
}
