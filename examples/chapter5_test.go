// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/ctest"
	"github.com/seed45097122/zmq4/examples/internal/kvmsg"
)

// update is how the clone programs print an update.
const update = `(\d+): (\S+?)(?:=(.*)| deleted)$`

// parseUpdate makes an update of what [update] has matched.
func parseUpdate(t *testing.T, groups []string) kvmsg.Message {
	t.Helper()
	sequence, err := strconv.ParseUint(groups[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kvmsg.Message{Key: groups[2], Sequence: sequence, Body: []byte(groups[3])}
}

// replay applies the updates that a server printed, in a subtree and up to one
// of them.
func replay(t *testing.T, output, subtree string, last uint64) kvmsg.Map {
	t.Helper()
	state := make(kvmsg.Map)
	sequence := uint64(0)
	for _, groups := range regexp.MustCompile("(?m)^"+update).FindAllStringSubmatch(output, -1) {
		m := parseUpdate(t, groups)
		if sequence++; m.Sequence != sequence {
			t.Fatalf("the server printed update %d after %d", m.Sequence, sequence-1)
		}
		if sequence <= last && strings.HasPrefix(m.Key, subtree) {
			state.Apply(m)
		}
	}
	return state
}

// checkClone checks the state that a client, or a server, had at its end
// against the updates that the server printed, and returns the number of the
// last update that was in it.
func checkClone(t *testing.T, name, output, server, subtree string) uint64 {
	t.Helper()
	groups := regexp.MustCompile(`(?m)^state at (\d+): (.*)$`).FindStringSubmatch(output)
	if groups == nil {
		t.Fatalf("%s did not print its state", name)
	}
	last, err := strconv.ParseUint(groups[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	state := replay(t, server, subtree, last)
	if groups[2] != state.String() {
		t.Errorf("%s had %s at %d, and the server %v", name, groups[2], last, state)
	}
	if len(state) == 0 {
		t.Errorf("%s had nothing at %d", name, last)
	}
	return last
}

func TestEspresso(t *testing.T) {
	t.Parallel()
	at := ctest.Endpoints(t, 2)
	out := start(t, "espresso", "-frontend", at[0], "-backend", at[1], "-n", "20", "-every", "1ms").wait()
	var received, passed []string
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		if text, ok := strings.CutPrefix(line, "received "); ok {
			received = append(received, text)
		} else if text, ok := strings.CutPrefix(line, "passed: "); ok {
			passed = append(passed, text)
		} else {
			t.Errorf("line %q", line)
		}
	}
	var subscriptions, messages []string
	for _, p := range passed {
		if strings.Contains(p, "subscribe") {
			subscriptions = append(subscriptions, p)
		} else {
			messages = append(messages, p)
		}
	}
	slices.Sort(subscriptions)
	want := []string{"subscribe to A", "subscribe to B", "unsubscribe from A", "unsubscribe from B"}
	if !slices.Equal(subscriptions, want) {
		t.Errorf("passed %q, want %q", subscriptions, want)
	}
	if len(received) != 20 || len(messages) < 20 || !slices.Equal(messages[:20], received) {
		t.Errorf("passed %q, and received %q", messages, received)
	}
	for _, m := range messages {
		if !regexp.MustCompile(`^[AB]-\d{5}$`).MatchString(m) {
			t.Errorf("passed %q", m)
		}
	}
}

// Without a cache a late subscriber only gets what is new.
func TestPatho(t *testing.T) {
	t.Parallel()
	at := ctest.Endpoints(t, 1)[0]
	pub := start(t, "pathopub", "-endpoint", at, "-subscribers", "1", "-topics", "10", "-every", "1ms")
	early := start(t, "pathosub", "-endpoint", at, "-topic", "7", "-n", "3")
	early.expect(`^007: Save Roger\n007: Off with his head!\n007: Off with his head!$`)
	early.wait()
	late := start(t, "pathosub", "-endpoint", at, "-topic", "7", "-n", "2").wait()
	if want := strings.Repeat("007: Off with his head!\n", 2); late != want {
		t.Errorf("the late subscriber got %q, want %q", late, want)
	}
	if out := pub.interrupt(); out != "pathopub: listening on "+at+"\npublished 10 topics\n" {
		t.Errorf("the publisher wrote %q", out)
	}
}

// With a cache a late subscriber gets the last value, which nobody sends again.
func TestLastValueCache(t *testing.T) {
	t.Parallel()
	at := ctest.Endpoints(t, 2)
	start(t, "pathopub", "-endpoint", at[0], "-subscribers", "1", "-every", "1h")
	cache := start(t, "lvcache", "-frontend", at[0], "-backend", at[1])
	subscriber := func(topic string) *process {
		return start(t, "pathosub", "-endpoint", at[1], "-topic", topic, "-n", "1")
	}
	subscriber("999").wait() // the last one: the cache has them all
	first := subscriber("42")
	cache.expect(`^subscription to "042": 1 from the cache of 1000$`)
	for _, s := range []*process{first, subscriber("42"), subscriber("0")} {
		if out := s.wait(); !regexp.MustCompile(`^0(42|00): Save Roger\n$`).MatchString(out) {
			t.Errorf("a subscriber got %q", out)
		}
	}
	cache.interrupt()
}

func TestSuicidalSnail(t *testing.T) {
	t.Parallel()
	slow := start(t, "suisnail", "-endpoint", ctest.Endpoints(t, 1)[0], "-work", "20ms", "-late", "200ms")
	slow.expect(`^the subscriber cannot keep up: message \d+ is ([2-9]\d\dms|[\d.]+s) old$`)
	slow.wait()
	fast := start(t, "suisnail", "-endpoint", ctest.Endpoints(t, 1)[0], "-work", "0s", "-late", "1h", "-n", "50")
	fast.expect(`^the subscriber kept up with 50 messages$`)
	fast.wait()
}

func TestClone1(t *testing.T) {
	t.Parallel()
	at := ctest.Endpoints(t, 1)[0]
	server := start(t, "clonesrv1", "-publisher", at, "-clients", "2", "-n", "300", "-every", "100us")
	clients := []*process{
		start(t, "clonecli1", "-publisher", at, "-n", "300"),
		start(t, "clonecli1", "-publisher", at, "-n", "300"),
	}
	printed := server.wait()
	checkClone(t, "the server", printed, printed, "")
	for _, c := range clients {
		if last := checkClone(t, "a client", c.wait(), printed, ""); last != 300 {
			t.Errorf("a client ended at %d", last)
		}
	}
}

func TestClone2(t *testing.T) {
	t.Parallel()
	at := ctest.Endpoints(t, 2)
	server := start(t, "clonesrv2", "-snapshot", at[0], "-publisher", at[1], "-heartbeat", "20ms", "-n", "400", "-every", "1ms")
	client := func() *process {
		return start(t, "clonecli2", "-snapshot", at[0], "-publisher", at[1], "-n", "400")
	}
	server.expect(`^50: `)
	clients := []*process{client()} // while there are updates, usually
	server.expect(`^400: `)
	late := client()
	late.expect(`^snapshot at 400$`)
	clients = append(clients, late)
	var outputs []string
	for _, c := range clients {
		outputs = append(outputs, c.wait())
	}
	printed := server.interrupt()
	for _, out := range outputs {
		if last := checkClone(t, "a client", out, printed, ""); last != 400 {
			t.Errorf("a client ended at %d", last)
		}
	}
}

// cloneServer starts a server of the models 3 to 5 and returns it with the
// flags of its clients.
func cloneServer(t *testing.T, name string) (*process, []string) {
	at := ctest.Endpoints(t, 3)
	flags := []string{"-snapshot", at[0], "-publisher", at[1], "-collector", at[2]}
	return start(t, name, append(flags, "-heartbeat", "20ms")...), append(flags, "-every", "1ms")
}

func TestClone3(t *testing.T) {
	t.Parallel()
	server, flags := cloneServer(t, "clonesrv3")
	client := func(more ...string) *process { return start(t, "clonecli3", slices.Concat(flags, more)...) }
	reader := client("-n", "0")
	reader.expect(`^snapshot at `)
	one, two := client("-n", "100", "-seed", "1"), client("-n", "100", "-seed", "2")
	outputs := []string{one.wait(), two.wait()}
	late := client("-n", "0")
	late.expect(`^snapshot at 200$`)
	reader.expect(`^200: `)
	outputs = append(outputs, reader.interrupt(), late.interrupt())
	printed := server.interrupt()
	checkClone(t, "the server", printed, printed, "")
	for i, out := range outputs {
		if last := checkClone(t, "client "+strconv.Itoa(i), out, printed, ""); last < 100 || i >= 2 && last != 200 {
			t.Errorf("client %d ended at %d", i, last)
		}
	}
}

func TestClone4(t *testing.T) {
	t.Parallel()
	server, flags := cloneServer(t, "clonesrv4")
	client := func(more ...string) *process { return start(t, "clonecli4", slices.Concat(flags, more)...) }
	reader := client("-n", "0", "-subtree", "/client/")
	reader.expect(`^snapshot at `)
	a, b := client("-n", "100", "-subtree", "/client/a/"), client("-n", "100", "-subtree", "/client/b/", "-seed", "2")
	subtrees := map[string]string{"/client/a/": a.wait(), "/client/b/": b.wait()}
	server.expect(`^200: `)
	late := client("-n", "0", "-subtree", "/client/a/")
	late.expect(`^snapshot at 200$`)
	reader.expect(`^200: `)
	all, part := reader.interrupt(), late.interrupt()
	printed := server.interrupt()
	for subtree, out := range subtrees {
		checkClone(t, "the client of "+subtree, out, printed, subtree)
		for _, groups := range regexp.MustCompile("(?m)^"+update).FindAllStringSubmatch(out, -1) {
			if !strings.HasPrefix(groups[2], subtree) {
				t.Errorf("the client of %s received %s", subtree, groups[0])
			}
		}
	}
	if last := checkClone(t, "the client of all", all, printed, "/client/"); last != 200 {
		t.Errorf("the client of all ended at %d", last)
	}
	if last := checkClone(t, "the late client", part, printed, "/client/a/"); last != 200 {
		t.Errorf("the late client ended at %d", last)
	}
}

func TestClone5(t *testing.T) {
	t.Parallel()
	server, flags := cloneServer(t, "clonesrv5")
	client := func(more ...string) *process { return start(t, "clonecli5", slices.Concat(flags, more)...) }
	reader := client("-n", "0", "-subtree", "/client/")
	reader.expect(`^snapshot at `)
	for _, c := range []*process{
		client("-n", "50", "-subtree", "/client/keep/"),
		client("-n", "50", "-subtree", "/client/temp/", "-ttl", "1"),
	} {
		c.wait()
	}
	// What is ephemeral is there, and then it is not.
	state := make(kvmsg.Map)
	temporary := func() bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(state)), func(key string) bool {
			return strings.HasPrefix(key, "/client/temp/")
		})
	}
	seen := false
	for n := 0; n < 100 || temporary(); n++ {
		state.Apply(parseUpdate(t, reader.expect("^"+update)))
		seen = seen || temporary()
	}
	if !seen {
		t.Error("no ephemeral value has been there")
	}
	late := client("-n", "0", "-subtree", "/client/")
	late.expect(`^snapshot at `)
	outputs := []string{reader.interrupt(), late.interrupt()}
	printed := server.interrupt()
	for _, out := range outputs {
		checkClone(t, "a client", out, printed, "/client/")
		if !strings.Contains(out, state.String()) {
			t.Errorf("what is left is not %v", state)
		}
	}
}

