// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// station is a proxy with a peer at each of its sockets.
type station struct {
	ctx                                 *Context
	frontend, backend, capture, control *Socket // of the proxy
	client, server, watcher, pilot      *Socket // their peers
	result                              chan error
}

// newStation starts a proxy, steerable if controlType is not -1.
func newStation(t testing.TB, frontend, backend, client, server, controlType, pilotType Type, captured bool) *station {
	t.Helper()
	ctx := newContext(t)
	s := &station{ctx: ctx, result: make(chan error, 1)}
	join := func(name string, a, b Type) (*Socket, *Socket) {
		x, y := newSocket(t, ctx, a), newSocket(t, ctx, b)
		if b == SUB {
			y.SetSubscribe("")
		}
		must(t, x.Bind("inproc://"+name))
		must(t, y.Connect("inproc://"+name))
		return x, y
	}
	s.frontend, s.client = join("frontend", frontend, client)
	s.backend, s.server = join("backend", backend, server)
	if captured {
		s.capture, s.watcher = join("capture", PUSH, PULL)
	}
	if controlType >= 0 {
		s.control, s.pilot = join("control", controlType, pilotType)
		if controlType == SUB {
			s.control.SetSubscribe("")
		}
	}
	go func() {
		if controlType >= 0 {
			s.result <- ProxySteerable(s.frontend, s.backend, s.capture, s.control)
		} else {
			s.result <- Proxy(s.frontend, s.backend, s.capture)
		}
	}()
	return s
}

func (s *station) ends(t testing.TB, want error) {
	t.Helper()
	within(t, patience, t.Name(), func() {
		if err := <-s.result; err != want {
			t.Errorf("the proxy returned %v, want %v", err, want)
		}
	})
}

func TestProxyBothWays(t *testing.T) {
	s := newStation(t, ROUTER, DEALER, REQ, REP, -1, 0, true)
	for i := range 100 {
		send(t, s.client, "ask", i, "")
		if m := recv(t, s.server); !slices.Equal(m, []string{"ask", fmt.Sprint(i), ""}) {
			t.Fatalf("server got %q", m)
		}
		send(t, s.server, "reply", i)
		if m := recv(t, s.client); !slices.Equal(m, []string{"reply", fmt.Sprint(i)}) {
			t.Fatalf("client got %q", m)
		}
		there, back := recv(t, s.watcher), recv(t, s.watcher)
		if len(there) != 5 || there[2] != "ask" || len(back) != 4 || back[2] != "reply" {
			t.Fatalf("captured %q and %q", there, back)
		}
	}
	s.frontend.Close()
	s.ends(t, ErrorSocketClosed)
}

// What a proxy keeps for the parts of a message grows and shrinks: all parts arrive, in both directions, and
// in the copies.
func TestProxyManyParts(t *testing.T) {
	s := newStation(t, DEALER, DEALER, DEALER, DEALER, -1, 0, true)
	for _, n := range []int{1, 4, 5, 3, 20_000, 1, 17, 16_385, 2} { // an inbox of more than 16384 is given back
		parts := make([]string, n)
		for i := range parts {
			parts[i] = fmt.Sprint(n, i)
		}
		parts[n-1] = string(pattern(40)) // not inside the zmq_msg_t
		for _, way := range [][2]*Socket{{s.client, s.server}, {s.server, s.client}} {
			send(t, way[0], parts)
			for _, soc := range []*Socket{way[1], s.watcher} {
				if m := recv(t, soc); !slices.Equal(m, parts) {
					t.Fatalf("%d parts: got %d others", n, len(m))
				}
			}
		}
	}
	s.frontend.Close()
	s.ends(t, ErrorSocketClosed)
}

// Close and Term of any of its sockets end a proxy, idle, busy or blocked.
func TestProxyEnds(t *testing.T) {
	for _, busy := range []string{"idle", "busy", "blocked"} {
		for _, test := range []struct {
			name string
			do   func(s *station)
			want error
		}{
			{"Close frontend", func(s *station) { s.frontend.Close() }, ErrorSocketClosed},
			{"Close backend", func(s *station) { s.backend.Close() }, ErrorSocketClosed},
			{"Close capture", func(s *station) { s.capture.Close() }, ErrorSocketClosed},
			{"Close control", func(s *station) { s.control.Close() }, ErrorSocketClosed},
			{"Term", func(s *station) { go s.ctx.Term() }, ETERM},
		} {
			t.Run(busy+" "+test.name, func(t *testing.T) {
				s := newStation(t, PULL, PUSH, PUSH, PULL, PAIR, PAIR, true)
				var wg sync.WaitGroup
				if busy != "idle" {
					wg.Add(1)
					go func() {
						defer wg.Done()
						for {
							if _, err := s.client.Send("m", 0); err != nil {
								return
							}
						}
					}()
				}
				if busy == "busy" {
					for _, soc := range []*Socket{s.server, s.watcher} {
						wg.Add(1)
						go func() {
							defer wg.Done()
							for {
								if _, err := soc.Recv(0); err != nil {
									return
								}
							}
						}()
					}
				}
				for range 1000 {
					runtime.Gosched()
				}
				test.do(s)
				s.ends(t, test.want)
				for _, soc := range []*Socket{s.client, s.server, s.watcher} {
					soc.SetLinger(0)
					soc.Close()
				}
				within(t, patience, t.Name(), wg.Wait)
			})
		}
	}
	t.Run("closed before", func(t *testing.T) {
		x, y := socketPair(t, "inproc", PULL, PUSH)
		for _, bad := range []*Socket{nil, {}} {
			if err := Proxy(bad, y, nil); err != ErrorSocketClosed {
				t.Error(err)
			}
			if err := ProxySteerable(x, bad, nil, nil); err != ErrorSocketClosed {
				t.Error(err)
			}
		}
	})
}

