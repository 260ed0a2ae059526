// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed45097122/zmq4/ctest"
	"github.com/seed45097122/zmq4/monitor"
)

func TestContexts(t *testing.T) {
	t.Parallel()
	want := `deadline: zmq4: recv PULL inproc://contexts: context deadline exceeded (timeout: true)
cancel: zmq4: recv PULL inproc://contexts: context canceled (timeout: false)
done before: zmq4: recv PULL inproc://contexts: context canceled (timeout: false)
message: ["not" "lost"]
close: zmq4: recv PULL inproc://contexts: Socket is closed (timeout: false)
shutdown: zmq4: send PUSH inproc://nobody: Context was terminated (timeout: false)
`
	if got := start(t, "contexts", "-wait", "10ms").wait(); got != want {
		t.Errorf("wrote\n%swant\n%s", got, want)
	}
}

func TestIterators(t *testing.T) {
	t.Parallel()
	got := start(t, "iterators", "-n", "10").wait()
	for _, want := range []string{
		`odd: the first is ["odd" "1"]`, `odd: 9 after that`,
		`even: the first is ["even" "0"]`, `even: 9 after that`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("wrote %q without %q", got, want)
		}
	}
}

func TestChannels(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 4)
	vent, weather, results, control := e[0], e[1], e[2], e[3]
	worker := start(t, "channels", "-vent", vent, "-weather", weather, "-sink", results, "-zip", "10001", "-every", "10ms", "-n", "30")
	server := start(t, "wuserver", "-endpoint", weather, "-places", "10", "-every", "10ms")
	worker.expect(`^0 tasks, [1-9]\d* updates$`)
	sink := start(t, "tasksink", "-endpoint", results, "-control", control)
	ventilator := start(t, "taskvent", "-endpoint", vent, "-sink", results, "-n", "30")
	worker.expect(`^Task \d+, weather 10001 -?\d+ \d+$`)
	want := ventilator.expect(`^Sent 30 tasks, total expected cost: (\d+) ms$`)[1]
	if got := sink.expect(`^Collected 30 results, total cost: (\d+) ms, `)[1]; got != want {
		t.Errorf("the results are of %s ms, want %s ms", got, want)
	}
	worker.wait()
	sink.wait()
	ventilator.wait()

	idle := start(t, "channels", "-vent", vent, "-weather", weather, "-zip", "10001", "-every", "10ms")
	idle.expect(`^0 tasks, [1-9]\d* updates$`)
	idle.interrupt()
	server.interrupt()
}

func TestSharedSocket(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 1)
	server := start(t, "sharedsocket", "-endpoint", e[0], "-workers", "3", "-work", "1ms")
	var clients []*process
	for range 3 {
		clients = append(clients, start(t, "hwclient", "-endpoint", e[0], "-n", "10"))
	}
	for _, c := range clients {
		if got := strings.Count(c.wait(), "Received World"); got != 10 {
			t.Errorf("a client has %d replies, want 10", got)
		}
	}
	if n := strings.Count(server.interrupt(), " received Hello\n"); n != 30 {
		t.Errorf("the workers received %d requests, want 30", n)
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	batches := start(t, "batches", "-endpoint", "tcp://127.0.0.1:*", "-n", "10000", "-batch", "64")
	batches.expect(`^one at a time: 10000 messages, sum 49995000$`)
	batches.expect(`^  [1-9]\d* messages per second, 1.0 per call of a send, 1.0 per call of a receive$`)
	batches.expect(`^in batches: 10000 messages, sum 49995000$`)
	batches.expect(`^  [1-9]\d* messages per second, 63.7 per call of a send, `)
	batches.wait()
}

func TestZeroCopy(t *testing.T) {
	t.Parallel()
	want := `Sent 1000000 bytes; the message has 0 now
Received 1000000 bytes, the same memory: true
Received 1000000 bytes, the same memory: true
The program's own memory is back
Received "xxx"
A part of 5 bytes does not fit into 4
Received "xxxxx"
A part of 9 bytes does not fit into 5
Received "xxxxxxxxx"
`
	if got := start(t, "zerocopy", "-size", "1000000").wait(); got != want {
		t.Errorf("wrote\n%swant\n%s", got, want)
	}
}

