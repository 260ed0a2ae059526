// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed45097122/zmq4/ctest"
)

// replies expects the replies to the requests from first to last, in order.
func (p *process) replies(first, last int) {
	p.t.Helper()
	for i := first; i <= last; i++ {
		p.expect(fmt.Sprintf(`^server replied OK \(%d\)$`, i))
	}
}

// A reply that comes too late is not taken for the one to another request.
func TestLazyPirateSlow(t *testing.T) {
	t.Parallel()
	server := ctest.Endpoints(t, 1)[0]
	s := start(t, "lpserver", "-bind", server, "-slow", "3", "-delay", "1s")
	c := start(t, "lpclient", "-server", server, "-n", "5", "-timeout", "400ms", "-retries", "1000")
	s.expect(`^simulating CPU overload$`)
	c.expect(`^no response from server, retrying request 3$`)
	c.replies(3, 5)
	c.wait()
	s.interrupt()
}

func TestLazyPirateCrash(t *testing.T) {
	t.Parallel()
	server := ctest.Endpoints(t, 1)[0]
	s := start(t, "lpserver", "-bind", server, "-crash", "3")
	c := start(t, "lpclient", "-server", server, "-n", "5", "-timeout", "500ms", "-retries", "1000")
	s.abandon()
	c.expect(`^no response from server, retrying request`)
	s = start(t, "lpserver", "-bind", server)
	c.replies(3, 5)
	c.wait()
	s.interrupt()
}

func TestLazyPirateGivesUp(t *testing.T) {
	t.Parallel()
	c := start(t, "lpclient", "-server", ctest.Endpoints(t, 1)[0], "-timeout", "10ms", "-retries", "2")
	out := c.abandon()
	if strings.Count(out, "retrying request 1\n") != 2 || !strings.HasSuffix(out, "server seems to be offline, abandoning request 1\n") {
		t.Errorf("it wrote %q", out)
	}
}

// The request of a worker that crashes is sent again, and done by the other one.
func TestSimplePirate(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 2)
	q := start(t, "spqueue", "-frontend", e[0], "-backend", e[1])
	a := start(t, "spworker", "-queue", e[1], "-id", "A", "-crash", "2")
	q.expect(`^worker A is ready$`)
	b := start(t, "spworker", "-queue", e[1], "-id", "B")
	q.expect(`^worker B is ready$`)
	c := start(t, "lpclient", "-server", e[0], "-n", "10", "-timeout", "1s", "-retries", "1000")
	lost := a.expect(`^request \((\d+)\)\n(?:request \((\d+)\)\n)simulating a crash$`)[2]
	a.abandon()
	c.expect(`^no response from server, retrying request ` + lost + `$`)
	b.expect(`^request \(` + lost + `\)$`)
	c.expect(`^server replied OK \(10\)$`)
	c.wait()
	b.interrupt()
	q.interrupt()
}

// The queue notices that an idle worker is dead, and gives it nothing; the
// request that a working one had is sent again.
func TestParanoidPirateWorkerLost(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 2)
	q := start(t, "ppqueue", "-frontend", e[0], "-backend", e[1], "-heartbeat", "200ms")
	worker := func(id string, args ...string) *process {
		p := start(t, "ppworker", append([]string{"-queue", e[1], "-id", id, "-heartbeat", "200ms", "-reconnect", "50ms"}, args...)...)
		q.expect(`^worker ` + id + ` is ready$`)
		return p
	}
	client := func(n string) *process {
		return start(t, "lpclient", "-server", e[0], "-n", n, "-timeout", "2s", "-retries", "1000")
	}
	worker("A").kill()
	q.expect(`^worker A is lost$`)
	b := worker("B")
	c := client("5")
	c.replies(1, 5)
	c.wait()
	if out := b.output(); !strings.Contains(out, "request (5)") {
		t.Errorf("worker B wrote %q", out)
	}
	b.kill()
	q.expect(`^worker B is lost$`)

	crashing := worker("C", "-crash", "2")
	c = client("3")
	c.replies(1, 1)
	crashing.abandon()
	c.expect(`^no response from server, retrying request 2$`)
	d := worker("D")
	c.replies(2, 3)
	c.wait()
	d.interrupt()
	q.interrupt()
}

// starPair starts the servers of a Binary Star; they answer clients at e[0] and e[1].
func starPair(t *testing.T) (e []string, primary, backup func() *process) {
	e = ctest.Endpoints(t, 4)
	server := func(args ...string) func() *process {
		return func() *process {
			t.Helper()
			return start(t, "bstarsrv", append(args, "-heartbeat", "250ms")...)
		}
	}
	primary = server("-bind", e[0], "-local", e[2], "-remote", e[3])
	backup = server("-backup", "-bind", e[1], "-local", e[3], "-remote", e[2])
	return e, primary, backup
}

func bstarcli(t *testing.T, e []string) *process {
	t.Helper()
	return start(t, "bstarcli", "-primary", e[0], "-backup", e[1], "-timeout", "500ms", "-settle", "300ms", "-pause", "50ms")
}

