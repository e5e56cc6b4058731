package impact

import (
	"cmp"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"regia/internal/experience"
	"regia/internal/stats"
)

// predictor tells how probable it is that an answer would be low.
type predictor struct {
	columns   []column
	fit       stats.LogisticFit
	lambda    float64
	low, high float64 // the mean value, −1 to 1, of answers that were low, and of the others
}

// lambdas are how strongly coefficients may be held back: see penalty.
var lambdas = []float64{1, 3, 10, 30, 100, 300}

// penalty finds on the later quarter of examples how strongly coefficients are
// best held back: as strongly as loses no more than one standard error against
// what was best there (Breiman, Friedman, Olshen and Stone 1984, 3.4.3). Of
// ways that chance cannot tell apart that is the one which trusts itself least,
// and times change.
func (b *Book) penalty(examples []occasion) float64 {
	cut := splitAt(examples, earlier)
	columns := b.columnsFor(examples[:cut])
	x, y := rows(columns, examples[:cut]), lows(examples[:cut])
	tried, happened := rows(columns, examples[cut:]), lows(examples[cut:])
	losses := map[float64][]float64{}
	var best float64
	least := math.Inf(1)
	for _, lambda := range lambdas {
		fit, err := stats.Logistic(x, y, lambda)
		if err != nil {
			continue
		}
		lost, err := stats.LogLosses(probabilities(fit, tried), happened)
		if err != nil || len(lost) == 0 {
			continue
		}
		losses[lambda] = lost
		if mean := stat.Mean(lost, nil); mean < least {
			best, least = lambda, mean
		}
	}
	for _, lambda := range slices.Backward(lambdas) {
		lost, ok := losses[lambda]
		if !ok {
			continue
		}
		more := make([]float64, len(lost))
		for i := range lost {
			more[i] = lost[i] - losses[best][i]
		}
		if mean, sd := stat.MeanStdDev(more, nil); mean <= sd/math.Sqrt(float64(len(more))) {
			return lambda
		}
	}
	return lambdas[len(lambdas)-1]
}

// teach fits a predictor to examples, oldest first.
func (b *Book) teach(examples []occasion) (predictor, error) {
	p := predictor{columns: b.columnsFor(examples), lambda: b.penalty(examples)}
	var err error
	p.fit, err = stats.Logistic(rows(p.columns, examples), lows(examples), p.lambda)
	p.low, p.high = levels(examples)
	return p, err
}

func probabilities(fit stats.LogisticFit, rows [][]float64) []float64 {
	out := make([]float64, len(rows))
	for i, r := range rows {
		out[i] = fit.Probability(r)
	}
	return out
}

// levels gives the mean values of low answers and of the others.
func levels(examples []occasion) (low, high float64) {
	var l, h stats.Running
	for i := range examples {
		if a := examples[i].answer; isLow(a) {
			l.Add(a.value)
		} else {
			h.Add(a.value)
		}
	}
	return l.Mean(), h.Mean()
}

func lows(list []occasion) []bool {
	out := make([]bool, len(list))
	for i := range list {
		out[i] = isLow(list[i].answer)
	}
	return out
}

// isLow tells whether an answer is a low one.
func isLow(a answer) bool { return a.scale.Verdict(a.score) == experience.Poor }

// splitAt gives where the earlier part ends; what was said at the same moment
// stays together.
func splitAt(list []occasion, part float64) int {
	cut := int(float64(len(list)) * part)
	for cut > 0 && cut < len(list) && list[cut].at.Equal(list[cut-1].at) {
		cut++
	}
	return cut
}

// delayRule foretells by the delay alone: the share of low answers among those
// whose delivery stood as this one's, in the classes of shared experience: not
// there and overdue, not there yet, more than a week early, in time, one to
// three days late, to a week, more. It is what a good manager would do with a
// table, and what a prediction must beat.
type delayRule map[int][2]float64 // low ones, all

func delayClass(o *occasion) int {
	d := o.facts.delivery
	switch {
	case o.order == "" || !d.Known:
		return 0
	case d.Overdue:
		return 1
	case d.DaysLate < -7:
		return 2
	case d.DaysLate <= 0:
		return 3
	case d.DaysLate <= 3:
		return 4
	case d.DaysLate <= 7:
		return 5
	}
	return 6
}

func learnDelay(examples []occasion) delayRule {
	r := delayRule{}
	for i := range examples {
		class := delayClass(&examples[i])
		r[class] = [2]float64{r[class][0] + yes(isLow(examples[i].answer)), r[class][1] + 1}
	}
	return r
}

