// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"bytes"
	"encoding/binary"
	"math"
	"runtime"
	"slices"
	"testing"
)

// monitorOf makes a monitor of a socket and a socket that receives its events.
func monitorOf(t *testing.T, ctx *Context, soc *Socket, name string) *Socket {
	t.Helper()
	must(t, soc.Monitor("inproc://"+name, EVENT_ALL))
	mon := newSocket(t, ctx, PAIR)
	must(t, mon.Connect("inproc://"+name))
	return mon
}

// awaitEvent receives events until the one that is wanted.
func awaitEvent(t *testing.T, mon *Socket, want Event) (addr string, value int) {
	t.Helper()
	within(t, patience, want.String(), func() {
		for {
			event, a, v, err := mon.RecvEvent(0)
			if err != nil {
				t.Error(err)
				return
			}
			if event == want {
				addr, value = a, v
				return
			}
		}
	})
	return addr, value
}

// event makes a message as a monitor sends it.
func event(e Event, value int32, addr string) [][]byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(e))
	return [][]byte{binary.NativeEndian.AppendUint32(b, uint32(value)), []byte(addr)}
}

func TestMonitor(t *testing.T) {
	for _, transport := range []string{"tcp", "ipc"} {
		t.Run(transport, func(t *testing.T) {
			ctx := newContext(t)
			server, client := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
			smon, cmon := monitorOf(t, ctx, server, "server"), monitorOf(t, ctx, client, "client")
			endpoint := bindOn(t, server, transport)
			if addr, fd := awaitEvent(t, smon, EVENT_LISTENING); addr != endpoint || fd <= 0 {
				t.Errorf("listening: %q, %d, want %q", addr, fd, endpoint)
			}
			must(t, client.Connect(endpoint))
			if addr, fd := awaitEvent(t, cmon, EVENT_CONNECTED); addr != endpoint || fd <= 0 {
				t.Errorf("connected: %q, %d, want %q", addr, fd, endpoint)
			}
			if _, fd := awaitEvent(t, smon, EVENT_ACCEPTED); fd <= 0 {
				t.Errorf("accepted: %d", fd)
			}
			must(t, client.Close())
			awaitEvent(t, cmon, EVENT_MONITOR_STOPPED)
			awaitEvent(t, smon, EVENT_DISCONNECTED)
			must(t, server.Monitor("", 0))
			awaitEvent(t, smon, EVENT_MONITOR_STOPPED)
		})
	}
}

// The end of what is monitored ends nothing else: RecvEvent waits on a socket
// of its own, until that is closed or its context terminated.
func TestRecvEventEnds(t *testing.T) {
	for name, end := range map[string]struct {
		end  func(ctx *Context, soc, mon *Socket)
		want error
	}{
		"Close":  {func(ctx *Context, soc, mon *Socket) { soc.Close(); mon.Close() }, ErrorSocketClosed},
		"Term":   {func(ctx *Context, soc, mon *Socket) { go ctx.Term() }, ETERM},
		"socket": {func(ctx *Context, soc, mon *Socket) { soc.Close() }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := newContext(t)
			soc := newSocket(t, ctx, PULL)
			mon := monitorOf(t, ctx, soc, "soc")
			got := make(chan error, 1)
			go func() {
				for {
					event, _, _, err := mon.RecvEvent(0)
					if err != nil || event == EVENT_MONITOR_STOPPED && end.want == nil {
						got <- err
						return
					}
				}
			}()
			waitParked(t, mon, 1)
			end.end(ctx, soc, mon)
			within(t, patience, "RecvEvent", func() {
				if err := <-got; err != end.want {
					t.Errorf("%v, want %v", err, end.want)
				}
			})
		})
	}
}

// A monitor that nobody listens to does not hold up the socket, and who connects before it
// ends gets all that it has to say.
func TestMonitorWithoutListener(t *testing.T) {
	ctx := newContext(t)
	soc := newSocket(t, ctx, PULL)
	addr := "inproc://" + t.Name()
	const n = 1100 // more than any high-water mark
	mon := newSocket(t, ctx, PAIR)
	within(t, patience, "Bind", func() {
		for range 2 { // the second one replaces the first, on the same address
			must(t, soc.Monitor(addr, EVENT_LISTENING|EVENT_MONITOR_STOPPED))
		}
		for range n {
			must(t, soc.Bind("tcp://127.0.0.1:*"))
			last, err := soc.GetLastEndpoint()
			must(t, err)
			must(t, soc.Unbind(last))
		}
		must(t, mon.Connect(addr))
		must(t, soc.Close())
	})
	within(t, patience, "events", func() {
		for i := range n + 1 {
			want := EVENT_LISTENING
			if i == n {
				want = EVENT_MONITOR_STOPPED
			}
			if ev, _, _, err := mon.RecvEvent(0); ev != want || err != nil {
				t.Errorf("event %d is %v, %v", i, ev, err)
				return
			}
		}
	})
}

