// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An eventLog collects what Events returns, in another goroutine.
type eventLog struct {
	events chan SocketEvent
	err    chan error // one value, when the loop is over
}

func logEvents(ctx context.Context, soc *Socket, mask Event) *eventLog {
	l := &eventLog{make(chan SocketEvent, 1000), make(chan error, 1)}
	seq := soc.Events(ctx, mask)
	go func() {
		var last error
		for ev, err := range seq {
			if last = err; err == nil {
				l.events <- ev
			}
		}
		l.err <- last
	}()
	return l
}

// wait returns the next event of a kind.
func (l *eventLog) wait(t testing.TB, event Event) SocketEvent {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case ev := <-l.events:
			if ev.Event == event {
				return ev
			}
			t.Log("not", event, "but", ev)
		case <-limit:
			t.Fatalf("no %v", event)
		}
	}
}

// over returns how the sequence ended.
func (l *eventLog) over(t testing.TB) error {
	t.Helper()
	select {
	case err := <-l.err:
		return err
	case <-time.After(patience):
		t.Fatalf("the sequence does not end\n%s", allStacks())
		return nil
	}
}

func TestEvents(t *testing.T) {
	ctx := newContext(t)
	server, client := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
	s, c := logEvents(t.Context(), server, EVENT_ALL), logEvents(t.Context(), client, EVENT_ALL)
	endpoint := bindOn(t, server, "tcp")
	must(t, client.Connect(endpoint))

	listening := s.wait(t, EVENT_LISTENING)
	if listening.Endpoint != endpoint || listening.FD < 0 {
		t.Errorf("%+v, want endpoint %s", listening, endpoint)
	}
	accepted, connected := s.wait(t, EVENT_ACCEPTED), c.wait(t, EVENT_CONNECTED)
	if accepted.FD < 0 || connected.FD < 0 || accepted.FD == connected.FD || accepted.FD == listening.FD {
		t.Errorf("the file descriptors are %d, %d and %d", listening.FD, accepted.FD, connected.FD)
	}
	if connected.Endpoint != endpoint {
		t.Errorf("%+v, want endpoint %s", connected, endpoint)
	}
	must(t, client.Close())
	if err := c.over(t); err != nil {
		t.Error("closed:", err)
	}
	if gone := s.wait(t, EVENT_DISCONNECTED); gone.FD != accepted.FD {
		t.Errorf("%+v, want fd %d", gone, accepted.FD)
	}
	must(t, server.Close())
	s.wait(t, EVENT_MONITOR_STOPPED)
	if err := s.over(t); err != nil {
		t.Error("closed:", err)
	}
}

