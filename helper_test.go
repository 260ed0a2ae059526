// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var tortureFlag = flag.Duration("zmq4.torture", 0, "how long the torture and lost-wake-up tests run (default about 2s each)")

// TestMain sees to it that a test fails that leaves goroutines or file
// descriptors behind.
func TestMain(m *testing.M) {
	alone := func(variable string) bool { return strings.HasPrefix(variable, "ZMQ4_TEST_") }
	if slices.ContainsFunc(os.Environ(), alone) {
		os.Exit(m.Run()) // one test in a process of its own, with odd limits
	}
	os.Exit(checkLeaks(m, func() error {
		// What the default context has stays, and the pipes of NewMsgBytes and of naps.
		keepAlarms()
		if err := AuthStart(); err != nil {
			return err
		}
		AuthStop()
		msg, err := NewMsgBytes([]byte("x"), nil)
		if err != nil {
			return err
		}
		return msg.Close()
	}))
}

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

// slack is how late something may be on a busy machine.
func slack(d time.Duration) time.Duration {
	if raceEnabled {
		return 10 * d
	}
	return d
}

// allStacks returns the stacks of all goroutines.
func allStacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// must ends the test with an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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

// eventually waits for something that has no way to tell.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%s: not after %v\n%s", what, patience, allStacks())
		}
	}
}

// meanwhile lets time pass: for what is not to happen in it, which nothing tells, or for a
// clock that has to move on. What is to happen is waited for by eventually.
func meanwhile(d time.Duration) { <-time.After(d) }

// collect runs the garbage collector until done.
func collect(t *testing.T, what string, done func() bool) {
	t.Helper()
	eventually(t, what, func() bool { runtime.GC(); return done() })
}

// parked returns how many goroutines wait on a socket, all the way down.
func parked(soc *Socket) int {
	return soc.s.park.parked() + soc.s.rx.turn.queued() + soc.s.tx.turn.queued()
}

func (t *turn) queued() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.queue)
}

