package stats

import "math"

// Share gives what part of n said yes, 0 to 1, with Wilson's score interval
// (Wilson 1927, JASA 22; recommended by Newcombe 1998, Statistics in Medicine
// 17, 857-872, method 3). Unlike the textbook's it stays within 0 and 1 and is
// right at 0 of n and n of n. Without answers, or with more yeses than
// answers, it is NaN with N 0.
func Share(yes, n int64) Interval {
	if n <= 0 || yes < 0 || yes > n {
		return unknown()
	}
	low, high := wilson(float64(yes), float64(n))
	return Interval{float64(yes) / float64(n), low, high, n}
}

func wilson(yes, n float64) (low, high float64) {
	q := z()
	p := yes / n
	middle := 2*yes + q*q
	half := q * math.Sqrt(q*q+4*yes*(1-p))
	low, high = (middle-half)/(2*(n+q*q)), (middle+half)/(2*(n+q*q))
	// Where nobody or everybody said yes one end is exact; rounding is not.
	if yes == 0 {
		low = 0
	}
	if yes == n {
		high = 1
	}
	return low, high
}

// NPS gives the Net Promoter Score of so many answers: the percentage of
// promoters (9, 10 of 0 to 10) less that of detractors (0 to 6), in points
// from −100 to 100 (Reichheld 2003, Harvard Business Review 81).
//
// The interval is the adjusted Wald's: with p = (P+¾)/(n+3) and
// d = (D+¾)/(n+3) it is p−d ± 1.96·√((p+d−(p−d)²)/(n+3)), which of six
// methods covered best (Rocks 2016, The American Statistician 70, 365-372).
// It is centred on p−d, a little nearer to 0 than the score, and cut at ±100.
// Without answers it is NaN with N 0.
func NPS(promoters, passives, detractors int64) Interval {
	n := promoters + passives + detractors
	if n <= 0 || promoters < 0 || passives < 0 || detractors < 0 {
		return unknown()
	}
	middle, variance := adjustedNPS(promoters, detractors, n)
	out := around(100*middle, 100*z()*math.Sqrt(variance), n).Within(-100, 100)
	out.Value = 100 * float64(promoters-detractors) / float64(n)
	return out
}

// adjustedNPS gives the adjusted score, −1 to 1, and the variance of it.
func adjustedNPS(promoters, detractors, n int64) (score, variance float64) {
	m := float64(n) + 3
	p, d := (float64(promoters)+0.75)/m, (float64(detractors)+0.75)/m
	return p - d, (p + d - (p-d)*(p-d)) / m
}