func TestEventsFields(t *testing.T) {
	t.Run("bind failed", func(t *testing.T) {
		ctx := newContext(t)
		endpoint := bindOn(t, newSocket(t, ctx, PULL), "tcp")
		soc := newSocket(t, ctx, PULL)
		l := logEvents(t.Context(), soc, EVENT_BIND_FAILED)
		if err := soc.Bind(endpoint); err == nil { // the monitor spoils errno
			t.Fatal("two sockets are bound to", endpoint)
		}
		ev := l.wait(t, EVENT_BIND_FAILED)
		if !errors.Is(ev.Err, syscall.EADDRINUSE) || ev.FD != -1 {
			t.Errorf("%+v, want EADDRINUSE", ev)
		}
	})
	t.Run("no such host", func(t *testing.T) {
		soc := newSocket(t, newContext(t), PUSH)
		must(t, soc.SetReconnectIvl(20*time.Millisecond))
		log := logEvents(t.Context(), soc, EVENT_CONNECT_RETRIED)
		must(t, soc.Connect("tcp://a..b:5555")) // no name server is asked for that
		for range 3 {
			ev := log.wait(t, EVENT_CONNECT_RETRIED)
			var dns *net.DNSError
			if !errors.As(ev.Err, &dns) || dns.Name != "a..b" || ev.RetryIn == 0 {
				t.Errorf("%+v", ev)
			}
			if want := fmt.Sprintf("EVENT_CONNECT_RETRIED tcp://a..b:5555 in %v: lookup a..b: libzmq finds no address", ev.RetryIn); ev.String() != want {
				t.Errorf("%v, want %s", ev, want)
			}
		}
	})
	// A host that is there, but refuses: none of several connections at a time is taken for one that does not resolve.
	t.Run("refused", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		endpoint := fmt.Sprintf("tcp://localhost:%d", l.Addr().(*net.TCPAddr).Port)
		must(t, l.Close())
		soc := newSocket(t, newContext(t), PUSH)
		must(t, soc.SetReconnectIvl(10*time.Millisecond))
		log := logEvents(t.Context(), soc, EVENT_CONNECT_RETRIED)
		for range 3 {
			must(t, soc.Connect(endpoint))
		}
		for range 10 {
			if ev := log.wait(t, EVENT_CONNECT_RETRIED); ev.Err != nil {
				t.Errorf("%+v", ev)
			}
		}
	})
	// The same if a connection was there and ended: libzmq reports the address then, or the name again.
	t.Run("server gone", func(t *testing.T) {
		ctx := newContext(t)
		server, soc := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
		must(t, soc.SetReconnectIvl(10*time.Millisecond))
		_, port, _ := strings.Cut(strings.TrimPrefix(bindOn(t, server, "tcp"), "tcp://"), ":")
		log := logEvents(t.Context(), soc, EVENT_CONNECTED|EVENT_CONNECT_RETRIED)
		must(t, soc.Connect("tcp://localhost:"+port))
		log.wait(t, EVENT_CONNECTED)
		must(t, server.Close())
		for range 10 {
			if ev := log.wait(t, EVENT_CONNECT_RETRIED); ev.Err != nil {
				t.Errorf("%+v", ev)
			}
		}
	})
	// Of a proxy, or if libzmq could not try the name for another reason, which it does not tell either.
	for name, set := range map[string]func(*Socket) error{
		"a..b":      func(s *Socket) error { return s.SetSocksProxy("a..b:1080") },
		"localhost": func(s *Socket) error { return s.SetBindToDevice("no-such-device") },
	} {
		t.Run("no such host or device: "+name, func(t *testing.T) {
			soc := newSocket(t, newContext(t), PUSH)
			if err := set(soc); err != nil {
				t.Skip(err)
			}
			log := logEvents(t.Context(), soc, EVENT_CONNECT_RETRIED)
			must(t, soc.Connect("tcp://localhost:5555"))
			ev := log.wait(t, EVENT_CONNECT_RETRIED)
			if dns := (*net.DNSError)(nil); !errors.As(ev.Err, &dns) || dns.Name != name {
				t.Errorf("%+v", ev)
			}
		})
	}
	t.Run("retry", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		endpoint := "tcp://" + l.Addr().String()
		must(t, l.Close()) // nobody there
		soc := newSocket(t, newContext(t), PUSH)
		must(t, soc.SetReconnectIvl(20*time.Millisecond))
		log := logEvents(t.Context(), soc, EVENT_CONNECT_RETRIED)
		must(t, soc.Connect(endpoint))
		if ev := log.wait(t, EVENT_CONNECT_RETRIED); ev.RetryIn < 20*time.Millisecond || ev.RetryIn > time.Second || ev.Endpoint != endpoint {
			t.Errorf("%+v, want a retry in about 20ms", ev)
		}
	})
	t.Run("refused", func(t *testing.T) {
		needHandshakeEvents(t)
		captureLog(t)
		startAuth(t)
		s := newAuthServer(t, newContext(t), false, plainServer)
		l := logEvents(t.Context(), s.soc, EVENT_HANDSHAKE_FAILED_AUTH)
		s.connect(t, asUser("eve", "x"))
		if ev := l.wait(t, EVENT_HANDSHAKE_FAILED_AUTH); ev.ZAPStatus != 400 {
			t.Errorf("%+v, want status 400", ev)
		}
	})
	t.Run("mechanism", func(t *testing.T) {
		needHandshakeEvents(t)
		ctx := newContext(t)
		server, client := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
		must(t, server.SetPlainServer(1))
		l := logEvents(t.Context(), server, EVENT_HANDSHAKE_FAILED_PROTOCOL)
		must(t, client.Connect(bindOn(t, server, "tcp")))
		ev := l.wait(t, EVENT_HANDSHAKE_FAILED_PROTOCOL)
		if ev.ProtocolError != PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH {
			t.Errorf("%+v (%v), want another mechanism", ev, ev.ProtocolError)
		}
	})
}

