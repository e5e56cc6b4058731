package app_test

import "regia/internal/impact"

// foretells checks that hidden answers of Olist are foretold better than by the
// base rate and by the delay alone, on later ones than those learned from, and
// that probabilities are what happens.
func (w world) foretells() {
	w.tb.Helper()
	var p struct {
		Answers, Low int64
		Refused      string
		Proof        impact.Proof
	}
	w.get("/api/v1/impact/prediction", &p)
	if p.Refused != "" || p.Answers < 8000 {
		w.tb.Fatalf("of %d answers nothing is foretold: %q", p.Answers, p.Refused)
	}
	w.tb.Logf("log loss %.3f, of the base rate %.3f, of the delay alone %.3f; AUC %.3f, of the delay %.3f; on %d later answers",
		p.Proof.Ours.LogLoss.Value, p.Proof.BaseRate.LogLoss.Value, p.Proof.DelayOnly.LogLoss.Value, p.Proof.Ours.AUC.Value, p.Proof.DelayOnly.AUC.Value, p.Proof.Tried)
	if !p.Proof.Beats() || p.Proof.Ours.AUC.Value <= p.Proof.DelayOnly.AUC.Value || p.Proof.Ours.Brier.Value >= p.Proof.DelayOnly.Brier.Value {
		w.tb.Errorf("the prediction does not beat simpler ways: %+v", p.Proof)
	}
	inside := 0
	for _, b := range p.Proof.Bins {
		if b.Observed.Low <= b.Predicted && b.Predicted <= b.Observed.High {
			inside++
		}
	}
	if inside < 8 {
		w.tb.Errorf("in only %d of %d groups happened what was foretold", inside, len(p.Proof.Bins))
	}
}