// foretell gives the share of its class (half a case of each kind added, as
// Jeffreys has it).
func (r delayRule) foretell(list []occasion) []float64 {
	out := make([]float64, len(list))
	for i := range list {
		c := r[delayClass(&list[i])]
		out[i] = (c[0] + 0.5) / (c[1] + 1)
	}
	return out
}

// Trial is how a way of foretelling did on answers it had not seen.
type Trial struct {
	LogLoss stats.Interval `json:"log_loss" doc:"In nats; less is better"`
	Brier   stats.Interval `json:"brier" doc:"Less is better"`
	AUC     stats.Interval `json:"auc" doc:"How often it puts a low answer above another; 0.5 is chance"`
}

func trial(predicted []float64, happened []bool) (t Trial, err error) {
	if t.LogLoss, err = stats.LogLoss(predicted, happened); err != nil {
		return t, err
	}
	if t.Brier, err = stats.Brier(predicted, happened); err != nil {
		return t, err
	}
	t.AUC, err = stats.AUC(predicted, happened)
	return t, err
}

// Proof is how predictions did against simpler ways, on later answers than
// those they were learned from.
type Proof struct {
	Learned   int64          `json:"learned" doc:"Answers learned from: the earlier ones"`
	Until     time.Time      `json:"until" doc:"When the last of them was given"`
	Tried     int64          `json:"tried" doc:"Answers tried on: the later ones"`
	Base      stats.Interval `json:"base" doc:"What part of the answers tried on was low"`
	Ours      Trial          `json:"prediction"`
	BaseRate  Trial          `json:"base_rate" doc:"Always saying the share of low answers learned from"`
	DelayOnly Trial          `json:"delay_only" doc:"By the delay of the delivery alone"`
	// Gains are by how much the prediction is better, answer by answer.
	OverBase  stats.Interval `json:"gain_over_base_rate" doc:"Log loss saved, per answer"`
	OverDelay stats.Interval `json:"gain_over_delay_only" doc:"Log loss saved, per answer"`
	Bins      []stats.Bin    `json:"calibration"`
}

// Beats tells whether the prediction is better than both simpler ways beyond
// chance.
func (p Proof) Beats() bool { return p.OverBase.Low > 0 && p.OverDelay.Low > 0 }

// bins of a calibration plot.
const bins = 10

// prove learns from the earlier three quarters of answers and tries itself on
// the rest.
func (b *Book) prove(examples []occasion) (p Proof, err error) {
	cut := splitAt(examples, earlier)
	learned, tried := examples[:cut], examples[cut:]
	p.Learned, p.Tried, p.Until = int64(len(learned)), int64(len(tried)), learned[len(learned)-1].at
	model, err := b.teach(learned)
	if err != nil {
		return p, err
	}
	happened := lows(tried)
	var low int64
	for _, h := range happened {
		if h {
			low++
		}
	}
	if low < experience.TooFew || p.Tried-low < experience.TooFew {
		return p, stats.ErrTooFew
	}
	ours := probabilities(model.fit, rows(model.columns, tried))
	delay := learnDelay(learned).foretell(tried)
	base := slices.Repeat([]float64{float64(model.fit.Yes) / float64(model.fit.N)}, len(tried))
	for way, into := range map[*[]float64]*Trial{&ours: &p.Ours, &delay: &p.DelayOnly, &base: &p.BaseRate} {
		if *into, err = trial(*way, happened); err != nil {
			return p, err
		}
	}
	p.Base = stats.Share(low, p.Tried)
	if p.OverBase, err = saved(base, ours, happened); err != nil {
		return p, err
	}
	if p.OverDelay, err = saved(delay, ours, happened); err != nil {
		return p, err
	}
	p.Bins, err = stats.Calibration(ours, happened, bins)
	return p, err
}

// saved is how much less log loss one way has than another, per answer.
func saved(other, ours []float64, happened []bool) (stats.Interval, error) {
	theirs, err := stats.LogLosses(other, happened)
	if err != nil {
		return stats.Interval{}, err
	}
	own, err := stats.LogLosses(ours, happened)
	if err != nil {
		return stats.Interval{}, err
	}
	for i := range theirs {
		theirs[i] -= own[i]
	}
	return stats.Mean(theirs), nil
}

// Prediction is what those who never answered would probably say.
type Prediction struct {
	Scale   experience.Scale
	Lowest  float64 // answers up to it are low
	Answers int64   // on this scale, low ones among them: Low
	Low     int64
	Mean    float64 // of all answers, −1 to 1
	Refused string  // why nothing is foretold: "few" answers, "weak" predictions; "" = it is
	Proof   Proof
	Silent  Silent
	Weights []Influences

	likely []Likely // of the silent, the most probably low first
	of     map[experience.ID]int
}

