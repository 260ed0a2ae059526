// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stall is how long nothing at all may happen while messages are under way.
const stall = 5 * time.Second

// watch fails the test if counter stands still for too long before done.
func watch(t *testing.T, counter *atomic.Int64, done <-chan struct{}) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	last, since := counter.Load(), time.Now()
	for {
		select {
		case <-done:
			return
		case now := <-tick.C:
			if n := counter.Load(); n != last {
				last, since = n, now
			} else if now.Sub(since) > stall {
				t.Fatalf("no progress for %v after %d operations\n%s", stall, last, allStacks())
			}
		}
	}
}

// jitter lets others go first now and then.
func jitter(r *rand.Rand) {
	switch n := r.Uint32(); {
	case n%16 == 0:
		runtime.Gosched()
	case n%64 == 1:
		for end := time.Now().Add(time.Duration(n>>8%20) * time.Microsecond); time.Now().Before(end); {
		}
	}
}

// A stream is what senders on one socket send to receivers on others.
type stream struct {
	sent, received, sentSum, receivedSum atomic.Int64
}

// send sends numbered messages until stop, now and then without waiting.
func (x *stream) send(t *testing.T, soc *Socket, seed uint64, stop *atomic.Bool, progress *atomic.Int64) {
	r := rand.New(rand.NewPCG(seed, 1))
	var b [8]byte
	for n := int64(seed) << 32; !stop.Load(); n++ {
		binary.LittleEndian.PutUint64(b[:], uint64(n))
		flags := Flag(0)
		if r.Uint32()%8 == 0 {
			flags = DONTWAIT
		}
		_, err := soc.SendBytes(b[:], flags)
		if err == eagain && flags == DONTWAIT {
			_, err = soc.SendBytes(b[:], 0)
		}
		if err != nil {
			t.Error("send:", err)
			return
		}
		x.sent.Add(1)
		x.sentSum.Add(n)
		progress.Add(1)
		jitter(r)
	}
}

// receive receives until the socket is closed.
func (x *stream) receive(t *testing.T, soc *Socket, seed uint64, progress *atomic.Int64) {
	r := rand.New(rand.NewPCG(seed, 2))
	for {
		flags := Flag(0)
		if r.Uint32()%8 == 0 {
			flags = DONTWAIT
		}
		b, err := soc.RecvBytes(flags)
		switch {
		case err == eagain: // DONTWAIT, or a timeout that was set meanwhile
			continue
		case err == ErrorSocketClosed:
			return
		case err != nil || len(b) != 8:
			t.Errorf("receive: %q, %v", b, err)
			return
		}
		x.receivedSum.Add(int64(binary.LittleEndian.Uint64(b)))
		x.received.Add(1)
		progress.Add(1)
		jitter(r)
	}
}

