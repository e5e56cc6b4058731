package impact

import (
	"math"
	"time"

	"regia/internal/experience"
)

// HalfLife is after how long an impression counts half in a person's score.
const HalfLife = 90 * 24 * time.Hour

// Parts of a person's score: all of what there was, the strongest moment, the
// last one.
const (
	partMean = 0.5
	partPeak = 0.25
	partEnd  = 0.25
)

// felt is what one impression comes to: the mean of its impacts of one kind of
// evidence.
type felt struct {
	at    time.Time
	value float64
}

// scoreOf is the experience score of one person, from impressions of one kind
// of evidence, oldest first:
//
//	score = ½·mean + ¼·peak + ¼·end
//
// mean is Σwv/Σw with w = 2^(−age/90 days), age counted back from the last
// impression; so what happened lately counts more, and silence changes nothing.
// peak is the impression whose |v|·w is greatest, end is the last. That people
// remember an episode by its strongest and its last moment rather than by its
// length is Kahneman, Fredrickson, Schreiber and Redelmeier 1993 (Psychological
// Science 4); the mean keeps the whole from hanging on two moments (the
// peak-end rule alone predicts less of everyday episodes: Miron-Shatz 2009,
// Emotion 9), and the shares of the three are a choice of ours. All three are
// within [−1, 1], and so is the score.
//
// The interval is score ± 1.96·spread·√Σc², where c is the share that each
// impression has in the score and spread is how much one person's impressions
// differ among themselves (the standard deviation within people, of everybody);
// it is cut at −1 and 1.
func scoreOf(list []felt, spread float64, evidence experience.Evidence) (experience.Estimate, bool) {
	if len(list) == 0 {
		return experience.Estimate{}, false
	}
	last := list[len(list)-1].at
	weights := make([]float64, len(list))
	var sum, mean float64
	peak := 0
	for i, f := range list {
		weights[i] = math.Exp2(-float64(last.Sub(f.at)) / float64(HalfLife))
		sum += weights[i]
		mean += weights[i] * f.value
		if math.Abs(f.value)*weights[i] >= math.Abs(list[peak].value)*weights[peak] {
			peak = i
		}
	}
	end := len(list) - 1
	score := partMean*mean/sum + partPeak*list[peak].value + partEnd*list[end].value
	var squares float64
	for i, w := range weights {
		c := partMean * w / sum
		if i == peak {
			c += partPeak
		}
		if i == end {
			c += partEnd
		}
		squares += c * c
	}
	half := 1.96 * spread * math.Sqrt(squares)
	return experience.Estimate{Value: score, Low: math.Max(-1, score-half), High: math.Min(1, score+half), N: int64(len(list)), Evidence: evidence}, true
}

// usualSpread is how much one person's impressions differ where nothing is
// known of that yet: as much as if all values were equally likely.
var usualSpread = 1 / math.Sqrt(3)

// within gathers how much the impressions of single people differ.
type within struct{ squares, freedom float64 }

func (w *within) add(list []felt) {
	if len(list) < 2 {
		return
	}
	var mean float64
	for _, f := range list {
		mean += f.value / float64(len(list))
	}
	for _, f := range list {
		w.squares += (f.value - mean) * (f.value - mean)
	}
	w.freedom += float64(len(list) - 1)
}

func (w within) spread() float64 {
	if w.freedom < experience.TooFew {
		return usualSpread
	}
	return math.Sqrt(w.squares / w.freedom)
}