// The backup takes over when the primary dies, and the other way round.
func TestBinaryStar(t *testing.T) {
	t.Parallel()
	e, primary, backup := starPair(t)
	p, b := primary(), backup()
	p.expect(`^active$`)
	b.expect(`^passive$`)
	c := bstarcli(t, e)
	c.expect(`^connecting to server at ` + e[0] + `$`)
	c.replies(1, 3)

	p.kill()
	c.expect(`^no response from server, failing over$`)
	c.expect(`^connecting to server at ` + e[1] + `$`)
	b.expect(`^active$`)
	last := c.expect(`^server replied OK \((\d+)\)$`)[1]

	p = primary()
	p.expect(`^passive$`)
	c.expect(`^server replied OK \(\d+\)$`)
	b.kill()
	c.expect(`^no response from server, failing over$`)
	c.expect(`^connecting to server at ` + e[0] + `$`)
	p.expect(`^active$`)
	c.expect(`^server replied OK \(\d+\)$`)
	if last == "1" {
		t.Error("the client has begun anew")
	}
	out := c.interrupt()

	// Every request was replied to, in order.
	want := 1
	for _, line := range strings.Split(out, "\n") {
		var got int
		if n, _ := fmt.Sscanf(line, "server replied OK (%d)", &got); n == 1 {
			if got != want {
				t.Fatalf("reply %d, want %d", got, want)
			}
			want++
		}
	}
	p.interrupt()
}

// A backup that never heard its primary does not serve, a primary without backup does.
func TestBinaryStarAlone(t *testing.T) {
	t.Parallel()
	e, primary, backup := starPair(t)
	b := backup()
	c := start(t, "bstarcli", "-primary", e[1], "-backup", e[1], "-timeout", "300ms", "-settle", "10ms")
	for range 3 {
		c.expect(`^no response from server, failing over$`)
	}
	c.interrupt()
	if out := b.interrupt(); out != "backup waits for the other server\nbstarsrv: listening on "+e[1]+"\n" {
		t.Errorf("the backup wrote %q", out)
	}
	p := primary()
	c = start(t, "bstarcli", "-primary", e[0], "-backup", e[0], "-timeout", "300ms", "-settle", "10ms", "-n", "1")
	p.expect(`^active$`)
	c.replies(1, 1)
	c.wait()
	p.interrupt()
}

func TestFreelance1(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 2)
	s := start(t, "flserver1", "-bind", e[1])
	s.expect(`^echo service is ready`)
	c := start(t, "flclient1", "-timeout", "500ms", e[0], e[1])
	c.expect(`^trying echo service at ` + e[0] + `$`)
	c.expect(`^no response from ` + e[0] + `$`)
	c.expect(`^trying echo service at ` + e[1] + `$`)
	c.expect(`^service replied "Hello world"$`)
	c.wait()
	s.interrupt()

	c = start(t, "flclient1", "-timeout", "10ms", "-tries", "2", e[0])
	if out := c.abandon(); strings.Count(out, "no response") != 2 || !strings.HasSuffix(out, "no server replied\n") {
		t.Errorf("it wrote %q", out)
	}
}

// The client goes on as long as one server lives.
func TestFreelance2(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 3) // nobody is at e[2]
	first, second := start(t, "flserver2", "-bind", e[0]), start(t, "flserver2", "-bind", e[1])
	first.expect(`^service is ready`)
	second.expect(`^service is ready`)
	c := start(t, "flclient2", "-n", "0", "-timeout", "10s", e[2], e[0], e[1])
	c.expect(`^1000 replies`)
	first.kill()
	c.expect(`^\d+000 replies`)
	c.expect(`^\d+000 replies`)
	c.interrupt()

	c = start(t, "flclient2", "-n", "10", "-timeout", "10s", e[2], e[1])
	c.expect(`^10 replies, one takes`)
	c.wait()
	second.kill()
	c = start(t, "flclient2", "-timeout", "100ms", e[0], e[1])
	if out := c.abandon(); !strings.Contains(out, "request 1:") {
		t.Errorf("it wrote %q", out)
	}
}

// The first server that lives serves; if it dies, the next one does.
func TestFreelance3(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 2)
	server := func(i int) *process { return start(t, "flserver3", "-bind", e[i]) }
	first, second := server(0), server(1)
	first.expect(`^service is ready`)
	second.expect(`^service is ready`)
	c := start(t, "flclient3", "-n", "0", "-ping", "200ms", "-timeout", "30s", e[0], e[1])
	c.expect(`is served by ` + e[0] + `$`)
	first.kill()
	c.expect(`is served by ` + e[1] + `$`)
	first = server(0)
	c.expect(`is served by ` + e[0] + `$`)
	c.interrupt()
	c = start(t, "flclient3", "-n", "100", "-ping", "200ms", "-timeout", "30s", e[0], e[1])
	c.expect(`^100 requests, 100 replies$`)
	c.wait()
	first.interrupt()
	second.interrupt()

	c = start(t, "flclient3", "-ping", "20ms", "-timeout", "100ms", e[0], e[1])
	if out := c.abandon(); !strings.Contains(out, "request 1: context deadline exceeded") {
		t.Errorf("it wrote %q", out)
	}
}