// Messages that are against the protocol are reported, and do no harm.
func TestCloneMalformed(t *testing.T) {
	t.Parallel()
	const number = "\x00\x00\x00\x00\x00\x00\x00\x07"
	for _, model := range []string{"3", "4", "5"} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			server, flags := cloneServer(t, "clonesrv"+model)
			for _, c := range []struct {
				kind     zmq4.Type
				endpoint string
				messages [][]string
			}{
				{zmq4.DEALER, flags[1], [][]string{{""}, {"ICANHAZ?"}, {"ICANHAZ?", "/a"}, {"ICANHAZ?", "", ""}, {"HELLO", ""}}},
				{zmq4.PUSH, flags[5], [][]string{{"k"}, {"k", "7", "", "", "v"}, {"k", number, "u", "", "v"}, {"k", number, "", "p", "v"},
					{"k", number, "", "ttl=-1\n", "v"}, {"HUGZ", number, "", "", ""}, {"KTHXBAI", number, "", "", ""}, {"", number, "", "", "v"}}},
			} {
				soc, err := zmq4.OpenSocket(c.kind, zmq4.Linger(patience), zmq4.Connect(c.endpoint))
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range c.messages {
					if _, err := soc.SendMessage(m); err != nil {
						t.Error(err)
					}
				}
				if err := soc.Close(); err != nil {
					t.Error(err)
				}
				for range c.messages {
					server.expect(`kvmsg: malformed message: `)
				}
			}
			client := start(t, "clonecli"+model, slices.Concat(flags, []string{"-n", "5"})...)
			if out := client.wait(); !strings.HasPrefix(out, "snapshot at 0\n") || !strings.Contains(out, "\nstate at 5: ") {
				t.Errorf("the client wrote %q", out)
			}
			server.interrupt()
		})
	}
}

