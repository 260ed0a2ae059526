// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed45097122/zmq4/ctest"
)

func TestMajordomo(t *testing.T) {
	t.Parallel()
	broker := ctest.Endpoints(t, 1)[0]
	b := start(t, "mdbroker", "-bind", broker, "-heartbeat", "500ms")
	lookup := func(want string) {
		t.Helper()
		p := start(t, "mmiecho", "-broker", broker, "-timeout", "30s", "echo", "nosuch")
		p.expect(`^mmi\.service echo: ` + want + `$`)
		p.expect(`^mmi\.service nosuch: 404$`)
		p.wait()
	}
	lookup("404")
	w := start(t, "mdworker", "-broker", broker, "-heartbeat", "500ms", "-reconnect", "50ms")
	b.expect(`^worker for echo is ready$`)
	lookup("200")
	p := start(t, "mmiecho", "-broker", broker, "-timeout", "30s", "-ask", "mmi.other", "echo")
	p.expect(`^mmi\.other echo: 501$`)
	p.wait()

	p = start(t, "mdclient", "-broker", broker, "-timeout", "30s", "-n", "100")
	p.expect(`^100 requests, 100 replies$`)
	p.wait()
	p = start(t, "mdclient2", "-broker", broker, "-n", "1000")
	p.expect(`^1000 requests, 1000 different replies$`)
	p.wait()

	w.expect(`^request 1100: 999$`)
	w.interrupt()
	w.expect(`^1100 requests done$`)
	b.expect(`^worker for echo has left$`)
	lookup("404")
	b.interrupt()
}

// A worker that is killed at work loses its request to another one, and the
// client, which sends nothing again, gets its reply.
func TestMajordomoWorkerKilled(t *testing.T) {
	t.Parallel()
	broker := ctest.Endpoints(t, 1)[0]
	b := start(t, "mdbroker", "-bind", broker, "-heartbeat", "200ms")
	first := start(t, "mdworker", "-broker", broker, "-heartbeat", "200ms", "-work", "1h")
	b.expect(`^worker for echo is ready$`)
	client := start(t, "mdclient", "-broker", broker, "-n", "1", "-timeout", "1h")
	first.expect(`^request 1: Hello 0$`)
	first.kill()
	b.expect(`^worker for echo is lost$`)
	b.expect(`^request for echo is given to another worker$`)
	second := start(t, "mdworker", "-broker", broker, "-heartbeat", "200ms")
	second.expect(`^request 1: Hello 0$`)
	client.expect(`^1 requests, 1 replies$`)
	client.wait()
	second.interrupt()
	b.interrupt()
}

func TestMajordomoNoBroker(t *testing.T) {
	t.Parallel()
	client := start(t, "mdclient", "-broker", ctest.Endpoints(t, 1)[0], "-timeout", "10ms", "-tries", "3")
	if out := client.abandon(); strings.Count(out, "sending the request again") != 2 || !strings.Contains(out, "no reply from echo in 3 tries") {
		t.Errorf("it wrote %q", out)
	}
}

// Requests and replies survive that titanic is killed, before and after the
// request was executed.
func TestTitanic(t *testing.T) {
	t.Parallel()
	broker, dir := ctest.Endpoints(t, 1)[0], filepath.Join(t.TempDir(), "store")
	b := start(t, "mdbroker", "-bind", broker, "-heartbeat", "200ms")
	titanic := func() *process {
		return start(t, "titanic", "-broker", broker, "-dir", dir, "-heartbeat", "200ms", "-retry", "50ms", "-timeout", "10s")
	}
	ticlient := func(args ...string) *process {
		return start(t, "ticlient", append([]string{"-broker", broker, "-poll", "50ms", "-timeout", "2s", "-tries", "1000"}, args...)...)
	}
	ti := titanic()
	ti.expect(`^0 requests to execute`)

	waits := ticlient("-request", "first")
	first := waits.expect(`^stored as ([0-9a-f]{32})$`)[1]
	waits.expect(`^pending$`)
	leaves := ticlient("-request", "second", "-leave")
	second := leaves.expect(`^stored as ([0-9a-f]{32})$`)[1]
	leaves.wait()

	// Killed before there is a worker.
	ti.kill()
	ti = titanic()
	ti.expect(`^2 requests to execute`)
	w := start(t, "mdworker", "-broker", broker, "-heartbeat", "200ms")
	ti.expect(`^` + first + `: replied by echo$`)
	ti.expect(`^` + second + `: replied by echo$`)
	waits.expect(`^reply: first$`)
	waits.expect(`^closed$`)
	waits.wait()
	if done := w.interrupt(); !strings.Contains(done, "2 requests done") {
		t.Errorf("the worker wrote %q", done)
	}

	// Killed when the reply is there; the worker is not needed any more.
	ti.kill()
	ti = titanic()
	ti.expect(`^0 requests to execute`)
	collects := ticlient("-id", second)
	collects.expect(`^reply: second$`)
	collects.expect(`^closed$`)
	collects.wait()
	for _, id := range []string{first, second, "nonsense"} {
		if out := ticlient("-id", id).abandon(); !strings.Contains(out, "titanic.reply: status 400") {
			t.Errorf("after it was closed: %q", out)
		}
	}
	ti.interrupt()
	b.interrupt()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left in the store: %v, %v", left, err)
	}
}

func TestTripping(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 2)
	p := start(t, "tripping", "-frontend", e[0], "-backend", e[1], "-n", "500")
	p.expect(`^one at a time: 500 round trips, [1-9]\d* per second$`)
	p.expect(`^all at once: 500 round trips, [1-9]\d* per second$`)
	p.wait()
}
