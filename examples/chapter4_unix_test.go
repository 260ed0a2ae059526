// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package examples

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed45097122/zmq4/ctest"
)

// The programs here are stopped for a while, as a machine that is overloaded, or
// a virtual one that is moved, does to them.

// signalTo sends a signal that does not end a program.
func (p *process) signalTo(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// A worker that hears nothing of the queue connects again, less and less often.
func TestParanoidPirateQueueLost(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 2)
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

// A broker that is killed, or that stands still, is lost to worker and client,
// which find it again.
func TestMajordomoBrokerLost(t *testing.T) {
	t.Parallel()
	broker := ctest.Endpoints(t, 1)[0]
	serve := func() *process { return start(t, "mdbroker", "-bind", broker, "-heartbeat", "200ms") }
	b := serve()
	w := start(t, "mdworker", "-broker", broker, "-heartbeat", "200ms", "-reconnect", "50ms")
	b.expect(`^worker for echo is ready$`)
	b.kill()
	w.expect(`^broker is lost, connecting again in 50ms$`)
	client := start(t, "mdclient", "-broker", broker, "-n", "1", "-timeout", "300ms", "-tries", "1000")
	client.expect(`^no reply from echo, sending the request again$`)
	b = serve()
	b.expect(`^worker for echo is ready$`)
	client.expect(`^1 requests, 1 replies$`)
	client.wait()

	b.signalTo(syscall.SIGSTOP)
	w.expect(`^broker is lost, connecting again in 50ms$`)
	b.signalTo(syscall.SIGCONT)
	client = start(t, "mdclient", "-broker", broker, "-n", "1", "-timeout", "300ms", "-tries", "1000")
	client.expect(`^1 requests, 1 replies$`)
	client.wait()
	w.interrupt()
	b.interrupt()
}

// A primary that stands still and goes on is active beside the backup, which one
// of them finds out.
func TestBinaryStarSplitBrain(t *testing.T) {
	t.Parallel()
	e, primary, backup := starPair(t)
	p, b := primary(), backup()
	p.expect(`^active$`)
	b.expect(`^passive$`)
	c := bstarcli(t, e)
	c.replies(1, 1)
	p.signalTo(syscall.SIGSTOP)
	b.expect(`^active$`)
	p.signalTo(syscall.SIGCONT)
	// The first one to hear the other ends. It may do so before that hears it.
	ends := p
	select {
	case <-p.exited:
	case <-b.exited:
		ends = b
	case <-time.After(patience):
		t.Fatal("both servers are active and go on")
	}
	if out := ends.abandon(); !strings.Contains(out, "bstar: both servers are active") {
		t.Errorf("the server wrote %q", out)
	}
	c.interrupt()
}