// TestLostWakeup sends numbered messages through sockets that are often full
// and often empty, from and to several goroutines. A wake-up that got lost
// stops it.
func TestLostWakeup(t *testing.T) {
	type test struct {
		name               string
		a, b               Type // messages go from a to b
		both               bool // and back
		senders, receivers int  // goroutines on each socket
		meddle             bool // use the sockets otherwise too, which may hide a lost wake-up
	}
	tests := []test{
		{"PUSH1-PULL1", PUSH, PULL, false, 1, 1, false},
		{"PUSH1-PULL8", PUSH, PULL, false, 1, 8, false},
		{"PUSH8-PULL1", PUSH, PULL, false, 8, 1, false},
		{"PUSH3-PULL3", PUSH, PULL, false, 3, 3, true},
		{"DEALER-DEALER", DEALER, DEALER, true, 2, 3, false},
		{"PAIR-PAIR", PAIR, PAIR, true, 1, 1, false},
		{"PAIR2-PAIR2", PAIR, PAIR, true, 2, 2, true},
	}
	if HasDraft() {
		tests = append(tests,
			test{"SCATTER1-GATHER8", SCATTER, GATHER, false, 1, 8, false},
			test{"SCATTER8-GATHER1", SCATTER, GATHER, false, 8, 1, false},
			test{"CLIENT3-SERVER3", CLIENT, SERVER, false, 3, 3, true},
			test{"CHANNEL2-CHANNEL2", CHANNEL, CHANNEL, true, 2, 2, false},
		)
	}
	hwms := []int{1, 2, 1000}
	var total atomic.Int64
	for _, transport := range transports {
		for _, hwm := range hwms {
			for _, tt := range tests {
				t.Run(fmt.Sprintf("%s/%d/%s", transport, hwm, tt.name), func(t *testing.T) {
					ctx := newContext(t)
					a, b := newSocket(t, ctx, tt.a), newSocket(t, ctx, tt.b)
					for _, soc := range []*Socket{a, b} {
						must(t, soc.SetSndhwm(hwm))
						must(t, soc.SetRcvhwm(hwm))
					}
					must(t, a.Connect(bindOn(t, b, transport)))

					var progress atomic.Int64
					var stop atomic.Bool
					var sending, receiving, meddling sync.WaitGroup
					run := func(x *stream, from, to *Socket) {
						for i := range tt.senders {
							sending.Go(func() { x.send(t, from, uint64(i+1), &stop, &progress) })
						}
						for i := range tt.receivers {
							receiving.Go(func() { x.receive(t, to, uint64(i+1), &progress) })
						}
					}
					var there, back stream
					run(&there, a, b)
					if tt.both {
						run(&back, b, a)
					}
					if tt.meddle {
						meddling.Go(func() { meddle(t, &stop, a, b) })
					}

					done := make(chan struct{})
					timer := time.AfterFunc(tortureTime(len(transports)*len(hwms)*len(tests)), func() { stop.Store(true) })
					defer timer.Stop()
					go func() {
						defer close(done)
						sending.Wait()
						meddling.Wait()
						for there.received.Load()+back.received.Load() < there.sent.Load()+back.sent.Load() && !t.Failed() {
							runtime.Gosched()
						}
						a.Close()
						b.Close()
						receiving.Wait()
					}()
					watch(t, &progress, done)
					for _, x := range []*stream{&there, &back} {
						if x.sent.Load() != x.received.Load() || x.sentSum.Load() != x.receivedSum.Load() {
							t.Errorf("sent %d, received %d; the sums differ by %d",
								x.sent.Load(), x.received.Load(), x.sentSum.Load()-x.receivedSum.Load())
						}
					}
					total.Add(there.received.Load() + back.received.Load())
				})
			}
		}
	}
	t.Logf("%d messages", total.Load())
}

// meddle does what may take a wake-up that was meant for others.
func meddle(t *testing.T, stop *atomic.Bool, socs ...*Socket) {
	r := rand.New(rand.NewPCG(1, 3))
	timeouts := []time.Duration{-1, time.Millisecond, time.Hour}
	for !stop.Load() {
		soc := socs[r.IntN(len(socs))]
		var err error
		switch r.IntN(4) {
		case 0:
			_, err = soc.GetEvents()
		case 1:
			err = soc.SetRcvtimeo(timeouts[r.IntN(len(timeouts))])
		case 2:
			_, err = soc.GetLastEndpoint()
		case 3:
			_ = soc.String()
		}
		if err != nil {
			t.Error(err)
		}
		jitter(r)
	}
}

