package language

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
)

// Card tells what a model is, for those who have to answer for it (Mitchell et
// al. 2019, "Model cards for model reporting").
type Card struct {
	Name     string             `json:"name"`
	Version  int                `json:"version"`
	Labels   []string           `json:"labels"`
	Many     bool               `json:"many"`   // several labels may hold at once; else exactly one does
	Glance   bool               `json:"glance"` // it goes without the signs of cues and topics, which take time to find
	Blind    bool               `json:"blind"`  // it goes without signs: which language it is decides what they are
	Data     []string           `json:"data"`   // what it learnt from, with licences
	Texts    int                `json:"texts"`
	Measured int                `json:"measured"`        // n of the figures
	Trust    float64            `json:"trust,omitempty"` // how often what is told shall be right; less sure answers are guesses
	Told     float64            `json:"told,omitempty"`  // share of texts of which it is then sure enough, and ...
	Right    float64            `json:"right,omitempty"` // how often that is right, on texts it had not seen
	Figures  map[string]float64 `json:"figures"`         // on texts it had not seen
	Limits   string             `json:"limits"`
}

// Model tells labels of texts: a table of small whole numbers, one row a
// feature, and how sure its scores make it.
type Model struct {
	Card
	table  func() []int8 // of each feature: its rarity (as uint8), then a weight for each label
	scale  []float32     // of each label: what a weight of 127 stands for, and ...
	bias   []float32
	slope  []float32 // score -> confidence: logistic(slope*score + shift); see calibrate
	shift  []float32
	cutoff []float32 // Many: from which confidence on a label is given; else what its confidence is held against
	sure   float32   // else: below this confidence a label is a guess; see trust
	layer  *layer    // what was learnt from corrections; nil for none
}

// rarityUnit is what one step of a rarity stands for: rarities go up to 12 or so.
const rarityUnit = 12.0 / 255

// row gives how long a feature's row in the table is.
func (m *Model) row() int { return len(m.Labels) + 1 }

// confidences gives how likely each label is, from the features of a text. Of
// labels that exclude each other they sum to one.
func (m *Model) confidences(v vector) []float32 {
	scores := m.scores(nil, v)
	if m.layer == nil {
		return m.confident(scores)
	}
	odds := m.calibrated(scores)
	for range m.layer.extra {
		odds = append(odds, unknown)
	}
	return m.layer.confidences(odds, m.layer.known(layered(m, v)), m.Many)
}

// label gives a label's name.
func (m *Model) label(k int) string {
	if k < len(m.Labels) {
		return m.Labels[k]
	}
	return m.layer.extra[k-len(m.Labels)]
}

// scores gives each label's score: below 0 against it, above 0 for it.
func (m *Model) scores(into []float32, text vector) []float32 {
	into = append(into[:0], make([]float32, len(m.Labels))...)
	table, row, length := m.table(), m.row(), float32(0)
	for _, f := range text.hashed {
		r := table[int(f.at)*row:][:row]
		if r[0] == 0 {
			continue
		}
		v := f.value * float32(uint8(r[0])) * rarityUnit
		length += v * v
		for k, w := range r[1:] {
			into[k] += v * float32(w)
		}
	}
	unit := float32(0)
	if length > 0 {
		unit = 1 / float32(math.Sqrt(float64(length)))
	}
	for k := range into {
		into[k] *= unit
	}
	for _, f := range text.signs {
		r := table[int(f.at)*row:][:row]
		for k, w := range r[1:] {
			into[k] += f.value * float32(w)
		}
	}
	for k := range into {
		into[k] = into[k]*m.scale[k]/127 + m.bias[k]
	}
	return into
}

func logistic(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

// Write writes the model as a file: the length of its head, the head as JSON,
// and the table, compressed.
func (m *Model) Write(w io.Writer) error {
	head, err := json.Marshal(modelHead{m.Card, m.scale, m.bias, m.slope, m.shift, m.cutoff, m.sure})
	if err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, uint32(len(head))); err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(window))
	if err != nil {
		return err
	}
	if err := binary.Write(z, binary.LittleEndian, m.table()); err != nil {
		return err
	}
	return z.Close()
}

type modelHead struct {
	Card
	Scale  []float32 `json:"scale"`
	Bias   []float32 `json:"bias"`
	Slope  []float32 `json:"slope"`
	Shift  []float32 `json:"shift"`
	Cutoff []float32 `json:"cutoff,omitempty"`
	Sure   float32   `json:"sure,omitempty"`
}

// window is how far back the compression of a table looks, in bytes: what
// reading it takes in memory.
const window = 256 << 10

// maxHead is how long the head of a model's file may be, in bytes.
const maxHead = 1 << 20

// ReadModel reads what Write wrote.
func ReadModel(r io.Reader) (*Model, error) {
	m, err := readCard(r)
	if err != nil {
		return nil, err
	}
	table, err := m.readTable(r)
	if err != nil {
		return nil, err
	}
	m.table = func() []int8 { return table }
	return m, nil
}

// readCard reads all but the table.
func readCard(r io.Reader) (*Model, error) {
	var size uint32
	if err := binary.Read(r, binary.LittleEndian, &size); err != nil || size > maxHead {
		return nil, fmt.Errorf("this is no model: %w", err)
	}
	raw := make([]byte, size)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, fmt.Errorf("this is no model: %w", err)
	}
	var head modelHead
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("this is no model: %w", err)
	}
	return &Model{Card: head.Card, scale: head.Scale, bias: head.Bias, slope: head.Slope, shift: head.Shift, cutoff: head.Cutoff, sure: head.Sure}, nil
}

// readTable reads the table of a model, which follows its card.
func (m *Model) readTable(r io.Reader) ([]int8, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("the table of model %s: %w", m.Name, err)
	}
	defer z.Close()
	table := make([]int8, m.row()<<bits)
	part := make([]byte, 1<<16)
	for rest := table; len(rest) > 0; {
		n, err := io.ReadFull(z, part[:min(len(part), len(rest))])
		if err != nil {
			return nil, fmt.Errorf("the table of model %s: %w", m.Name, err)
		}
		for i, b := range part[:n] {
			rest[i] = int8(b)
		}
		rest = rest[n:]
	}
	return table, nil
}
