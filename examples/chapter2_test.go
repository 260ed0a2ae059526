// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed45097122/zmq4/ctest"
)

func TestTwoSockets(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"msreader", "mspoller"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := ctest.Endpoints(t, 2)
			reader := start(t, name, "-vent", e[0], "-weather", e[1], "-zip", "10003", "-n", "5")
			weather := start(t, "wuserver", "-endpoint", e[1], "-places", "10", "-every", "10ms")
			vent := start(t, "taskvent", "-endpoint", e[0], "-sink", "", "-n", "5")
			want := number(t, vent.expect(`^Sent 5 tasks, total expected cost: (\d+) ms$`)[1])
			vent.wait()

			tasks, updates, cost := 0, 0, 0
			for _, line := range strings.Split(strings.TrimSpace(reader.wait()), "\n") {
				if ms, ok := strings.CutPrefix(line, "task: "); ok {
					tasks++
					cost += number(t, ms)
				} else if strings.HasPrefix(line, "weather: 10003 ") {
					updates++
				} else {
					t.Errorf("line %q", line)
				}
			}
			if tasks != 5 || cost != want || updates < 5 {
				t.Errorf("%d tasks of %d ms and %d updates, want 5 of %d ms and 5", tasks, cost, updates, want)
			}

			again := start(t, name, "-vent", e[0], "-weather", e[1], "-zip", "10003")
			again.expect(`^weather: 10003 `)
			again.interrupt()
			weather.interrupt()
		})
	}
}

func TestBroker(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"rrbroker", "msgqueue"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := ctest.Endpoints(t, 2)
			client := start(t, "rrclient", "-endpoint", e[0], "-n", "3")
			first := start(t, "rrworker", "-endpoint", e[1], "-name", "first", "-work", "0s")
			broker := start(t, name, "-frontend", e[0], "-backend", e[1])
			want := "Received reply 0: first\nReceived reply 1: first\nReceived reply 2: first\n"
			if got := client.wait(); got != want {
				t.Errorf("the client wrote %q, want %q", got, want)
			}
			want = "Received request: Hello 0\nReceived request: Hello 1\nReceived request: Hello 2\n"
			if got := first.output(); got != want {
				t.Errorf("the worker wrote %q, want %q", got, want)
			}

			// Another one shares the work as soon as it is there.
			second := start(t, "rrworker", "-endpoint", e[1], "-name", "second", "-work", "0s")
			for end := time.Now().Add(patience); ; {
				got := start(t, "rrclient", "-endpoint", e[0], "-n", "2").wait()
				if strings.Contains(got, ": second\n") {
					break
				}
				if time.Now().After(end) {
					t.Fatal("the second worker got nothing to do")
				}
			}
			second.expect(`^Received request: Hello [01]$`)
			broker.interrupt()
			first.interrupt()
			second.interrupt()
		})
	}
}

func TestWeatherProxy(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 2)
	proxy := start(t, "wuproxy", "-publisher", e[0], "-endpoint", e[1])
	one := start(t, "wuclient", "-endpoint", e[1], "-zip", "10001", "-n", "3")
	two := start(t, "wuclient", "-endpoint", e[1], "-zip", "10002", "-n", "3")
	server := start(t, "wuserver", "-endpoint", e[0], "-places", "10", "-every", "10ms")
	one.expect(`^Average temperature of 10001: \S+ °C, of 3 updates$`)
	two.expect(`^Average temperature of 10002: \S+ °C, of 3 updates$`)
	one.wait()
	two.wait()
	proxy.interrupt()
	server.interrupt()
}

func TestServerWithWorkers(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 1)
	server := start(t, "mtserver", "-endpoint", e[0], "-workers", "3", "-work", "0s")
	for range 3 {
		server.expect(`^Worker \d is ready$`)
	}
	client := start(t, "hwclient", "-endpoint", e[0], "-n", "9")
	if got := strings.Count(client.wait(), "Received World"); got != 9 {
		t.Errorf("the client has %d replies, want 9", got)
	}
	got := server.interrupt()
	for i := range 3 {
		if n := strings.Count(got, fmt.Sprintf("Worker %d received Hello\n", i)); n == 0 {
			t.Errorf("worker %d received nothing", i)
		}
	}
	if n := strings.Count(got, " received Hello\n"); n != 9 {
		t.Errorf("the workers received %d requests, want 9", n)
	}
}

func TestRelay(t *testing.T) {
	t.Parallel()
	want := "Step 1 ready\nStep 2 ready\nStep 3 ready\nTest successful!\n"
	if got := start(t, "mtrelay", "-steps", "3").wait(); got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}

func TestSynchronized(t *testing.T) {
	t.Parallel()
	// More than the queues hold, and over tcp, which loses none of it.
	const n = "5000"
	pub := start(t, "syncpub", "-endpoint", "tcp://127.0.0.1:*", "-sync", "tcp://127.0.0.1:*", "-subscribers", "3", "-n", n)
	endpoint := pub.expect(`^Publishing on (\S+)$`)[1]
	sync := pub.expect(`^Waiting for 3 subscribers on (\S+)$`)[1]
	subs := []*process{start(t, "syncsub", "-endpoint", endpoint, "-sync", sync)}
	pub.expect(`^1 of 3 ready$`)
	for range 2 {
		subs = append(subs, start(t, "syncsub", "-endpoint", endpoint, "-sync", sync))
	}
	for _, s := range subs {
		s.expect(`^Received ` + n + ` updates$`)
		s.wait()
	}
	pub.wait()
	pub.expect(`^3 of 3 ready\nBroadcasting$`)
}

func TestEnvelopes(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 1)
	pub := start(t, "psenvpub", "-endpoint", e[0], "-every", "10ms")
	for key, text := range map[string]string{"A": "We don't want to see this", "B": "We would like to see this"} {
		want := strings.Repeat("["+key+"] "+text+"\n", 3)
		if got := start(t, "psenvsub", "-endpoint", e[0], "-key", key, "-n", "3").wait(); got != want {
			t.Errorf("the subscriber to %s wrote %q, want %q", key, got, want)
		}
	}
	all := start(t, "psenvsub", "-endpoint", e[0], "-key", "")
	all.expect(`^\[A\] `)
	all.expect(`^\[B\] `)
	all.interrupt()
	pub.interrupt()
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 1)
	server := start(t, "interrupt", "-endpoint", e[0])
	server.expect(`^Waiting for requests on `)
	client := start(t, "hwclient", "-endpoint", e[0], "-n", "2")
	client.expect(`^Received World 1$`)
	client.wait()
	server.interrupt()
	server.expect(`^Interrupted after 2 requests, cleaning up$`)
}
