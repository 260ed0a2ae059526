// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
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

// The tests here are for defects of pebbe/zmq4 v1.4.0 that no other test is
// about. The numbers are those of the last section of docs/differences.md.

// To decide on a client, the keys that it may have are not converted.
func TestAuthAdmitAllocs(t *testing.T) {
	// Defect 17.
	if raceEnabled || asanEnabled {
		t.Skip("the instrumentation allocates")
	}
	key := strings.Repeat("k", 32)
	a := newAuthenticator()
	a.update("domain", func(d *authPolicy) {
		d.keys = map[string]struct{}{key: {}}
		d.deny = addressList{}
	})
	r := &zapRequest{domain: "domain", address: "192.0.2.1", mechanism: "CURVE", credentials: []string{key}}
	if n := testing.AllocsPerRun(100, func() {
		if ok, _, why := a.admit(r); !ok {
			t.Error(why)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// String may be called while other goroutines use the socket, and a copy of a
// Socket keeps the socket open.
func TestStringShared(t *testing.T) {
	// Defect 20.
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	p := NewPoller()
	p.Add(pull, POLLIN)
	const n = 1000
	var using sync.WaitGroup
	using.Go(func() {
		for i := range n {
			if m, err := pull.Recv(0); m != fmt.Sprint(i) || err != nil {
				t.Errorf("message %d: %q, %v", i, m, err)
			}
		}
	})
	using.Go(func() {
		for i := range n {
			if _, err := push.Send(fmt.Sprint(i), 0); err != nil {
				t.Error(err)
			}
		}
	})
	for range 4 {
		using.Go(func() {
			for range n {
				if s := pull.String(); !strings.HasPrefix(s, "Socket(PULL,0x") {
					t.Error(s)
				}
				if s := p.String(); !strings.HasPrefix(s, "Poller[Socket(PULL,0x") {
					t.Error(s)
				}
			}
		})
	}
	within(t, patience, "String beside Send and Recv", using.Wait)

	lost := func() Socket {
		soc, err := pull.s.ctx.NewSocket(PULL)
		must(t, err)
		return *soc
	}()
	for range 3 {
		runtime.GC()
	}
	if s := lost.String(); !strings.HasPrefix(s, "Socket(PULL,") {
		t.Error(s)
	}
	must(t, lost.Close())
	p.Add(nil, POLLIN)
	if s := p.String(); !strings.HasSuffix(s, " <nil>POLLIN]") {
		t.Error(s)
	}
}

// A Poller does not keep the sockets that were removed from it.
func TestPollerForgets(t *testing.T) {
	// Defect 24.
	ctx := newContext(t)
	p := NewPoller()
	func() {
		for range 10 {
			soc, err := ctx.NewSocket(PULL)
			must(t, err)
			p.Add(soc, POLLIN)
		}
		if polled, err := p.Poll(0); len(polled) != 0 || err != nil {
			t.Error(polled, err)
		}
		for id := range 10 {
			must(t, p.Remove(id))
		}
	}()
	var ended atomic.Bool
	go func() { ctx.Term(); ended.Store(true) }()
	collect(t, "removed sockets collected", ended.Load)
	runtime.KeepAlive(p)
}

// Everything that a Poller has may be used by several goroutines at a time.
func TestPollerAnyGoroutine(t *testing.T) {
	// Defect 25.
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	ctx := x.s.ctx
	p := NewPoller()
	p.Add(x, POLLIN)
	var polling, changing sync.WaitGroup
	var done atomic.Bool
	for i := range 3 {
		polling.Go(func() {
			poll := []func(time.Duration) ([]Polled, error){p.Poll, p.PollAll}[i%2]
			for !done.Load() {
				if _, err := poll(time.Millisecond); err != nil && err != ErrorSocketClosed {
					t.Error(err)
				}
			}
		})
	}
	for i := range 3 {
		changing.Go(func() {
			for j := range 300 {
				soc, err := ctx.NewSocket(PUSH)
				if err != nil {
					t.Error(err)
					return
				}
				id := p.Add(soc, POLLIN)
				if _, err := p.Update(id, POLLIN|POLLOUT); err != nil {
					t.Error(err)
				}
				if i == 0 && j%10 == 0 {
					soc.Close() // the polls find out
					continue
				}
				if err := p.Remove(id); err != nil {
					t.Error(err)
				}
				soc.Close()
				_ = p.String()
			}
		})
	}
	within(t, patience, "changes", changing.Wait)
	done.Store(true)
	within(t, patience, "polls", polling.Wait)

	// What was there all the time still works.
	send(t, y, "m")
	found := false
	within(t, patience, "message", func() {
		for !found {
			polled, err := p.Poll(-1)
			if err != nil && err != ErrorSocketClosed {
				t.Error(err)
				return
			}
			found = slices.ContainsFunc(polled, func(item Polled) bool { return item == Polled{Socket: x, Events: POLLIN} })
		}
	})
}

// A Reactor may be changed by any goroutine while it runs.
func TestReactorAnyGoroutine(t *testing.T) {
	// Defects 25 and 55.
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	r := NewReactor()
	r.AddSocket(x, POLLIN, func(State) error { return errDone })
	result := make(chan error)
	go func() { result <- r.Run(time.Hour) }()
	var changing sync.WaitGroup
	for range 4 {
		changing.Go(func() {
			soc, err := x.s.ctx.NewSocket(PUSH)
			if err != nil {
				t.Error(err)
				return
			}
			defer soc.Close()
			ch := make(chan interface{})
			close(ch)
			for i := range 200 {
				r.AddSocket(soc, POLLIN|POLLOUT, func(State) error { return nil })
				id := r.AddChannel(ch, i%3, func(interface{}) error { return nil })
				r.SetVerbose(false)
				r.RemoveSocket(soc)
				r.RemoveChannel(id)
			}
		})
	}
	within(t, patience, "changes", changing.Wait)
	send(t, y, "end")
	within(t, patience, "Run", func() {
		if err := <-result; err != errDone {
			t.Errorf("Run = %v", err)
		}
	})
}

var functionLine = regexp.MustCompile(`(?m)^(\w[^;={}()]*?)(\w+)\([^;]*?\)\s*\{`)

// All C functions are static: the package links beside any other one. They
// are compiled with zmq.h, which checks their calls.
func TestShimStatic(t *testing.T) {
	// Defects 26 and 27.
	var functions int
	for _, pattern := range []string{"*.c", "*.h", "*.go"} {
		files, err := filepath.Glob(pattern)
		must(t, err)
		if pattern == "*.c" && len(files) > 0 {
			t.Errorf("C files: %v", files)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			must(t, err)
			if strings.HasSuffix(file, ".go") {
				preamble, _, ok := strings.Cut(string(text), "\nimport \"C\"\n")
				if ok && functionLine.MatchString(strings.ReplaceAll(preamble, "// ", "")) {
					t.Errorf("%s has a C function", file)
				}
				continue
			}
			if !bytes.Contains(text, []byte("#include <zmq.h>\n")) {
				t.Errorf("%s does not include zmq.h", file)
			}
			for _, m := range functionLine.FindAllStringSubmatch(string(text), -1) {
				functions++
				if !strings.HasPrefix(m[1], "static inline ") {
					t.Errorf("%s: %s%s is not static inline", file, m[1], m[2])
				}
			}
		}
	}
	if functions < 40 {
		t.Errorf("only %d C functions found", functions)
	}
}

// TestCrossings counts the calls from Go to C.
func TestCrossings(t *testing.T) {
	// Defects 28, 35 and 36.
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	large, parts := pattern(keep/2), make([]string, 100)
	names := 0
	name := func() string { names++; return fmt.Sprintf("inproc://crossings-%d", names) }
	sent := func(parts ...any) func() error {
		return func() error { _, err := push.SendMessage(parts...); return err }
	}
	recv := func(n int) func() error {
		return func() error {
			m, err := pull.RecvMessage(DONTWAIT)
			if err == nil && len(m) != n {
				err = fmt.Errorf("%d parts, want %d", len(m), n)
			}
			return err
		}
	}
	for _, test := range []struct {
		name             string
		before, f, after func() error
		want             int64
	}{
		{"Send", nil, func() error { _, err := push.Send("x", 0); return err }, recv(1), 1},
		{"SendBytes", nil, func() error { _, err := push.SendBytes(large, 0); return err }, recv(1), 1},
		{"SendMessage of 3 parts", nil, sent("a", []byte("b"), 1), recv(3), 1},
		{"SendMessage of 100 parts", nil, sent(parts), recv(100), 1},
		{"Recv", sent("x"), func() error { _, err := pull.Recv(0); return err }, nil, 1},
		{"RecvBytes", sent(large), func() error { _, err := pull.RecvBytes(0); return err }, nil, 1},
		{"Recv of 3 parts", sent("a", "b", "c"), func() error {
			_, err := pull.Recv(0)
			_, err2 := pull.Recv(0)
			_, err3 := pull.Recv(0)
			return errors.Join(err, err2, err3)
		}, nil, 1},
		{"RecvMessage of 3 parts", sent("a", "b", "c"), recv(3), nil, 1},
		{"RecvMessage of 100 parts", sent(parts), recv(100), nil, 1},
		{"RecvMessageBytes of 3 parts", sent("a", "b", "c"), func() error { _, err := pull.RecvMessageBytes(0); return err }, nil, 1},
		{"RecvMessageWithMetadata", sent("a", "b", "c"), func() error {
			_, _, err := pull.RecvMessageWithMetadata(0, "User-Id", "Peer-Address")
			return err
		}, nil, 1 + 2},
		{"RecvEvent", sent(event(EVENT_CLOSED, 0, "")), func() error { _, _, _, err := pull.RecvEvent(0); return err }, nil, 1},
		{"GetRcvmore", nil, func() error { _, err := pull.GetRcvmore(); return err }, nil, 0},
		{"GetEvents", nil, func() error { _, err := pull.GetEvents(); return err }, nil, 1},
		{"SetLinger", nil, func() error { return pull.SetLinger(0) }, nil, 1},
		{"GetLinger", nil, func() error { _, err := pull.GetLinger(); return err }, nil, 1},
		{"SetIdentity", nil, func() error { return pull.SetIdentity("me") }, nil, 1},
		{"GetIdentity", nil, func() error { _, err := pull.GetIdentity(); return err }, nil, 1},
		{"Bind", nil, func() error { return pull.Bind(name()) }, nil, 1},
		{"Connect", nil, func() error { return push.Connect(name()) }, nil, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			best := int64(math.MaxInt64)
			for range 5 { // something in the background may make some, too
				if test.before != nil {
					must(t, test.before())
				}
				before := runtime.NumCgoCall()
				err := test.f()
				best = min(best, runtime.NumCgoCall()-before)
				must(t, err)
				if test.after != nil {
					must(t, test.after())
				}
			}
			if best != test.want {
				t.Errorf("%d crossings, want %d", best, test.want)
			}
		})
	}
}

// Every way to send on a closed socket gives the same.
func TestSendClosed(t *testing.T) {
	// Defect 32.
	soc := newSocket(t, newContext(t), PUSH)
	must(t, soc.Close())
	for name, send := range map[string]func() (int, error){
		"Send":                     func() (int, error) { return soc.Send("x", 0) },
		"SendBytes":                func() (int, error) { return soc.SendBytes(nil, SNDMORE) },
		"SendMessage":              func() (int, error) { return soc.SendMessage("x", "y") },
		"SendMessageDontwait":      func() (int, error) { return soc.SendMessageDontwait("x") },
		"SendMessage of something": func() (int, error) { return soc.SendMessage(1, nil, []string{"x"}) },
	} {
		if n, err := send(); n != -1 || err != ErrorSocketClosed {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	for _, soc := range []*Socket{soc, {}, nil} {
		for _, parts := range [][]any{nil, {[]string{}}, {[][]byte{}, []string(nil)}} {
			n, err := soc.SendMessage(parts...)
			if n != 0 || err != nil {
				t.Errorf("SendMessage(%v): %d, %v", parts, n, err)
			}
			n, err = soc.SendMessageDontwait(parts...)
			if n != 0 || err != nil {
				t.Errorf("SendMessageDontwait(%v): %d, %v", parts, n, err)
			}
		}
	}
}

// event makes a message as a monitor sends it.
func event(e Event, value int32, addr string) [][]byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(e))
	return [][]byte{binary.NativeEndian.AppendUint32(b, uint32(value)), []byte(addr)}
}

// What is no event is received whole, and is an error.
func TestRecvEventMalformed(t *testing.T) {
	// Defect 33.
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	for _, test := range []struct {
		msg  [][]byte
		want error
	}{
		{[][]byte{{}}, ErrorMoreExpected},
		{[][]byte{{1}}, ErrorMoreExpected},
		{event(EVENT_CLOSED, 1, "")[:1], ErrorMoreExpected},
		{[][]byte{{}, {}}, ErrMalformedEvent},
		{[][]byte{{1}, {}}, ErrMalformedEvent},
		{[][]byte{{1, 2, 3, 4, 5}, {}}, ErrMalformedEvent},
		{[][]byte{{1, 2, 3, 4, 5, 6, 7}, {}}, ErrMalformedEvent},
		{append(event(EVENT_CLOSED, 1, "addr"), []byte("more")), ErrMalformedEvent},
		{append(event(EVENT_CLOSED, 1, "addr"), make([][]byte, 100)...), ErrMalformedEvent},
	} {
		send(t, y, test.msg)
		if e, addr, value, err := x.RecvEvent(DONTWAIT); e != 0 || addr != "" || value != 0 || err != test.want {
			t.Errorf("%q: %v, %q, %d, %v, want %v", test.msg, e, addr, value, err, test.want)
		}
		if _, err := x.Recv(DONTWAIT); err != eagain {
			t.Errorf("%q: something was left", test.msg)
		}
	}
	for _, value := range []int32{0, 1, -1, math.MaxInt32, math.MinInt32} {
		send(t, y, event(EVENT_ACCEPTED, value, "tcp://x"))
		if e, addr, got, err := x.RecvEvent(DONTWAIT); e != EVENT_ACCEPTED || addr != "tcp://x" || got != int(value) || err != nil {
			t.Errorf("%v, %q, %d, %v", e, addr, got, err)
		}
	}
	must(t, x.Close())
	if e, _, _, err := x.RecvEvent(0); e != 0 || err != ErrorSocketClosed {
		t.Errorf("on a closed socket: %v, %v", e, err)
	}
}

func FuzzRecvEvent(f *testing.F) {
	f.Add([]byte{}, []byte{}, 0)
	f.Add(event(EVENT_CLOSED, -1, "")[0], []byte("tcp://127.0.0.1:1"), 2)
	f.Fuzz(func(t *testing.T, frame, addr []byte, parts int) {
		msg := [][]byte{frame, addr, frame}[:min(uint(parts), 2)+1]
		e, got, value, err := parseEvent(msg)
		if good := len(msg) == 2 && len(frame) == 6; good != (err == nil) {
			t.Fatalf("%q: %v", msg, err)
		}
		if err == nil && !slices.EqualFunc(event(e, int32(value), got), msg, bytes.Equal) {
			t.Errorf("%q gave %v, %q, %d", msg, e, got, value)
		}
	})
}

// With a libzmq that is newer than all that is known here, everything works.
func TestNewerLibzmq(t *testing.T) {
	// Defect 56.
	const version = "9.8.7"
	if os.Getenv("ZMQ4_TEST_VERSION") == "" {
		runWithVersion(t, version)
		return
	}
	major, minor, patch := Version()
	if got := fmt.Sprintf("%d.%d.%d", major, minor, patch); got != version {
		t.Fatalf("Version is %s", got)
	}
	if GetRetryAfterEINTR() != true { // Defect 57.
		t.Error("GetRetryAfterEINTR is false")
	}
	SetRetryAfterEINTR(true)
	soc, err := NewSocket(PAIR)
	must(t, err)
	defer soc.Close()
	peer, err := NewSocket(PAIR)
	must(t, err)
	defer peer.Close()
	must(t, errors.Join(soc.Bind("inproc://x"), peer.Connect("inproc://x")))
	handshake(t, soc, peer)
	if text := Z85encode(z85Binary); text != z85Text {
		t.Errorf("Z85encode = %q", text)
	}
	fmt.Println("newer libzmq: ok")
}

// runWithVersion runs the test in a process of its own, where zmq_version is
// another function.
func runWithVersion(t *testing.T, version string) {
	if runtime.GOOS != "linux" || asanEnabled {
		t.Skip("needs LD_PRELOAD")
	}
	dir := t.TempDir()
	source, library := filepath.Join(dir, "version.c"), filepath.Join(dir, "version.so")
	text := "void zmq_version(int *major, int *minor, int *patch) { *major = 9; *minor = 8; *patch = 7; }\n"
	must(t, os.WriteFile(source, []byte(text), 0o600))
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		t.Skipf("%s: %v\n%s", cc, err, out)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "LD_PRELOAD="+library, "ZMQ4_TEST_VERSION="+version)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "newer libzmq: ok") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestStrings(t *testing.T) {
	// Defect 61.
	for _, test := range []struct {
		value fmt.Stringer
		want  string
	}{
		{State(0), "<NONE>"},
		{POLLIN, "POLLIN"},
		{POLLOUT, "POLLOUT"},
		{POLLIN | POLLOUT, "POLLIN|POLLOUT"},
		{POLLIN | 0x40, "POLLIN|0x40"},
		{State(0x50), "0x50"},
		{POLLERR | POLLPRI, "POLLERR|POLLPRI"},
		{Flag(0), "<NONE>"},
		{DONTWAIT | SNDMORE, "DONTWAIT|SNDMORE"},
		{SNDMORE | 0x10 | 0x20, "SNDMORE|0x30"},
		{Event(0), "<NONE>"},
		{EVENT_ALL, "EVENT_ALL"},
		{EVENT_CONNECTED | EVENT_CLOSED, "EVENT_CONNECTED|EVENT_CLOSED"},
		{EVENT_HANDSHAKE_FAILED_AUTH, "EVENT_HANDSHAKE_FAILED_AUTH"},
		{EVENT_CONNECTED | EVENT_PIPES_STATS, "EVENT_CONNECTED|EVENT_PIPES_STATS"},
		{EVENT_CONNECTED | 0x20000, "EVENT_CONNECTED|0x20000"},
		{Event(0x20000), "0x20000"},
		{PEER, "PEER"},
		{NotifyConnect | NotifyDisconnect, "NotifyConnect|NotifyDisconnect"},
		{ReconnectStopConnRefused | ReconnectStopAfterDisconnect, "CONN_REFUSED|AFTER_DISCONNECT"},
		{Type(-1), "<INVALID>"},
		{REQ, "REQ"},
		{XSUB, "XSUB"},
		{STREAM, "STREAM"},
		{Mechanism(99), "<INVALID>"},
		{NULL, "NULL"},
		{PLAIN, "PLAIN"},
		{CURVE, "CURVE"},
		{GSSAPI, "GSSAPI"},
	} {
		if got := test.value.String(); got != test.want {
			t.Errorf("%T: %q, want %q", test.value, got, test.want)
		}
	}
	for _, e := range []Event{EVENT_HANDSHAKE_FAILED_NO_DETAIL, EVENT_HANDSHAKE_SUCCEEDED, EVENT_HANDSHAKE_FAILED_PROTOCOL, EVENT_HANDSHAKE_FAILED_AUTH} {
		if e <= 0 || e&EVENT_ALL != e {
			t.Errorf("%v is %#x", e, int(e))
		}
	}
}

func TestHas(t *testing.T) {
	// Defect 61.
	for name, has := range map[string]func() bool{
		"ipc": HasIpc, "pgm": HasPgm, "tipc": HasTipc, "norm": HasNorm, "curve": HasCurve, "gssapi": HasGssapi,
	} {
		if got, want := Has(name), has(); got != want {
			t.Errorf("Has(%q) is %v, the function of that name %v", name, got, want)
		}
	}
	ctx := newContext(t)
	if soc := newSocket(t, ctx, PULL); Has("ipc") != (soc.Bind("ipc://"+filepath.Join(t.TempDir(), "s")) == nil) {
		t.Errorf("Has(\"ipc\") is %v", Has("ipc"))
	}
	for _, name := range []string{"", "IPC", "ipc\x00", "ipc\x00x", "nothing", strings.Repeat("x", 10000)} {
		if Has(name) {
			t.Errorf("Has(%.20q)", name)
		}
	}
}

// Close ends a socket's monitor, and Term does not wait for it.
func TestMonitorEnds(t *testing.T) {
	// Defect 62.
	for _, end := range []string{"Close", "Term", "Monitor"} {
		t.Run(end, func(t *testing.T) {
			ctx := newContext(t)
			soc, mon := newSocket(t, ctx, PULL), newSocket(t, ctx, PAIR)
			endpoint := "inproc://" + t.Name()
			must(t, soc.Monitor(endpoint, EVENT_ALL))
			must(t, mon.Connect(endpoint))
			must(t, soc.Bind("tcp://127.0.0.1:*"))
			seen := make(chan Event, 100)
			result := make(chan error)
			go func() {
				for {
					e, _, _, err := mon.RecvEvent(0)
					if err != nil {
						result <- err
						return
					}
					seen <- e
				}
			}()
			wait := func(want Event) {
				t.Helper()
				within(t, patience, want.String(), func() {
					for e := range seen {
						if e == want {
							return
						}
					}
				})
			}
			wait(EVENT_LISTENING)
			switch end {
			case "Close":
				must(t, soc.Close())
				wait(EVENT_MONITOR_STOPPED)
			case "Monitor":
				must(t, soc.Monitor("", 0))
				wait(EVENT_MONITOR_STOPPED)
			}
			want := error(ETERM)
			if end != "Term" {
				want = ErrorSocketClosed
				must(t, mon.Close())
			}
			ended := make(chan error)
			go func() { ended <- ctx.Term() }()
			within(t, patience, "monitor", func() {
				if err := <-result; err != want {
					t.Errorf("RecvEvent: %v, want %v", err, want)
				}
			})
			soc.Close()
			mon.Close()
			within(t, patience, "Term", func() {
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Files are chosen by constraints that every version of Go obeys.
func TestBuildConstraints(t *testing.T) {
	// Defect 63.
	files, err := filepath.Glob("*.go")
	must(t, err)
	old := []byte("\n// " + "+build")
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		if bytes.Contains(text, old) {
			t.Errorf("%s has a line that only versions of Go before 1.17 need", file)
		}
	}
}

var (
	checklistRow = regexp.MustCompile(`(?m)^\| (\d+) \| ([^|]+) \| ([^|]+) \|$`)
	testName     = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*`)
	testFunc     = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z]\w*)\(`)
	pathName     = regexp.MustCompile("`([\\w.]+/[\\w./]+)`")
)

// The list of defects in docs/differences.md has them all, and the tests that
// it names.
func TestDefectsListed(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("docs", "differences.md"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no documentation here: ", err)
	}
	must(t, err)
	_, list, ok := strings.Cut(string(text), "\n## Checklist of the defects of v1.4.0\n")
	if !ok {
		t.Fatal("no list")
	}
	have := make(map[string]bool)
	files, err := filepath.Glob("*_test.go")
	must(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		must(t, err)
		for _, m := range testFunc.FindAllSubmatch(source, -1) {
			have[string(m[1])] = true
		}
	}
	rows := checklistRow.FindAllStringSubmatch(list, -1)
	for i, row := range rows {
		if row[1] != fmt.Sprint(i+1) {
			t.Fatalf("row %d has the number %s", i+1, row[1])
		}
		for _, name := range testName.FindAllString(row[3], -1) {
			if !have[name] {
				t.Errorf("%s: there is no %s", row[1], name)
			}
		}
		for _, m := range pathName.FindAllStringSubmatch(row[3], -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s: %v", row[1], err)
			}
		}
		if !strings.Contains(row[3], " ") && !testName.MatchString(row[3]) {
			t.Errorf("%s has neither a test nor a reason: %s", row[1], row[3])
		}
	}
	if len(rows) != 67 {
		t.Errorf("%d rows, want 67", len(rows))
	}
}
