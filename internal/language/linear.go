package language

import (
	"math"
	"math/rand/v2"
)

// machine is a linear support vector machine for one class against the rest:
// L2-regularised, squared hinge loss, by dual coordinate descent (Hsieh et al.
// 2008, "A dual coordinate descent method for large-scale linear SVM",
// algorithm 1).
type machine struct {
	weights []float32 // one a feature; the last is the bias
}

const (
	rounds    = 60
	precision = 0.01 // the largest violation at which it stops
)

// fit learns to tell the texts where yes holds from the others. Cost weighs
// each text's error.
func fit(texts [][]feature, yes []bool, cost []float64) machine {
	w := make([]float32, 1<<bits+1)
	alpha := make([]float64, len(texts))
	norm := make([]float64, len(texts))
	order := make([]int, len(texts))
	for i, text := range texts {
		order[i] = i
		norm[i] = 1 // the bias
		for _, f := range text {
			norm[i] += float64(f.value) * float64(f.value)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		worst := 0.0
		for _, i := range order {
			sign := -1.0
			if yes[i] {
				sign = 1
			}
			slack := 1 / (2 * cost[i])
			gradient := sign*float64(score(w, texts[i])) - 1 + slack*alpha[i]
			if alpha[i] == 0 && gradient > 0 {
				continue
			}
			worst = max(worst, math.Abs(gradient))
			was := alpha[i]
			alpha[i] = max(0, was-gradient/(norm[i]+slack))
			step := float32((alpha[i] - was) * sign)
			for _, f := range texts[i] {
				w[f.at] += step * f.value
			}
			w[len(w)-1] += step
		}
		if worst < precision {
			break
		}
	}
	return machine{w}
}

func score(w []float32, text []feature) float32 {
	s := w[len(w)-1]
	for _, f := range text {
		s += w[f.at] * f.value
	}
	return s
}