// Monitors that have ended need nothing any more, whether or not somebody has listened
// to them.
func TestMonitorsGone(t *testing.T) {
	const addr = "inproc://monitor"
	for _, reader := range []string{"no reader", "a reader", "a reader that stays"} {
		for _, end := range []string{"Monitor", "Monitor again", "Events", "Close", "lost"} {
			t.Run(reader+" "+end, func(t *testing.T) {
				ctx := newContext(t)
				must(t, ctx.SetMaxSockets(20))
				goroutines := runtime.NumGoroutine()
				var soc *Socket
				for range 30 {
					if soc == nil && end != "lost" {
						soc = newSocket(t, ctx, PULL)
					} else if soc == nil {
						var err error
						soc, err = ctx.NewSocket(PULL) // without a Cleanup, which would keep it
						must(t, err)
					}
					eventually(t, "address free", func() bool {
						runtime.GC()
						return soc.Monitor(addr, EVENT_ALL) == nil
					})
					var mon *Socket
					if reader != "no reader" {
						mon = newSocket(t, ctx, PAIR)
						must(t, mon.Connect(addr))
						if reader == "a reader" {
							must(t, mon.Close())
						}
					}
					switch end {
					case "Monitor":
						must(t, soc.Monitor("", 0))
					case "Events":
						soc.Events(t.Context(), EVENT_ALL)
					case "Close":
						must(t, soc.Close())
						soc = nil
					case "lost":
						soc = nil
					}
					if mon != nil {
						must(t, mon.Close())
					}
				}
				if soc != nil {
					must(t, soc.Close())
				}
				eventually(t, "goroutines ended", func() bool {
					runtime.GC()
					return runtime.NumGoroutine() <= goroutines
				})
			})
		}
	}
}

func TestMonitorErrors(t *testing.T) {
	soc := newSocket(t, newContext(t), PULL)
	for addr, want := range map[string]error{"tcp://127.0.0.1:*": EPROTONOSUPPORT, "nonsense": einval, "://": einval, "tcp://": einval, "inproc://": einval, "inproc://a\x00b": einval} {
		if err := soc.Monitor(addr, EVENT_ALL); err != want {
			t.Errorf("Monitor(%q) = %v, want %v", addr, err, want)
		}
	}
	must(t, newSocket(t, soc.s.ctx, PAIR).Bind("inproc://taken"))
	if err := soc.Monitor("inproc://taken", EVENT_ALL); err != EADDRINUSE {
		t.Error(err)
	}
	must(t, soc.Monitor("", 0))
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
		{[][]byte{{1}, []byte("tcp://x")}, ErrMalformedEvent},
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
	const unknown = Event(0x8000)
	for value, want := range map[int32]Event{0: EVENT_ACCEPTED, 1: EVENT_CONNECTED, -1: unknown, math.MaxInt32: unknown, math.MinInt32: EVENT_CLOSED} {
		send(t, y, event(want, value, "tcp://x"))
		if e, addr, got, err := x.RecvEvent(DONTWAIT); e != want || addr != "tcp://x" || got != int(value) || err != nil {
			t.Errorf("%v, %q, %d, %v", e, addr, got, err)
		}
	}
	must(t, x.Close())
	if e, _, _, err := x.RecvEvent(0); e != 0 || err != ErrorSocketClosed {
		t.Errorf("on a closed socket: %v, %v", e, err)
	}
}

// No message makes parseEvent panic, and it never makes up an event.
func FuzzRecvEvent(f *testing.F) {
	f.Add(event(EVENT_CONNECTED, 7, "")[0], []byte("tcp://127.0.0.1:1"), byte(2))
	f.Add([]byte{1}, []byte(nil), byte(1))
	f.Add([]byte(nil), []byte("x"), byte(3))
	f.Fuzz(func(t *testing.T, first, second []byte, n byte) {
		msg := [][]byte{first, second, first}[:1+n%3]
		e, addr, value, err := parseEvent(msg)
		if valid := len(msg) == 2 && len(first) == 6; valid != (err == nil) {
			t.Fatalf("%q: %v", msg, err)
		}
		if err != nil {
			if e != 0 || addr != "" || value != 0 {
				t.Fatalf("%v, %q, %d with %v", e, addr, value, err)
			}
		} else if !slices.EqualFunc(event(e, int32(value), addr), msg, bytes.Equal) {
			t.Fatalf("%q: %v, %q, %d", msg, e, addr, value)
		} else if ev := newSocketEvent(e, addr, value); ev.Endpoint != addr || ev.Value != value || ev.String() == "" {
			t.Errorf("%q is %+v", msg, ev)
		}
	})
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