// A proxy whose other side has no room waits, and loses nothing.
func TestProxyKeepsOrderUnderPressure(t *testing.T) {
	s := newStation(t, PULL, PUSH, PUSH, PULL, PAIR, PAIR, true)
	const n = 20000
	go func() {
		for i := range n {
			s.client.SendMessage(i, "part")
		}
	}()
	var wg sync.WaitGroup
	for _, soc := range []*Socket{s.server, s.watcher} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range n {
				if i%4096 == 0 {
					for range 100 {
						runtime.Gosched()
					}
				}
				m, err := soc.RecvMessage(0)
				if err != nil || len(m) != 2 || m[0] != fmt.Sprint(i) {
					t.Errorf("message %d is %q, %v", i, m, err)
					return
				}
			}
		}()
	}
	within(t, patience, t.Name(), wg.Wait)
	send(t, s.pilot, "TERMINATE")
	s.ends(t, nil)
}

func TestProxySteerable(t *testing.T) {
	for _, types := range [][2]Type{{PAIR, PAIR}, {REP, REQ}, {PULL, PUSH}, {SUB, XPUB}, {DEALER, DEALER}} {
		t.Run(types[0].String(), func(t *testing.T) {
			s := newStation(t, PULL, PUSH, PUSH, PULL, types[0], types[1], false)
			command := func(cmd string) {
				t.Helper()
				send(t, s.pilot, cmd)
				if types[0] == REP {
					if m := recv(t, s.pilot); !slices.Equal(m, []string{""}) {
						t.Errorf("reply to %s is %q", cmd, m)
					}
				}
			}
			if types[0] == SUB {
				recv(t, s.pilot) // the subscription is there
			}
			command("no such command")
			send(t, s.client, "one", "two")
			for m := recv(t, s.server); m[0] != "one"; m = recv(t, s.server) {
			}
			if types[0] == PAIR || types[0] == DEALER || types[0] == REP {
				send(t, s.pilot, "STATISTICS")
				m := recv(t, s.pilot)
				if len(m) != 8 {
					t.Fatalf("%d statistics", len(m))
				}
				var got []uint64
				for _, part := range m {
					got = append(got, binary.NativeEndian.Uint64([]byte(part)))
				}
				if want := []uint64{1, 6, 0, 0, 0, 0, 1, 6}; !slices.Equal(got, want) {
					t.Errorf("statistics %v, want %v", got, want)
				}
			} else {
				send(t, s.pilot, "STATISTICS") // cannot be answered, and must not end it
			}
			command("PAUSE")
			if types[0] != REP {
				command("RESUME") // so that the next PAUSE has been obeyed when ...
				command("PAUSE")
			}
			from := cpuTime(t)
			send(t, s.client, "while paused")
			s.server.SetRcvtimeo(100 * time.Millisecond)
			if m, err := s.server.Recv(0); err != eagain && types[0] == REP {
				t.Errorf("while paused: %q, %v", m, err)
			}
			s.server.SetRcvtimeo(-1)
			if idle := cpuTime(t) - from; idle > 60*time.Millisecond {
				t.Errorf("paused for 100 ms, %v of CPU time", idle)
			}
			command("RESUME")
			send(t, s.client, "resumed")
			for m := recv(t, s.server); m[0] != "resumed"; m = recv(t, s.server) {
			}
			command("TERMINATE")
			s.ends(t, nil)
		})
	}
}

// One socket on both sides: what comes in goes back out.
func TestProxyOneSocket(t *testing.T) {
	x, y := socketPair(t, "inproc", DEALER, DEALER)
	result := make(chan error, 1)
	go func() { result <- Proxy(x, x, nil) }()
	send(t, y, "echo", "me")
	if m := recv(t, y); !slices.Equal(m, []string{"echo", "me"}) {
		t.Errorf("got %q", m)
	}
	x.Close()
	within(t, patience, t.Name(), func() { <-result })
}

// Two proxies that share their sockets the other way round do not lock up.
func TestProxySharedSockets(t *testing.T) {
	s := newStation(t, DEALER, DEALER, DEALER, DEALER, -1, 0, false)
	second := make(chan error, 1)
	go func() { second <- Proxy(s.backend, s.frontend, nil) }()
	const n = 2000
	var wg sync.WaitGroup
	for _, pair := range [][2]*Socket{{s.client, s.server}, {s.server, s.client}} {
		wg.Add(2)
		go func() {
			defer wg.Done()
			for i := range n {
				pair[0].SendMessage("m", i)
			}
		}()
		go func() {
			defer wg.Done()
			for range n {
				pair[1].RecvMessage(0)
			}
		}()
	}
	within(t, patience, t.Name(), wg.Wait)
	s.backend.Close()
	s.ends(t, ErrorSocketClosed)
	within(t, patience, t.Name(), func() { <-second })
}

func BenchmarkProxy(b *testing.B) {
	s := newStation(b, PULL, PUSH, PUSH, PULL, -1, 0, false)
	data := make([]byte, 64)
	b.ReportAllocs()
	go func() {
		for range b.N {
			s.client.SendBytes(data, 0)
		}
	}()
	b.ResetTimer()
	for range b.N {
		s.server.RecvBytes(0)
	}
}
