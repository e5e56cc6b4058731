package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"regia/internal/testkit"
)

// key makes a source of a kind and gives its key.
func (r *regia) key(name, kind string) string {
	r.t.Helper()
	out, said, code := r.command("key", "create", name, "--kind", kind, "--data", r.dir, "--json")
	var made struct {
		WriteKey string `json:"write_key"`
	}
	if err := json.Unmarshal([]byte(out), &made); code != 0 || err != nil {
		r.t.Fatalf("regia key create ended with %d: %v %s", code, err, said)
	}
	return made.WriteKey
}

// installWithDevices installs a Regia that devices may connect to, at mqtt.
func installWithDevices(t *testing.T, flags ...string) (r *regia, mqtt string) {
	t.Helper()
	mqtt = freeAddress(t)
	return install(t, append(flags, "--mqtt", mqtt)...), mqtt
}

// publish sends one message with the real mosquitto_pub.
func publish(t *testing.T, mqtt string, more ...string) error {
	t.Helper()
	host, port, _ := strings.Cut(mqtt, ":")
	out, err := exec.Command(testkit.MosquittoPub(t), append([]string{"-h", host, "-p", port}, more...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// arrived waits until n interactions more than before stand in the books.
func (r *regia) arrived(before int64, n int64) {
	r.t.Helper()
	r.eventually(later, "the devices' messages arrive", func() error {
		if got := r.woven().Interactions - before; got != n {
			return fmt.Errorf("%d interactions, want %d", got, n)
		}
		return nil
	})
}

// From a till's receipt to the story of the card's owner, with the program
// that technicians use.
func TestDevicesWithMosquitto(t *testing.T) {
	r, mqtt := installWithDevices(t)
	r.start()
	till, door := r.key("Till", "shop"), r.key("Door", "device")
	const receipt = `{"event":"Order Completed","messageId":"till1-1","identifiers":[{"kind":"loyalty_card","value":"2900000012345"}],"properties":{"order_id":"till1-1","revenue":25.90,"currency":"EUR"}}`
	before := r.woven()
	for _, c := range []struct {
		name string
		args []string
		ok   bool
	}{
		{"a receipt", []string{"-q", "1", "-t", "regia/" + till + "/track", "-m", receipt}, true},
		{"the same again", []string{"-q", "1", "-t", "regia/" + till + "/track", "-m", receipt, "-u", till}, true},
		{"exactly once", []string{"-q", "2", "-t", "regia/" + till + "/identify", "-m", `{"identifiers":[{"kind":"loyalty_card","value":"2900000012345"}],"traits":{"first_name":"Ada"}}`}, true},
		{"a batch", []string{"-q", "1", "-t", "regia/" + till + "/batch", "-m", `{"batch":[{"type":"track","userId":"b","event":"A"},{"type":"track","userId":"b","event":"B"},{"type":"bad"}]}`}, true},
		{"people counted", []string{"-q", "1", "-t", "regia/" + door + "/track", "-m", `{"event":"Shop Visited","properties":{"in":3,"out":1}}`}, true},
		{"without acknowledgement", []string{"-q", "0", "-t", "regia/" + door + "/track", "-m", `{"event":"Shop Visited","properties":{"in":1,"out":0}}`}, true},
		{"refused for what it says", []string{"-q", "1", "-t", "regia/" + door + "/track", "-m", `{"event":`}, true},
		{"an unknown key", []string{"-q", "1", "-t", "regia/wk_unknown/track", "-m", receipt}, false},
		{"an unknown key as a name", []string{"-q", "1", "-u", "wk_unknown", "-t", "regia/" + till + "/track", "-m", receipt}, false},
	} {
		if err := publish(t, mqtt, c.args...); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	r.arrived(before.Interactions, 6)
	want(t, "people", r.woven().People-before.People, 2) // the card's, and b; a door counts nobody
	wantList(t, "the story", messages(r.timeline(r.person("loyalty_card:2900000012345").ID, 10))[1:], []string{"till1-1"})

	out, _, code := r.command("doctor", "--data", r.dir)
	if code != 0 || !strings.Contains(out, "MQTT on "+mqtt) {
		t.Errorf("doctor says %d:\n%s", code, out)
	}
}

// What was acknowledged to a device is kept, once, however often Regia is
// killed.
func TestDevicesSurviveKill(t *testing.T) {
	r, mqtt := installWithDevices(t)
	r.start()
	key := r.key("Till", "shop")
	acknowledged := map[string]bool{}
	const rounds, window = 4, 16
	for round := range rounds {
		d, err := testkit.DialDevice(mqtt, testkit.Hello{ClientID: "till"}, later)
		if err != nil {
			t.Fatal(err)
		}
		sent, ids := 0, map[uint16]string{}
		for n := 1; n <= 100*(round+1); n++ {
			for ; sent < n+window; sent++ {
				id := uint16(sent + 1)
				ids[id] = fmt.Sprintf("%d-%d", round, sent)
				if err := d.Publish("regia/"+key+"/track", `{"event":"Order Completed","userId":"carla","messageId":"`+ids[id]+`"}`, 1, id); err != nil {
					t.Fatal(err)
				}
			}
			id, err := d.Acknowledged()
			if err != nil {
				t.Fatal(err)
			}
			acknowledged[ids[id]] = true
		}
		r.kill()
		_ = d.Close()
		r.start()
	}
	carla := ""
	r.eventually(later, "what was acknowledged arrives", func() error {
		r.woven()
		if carla == "" {
			carla = r.person("user_id:carla").ID
		}
		there := map[string]int{}
		for _, id := range messages(r.timeline(carla, 200)) {
			there[id]++
		}
		for id, n := range there {
			if n > 1 {
				t.Fatalf("%s is there %d times", id, n)
			}
		}
		for id := range acknowledged {
			if there[id] == 0 {
				return fmt.Errorf("%s of %d is missing", id, len(acknowledged))
			}
		}
		return nil
	})
}

// The scripts that a technician copies do what their README says.
func TestDeviceExamples(t *testing.T) {
	testkit.MosquittoPub(t)
	r, mqtt := installWithDevices(t)
	r.start()
	till, door := r.key("Till", "shop"), r.key("Door", "device")
	host, port, _ := strings.Cut(mqtt, ":")
	spool := filepath.Join(t.TempDir(), "spool")
	run := func(input, key, script string, args ...string) error {
		path, err := filepath.Abs(filepath.Join("..", "examples", "devices", script))
		if err != nil {
			return err
		}
		cmd := exec.Command(path, args...)
		cmd.Env = append(os.Environ(), "REGIA_HOST="+host, "REGIA_MQTT_PORT="+port, "REGIA_KEY="+key, "SPOOL="+spool, "TILL=roma-1")
		cmd.Stdin = strings.NewReader(input)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", script, err, out)
		}
		return nil
	}
	before := r.woven()
	r.stop()
	if run("", till, "till.sh", "0041", "9.90", "2900000012345") == nil {
		t.Error("a receipt was sent to nobody")
	}
	r.start()
	for _, err := range []error{
		run("", till, "till.sh", "0042", "25.90", "2900000012345"),
		run("", till, "till.sh", "0043", "12.00"),
		run("in\nin\nout\n", door, "door.sh"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if run("", till, "till.sh", `00"44`, "1.00") == nil {
		t.Error("a number that is none was sent")
	}
	r.arrived(before.Interactions, 4)
	if left, _ := os.ReadDir(spool); len(left) > 0 {
		t.Errorf("%d receipts wait still", len(left))
	}
	today := "roma-1-" + time.Now().Format("20060102")
	story := messages(r.timeline(r.person("loyalty_card:2900000012345").ID, 10))
	slices.Sort(story)
	wantList(t, "the story", story, []string{today + "-0041", today + "-0042"})
}