func TestEventsEnd(t *testing.T) {
	t.Run("break", func(t *testing.T) {
		ctx := newContext(t)
		soc := newSocket(t, ctx, PULL)
		before := procCount(t, "fd") + 2 // the relay may come to wait only now
		for range 20 {
			events := soc.Events(t.Context(), EVENT_LISTENING)
			endpoint := bindOn(t, soc, "tcp")
			n := 0
			for ev, err := range events {
				must(t, err)
				if n++; ev.Event != EVENT_LISTENING {
					t.Error(ev)
				}
				break
			}
			if n != 1 {
				t.Fatal("the loop had no event")
			}
			for ev, err := range events {
				t.Fatal("a second loop had", ev, err)
			}
			must(t, soc.Unbind(endpoint))
		}
		eventually(t, "the monitors' sockets closed", func() bool { return procCount(t, "fd") <= before }) // others may have left some that are closed meanwhile
	})
	t.Run("cancel", func(t *testing.T) {
		c, cancel := context.WithCancel(t.Context())
		soc := newSocket(t, newContext(t), PULL)
		l := logEvents(c, soc, EVENT_ALL)
		bindOn(t, soc, "tcp")
		l.wait(t, EVENT_LISTENING)
		cancel()
		err := l.over(t)
		var op *OpError
		if !errors.Is(err, context.Canceled) || !errors.As(err, &op) || op.Op != "monitor" {
			t.Error("cancelled:", err)
		}
		bindOn(t, soc, "tcp") // works without a monitor
	})
	t.Run("cancelled before", func(t *testing.T) {
		c, cancel := context.WithCancel(t.Context())
		cancel()
		soc := newSocket(t, newContext(t), PULL)
		if err := logEvents(c, soc, EVENT_ALL).over(t); !errors.Is(err, context.Canceled) {
			t.Error("cancelled:", err)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		c, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		soc := newSocket(t, newContext(t), PULL)
		if err := logEvents(c, soc, EVENT_ALL).over(t); !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) {
			t.Error("deadline:", err)
		}
	})
	t.Run("term", func(t *testing.T) {
		ctx := newContext(t)
		soc := newSocket(t, ctx, PULL)
		l := logEvents(t.Context(), soc, EVENT_ALL)
		bindOn(t, soc, "tcp")
		l.wait(t, EVENT_LISTENING)
		go ctx.Term()
		if err := l.over(t); !errors.Is(err, ETERM) {
			t.Error("terminated:", err)
		}
		soc.Close()
		within(t, patience, "Term", func() { ctx.Term() })
	})
	t.Run("closed before", func(t *testing.T) {
		soc := newSocket(t, newContext(t), PULL)
		must(t, soc.Close())
		for _, soc := range []*Socket{soc, nil, {}} {
			if err := logEvents(t.Context(), soc, EVENT_ALL).over(t); !errors.Is(err, net.ErrClosed) {
				t.Error("closed:", err)
			}
		}
	})
	t.Run("no socket left", func(t *testing.T) {
		ctx := newContext(t)
		must(t, ctx.SetMaxSockets(1))
		soc := newSocket(t, ctx, PULL)
		if err := logEvents(t.Context(), soc, EVENT_ALL).over(t); !errors.Is(err, syscall.EMFILE) {
			t.Error("no socket left:", err)
		}
		bindOn(t, soc, "tcp")
	})
	t.Run("replaced", func(t *testing.T) {
		ctx := newContext(t)
		soc := newSocket(t, ctx, PULL)
		first := logEvents(t.Context(), soc, EVENT_ALL)
		unused := soc.Events(t.Context(), EVENT_ALL)
		second := logEvents(t.Context(), soc, EVENT_ALL)
		if err := first.over(t); err != nil {
			t.Error("replaced:", err)
		}
		for ev, err := range unused {
			t.Error("replaced:", ev, err)
		}
		bindOn(t, soc, "tcp")
		second.wait(t, EVENT_LISTENING)
		pair := newSocket(t, ctx, PAIR)
		must(t, pair.Connect("inproc://other"))
		must(t, soc.Monitor("inproc://other", EVENT_LISTENING))
		if err := second.over(t); err != nil {
			t.Error("replaced:", err)
		}
		bindOn(t, soc, "tcp")
		if ev, _, _, err := pair.RecvEvent(0); ev != EVENT_LISTENING || err != nil {
			t.Error("Monitor after Events:", ev, err)
		}
		must(t, soc.Monitor("", 0))
	})
}

