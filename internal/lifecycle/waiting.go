package lifecycle

import "math"

// waiting is how long people waited for something, or have been waiting
// without it: counts by whole days, so that it holds any number of people.
type waiting struct {
	came    [mostDays + 1]int64 // it came after so many whole days
	ongoing [mostDays + 1]int64 // it has not come yet
	n       int64
}

func (w *waiting) add(micros int64, came bool) {
	day := min(max(micros/microsADay, 0), mostDays)
	w.n++
	if came {
		w.came[day]++
	} else {
		w.ongoing[day]++
	}
}

// Chance is the share of people for whom something has come within so many
// days, as if everybody had been watched that long.
type Chance struct {
	Days  int     `json:"days"`
	Share float64 `json:"share" doc:"0 to 1"`
	Low   float64 `json:"low" doc:"Lower end of the 95 % interval"`
	High  float64 `json:"high" doc:"Upper end of the 95 % interval"`
	N     int64   `json:"n" doc:"How many had been watched so long and were still waiting, or had it come: those whom the figure rests on at its end"`
	Known bool    `json:"known" doc:"False where too few have been watched so long"`
}

// within gives that share by the product-limit estimator: who has been watched
// for a shorter time counts for as long as they were (Kaplan and Meier,
// Nonparametric estimation from incomplete observations, JASA 53, 1958). Its
// variance is Greenwood's (1926); the interval is taken on the scale of
// log(-log), which keeps it between 0 and 1 (Kalbfleisch and Prentice, The
// Statistical Analysis of Failure Time Data, 1980). Who came on a day was there
// on that day before those who left on it.
func (w *waiting) within(limit, few int) Chance {
	c := Chance{Days: limit}
	risk, stay, variance := w.n, 1.0, 0.0
	for d := range min(limit, mostDays+1) {
		if came := w.came[d]; came > 0 {
			stay *= 1 - float64(came)/float64(risk)
			variance += float64(came) / (float64(risk) * float64(risk-came))
		}
		risk -= w.came[d] + w.ongoing[d]
		c.N += w.came[d]
	}
	c.N += risk
	c.Known = risk >= int64(few) || risk == 0 && w.allCame(limit) && w.n >= int64(few)
	c.Share, c.Low, c.High = 1-stay, 1-stay, 1-stay
	if stay > 0 && stay < 1 {
		wide := 1.959963984540054 * math.Sqrt(variance) / math.Abs(math.Log(stay))
		c.Low, c.High = 1-math.Pow(stay, math.Exp(-wide)), 1-math.Pow(stay, math.Exp(wide))
	}
	return c
}

// allCame tells whether nobody was left waiting before a day.
func (w *waiting) allCame(limit int) bool {
	for d := range min(limit, mostDays+1) {
		if w.ongoing[d] > 0 {
			return false
		}
	}
	return true
}

// reached gives the day by which a share of everybody has had it come, as if all
// had been watched long enough; false where that was not reached.
func (w *waiting) reached(share float64) (int, bool) {
	risk, stay := w.n, 1.0
	for d := range w.came {
		if risk == 0 {
			break
		}
		stay *= 1 - float64(w.came[d])/float64(risk)
		if 1-stay >= share {
			return d, true
		}
		risk -= w.came[d] + w.ongoing[d]
	}
	return 0, false
}

// quantile gives the day by which a share of those for whom it came have had
// it come: the smallest with at least that share at or before it (type 1 of
// Hyndman and Fan, 1996). It says nothing of those who still wait.
func (w *waiting) quantile(q float64) (day int, n int64) {
	for _, c := range w.came {
		n += c
	}
	need := max(int64(math.Ceil(q*float64(n))), 1)
	for d, c := range w.came {
		if need -= c; need <= 0 {
			return d, n
		}
	}
	return 0, n
}