func (k *parker) parked() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := 0
	for _, w := range k.waiters {
		if w.parked && w.want != 0 { // which is the goroutine that watches for Pollers
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

// closed reports whether a channel is.
func closed(ch <-chan struct{}) func() bool {
	return func() bool {
		select {
		case <-ch:
			return true
		default:
			return false
		}
	}
}

// timeouts calls f, which should take d, again and again. It must never be
// early, and at least once on time: the machine may be busy.
func timeouts(t *testing.T, d time.Duration, f func() error) {
	t.Helper()
	best := time.Hour
	for i := 0; i < 5 || i < tries && best > slack(3*time.Millisecond); i++ {
		start := time.Now()
		err := f()
		took := time.Since(start)
		if err != eagain {
			t.Errorf("%v, want EAGAIN", err)
		}
		if took < d {
			t.Errorf("a timeout of %v was over after %v", d, took)
		}
		best = min(best, took-d)
	}
	if best > slack(3*time.Millisecond) {
		t.Errorf("a timeout of %v was late by %v or more", d, best)
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

func send(t testing.TB, soc *Socket, parts ...interface{}) {
	t.Helper()
	if _, err := soc.SendMessage(parts...); err != nil {
		t.Fatal(err)
	}
}

func recv(t testing.TB, soc *Socket) (m []string) {
	t.Helper()
	within(t, patience, t.Name(), func() {
		var err error
		if m, err = soc.RecvMessage(0); err != nil {
			t.Errorf("RecvMessage: %v", err)
		}
	})
	return m
}

// expectParts receives one message.
// expectParts receives a message.
func expectParts(t testing.TB, soc *Socket, want ...string) {
	t.Helper()
	if got := recv(t, soc); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// expect receives messages of one part.
func expect(t testing.TB, soc *Socket, want ...string) {
	t.Helper()
	for _, part := range want {
		expectParts(t, soc, part)
	}
}

// subscribed returns when a subscription of to has arrived at from, an XPUB.
func subscribed(to, from *Socket) error {
	for end := time.Now().Add(patience); time.Now().Before(end); runtime.Gosched() {
		if _, err := to.GetEvents(); err != nil { // it takes part in being connected
			return err
		}
		if _, err := from.RecvBytes(DONTWAIT); err != eagain {
			return err
		}
	}
	return errors.New("no subscription")
}

// happens returns a channel that is closed at an event.
func happens(t *testing.T, soc *Socket, e Event) <-chan struct{} {
	t.Helper()
	endpoint := fmt.Sprintf("inproc://%s-%d", t.Name(), inprocCount.Add(1))
	must(t, soc.Monitor(endpoint, e))
	mon := newSocket(t, soc.s.ctx, PAIR)
	must(t, mon.Connect(endpoint))
	seen := make(chan struct{})
	go func() {
		if _, _, _, err := mon.RecvEvent(0); err == nil {
			close(seen)
		}
	}()
	return seen
}

func mechanism(t testing.TB, soc *Socket) Mechanism {
	t.Helper()
	m, err := soc.GetMechanism()
	must(t, err)
	return m
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

func needCurve(t testing.TB) {
	t.Helper()
	if !HasCurve() {
		t.Skip("libzmq has no CURVE")
	}
}

// needGuesses skips a test of what only guesses bring about.
func needGuesses(t *testing.T) {
	if !guessing {
		t.Skip("built without guesses")
	}
}

func needDraft(t testing.TB) {
	t.Helper()
	if !HasDraft() {
		t.Skip("this libzmq does not have the draft API")
	}
}

func needHandshakeEvents(t testing.TB) {
	t.Helper()
	if major, minor, _ := Version(); major == 4 && minor < 3 {
		t.Skip("libzmq has no handshake events")
	}
}

const childEnv = "ZMQ4_TEST_CHILD"

// inChild runs f in a process of its own, for libzmq aborts the process if a fence
// does not hold.
func inChild(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	inChildren(t, "", f)
}

// inChildren is inChild for a fault that is narrowed, not fenced: the first process may abort
// at that place, such as "session_base.cpp", and there is a second one then.
func inChildren(t *testing.T, narrowed string, f func(t *testing.T)) {
	t.Helper()
	if os.Getenv(childEnv) == t.Name() {
		f(t)
		return
	}
	if os.Getenv(childEnv) != "" {
		t.Skip("for another test")
	}
	var path []string
	for _, name := range strings.Split(t.Name(), "/") {
		path = append(path, "^"+regexp.QuoteMeta(name)+"$")
	}
	run := func() ([]byte, error) {
		cmd := exec.Command(os.Args[0], "-test.run="+strings.Join(path, "/"), "-test.timeout=60s", "-test.v")
		cmd.Env = append(os.Environ(), childEnv+"="+t.Name(), "GORACE=atexit_sleep_ms=0", "ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1")
		return cmd.CombinedOutput()
	}
	out, err := run()
	if err != nil && narrowed != "" && bytes.Contains(out, []byte("/"+narrowed+":")) {
		t.Logf("it met what is narrowed: %s", bytes.TrimSpace(out[max(len(out)-100, 0):]))
		out, err = run()
	}
	if bytes.Contains(out, []byte("--- SKIP: "+t.Name()+" (")) {
		t.Skipf("%s", out[:min(len(out), 2000)])
	}
	if err != nil || !bytes.Contains(out, []byte("=== RUN   "+t.Name()+"\n")) {
		t.Errorf("%v\n%s", err, bytes.TrimSpace(out[max(len(out)-3000, 0):]))
	}
}

// A lockedBuffer is a buffer that several goroutines may write to.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// captureLog returns what the standard logger writes in a test.
func captureLog(t testing.TB) *lockedBuffer {
	t.Helper()
	b := &lockedBuffer{}
	log.SetOutput(b)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	return b
}

// procCount returns how many entries a directory in /proc/self has: what this process uses.
func procCount(t testing.TB, dir string) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	names, err := filepath.Glob(filepath.Join("/proc/self", dir, "*"))
	must(t, err)
	return len(names)
}

// pattern returns n bytes that tell where they are.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return b
}

// short makes a long value printable.
func short(v any) string {
	s := fmt.Sprintf("%q", v)
	if len(s) > 200 {
		return s[:200] + "... (" + fmt.Sprint(strings.Count(s, "")-1) + " bytes)"
	}
	return s
}
