package web

// FunnelStep is one step of a funnel, and what happens after it.
type FunnelStep struct {
	Label   string
	Amount  float64
	Value   string // the amount, as written
	Share   string // of the first step, as written
	URL     string // who came this far
	Lost    string // how many stop here; "" when nobody does
	LostURL string // who they are
	Time    string // how long the next step takes
	Worst   bool   // most stop here
	Tone    Tone
}

// FunnelProps is a funnel: steps from the first to the last.
type FunnelProps struct {
	Label string // what is counted, for screen readers
	Steps []FunnelStep
}

func (p FunnelProps) full() float64 {
	most := 0.0
	for _, s := range p.Steps {
		most = max(most, s.Amount)
	}
	return most
}

// Sizes of the drawing of a funnel, in pixels.
const (
	funnelWide = 880.0
	funnelRow  = 86.0
)

func (p FunnelProps) high() float64 { return funnelRow * float64(len(p.Steps)) }

func (p FunnelProps) long(s FunnelStep) float64 {
	if full := p.full(); full > 0 {
		return max(1, funnelWide*s.Amount/full)
	}
	return 1
}