// Silent is those who never answered.
type Silent struct {
	People int64               `json:"people" doc:"Who never answered anything and of whom there is something to foretell from"`
	Drawn  int64               `json:"drawn" doc:"How many of them the figures rest on: all, or a sample that is always the same"`
	Low    experience.Estimate `json:"low" doc:"What part of them would probably give a low answer, 0 to 1"`
	Score  experience.Estimate `json:"score" doc:"The mean of what they would probably say, −1 to 1"`
}

// Likely is what somebody who never answered would probably say.
type Likely struct {
	Person experience.ID       `json:"person"`
	Order  string              `json:"order" doc:"What they would be asked about: their last order; empty: what happened lately"`
	Low    experience.Estimate `json:"low" doc:"The probability of a low answer; n: answers learned from"`
	Score  float64             `json:"score" doc:"What they would probably say, −1 to 1"`
}

// Influences is how much a thing moves the prediction.
type Influences struct {
	Key    string         `json:"key" doc:"A rule's key, or what of the order"`
	Rule   int            `json:"-"`
	Effect stats.Interval `json:"effect" doc:"How much the logarithm of the odds of a low answer changes for one standard deviation"`
	N      int64          `json:"n" doc:"Of how many answers it says something"`
}

// What predictions need: answers on one scale, low ones and others among them.
const (
	fewAnswers = 200
	fewLow     = 40
)

// predict foretells for those who never answered, from those who did.
func (g gathered) predict(b *Book) *Prediction {
	p := &Prediction{of: map[experience.ID]int{}}
	examples := p.choose(youngest(g.answered))
	p.Silent.People, p.Silent.Drawn = g.people, int64(min(len(g.silent), mostSilent))
	if p.Answers < fewAnswers || p.Low < fewLow || p.Answers-p.Low < fewLow {
		p.Refused = "few"
		return p
	}
	var err error
	if p.Proof, err = b.prove(examples); err != nil {
		p.Refused, p.Proof = "few", Proof{}
		return p
	}
	if !p.Proof.Beats() {
		p.Refused = "weak"
		return p
	}
	model, err := b.teach(examples)
	if err != nil {
		p.Refused = "few"
		return p
	}
	p.weigh(model)
	p.foretell(model, sampled(g.silent))
	return p
}

// choose takes the scale with most answers: scales are never mixed.
func (p *Prediction) choose(all []occasion) []occasion {
	counts := map[experience.Scale]int{}
	for i := range all {
		counts[all[i].answer.scale]++
	}
	for s, n := range counts {
		if m := counts[p.Scale]; n > m || n == m && s.Key < p.Scale.Key {
			p.Scale = s
		}
	}
	p.Lowest = p.Scale.PoorTo()
	var examples []occasion
	var values stats.Running
	for _, o := range all {
		if o.answer.scale == p.Scale {
			examples = append(examples, o)
			values.Add(o.answer.value)
			if isLow(o.answer) {
				p.Low++
			}
		}
	}
	p.Answers, p.Mean = int64(len(examples)), values.Mean()
	return examples
}

func (p *Prediction) weigh(m predictor) {
	for j, c := range m.columns {
		p.Weights = append(p.Weights, Influences{Key: c.key, Rule: c.rule, Effect: m.fit.Coefficient(j), N: int64(c.popularity)})
	}
	slices.SortStableFunc(p.Weights, func(a, b Influences) int {
		return cmp.Compare(math.Abs(b.Effect.Value), math.Abs(a.Effect.Value))
	})
}

func (p *Prediction) foretell(m predictor, silent []occasion) {
	if len(silent) == 0 {
		return
	}
	x := rows(m.columns, silent)
	score := func(low float64) float64 { return low*m.low + (1-low)*m.high }
	share := m.fit.MeanProbability(x)
	p.Silent.Low = share.Estimate(experience.Inferred)
	p.Silent.Score = stats.Interval{Value: score(share.Value), Low: score(share.High), High: score(share.Low), N: share.N}.Estimate(experience.Inferred)
	for i := range silent {
		low := m.fit.Predict(x[i])
		p.likely = append(p.likely, Likely{silent[i].person, silent[i].order, low.Estimate(experience.Inferred), score(low.Value)})
	}
	slices.SortStableFunc(p.likely, func(a, b Likely) int { return cmp.Compare(b.Low.Value, a.Low.Value) })
	for i, l := range p.likely {
		p.of[l.Person] = i
	}
}
