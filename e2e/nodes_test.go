package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"regia/internal/testkit"
)

// Two identical nodes share a log and two books. Both collect, one weaves, and
// when it dies without a word the other takes over; nothing is lost or doubled.
func TestTwoNodesOneWeaves(t *testing.T) {
	flags := []string{"--registry", testkit.Postgres(t), "--ledger", testkit.Postgres(t), "--nats", testkit.NATS(t)}
	one, two := install(t, flags...), install(t, flags...)
	one.start()
	two.start()
	var sent []string
	send := func(r *regia, n int) {
		t.Helper()
		for range n {
			id := fmt.Sprintf("n%03d", len(sent))
			code, answer := r.post("/v1/track", event{"messageId": id, "userId": "elena", "event": "Order Completed"})
			if code != http.StatusOK || answer.Accepted != 1 {
				t.Fatalf("event %s: %d %+v", id, code, answer)
			}
			sent = append(sent, id)
		}
	}
	send(one, 10)
	send(two, 10)
	want(t, "interactions seen from one", one.woven().Interactions, 20)
	want(t, "interactions seen from two", two.woven().Interactions, 20)

	// Whichever weaves: each dies once, and the other goes on.
	one.kill()
	send(two, 10)
	want(t, "interactions after the first died", two.woven().Interactions, 30)
	one.start()
	two.kill()
	send(one, 10)
	want(t, "interactions after the second died", one.woven().Interactions, 40)
	two.start()

	got := messages(two.timeline(two.person("user_id:elena").ID, 100))
	slices.Sort(got)
	wantList(t, "on the timeline", got, sent)
}