// With ZMQ_XPUB_NODROP a publisher waits for a subscriber that is full, though
// libzmq says that it is writable.
func TestXpubNodrop(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			ctx := newContext(t)
			xpub := newSocket(t, ctx, XPUB)
			must(t, xpub.SetXpubNodrop(true))
			must(t, xpub.SetSndhwm(2))
			endpoint := bindOn(t, xpub, transport)
			n := 3000
			var receiving sync.WaitGroup
			for i := range 2 {
				sub := newSocket(t, ctx, SUB)
				must(t, sub.SetRcvhwm(2))
				must(t, sub.SetSubscribe([]string{"n", "num"}[i])) // the same again would not reach the publisher
				must(t, sub.Connect(endpoint))
				receiving.Go(func() {
					r := rand.New(rand.NewPCG(uint64(i), 4))
					for want := range n {
						m, err := sub.RecvMessage(0)
						if err != nil || len(m) != 2 || m[1] != fmt.Sprint(want) {
							t.Errorf("want %d: %v, %v", want, m, err)
							return
						}
						jitter(r)
					}
				})
				within(t, patience, "subscription", func() {
					if m, err := xpub.RecvBytes(0); err != nil || len(m) == 0 {
						t.Error(m, err)
					}
				})
			}
			within(t, patience, "publishing", func() {
				for i := range n {
					if _, err := xpub.SendMessage("number", i); err != nil {
						t.Error(err)
						return
					}
				}
				receiving.Wait()
			})
		})
	}
}

// Several goroutines on one REQ and one REP get in each other's way, but only by EFSM.
func TestReqRepShared(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			rep, req := socketPair(t, transport, REP, REQ)
			var trips atomic.Int64
			var stop atomic.Bool
			var asking, working sync.WaitGroup
			for range 3 {
				asking.Go(func() {
					for !stop.Load() {
						_, err := req.SendMessage("a", "b")
						if err == nil {
							_, err = req.RecvMessage(0)
						}
						if err == nil {
							trips.Add(1)
						} else if err != EFSM {
							t.Error(err)
							return
						}
					}
				})
				working.Go(func() {
					for {
						m, err := rep.RecvMessage(0)
						if err == nil {
							_, err = rep.SendMessage(m)
						}
						if err == ErrorSocketClosed {
							return
						} else if err != nil && err != EFSM {
							t.Error(err)
							return
						}
						if err == EFSM {
							runtime.Gosched()
						}
					}
				})
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				for trips.Load() < 20 && !t.Failed() {
					runtime.Gosched()
				}
				stop.Store(true)
				asking.Wait()
				req.Close()
				rep.Close()
				working.Wait()
			}()
			watch(t, &trips, done)
		})
	}
}

