package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// From the first event to a person's story, over the server's whole life.
func TestOnePersonsStory(t *testing.T) {
	everywhere(t, func(t *testing.T, r *regia) {
		start := time.Now().UTC().Add(-time.Hour).Truncate(time.Millisecond)
		at := func(minute int) string {
			return start.Add(time.Duration(minute) * time.Minute).Format(time.RFC3339Nano)
		}
		before := r.woven()

		visit := []event{
			{"type": "page", "messageId": "m1", "anonymousId": "browser-1", "name": "Home", "timestamp": at(1)},
			{"type": "track", "messageId": "m2", "anonymousId": "browser-1", "event": "Product Viewed", "timestamp": at(2),
				"properties": map[string]any{"product_id": "lamp", "price": 49.9}},
			{"type": "identify", "messageId": "m3", "anonymousId": "browser-1", "userId": "anna", "timestamp": at(3),
				"traits": map[string]any{"email": " Anna@Example.com ", "first_name": "Anna"}},
			{"type": "track", "messageId": "m4", "userId": "anna", "event": "Order Completed", "timestamp": at(4),
				"properties": map[string]any{"order_id": "o-1", "revenue": 49.9, "currency": "EUR"}},
			{"type": "track", "messageId": "m5", "userId": "till-77", "event": "Shop Visited", "timestamp": at(5)},
			{"type": "alias", "messageId": "m6", "previousId": "till-77", "userId": "anna", "timestamp": at(6)},
		}
		r.send(visit...)
		now := r.woven()
		want(t, "interactions", now.Interactions-before.Interactions, 6)
		want(t, "people", now.People-before.People, 1)

		story := []string{"m6", "m5", "m4", "m3", "m2", "m1"}
		anna := r.person("email:anna@example.com").ID
		for _, identifier := range []string{"user_id:anna", "anonymous_id:browser-1", "user_id:till-77"} {
			want(t, "the person with "+identifier, r.person(identifier).ID, anna)
		}
		wantStory := func(when string) {
			t.Helper()
			wantList(t, "the timeline "+when, messages(r.timeline(anna, 100)), story)
			wantList(t, "the timeline by twos "+when, messages(r.timeline(anna, 2)), story)
		}
		wantStory("at first")
		viewed := r.timeline(anna, 100)[4]
		want(t, "name", viewed.Name, "Product Viewed")
		want(t, "kind", viewed.Kind, "track")
		if !viewed.Time.Equal(start.Add(2 * time.Minute)) {
			t.Errorf("it happened at %v, want %v", viewed.Time, start.Add(2*time.Minute))
		}
		if viewed.Touchpoint == "" || viewed.Channel == "" {
			t.Error("the default catalogue gives Product Viewed no touchpoint or no channel")
		}

		// A sender that heard no answer sends again. The event behind it in the log shows
		// that what came before was read and left out.
		again := func(when, sentinel string, minute int) {
			t.Helper()
			r.send(visit...)
			r.send(event{"type": "track", "messageId": sentinel, "userId": "anna", "event": "Order Completed", "timestamp": at(minute)})
			story = append([]string{sentinel}, story...)
			want(t, "interactions "+when, r.woven().Interactions-before.Interactions, int64(len(story)))
			wantStory(when)
		}
		again("after a retry", "m7", 7)

		r.stop()
		r.start()
		wantStory("after a restart")
		again("after a retry across a restart", "m8", 8)
		want(t, "people", r.woven().People-before.People, 1)
	})
}

// What was acknowledged is kept, whatever becomes of the process.
func TestAcknowledgedSurvivesKill(t *testing.T) {
	everywhere(t, func(t *testing.T, r *regia) {
		var sent []string
		for round := range 3 {
			for i := range 20 {
				id := "k" + string(rune('a'+round)) + string(rune('a'+i))
				r.send(event{"type": "track", "messageId": id, "userId": "bruno", "event": "Order Completed"})
				sent = append(sent, id)
			}
			r.kill()
			r.start()
			r.woven()
		}
		got := messages(r.timeline(r.person("user_id:bruno").ID, 100))
		slices.Sort(got)
		wantList(t, "kept after three kills", got, sent)
	})
}

// A bad event never takes its batch with it, and is told apart.
func TestBadEventsAreToldApart(t *testing.T) {
	r := install(t)
	r.start()
	code, answer := r.post("/v1/batch", map[string]any{"batch": []event{
		{"type": "track", "messageId": "g1", "userId": "carla", "event": "Order Completed"},
		{"type": "track", "messageId": "b1", "userId": "carla"},
		{"type": "track", "messageId": "g2", "userId": "carla", "event": "Order Completed"},
	}})
	want(t, "status", code, http.StatusOK)
	want(t, "accepted", answer.Accepted, 2)
	if len(answer.Rejected) != 1 || answer.Rejected[0].Index != 1 || answer.Rejected[0].MessageID != "b1" || answer.Rejected[0].Error == "" {
		t.Errorf("rejected: %+v, want the one at index 1, with its reason", answer.Rejected)
	}
	code, _ = r.post("/v1/track", event{"messageId": "b2", "userId": "carla"})
	want(t, "status of a single bad event", code, http.StatusBadRequest)
	want(t, "interactions", r.woven().Interactions, 2)
}

// One folder, one server: the second says so and leaves the first alone.
func TestSecondServerOnAFolderRefuses(t *testing.T) {
	everywhere(t, func(t *testing.T, r *regia) {
		_, said, code := r.command(r.serveArgs(freeAddress(t))...)
		if code == 0 || !strings.Contains(said, r.dir) {
			t.Errorf("the second server ended with %d and said %q, want a refusal that names %s", code, said, r.dir)
		}
		r.send(event{"type": "track", "userId": "dario", "event": "Order Completed"})
		want(t, "interactions of the first", r.woven().Interactions, 1)
		r.stop()
	})
}

func TestInitRefusesAFolderInUse(t *testing.T) {
	r := install(t)
	_, said, code := r.command("init", "--data", r.dir, "--json")
	if code == 0 || !strings.Contains(said, r.dir) {
		t.Errorf("a second init ended with %d and said %q, want a refusal that names %s", code, said, r.dir)
	}
}

func messages(moments []moment) []string {
	ids := make([]string, len(moments))
	for i, m := range moments {
		ids[i] = m.MessageID
	}
	return ids
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func wantList(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}
