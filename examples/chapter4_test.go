// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
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
	server := ipc(t, 1)[0]
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
	server := ipc(t, 1)[0]
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
	c := start(t, "lpclient", "-server", ipc(t, 1)[0], "-timeout", "10ms", "-retries", "2")
	out := c.abandon()
	if strings.Count(out, "retrying request 1\n") != 2 || !strings.HasSuffix(out, "server seems to be offline, abandoning request 1\n") {
		t.Errorf("it wrote %q", out)
	}
}

// The request of a worker that crashes is sent again, and done by the other one.
func TestSimplePirate(t *testing.T) {
	t.Parallel()
	e := ipc(t, 2)
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
	e := ipc(t, 2)
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

// A worker that hears nothing of the queue connects again, less and less often.
func TestParanoidPirateQueueLost(t *testing.T) {
	t.Parallel()
	e := ipc(t, 2)
	q := start(t, "ppqueue", "-frontend", e[0], "-backend", e[1], "-heartbeat", "200ms")
	w := start(t, "ppworker", "-queue", e[1], "-heartbeat", "200ms", "-reconnect", "10ms", "-reconnect-max", "25ms")
	q.expect(`^worker A is ready$`)
	q.signalTo(syscall.SIGSTOP)
	for _, pause := range []string{"10ms", "20ms", "25ms", "25ms"} {
		w.expect(`^heartbeat failure, reconnecting in ` + pause + `$`)
		w.expect(`^worker A ready$`)
	}
	q.signalTo(syscall.SIGCONT)
	q.expect(`^worker A is ready$`)
	c := start(t, "lpclient", "-server", e[0], "-n", "3", "-timeout", "2s", "-retries", "1000")
	c.replies(1, 3)
	c.wait()

	q.kill()
	w.expect(`^heartbeat failure, reconnecting in 10ms$`) // it was reset
	q = start(t, "ppqueue", "-frontend", e[0], "-backend", e[1], "-heartbeat", "200ms")
	q.expect(`^worker A is ready$`)
	w.interrupt()
	q.interrupt()
}