// Nobody ranges over the events.
func TestEventsUnused(t *testing.T) {
	binds := 1100 // two events each: more than two high-water marks
	if testing.Short() {
		binds = 10
	}
	ctx := newContext(t)
	soc := newSocket(t, ctx, PULL)
	c, cancel := context.WithCancel(t.Context())
	defer cancel()
	events := soc.Events(c, EVENT_ALL)
	within(t, 5*patience, "Bind", func() {
		for range binds {
			must(t, soc.Unbind(bindOn(t, soc, "tcp")))
		}
	})
	n := 0
	for ev, err := range events {
		must(t, err)
		if ev.Event == EVENT_LISTENING {
			n++
		}
		if n == binds {
			break
		}
	}

	soc = newSocket(t, ctx, PULL)
	eventually(t, "the monitor's sockets closed", func() bool {
		n := 0
		monitors.Range(func(_, _ any) bool { n++; return true })
		return n == 0
	})
	before := procCount(t, "fd")
	soc.Events(c, EVENT_ALL)
	cancel()
	eventually(t, "the sockets of a cancelled monitor closed", func() bool { return procCount(t, "fd") <= before })
	soc.Events(t.Context(), EVENT_ALL)
	bindOn(t, soc, "tcp")
	must(t, soc.Close())
	eventually(t, "all sockets closed", func() bool { return procCount(t, "fd") < before })
}

// TestEventsRace closes, cancels and terminates while things happen, and looks
// for what is left.
func TestEventsRace(t *testing.T) {
	round := func(i int) {
		ctx, err := NewContext()
		must(t, err)
		defer within(t, patience, "Term", func() { ctx.Term() })
		c, cancel := context.WithCancel(context.Background())
		defer cancel()
		var logs []*eventLog
		var socs []*Socket
		for range 4 { // several in one process, on one context
			server, client := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
			logs = append(logs, logEvents(c, server, EVENT_ALL), logEvents(c, client, EVENT_ALL))
			socs = append(socs, server, client)
			must(t, client.Connect(bindOn(t, server, "tcp")))
		}
		end := []func(){cancel, func() { go ctx.Term() }, func() {
			for _, soc := range socs {
				soc.Close()
			}
		}, func() { cancel(); go ctx.Term() }}[i%4]
		end()
		for _, l := range logs {
			err := l.over(t)
			if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ETERM) {
				t.Error(err)
			}
		}
		for _, soc := range socs {
			soc.Close()
		}
	}
	round(0)
	goroutines, fds := runtime.NumGoroutine(), 0
	if runtime.GOOS == "linux" {
		fds = procCount(t, "fd")
	}
	for i := range 12 {
		round(i)
	}
	eventually(t, "goroutines ended", func() bool { return runtime.NumGoroutine() <= goroutines })
	if runtime.GOOS == "linux" {
		eventually(t, "file descriptors closed", func() bool { return procCount(t, "fd") <= fds })
	}
	n := 0
	monitors.Range(func(_, _ any) bool { n++; return true })
	if n != 0 {
		t.Errorf("%d monitors are left", n)
	}
}

// Events of version 2 have both addresses, and those of version 1 the same endpoint.
func TestEventsAddresses(t *testing.T) {
	needDraft(t)
	for _, transport := range []string{"tcp", "ipc", "wildcard"} {
		t.Run(transport, func(t *testing.T) {
			ctx := newContext(t)
			server, client := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
			s, c := logEvents(t.Context(), server, EVENT_ALL), logEvents(t.Context(), client, EVENT_ALL)
			var endpoint string
			if transport == "wildcard" {
				must(t, server.Bind("tcp://*:*"))
				last, err := server.GetLastEndpoint()
				must(t, err)
				endpoint = "tcp://127.0.0.1" + last[strings.LastIndexByte(last, ':'):]
			} else {
				endpoint = bindOn(t, server, transport)
			}
			must(t, client.Connect(endpoint))
			accepted, connected := s.wait(t, EVENT_ACCEPTED), c.wait(t, EVENT_CONNECTED)
			if accepted.Endpoint != endpoint || accepted.Local != endpoint {
				t.Errorf("accepted %+v at %s", accepted, endpoint)
			}
			if connected.Endpoint != endpoint || connected.Remote != endpoint {
				t.Errorf("connected %+v to %s", connected, endpoint)
			}
			if transport != "ipc" && (accepted.Remote != connected.Local || accepted.Remote == "") {
				t.Errorf("accepted from %q, connected from %q", accepted.Remote, connected.Local)
			}
			if ev := s.wait(t, EVENT_HANDSHAKE_SUCCEEDED); ev.Endpoint != endpoint {
				t.Errorf("server: %+v", ev)
			}
			if ev := c.wait(t, EVENT_HANDSHAKE_SUCCEEDED); ev.Endpoint != endpoint {
				t.Errorf("client: %+v", ev)
			}
			client.Close()
			if ev := s.wait(t, EVENT_DISCONNECTED); ev.Endpoint != endpoint || ev.FD < 0 {
				t.Errorf("server: %+v", ev)
			}
		})
	}
}