// The backup takes over when the primary is killed: clients keep what they have,
// none of their updates is lost, and values still expire. Then the primary comes
// back, passive, with the same state.
func TestClone6(t *testing.T) {
	t.Parallel()
	at := ctest.Endpoints(t, 8)
	servers := []string{"-primary", strings.Join(at[0:3], ","), "-second", strings.Join(at[3:6], ",")}
	server := func(more ...string) *process {
		flags := []string{"-stars", at[6] + "," + at[7], "-heartbeat", "100ms"}
		p := start(t, "clonesrv6", slices.Concat(servers, flags, more)...)
		p.expect(`^clonesrv6: listening on \S+ for requests of snapshots, \S+ for subscribers, \S+ for changes$`)
		return p
	}
	client := func(more ...string) *process {
		p := start(t, "clonecli6", slices.Concat(servers, []string{"-patience", "500ms", "-keys", "1000", "-every", "10ms"}, more)...)
		p.expect(`^ready$`)
		return p
	}
	primary, backup := server(), server("-backup")
	primary.expect(`^active$`)
	backup.expect(`^passive$`)
	backup.expect(`^snapshot at 0$`)
	reader := client("-n", "0")
	// All values of this one expire, after the failure if the machine is fast.
	client("-n", "5", "-subtree", "/client/temp/", "-ttl", "2s").wait()
	writer := client("-n", "100", "-subtree", "/client/keep/")
	reader.expect(`: /client/keep/30=31$`)
	primary.kill()
	reader.expect(`^nothing from ` + regexp.QuoteMeta(at[0]) + `$`)
	snapshot := reader.expect(`^snapshot at (\d+) from ` + regexp.QuoteMeta(at[3]) + `$`)
	backup.expect(`^active$`)
	written := writer.wait()
	// 105 updates, each made once, and 5 deletions.
	backup.expect(`^110: `)
	if snapshot[1] != "110" {
		reader.expect(`^110: `)
	}
	client("-n", "1", "-subtree", "/client/late/").wait()
	reader.expect(`^111: /client/late/0=1$`)
	primary = server()
	primary.expect(`^passive$`)
	primary.expect(`^snapshot at 111$`)

	read, again := reader.interrupt(), primary.interrupt()
	printed := backup.interrupt()
	checkClone(t, "the writer", written, printed, "/client/keep/")
	for name, out := range map[string]string{"the reader": read, "the backup": printed, "the new primary": again} {
		if last := checkClone(t, name, out, printed, "/client/"); last != 111 {
			t.Errorf("%s ended at %d", name, last)
		}
		if !strings.Contains(out, "\nstate at 111: 101 keys, ") {
			t.Errorf("%s has not 101 keys", name)
		}
	}
}
