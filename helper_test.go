// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var tortureFlag = flag.Duration("zmq4.torture", 0, "how long the torture and lost-wake-up tests run (default about 2s each)")

// transports are those that need nothing but this machine.
var transports = []string{"inproc", "ipc", "tcp"}

// patience is how long something may take that should take no time at all.
const patience = 20 * time.Second

// tortureTime is how long one of parts equal parts of a long test may run.
func tortureTime(parts int) time.Duration {
	d := *tortureFlag
	if d == 0 {
		d = 2 * time.Second
		if testing.Short() {
			d = time.Second / 2
		}
	}
	return d / time.Duration(parts)
}

// allStacks returns the stacks of all goroutines.
func allStacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// within fails the test if f does not return in time.
func within(t testing.TB, limit time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		t.Fatalf("%s: not done after %v\n%s", what, limit, allStacks())
	}
}

// newContext makes a context that ends with the test.
func newContext(t testing.TB) *Context {
	t.Helper()
	ctx, err := NewContext()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		within(t, patience, "Term", func() {
			if err := ctx.Term(); err != nil {
				t.Error("Term:", err)
			}
		})
	})
	return ctx
}

// bareSocket makes a socket that ends with the test.
func bareSocket(t testing.TB, ctx *Context, typ Type) *Socket {
	t.Helper()
	soc, err := ctx.NewSocket(typ)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { soc.Close() })
	return soc
}

// newSocket makes a socket that does not linger and ends with the test.
func newSocket(t testing.TB, ctx *Context, typ Type) *Socket {
	t.Helper()
	soc := bareSocket(t, ctx, typ)
	must(t, soc.SetLinger(0))
	return soc
}

// timedSocket is newSocket for a test whose calls fail if they wait too long.
func timedSocket(t testing.TB, ctx *Context, typ Type) *Socket {
	t.Helper()
	soc := newSocket(t, ctx, typ)
	must(t, soc.SetRcvtimeo(patience))
	must(t, soc.SetSndtimeo(patience))
	return soc
}

// needHas skips a test of what this libzmq was built without.
func needHas(t testing.TB, capabilities ...string) {
	t.Helper()
	for _, name := range capabilities {
		if !Has(name) {
			t.Skipf("this libzmq does not have %s", name)
		}
	}
}

// must ends the test with an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var inprocCount atomic.Int64

// bindOn binds a socket by a transport and returns the endpoint to connect to.
func bindOn(t testing.TB, soc *Socket, transport string) string {
	t.Helper()
	var endpoint string
	switch transport {
	case "inproc":
		endpoint = fmt.Sprintf("inproc://%s-%d", t.Name(), inprocCount.Add(1))
	case "ipc":
		endpoint = "ipc://" + filepath.Join(t.TempDir(), "s")
	case "tcp":
		endpoint = "tcp://127.0.0.1:*"
	}
	must(t, soc.Bind(endpoint))
	if transport == "tcp" {
		last, err := soc.GetLastEndpoint()
		must(t, err)
		return last
	}
	return endpoint
}

// socketPair makes two connected sockets.
func socketPair(t testing.TB, transport string, bound, connected Type) (b, c *Socket) {
	t.Helper()
	ctx := newContext(t)
	b, c = newSocket(t, ctx, bound), newSocket(t, ctx, connected)
	must(t, c.Connect(bindOn(t, b, transport)))
	return b, c
}

// handshake makes sure that two sockets that can talk both ways are connected
// and that nothing is left between them.
func handshake(t testing.TB, from, to *Socket) {
	t.Helper()
	within(t, patience, "handshake", func() {
		if _, err := from.SendMessage("hello"); err != nil {
			t.Error(err)
		}
		if _, err := to.RecvMessage(0); err != nil {
			t.Error(err)
		}
	})
}

// parked returns how many goroutines wait on a socket, all the way down.
func parked(soc *Socket) int { return soc.s.park.parked() }

func (k *parker) parked() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := 0
	for _, w := range k.waiters {
		if w.parked {
			n++
		}
	}
	return n
}

// waitParked waits until n goroutines wait on a socket.
func waitParked(t testing.TB, soc *Socket, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d goroutines parked", n), func() bool { return parked(soc) >= n })
}

// eventually waits for something that has no way to tell.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%s: not after %v\n%s", what, patience, allStacks())
		}
	}
}

// stats reads resources of this process on Linux: how many entries a
// directory in /proc/self has.
func procCount(t testing.TB, dir string) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	names, err := filepath.Glob(filepath.Join("/proc/self", dir, "*"))
	must(t, err)
	return len(names)
}

// slack is how late something may be on a busy machine.
func slack(d time.Duration) time.Duration {
	if raceEnabled {
		return 10 * d
	}
	return d
}

// short makes a long value printable.
func short(v any) string {
	s := fmt.Sprintf("%q", v)
	if len(s) > 200 {
		return s[:200] + "... (" + fmt.Sprint(strings.Count(s, "")-1) + " bytes)"
	}
	return s
}
