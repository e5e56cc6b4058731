package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"regia/internal/experience"
)

// Mapping says what the rows of some files mean. Its language is described in
// docs/import.md.
type Mapping struct {
	path string
	spec spec
}

// Name is the mapping's own name, which is part of every message id.
func (m *Mapping) Name() string { return m.spec.Name }

// spec is the mapping as it stands in YAML.
type spec struct {
	Version  int                 `yaml:"version"`
	Name     string              `yaml:"name"`
	About    string              `yaml:"about"`
	Defaults defaults            `yaml:"defaults"`
	Files    map[string]fileSpec `yaml:"files"`
	Steps    []step              `yaml:"steps"`
}

type defaults struct {
	Zone     string    `yaml:"zone"`
	Time     oneOrMany `yaml:"time"`
	Decimals string    `yaml:"decimals"`
	Currency string    `yaml:"currency"`
}

type fileSpec struct {
	Match     oneOrMany `yaml:"match"`
	Delimiter string    `yaml:"delimiter"`
	Encoding  string    `yaml:"encoding"`
	Sheet     string    `yaml:"sheet"` // of a workbook: name, or number from 1; "" = the first
	Header    []string  `yaml:"header"`
	Columns   []string  `yaml:"columns"`
	Optional  bool      `yaml:"optional"`
}

type step struct {
	Rows         place         `yaml:"rows"`
	Where        value         `yaml:"where"`
	Joins        []join        `yaml:"joins"`
	Group        *group        `yaml:"group"`
	Let          fields        `yaml:"let"`
	Person       fields        `yaml:"person"`
	Traits       *traits       `yaml:"traits"`
	Key          value         `yaml:"key"`
	Interactions []interaction `yaml:"interactions"`
}

type join struct {
	File     place  `yaml:"file"`
	As       place  `yaml:"as"`
	On       on     `yaml:"on"`
	Many     bool   `yaml:"many"`
	Required bool   `yaml:"required"`
	Joins    []join `yaml:"joins"`
}

type group struct {
	By columns `yaml:"by"`
	As place   `yaml:"as"`
}

type traits struct {
	When value  `yaml:"when"`
	Time value  `yaml:"time"`
	Set  fields `yaml:"set"`
}

type interaction struct {
	ID         string `yaml:"id"`
	Event      value  `yaml:"event"`
	Each       place  `yaml:"each"`
	When       value  `yaml:"when"`
	Time       value  `yaml:"time"`
	Key        value  `yaml:"key"`
	Money      *money `yaml:"money"`
	Properties fields `yaml:"properties"`
	Context    fields `yaml:"context"`
}

type money struct {
	Amount   value `yaml:"amount"`
	Currency value `yaml:"currency"`
}

// oneOrMany is a text or a list of texts.
type oneOrMany []string

// UnmarshalYAML reads "a" or [a, b].
func (o *oneOrMany) UnmarshalYAML(n ast.Node) error {
	names, err := parseColumns(n)
	for _, c := range names {
		*o = append(*o, c.name)
	}
	return err
}

// place is a name and where it stands.
type place struct {
	at   position
	name string
}

// UnmarshalYAML reads a plain name.
func (p *place) UnmarshalYAML(n ast.Node) error {
	v, err := parseValue(n)
	text, ok := v.constant.(string)
	if err == nil && !ok {
		err = v.at.errorf("a plain name is expected here, without =")
	}
	*p = place{v.at, text}
	return err
}

// columns is the name of a column, or a list of such names.
type columns []place

// UnmarshalYAML reads "a" or [a, b].
func (c *columns) UnmarshalYAML(n ast.Node) (err error) {
	*c, err = parseColumns(n)
	return err
}

func parseColumns(n ast.Node) ([]place, error) {
	v, err := parseValue(n)
	if err != nil {
		return nil, err
	}
	if v.kind != listValue {
		v.list = []value{v}
	}
	var out []place
	for _, item := range v.list {
		if item.kind != constantValue {
			return nil, v.at.errorf("a plain name is expected here, or a list of them, without =")
		}
		out = append(out, place{item.at, fmt.Sprint(item.constant)})
	}
	return out, nil
}