// What a socket's state does not allow is an error at once, even where the
// socket had to wait before and so expects to wait again.
func TestStateErrors(t *testing.T) {
	// idle makes a round trip in which every call but the reply has to wait.
	// It receives one part of the reply.
	idle := func(t *testing.T, reply ...any) (rep, req *Socket) {
		ctx := newContext(t)
		rep, req = newSocket(t, ctx, REP), newSocket(t, ctx, REQ)
		endpoint := bindOn(t, rep, "inproc")
		sent, received := make(chan error), make(chan error)
		go func() { _, err := rep.RecvMessage(0); received <- err }()
		waitParked(t, rep, 1)
		go func() { _, err := req.SendMessage("q"); sent <- err }()
		waitParked(t, req, 1)
		must(t, req.Connect(endpoint))
		within(t, patience, "request", func() {
			for _, c := range []chan error{sent, received} {
				if err := <-c; err != nil {
					t.Error(err)
				}
			}
		})
		go func() { _, err := req.Recv(0); received <- err }()
		waitParked(t, req, 1)
		_, err := rep.SendMessage(reply...)
		must(t, err)
		within(t, patience, "reply", func() {
			if err := <-received; err != nil {
				t.Error(err)
			}
		})
		return rep, req
	}
	efsm := func(t *testing.T, what string, f func() error) {
		t.Helper()
		within(t, patience, what, func() {
			if err := f(); err != EFSM {
				t.Errorf("%s: %v, want EFSM", what, err)
			}
		})
	}
	send := func(soc *Socket) func() error {
		return func() error { _, err := soc.SendMessage("x"); return err }
	}
	recv := func(soc *Socket) func() error {
		return func() error { _, err := soc.RecvMessage(0); return err }
	}

	t.Run("order", func(t *testing.T) {
		rep, req := idle(t, "r")
		efsm(t, "REQ receives first", recv(req))
		efsm(t, "REP sends first", send(rep))
		must(t, send(req)())
		efsm(t, "REQ sends again", send(req))
		within(t, patience, "request", func() {
			if err := recv(rep)(); err != nil {
				t.Error(err)
			}
		})
		efsm(t, "REP receives again", recv(rep))
	})
	t.Run("part of a reply", func(t *testing.T) {
		_, req := idle(t, "a", "b")
		efsm(t, "REQ sends inside a reply", send(req))
		if part, err := req.Recv(0); part != "b" || err != nil {
			t.Error(part, err)
		}
		must(t, send(req)())
	})
	t.Run("part of a request", func(t *testing.T) {
		rep, req := idle(t, "r")
		_, err := req.Send("a", SNDMORE)
		must(t, err)
		efsm(t, "REQ receives inside a request", recv(req))
		_, err = req.Send("b", 0)
		must(t, err)
		within(t, patience, "request", func() {
			if part, err := rep.Recv(0); part != "a" || err != nil {
				t.Error(part, err)
			}
		})
		efsm(t, "REP sends inside a request", send(rep))
	})
	// Of several that wait for the same, one gets it. The others find the
	// socket in another state.
	oneOf := func(t *testing.T, soc *Socket, call func() error, then func()) {
		t.Helper()
		const n = 4
		errs := make(chan error, n)
		for range n {
			go func() { errs <- call() }()
		}
		waitParked(t, soc, n)
		then()
		within(t, patience, "waiting calls", func() {
			count := map[error]int{}
			for range n {
				count[<-errs]++
			}
			if count[nil] != 1 || count[EFSM] != n-1 {
				t.Errorf("errors %v, want %d EFSM", count, n-1)
			}
		})
	}
	t.Run("replies", func(t *testing.T) {
		rep, req := idle(t, "r")
		must(t, send(req)())
		must(t, recv(rep)())
		oneOf(t, req, recv(req), func() { must(t, send(rep)()) })
	})
	t.Run("requests", func(t *testing.T) {
		rep, req := idle(t, "r")
		oneOf(t, rep, recv(rep), func() { must(t, send(req)()) })
	})
	t.Run("senders", func(t *testing.T) {
		ctx := newContext(t)
		rep, req := newSocket(t, ctx, REP), newSocket(t, ctx, REQ)
		endpoint := bindOn(t, rep, "inproc")
		oneOf(t, req, send(req), func() { must(t, req.Connect(endpoint)) })
	})
	for typ, call := range map[Type]func(*Socket) func() error{
		PUSH: recv, PUB: recv, PULL: send, SUB: send,
	} {
		t.Run(typ.String(), func(t *testing.T) {
			soc := newSocket(t, newContext(t), typ)
			within(t, patience, "call", func() {
				if err := call(soc)(); err != ENOTSUP {
					t.Errorf("%v, want ENOTSUP", err)
				}
			})
		})
	}
}

// A send that takes the signal of a message wakes the one who waits for it, though it does not look itself.
func TestSendTakesSignal(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // while this goroutine runs, nobody looks at the network poller
	soc, peer := socketPair(t, "inproc", PAIR, PAIR)
	handshake(t, peer, soc)
	for range 10 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			expect(t, soc, "here")
		}()
		waitParked(t, soc, 1)
		send(t, peer, "here")
		for start := time.Now(); time.Since(start) < 3*time.Millisecond; { // then a send processes commands
		}
		soc.s.mu.Lock()
		soc.s.late.last = time.Since(epoch) // as if another send had looked
		soc.s.mu.Unlock()
		send(t, soc, "there")
		within(t, patience, "receive", func() { <-done })
	}
}
