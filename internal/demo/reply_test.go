package demo

import (
	"fmt"
	"reflect"
	"testing"
)

// The same question has the same answer; another seed or interaction another.
func TestRepliesAreDrawnFromTheQuestion(t *testing.T) {
	first, again, other := Replies(Options{Seed: 1}), Replies(Options{Seed: 1}), Replies(Options{Seed: 2})
	differs := 0
	for n := range 200 {
		a := Asked{Survey: "after-delivery", Key: fmt.Sprint("demo-", n), Who: fmt.Sprint("u", n)}
		was := first(a)
		first(Asked{Survey: "shop-visit", Key: "in between"})
		if !reflect.DeepEqual(was, again(a)) || !reflect.DeepEqual(was, first(a)) {
			t.Fatalf("%v has two answers", a)
		}
		if !reflect.DeepEqual(was, other(a)) {
			differs++
		}
	}
	if differs < 100 {
		t.Errorf("another seed changes %d of 200 answers", differs)
	}
}

// average gives the mean score of a question over many people, and how many of them
// answered.
func average(t *testing.T, question string, a Asked) (score, answered float64) {
	t.Helper()
	reply := Replies(Options{})
	const people = 3000
	for n := range people {
		a.Key, a.Who = fmt.Sprint(n), fmt.Sprint("who", n)
		if r := reply(a); r.Answer > 0 {
			if r.Given[question].Score != nil {
				score += float64(*r.Given[question].Score)
				answered++
			}
		}
	}
	if answered == 0 {
		t.Fatalf("nobody answers %+v", a)
	}
	return score / answered, answered / people
}

// What docs/demo.md says is built in.
func TestCausesOfAnswers(t *testing.T) {
	onTime, some := average(t, "q1", Asked{Survey: "after-delivery"})
	late, more := average(t, "q1", Asked{Survey: "after-delivery", Delay: 3})
	if onTime-late < 1 || more <= some {
		t.Errorf("on time %.2f of %.0f %%, late %.2f of %.0f %%", onTime, 100*some, late, 100*more)
	}
	kind, _ := average(t, "q1", Asked{Survey: "shop-visit", Clerk: "BO-01"})
	cold, _ := average(t, "q1", Asked{Survey: "shop-visit", Clerk: "BA-02"})
	if kind-cold < 1 {
		t.Errorf("the kind one has %.2f, the other %.2f", kind, cold)
	}
	var again [3]float64
	for help := range again {
		again[help], _ = average(t, "q1", Asked{Survey: "relationship-nps", Again: true, Before: 0.3, Helped: Help(help)})
	}
	if !(again[TimelyHelp] > again[LateHelp]+1 && again[LateHelp] > again[NoHelp]) {
		t.Errorf("after no help, late help and help in time: %.1f", again)
	}
}