// on pairs the columns of a joined file with those of the row that looks it up.
type on []pair

type pair struct{ theirs, ours place }

// UnmarshalYAML reads "column", [a, b] where both sides have the same names, or
// {their_column: our_column}.
func (o *on) UnmarshalYAML(n ast.Node) error {
	v, err := parseValue(n)
	if err != nil {
		return err
	}
	if v.kind == objectValue {
		for _, f := range v.fields {
			ours, ok := f.value.constant.(string)
			if !ok {
				return f.at.errorf("on: takes names of columns, their_column: our_column")
			}
			*o = append(*o, pair{place{f.at, f.name}, place{f.value.at, ours}})
		}
		return nil
	}
	names, err := parseColumns(n)
	for _, name := range names {
		*o = append(*o, pair{name, name})
	}
	return err
}

// Load reads a mapping from a file.
func Load(path string) (*Mapping, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, experience.Errorf(experience.NotFound, "the mapping cannot be read: %w", err)
	}
	return Parse(path, data)
}

// Parse reads a mapping. The path only names it in messages. Errors carry
// experience.Invalid and say the line and column.
func Parse(path string, data []byte) (*Mapping, error) {
	m := &Mapping{path: path}
	decoder := yaml.NewDecoder(bytes.NewReader(data), yaml.DisallowUnknownField())
	if err := decoder.Decode(&m.spec); err != nil {
		return nil, m.fault(yamlFault(err))
	}
	if err := m.spec.check(); err != nil {
		return nil, m.fault(err)
	}
	return m, nil
}

// fault makes an error fit for people of what is wrong with the mapping.
func (m *Mapping) fault(err error) error {
	var at *mappingError
	if errors.As(err, &at) && at.at.line > 0 {
		return experience.Errorf(experience.Invalid, "%s:%d:%d: %s", filepath.Base(m.path), at.at.line, at.at.column, at.message)
	}
	return experience.Errorf(experience.Invalid, "%s: %s", filepath.Base(m.path), err)
}

func yamlFault(err error) error {
	var own *mappingError
	if errors.As(err, &own) {
		return own
	}
	var theirs yaml.Error
	if !errors.As(err, &theirs) {
		return err
	}
	message := theirs.GetMessage()
	if name, ok := strings.CutPrefix(message, "unknown field "); ok {
		message = fmt.Sprintf("%s is not a word of the mapping language here; docs/import.md lists them", name)
	}
	if t := theirs.GetToken(); t != nil {
		return position{t.Position.Line, t.Position.Column}.errorf("%s", message)
	}
	return errors.New(message)
}