func TestAuthenticator(t *testing.T) {
	t.Parallel()
	needsHandshakes(t, true, "authenticator")
	auth := start(t, "authenticator")
	for _, want := range []string{
		`DENIED".*mechanism=PLAIN domain=staff .*client=alice$`,
		`^alice, whom nobody knows: refused with status 400$`,
		`ALLOWED".*mechanism=PLAIN domain=staff .*client=alice$`,
		`^alice, who is on the staff now: let in as alice$`,
		`^alice, with another password: refused with status 400$`,
		`^robot, with an unknown key: refused with status 400$`,
		`ALLOWED".*mechanism=CURVE domain=robots`,
		`^robot, whose key was added: let in as \S{40}$`,
		`^robot, whose key was removed: refused with status 400$`,
	} {
		auth.expect(want)
	}
	if got := auth.wait(); strings.Contains(got, "wonderland") || strings.Contains(got, "guessed") {
		t.Errorf("a password in %q", got)
	}
}

func TestMonitoring(t *testing.T) {
	t.Parallel()
	needsHandshakes(t, false, "monitoring")
	e := ctest.Endpoints(t, 1)
	monitoring := start(t, "monitoring", "-endpoint", e[0])
	for _, want := range []string{
		`^client tries again in \d+ms$`,
		`^server listens on ipc://\S+, descriptor \d+$`,
		`^server accepted descriptor \d+$`,
		`^server is connected$`,
		`^client EVENT_CONNECTED ipc://\S+ fd=\d+$`,
		`^client is connected$`,
		`^server lost descriptor \d+$`,
	} {
		monitoring.expect(want)
	}
	monitoring.wait()
}

func TestManySockets(t *testing.T) {
	t.Parallel()
	many := start(t, "manysockets", "-receives", "1000", "-sockets", "200", "-settle", "100ms")
	threads := many.expect(`^1000 receives wait on 200 sockets: (\d+) threads`)[1]
	if number(t, threads) > 100 {
		t.Errorf("%s threads wait in 1000 receives", threads)
	}
	many.expect(`^1000 have received: \d+ threads`)
	many.wait()
}

func TestManySocketsOutOfDescriptors(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs other programs")
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	// Enough to make the sockets, not to wait on all of them.
	cmd := exec.Command(sh, "-c", `ulimit -n 300 && exec "$0" -sockets 200 -receives 200`, binary(t, "manysockets"))
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "manysockets: zmq4: recv DEALER") {
		t.Errorf("ended with %v, and wrote %q", err, out)
	}
}

func TestReceiveAhead(t *testing.T) {
	t.Parallel()
	p := start(t, "receiveahead", "-endpoint", "tcp://127.0.0.1:*", "-n", "10000", "-ahead", "64")
	p.expect(`^up to 1 in a call: 10000 messages, sum 49995000, [1-9]\d* per second$`)
	p.expect(`^up to 64 in a call: 10000 messages, sum 49995000, [1-9]\d* per second$`)
	p.wait()
}

func TestDevice(t *testing.T) {
	t.Parallel()
	want := `paused: 50 messages received in front, 50 sent behind
as many sent again: 50 messages received in front, 50 sent behind
stopped: 100 messages received in front, 100 sent behind
`
	e := ctest.Endpoints(t, 2)
	if got := start(t, "device", "-frontend", e[0], "-backend", e[1], "-n", "50").wait(); got != want {
		t.Errorf("wrote\n%swant\n%s", got, want)
	}
}

// TestCounters asks for the counters while a client is connected, and after it
// has left.
func TestCounters(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 1)
	server := start(t, "counters", "-endpoint", e[0], "-http", "127.0.0.1:0")
	url := server.expect(`^counters at (http://\S+)$`)[1]
	client := start(t, "hwclient", "-endpoint", e[0], "-n", "3")
	client.expect(`^Received World 2$`)
	client.wait()
	server.expect(`msg="zmq4: accepted"`)
	server.expect(`msg="zmq4: disconnected"`)

	reply, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	var all struct{ Server monitor.Stats }
	if err := json.NewDecoder(reply.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	got := all.Server
	if got.MessagesReceived != 3 || got.BytesReceived != 15 || got.Connections != 1 || got.Peers != 0 {
		t.Errorf("the counters are %+v", got)
	}
	server.interrupt()
	server.expect(`^at the end: \{.*"MessagesReceived":3,"BytesReceived":15,"MessagesSent":3,"BytesSent":15,`)

	server = start(t, "counters", "-endpoint", e[0], "-http", "127.0.0.1:0", "-n", "2")
	start(t, "hwclient", "-endpoint", e[0], "-n", "2").wait()
	server.wait()
}