func TestPipesStats(t *testing.T) {
	needDraft(t)
	ctx := newContext(t)
	server, client := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
	if err := client.MonitorPipesStats(); err != einval {
		t.Errorf("not monitored: %v", err)
	}
	log := logEvents(t.Context(), client, EVENT_PIPES_STATS)
	if err := client.MonitorPipesStats(); err != eagain {
		t.Errorf("no peer: %v", err)
	}
	must(t, client.Connect(bindOn(t, server, "inproc")))
	for range 3 {
		send(t, client, "x")
	}
	must(t, client.MonitorPipesStats())
	_, err := server.GetEvents() // it is the peer that counts
	must(t, err)
	_, err = client.GetEvents()
	must(t, err)
	if ev := log.wait(t, EVENT_PIPES_STATS); ev.Outbound+ev.Inbound == 0 || ev.FD != -1 || !strings.Contains(ev.String(), " out") {
		t.Errorf("%+v (%v)", ev, ev)
	}
}

func TestSocketEventString(t *testing.T) {
	for _, test := range []struct {
		event Event
		value int
		want  string
	}{
		{EVENT_ACCEPTED, 12, "EVENT_ACCEPTED tcp://a:1 fd=12"},
		{EVENT_BIND_FAILED, int(EADDRINUSE), "EVENT_BIND_FAILED tcp://a:1: " + EADDRINUSE.Error()},
		{EVENT_CONNECT_RETRIED, 150, "EVENT_CONNECT_RETRIED tcp://a:1 in 150ms"},
		{EVENT_CONNECT_DELAYED, 115, "EVENT_CONNECT_DELAYED tcp://a:1"},
		{EVENT_HANDSHAKE_SUCCEEDED, 0, "EVENT_HANDSHAKE_SUCCEEDED tcp://a:1"},
		{EVENT_HANDSHAKE_FAILED_NO_DETAIL, 0, "EVENT_HANDSHAKE_FAILED_NO_DETAIL tcp://a:1"},
		{EVENT_HANDSHAKE_FAILED_AUTH, 400, "EVENT_HANDSHAKE_FAILED_AUTH tcp://a:1: ZAP status 400"},
		{EVENT_HANDSHAKE_FAILED_PROTOCOL, 0x10000013, "EVENT_HANDSHAKE_FAILED_PROTOCOL tcp://a:1: ZMTP: malformed HELLO command"},
		{EVENT_HANDSHAKE_FAILED_PROTOCOL, 0x12345, "EVENT_HANDSHAKE_FAILED_PROTOCOL tcp://a:1: protocol error 0x12345"},
	} {
		if got := newSocketEvent(test.event, "tcp://a:1", test.value).String(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// TestProtocolErrorTexts compares the texts with the names in zmq.h.
func TestProtocolErrorTexts(t *testing.T) {
	seen := make(map[string]bool)
	for e, text := range protocolErrors {
		if seen[text] || !strings.Contains(text, ": ") || e.String() != text {
			t.Errorf("%#x is %q", int(e), text)
		}
		seen[text] = true
	}
	if len(seen) != 21 {
		t.Errorf("%d texts, want 21", len(seen))
	}
}

func ExampleSocket_Events() {
	// In a program the names have zmq4. in front.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := NewSocket(REP)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	events := server.Events(ctx, EVENT_LISTENING|EVENT_ACCEPTED|EVENT_BIND_FAILED)
	if err := server.Bind("tcp://127.0.0.1:*"); err != nil {
		fmt.Println(err)
		return
	}
	for ev, err := range events {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(ev.Event, strings.HasPrefix(ev.Endpoint, "tcp://127.0.0.1:"), ev.Err)
		break
	}
	// Output: EVENT_LISTENING true <nil>
}

// What Bind and Connect return does not depend on a monitor.
func TestMonitoredAttachError(t *testing.T) {
	// libzmq looks for commands, and forgets the error, at most every 3 million CPU cycles.
	const throttle = 5 * time.Millisecond
	ctx := newContext(t)
	other := newSocket(t, ctx, PULL)
	used := bindOn(t, other, "tcp")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(used, "tcp://"))
	must(t, err)
	binds := []string{used, "tcp://127.0.0.1", "tcp://nosuch0:5555", "tcp://127.0.0.1:x", "tcp://*:" + port, "tcp://[::1]:x",
		"nosuch://x", "udp://127.0.0.1:5555", "x"}
	connects := []string{"tcp://127.0.0.1", "tcp://127.0.0.1:x", "nosuch://x", "udp://127.0.0.1:5555", "x"}
	if HasIpc() {
		dir := t.TempDir()
		binds = append(binds, "ipc://"+dir+"/none/x", "ipc://"+dir, "ipc://"+dir+strings.Repeat("/x", 100))
		connects = append(connects, "ipc://"+dir+strings.Repeat("/x", 100))
	}
	monitors := map[string]func(*Socket) error{
		"Events":  func(soc *Socket) error { logEvents(t.Context(), soc, EVENT_ALL); return nil },
		"Monitor": func(soc *Socket) error { return soc.Monitor(fmt.Sprintf("inproc://%p", soc.s), EVENT_ALL) },
	}
	for name, monitor := range monitors {
		for _, ipv6 := range []bool{false, true} {
			t.Run(fmt.Sprint(name, "/ipv6=", ipv6), func(t *testing.T) {
				plain, monitored := newSocket(t, ctx, PULL), newSocket(t, ctx, PULL)
				must(t, plain.SetIpv6(ipv6))
				must(t, monitored.SetIpv6(ipv6))
				must(t, monitor(monitored))
				for _, e := range binds {
					want := plain.Bind(e)
					meanwhile(throttle)
					if err := monitored.Bind(e); want == nil || AsErrno(err) != AsErrno(want) {
						t.Errorf("Bind(%q) gives %v with a monitor, %v without", e, err, want)
					}
				}
				for _, e := range connects {
					want := plain.Connect(e)
					if err := monitored.Connect(e); want == nil || AsErrno(err) != AsErrno(want) {
						t.Errorf("Connect(%q) gives %v with a monitor, %v without", e, err, want)
					}
				}
			})
		}
	}

	// The reason is found without another socket.
	small := newContext(t)
	must(t, small.SetMaxSockets(4))
	soc := newSocket(t, small, PULL)
	must(t, soc.Monitor("inproc://events", EVENT_ALL))
	meanwhile(throttle)
	if err := soc.Bind(used); err != EADDRINUSE {
		t.Errorf("no socket left: %v", err)
	}
	must(t, soc.Close())
}

// Bind over inproc locks the names of the context, and so waits for no monitor.
func TestMonitoredBindInproc(t *testing.T) {
	soc := newSocket(t, newContext(t), PULL)
	logEvents(t.Context(), soc, EVENT_ALL)
	peer, err := soc.s.mon.failures.lock()
	must(t, err)
	defer peer.unlock()
	within(t, patience, "Bind", func() {
		if err := soc.Bind("inproc://x"); err != nil {
			t.Error(err)
		}
	})
}

// A Bind that fails has no effects, not even if libzmq gives EAGAIN for a reason.
func TestBindFailsAtOnce(t *testing.T) {
	for _, monitored := range []bool{false, true} {
		soc := newSocket(t, newContext(t), ROUTER)
		if monitored {
			must(t, soc.Monitor("inproc://events", EVENT_ALL))
		}
		before := 0
		for i := range 40 {
			if i == 20 {
				before = procCount(t, "fd")
			}
			for _, endpoint := range []string{"tipc://{1,2,3}", "tcp://256.0.0.1:1", "ipc:///nosuch/dir/x"} {
				if err := soc.Bind(endpoint); err == nil {
					t.Errorf("Bind(%q) succeeds", endpoint)
				}
			}
		}
		eventually(t, "file descriptors as before", func() bool { return procCount(t, "fd") <= before+5 }) // or the relay only waits now
	}
}