var (
	mappingName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,79}$`)
	plainName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

func (s *spec) check() error {
	if s.Version != 1 {
		return errors.New("the first line must be \"version: 1\", the version of the mapping language")
	}
	if !mappingName.MatchString(s.Name) {
		return errors.New("name: is missing, or not made of small letters, digits, dots and dashes. It becomes part of every message id: choose it once")
	}
	if len(s.Steps) == 0 {
		return errors.New("steps: is missing: it says what the rows mean")
	}
	if len(s.Files) == 0 && slices.ContainsFunc(s.Steps, func(st step) bool { return st.Rows.name != "" }) {
		return errors.New("files: is missing: it names the files to read")
	}
	if _, err := s.Defaults.settings(); err != nil {
		return err
	}
	for name, f := range s.Files {
		if !plainName.MatchString(name) {
			return fmt.Errorf("files: %q is not a name made of letters, digits and _", name)
		}
		if d := f.Delimiter; d != "" && d != "tab" && len(d) != 1 {
			return fmt.Errorf("files: %s: delimiter: %q must be one character, or tab", name, d)
		}
	}
	ids := map[string]bool{}
	for i := range s.Steps {
		if err := s.checkStep(&s.Steps[i], ids); err != nil {
			return err
		}
	}
	return nil
}

func (s *spec) checkStep(st *step, ids map[string]bool) error {
	if err := s.checkSource(st); err != nil {
		return err
	}
	if len(st.Person) == 0 {
		return st.Rows.at.errorf("this step has no person:, the identifiers that say who it was")
	}
	if st.Traits == nil && len(st.Interactions) == 0 {
		return st.Rows.at.errorf("this step has neither traits: nor interactions:, so it would do nothing")
	}
	if st.Group != nil && (len(st.Group.By) == 0 || st.Group.As.name == "") {
		return st.Rows.at.errorf("group: needs by:, the columns its rows share, and as:, a name for the list of its rows")
	}
	if err := s.checkJoins(st.Joins); err != nil {
		return err
	}
	for i := range st.Interactions {
		if err := st.Interactions[i].check(st, ids); err != nil {
			return err
		}
	}
	return nil
}

// checkSource checks what a step reads: rows of a file, or the document.
func (s *spec) checkSource(st *step) error {
	if len(s.Files) == 0 {
		if len(st.Joins) > 0 || st.Group != nil {
			return errors.New("steps: joins: and group: are for rows of files; this mapping has no files:, so it reads one document at a time")
		}
		return nil
	}
	if st.Rows.name == "" {
		return errors.New("steps: each step needs rows:, the file whose rows it walks")
	}
	return s.known(st.Rows)
}

func (s *spec) known(file place) error {
	if _, ok := s.Files[file.name]; ok {
		return nil
	}
	var names []string
	for name := range s.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	return file.at.errorf("files: has no %q; it has %s", file.name, strings.Join(names, ", "))
}

func (s *spec) checkJoins(joins []join) error {
	for _, j := range joins {
		if j.File.name == "" || len(j.On) == 0 {
			return j.File.at.errorf("a join needs file: and on:, the columns that are equal on both sides")
		}
		if err := s.known(j.File); err != nil {
			return err
		}
		for _, nested := range j.Joins {
			if nested.Many {
				return nested.File.at.errorf("many: is for joins of the walked rows; a joined row can only look up one row itself")
			}
		}
		if err := s.checkJoins(j.Joins); err != nil {
			return err
		}
	}
	return nil
}

// check completes an interaction with its id and tells what it lacks.
func (i *interaction) check(st *step, ids map[string]bool) error {
	at := i.Event.at
	if i.Event.kind == absent {
		return st.Rows.at.errorf("an interaction of this step has no event:, its name")
	}
	if i.ID == "" {
		constant, ok := i.Event.constant.(string)
		if !ok {
			return at.errorf("an interaction whose event: is an expression needs an id:, a name that stays the same")
		}
		i.ID = strings.ToLower(strings.Join(strings.Fields(constant), "-"))
	}
	if ids[i.ID] {
		return at.errorf("two interactions have the id %q; give one of them another id:", i.ID)
	}
	ids[i.ID] = true
	if i.Time.kind != expressionValue {
		return at.errorf("the interaction %s needs time:, an expression such as =order_date", i.ID)
	}
	if i.Money != nil && i.Money.Amount.kind == absent {
		return at.errorf("money: of %s needs amount:", i.ID)
	}
	return nil
}

// settings are the defaults as the machine uses them.
type settings struct {
	layouts  layouts
	style    numberStyle
	currency string
}

func (d defaults) settings() (settings, error) {
	s := settings{style: decimalPoint, currency: d.Currency}
	switch d.Decimals {
	case "", "point":
	case "comma":
		s.style = decimalComma
	default:
		return s, fmt.Errorf("defaults: decimals: is point (1,234.50) or comma (1.234,50), not %q", d.Decimals)
	}
	if d.Zone == "" {
		return s, errors.New("defaults: zone: is missing: the time zone of the files, such as Europe/Rome")
	}
	zone, err := time.LoadLocation(d.Zone)
	if err != nil || d.Zone == "Local" {
		return s, fmt.Errorf("defaults: zone: %q is not a time zone; write it like Europe/Rome", d.Zone)
	}
	s.layouts.zone = zone
	for _, text := range d.Time {
		f, err := parseFormat(text)
		if err != nil {
			return s, fmt.Errorf("defaults: time: %w", err)
		}
		s.layouts.formats = append(s.layouts.formats, f)
	}
	if d.Currency != "" {
		if _, err := minorDigits(d.Currency); err != nil {
			return s, fmt.Errorf("defaults: %w", err)
		}
	}
	return s, nil
}
