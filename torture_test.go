// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// headerSize is the size of the first part of a message of the torture test:
// sender, number, count of parts behind it, and checksum of those.
const headerSize = 16

// tortureMessage makes a message of random parts.
func tortureMessage(r *rand.Rand, sender, number uint32) [][]byte {
	n := r.IntN(4)
	if r.IntN(50) == 0 {
		n = r.IntN(60)
	}
	return partsMessage(r, sender, number, n)
}

// partsMessage makes a message of n random parts behind a header.
func partsMessage(r *rand.Rand, sender, number uint32, n int) [][]byte {
	msg := make([][]byte, 1+n)
	sum := crc32.NewIEEE()
	for i := range msg[1:] {
		size := r.IntN(100)
		switch r.IntN(40) {
		case 0:
			size = gather - 2 + r.IntN(4)
		case 1:
			size = r.IntN(20_000)
		}
		part := make([]byte, size)
		for j := range part {
			part[j] = byte(int(sender) + int(number) + i + j)
		}
		msg[1+i] = part
		sum.Write(part)
		sum.Write([]byte{byte(size), byte(size >> 8)})
	}
	h := make([]byte, headerSize)
	binary.LittleEndian.PutUint32(h, sender)
	binary.LittleEndian.PutUint32(h[4:], number)
	binary.LittleEndian.PutUint32(h[8:], uint32(n))
	binary.LittleEndian.PutUint32(h[12:], sum.Sum32())
	msg[0] = h
	return msg
}

// tortureCheck checks a message and returns who sent it and its number.
func tortureCheck(msg [][]byte) (sender, number uint32, err error) {
	if len(msg) == 0 || len(msg[0]) != headerSize {
		return 0, 0, fmt.Errorf("broken message: %d parts, %s", len(msg), short(msg))
	}
	h, sum := msg[0], crc32.NewIEEE()
	sender, number = binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:])
	if n := binary.LittleEndian.Uint32(h[8:]); int(n) != len(msg)-1 {
		return 0, 0, fmt.Errorf("message %d of sender %d: %d parts, want %d", number, sender, len(msg)-1, n)
	}
	for _, part := range msg[1:] {
		sum.Write(part)
		sum.Write([]byte{byte(len(part)), byte(len(part) >> 8)})
	}
	if sum.Sum32() != binary.LittleEndian.Uint32(h[12:]) {
		return 0, 0, fmt.Errorf("message %d of sender %d: wrong checksum", number, sender)
	}
	return sender, number, nil
}

// A ledger knows what was sent and what has come.
type ledger struct {
	senders  atomic.Uint32
	sent     atomic.Int64
	progress atomic.Int64

	mu   sync.Mutex
	seen map[[2]uint32]bool
}

// arrived enters a message and reports whether it is the first of its kind.
func (l *ledger) arrived(sender, number uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := [2]uint32{sender, number}
	if l.seen[key] {
		return false
	}
	l.seen[key] = true
	return true
}

func (l *ledger) arrivals() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.seen))
}

// complete waits for the end of a test, and expects what was sent to have arrived.
func (l *ledger) complete(t *testing.T, end func()) {
	done := make(chan struct{})
	go func() { defer close(done); end() }()
	watch(t, &l.progress, done)
	if sent, arrived := l.sent.Load(), l.arrivals(); sent != arrived {
		t.Errorf("%d messages sent, %d received", sent, arrived)
	}
	t.Logf("%d messages from %d senders", l.sent.Load(), l.senders.Load())
}

// sendSome sends n messages as a new sender.
func (l *ledger) sendSome(soc *Socket, r *rand.Rand, n int) error {
	sender := l.senders.Add(1)
	for number := range uint32(n) {
		msg := tortureMessage(r, sender, number)
		var err error
		if r.IntN(8) == 0 {
			_, err = soc.SendMessageDontwait(msg)
		} else {
			err = eagain
		}
		if err == eagain {
			_, err = soc.SendMessage(msg)
		}
		if err != nil {
			return err
		}
		l.sent.Add(1)
		l.progress.Add(1)
		jitter(r)
	}
	return nil
}

// look uses a socket in ways that should disturb nobody, until stop. It takes
// its time: libzmq does not limit how many connects wait for its I/O thread.
func look(t *testing.T, soc *Socket, r *rand.Rand, stop *atomic.Bool) {
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	for ; !stop.Load(); <-tick.C {
		var err error
		switch r.IntN(6) {
		case 0:
			_, err = soc.GetEvents()
		case 1:
			_ = soc.String()
		case 2:
			_, err = soc.GetSndhwm()
		case 3: // a connection that comes and goes, with nobody at the other end
			if soc.Connect("tcp://127.0.0.1:1") == nil {
				err = soc.Disconnect("tcp://127.0.0.1:1")
			}
		case 4:
			endpoint := fmt.Sprintf("inproc://look-%d", inprocCount.Add(1))
			if err = soc.Bind(endpoint); err == nil {
				err = soc.Unbind(endpoint)
			}
		case 5:
			_, err = soc.Context()
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// TestTorture has dozens of goroutines share sockets, some of which are closed
// and made again all the time. The race detector, checksums and counts tell.
func TestTorture(t *testing.T) {
	groups := []struct {
		name string
		run  func(t *testing.T, transport string, d time.Duration)
	}{
		{"PUSH-PULL", torturePushPull},
		{"DEALER-ROUTER", tortureDealerRouter},
		{"chaos", tortureChaos},
	}
	for _, g := range groups {
		for _, transport := range transports {
			if g.name == "chaos" && transport == "inproc" {
				continue // libzmq connects any type to any other there
			}
			t.Run(g.name+"/"+transport, func(t *testing.T) {
				g.run(t, transport, tortureTime(len(groups)*len(transports)))
			})
		}
	}
}

// Senders come and go, and linger for as long as it takes; the receivers stay:
// nothing may be lost.
func torturePushPull(t *testing.T, transport string, d time.Duration) {
	const (
		slots     = 4 // sockets to send on, at a time
		senders   = 3 // goroutines on each
		receivers = 3 // goroutines on each socket but one, which has one
	)
	ctx := newContext(t)
	l := &ledger{seen: map[[2]uint32]bool{}}
	var stop, stopLook atomic.Bool
	var sending, receiving, looking sync.WaitGroup
	var endpoints []string
	var pulls []*Socket
	for i := range 3 {
		pull := newSocket(t, ctx, PULL)
		hwm := []int{1, 10, 1000}[i]
		if transport == "ipc" {
			// libzmq loses what the system holds for a receiver that is full
			// when the sender ends the connection.
			hwm = 0
		}
		must(t, pull.SetRcvhwm(hwm))
		endpoints = append(endpoints, bindOn(t, pull, transport))
		pulls = append(pulls, pull)
		n := receivers
		if i == 0 {
			n = 1 // and so can tell whether the order is kept
		}
		for j := range n {
			receiving.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), uint64(j)))
				last := map[uint32]uint32{}
				for {
					msg, err := pull.RecvMessageBytes(0)
					if err == ErrorSocketClosed {
						return
					} else if err != nil {
						t.Error(err)
						return
					}
					sender, number, err := tortureCheck(msg)
					if err != nil {
						t.Error(err)
						continue
					}
					if !l.arrived(sender, number) {
						t.Errorf("message %d of sender %d came twice", number, sender)
					}
					if before, ok := last[sender]; n == 1 && ok && before >= number {
						t.Errorf("message %d of sender %d came after %d", number, sender, before)
					}
					last[sender] = number
					l.progress.Add(1)
					jitter(r)
				}
			})
		}
		if i > 0 {
			looking.Go(func() { look(t, pull, rand.New(rand.NewPCG(uint64(i), 6)), &stopLook) })
		}
	}
	for slot := range slots {
		sending.Go(func() {
			r := rand.New(rand.NewPCG(uint64(slot), 7))
			for !stop.Load() && !t.Failed() {
				push, err := ctx.NewSocket(PUSH)
				if err == nil {
					err = errors.Join(push.SetLinger(-1), push.SetSndhwm(1+r.IntN(20)))
				}
				for _, e := range endpoints {
					if err == nil {
						err = push.Connect(e)
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
				var using sync.WaitGroup
				for range senders {
					n, seed := r.IntN(300), r.Uint64()
					using.Go(func() {
						if err := l.sendSome(push, rand.New(rand.NewPCG(seed, 8)), n); err != nil {
							t.Error(err)
						}
					})
				}
				using.Wait()
				if err := push.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	defer time.AfterFunc(d, func() { stop.Store(true) }).Stop()
	l.complete(t, func() {
		sending.Wait()
		for l.arrivals() < l.sent.Load() && !t.Failed() {
			runtime.Gosched()
		}
		stopLook.Store(true)
		looking.Wait()
		for _, pull := range pulls {
			pull.Close()
		}
		receiving.Wait()
	})
}

// Each message comes back to the socket that sent it. The sockets are closed
// when they have got everything: nothing may be lost, nothing go astray.
func tortureDealerRouter(t *testing.T, transport string, d time.Duration) {
	const (
		slots   = 4
		senders = 2 // goroutines that send, and that receive, on each socket
		echoes  = 3 // goroutines that do both on the router
	)
	ctx := newContext(t)
	l := &ledger{seen: map[[2]uint32]bool{}}
	var stop, stopLook atomic.Bool
	var sending, echoing, looking sync.WaitGroup
	router := newSocket(t, ctx, ROUTER)
	must(t, router.SetRouterMandatory(1)) // it waits for a peer that is full
	must(t, router.SetSndhwm(5))
	must(t, router.SetRcvhwm(5))
	endpoint := bindOn(t, router, transport)
	for range echoes {
		echoing.Go(func() {
			for {
				msg, err := router.RecvMessageBytes(0)
				if err == nil {
					if _, _, bad := tortureCheck(msg[1:]); bad != nil {
						t.Error(bad)
					}
					_, err = router.SendMessage(msg)
				}
				if err == ErrorSocketClosed {
					return
				} else if err != nil {
					t.Error(err)
					return
				}
				l.progress.Add(1)
			}
		})
	}
	looking.Go(func() { look(t, router, rand.New(rand.NewPCG(1, 9)), &stopLook) })
	for slot := range slots {
		sending.Go(func() {
			r := rand.New(rand.NewPCG(uint64(slot), 10))
			for !stop.Load() && !t.Failed() {
				dealer, err := ctx.NewSocket(DEALER)
				if err == nil {
					err = errors.Join(dealer.SetLinger(0), dealer.SetSndhwm(1+r.IntN(20)),
						dealer.SetRcvhwm(1+r.IntN(20)), dealer.Connect(endpoint))
				}
				if err != nil {
					t.Error(err)
					return
				}
				own := &ledger{seen: map[[2]uint32]bool{}}
				var using, receiving sync.WaitGroup
				total := 0
				for range senders {
					n, seed := r.IntN(300), r.Uint64()
					total += n
					using.Go(func() {
						if err := l.sendSome(dealer, rand.New(rand.NewPCG(seed, 11)), n); err != nil {
							t.Error(err)
						}
					})
				}
				var left atomic.Int64
				left.Store(int64(total))
				for range senders {
					receiving.Go(func() {
						for left.Add(-1) >= 0 {
							msg, err := dealer.RecvMessageBytes(0)
							if err != nil {
								t.Error(err)
								return
							}
							sender, number, err := tortureCheck(msg)
							if err != nil {
								t.Error(err)
							} else if !own.arrived(sender, number) || !l.arrived(sender, number) {
								t.Errorf("message %d of sender %d came twice", number, sender)
							}
							l.progress.Add(1)
						}
					})
				}
				using.Wait()
				receiving.Wait()
				if msg, err := dealer.RecvMessageBytes(DONTWAIT); err != eagain {
					t.Errorf("%s, %v: nothing should be left", short(msg), err)
				}
				if err := dealer.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	defer time.AfterFunc(d, func() { stop.Store(true) }).Stop()
	l.complete(t, func() {
		sending.Wait()
		stopLook.Store(true)
		looking.Wait()
		router.Close()
		echoing.Wait()
	})
}

// Sockets are closed at any moment, whatever is under way. Messages get lost
// then, but none may be broken, and no call may hang or fail oddly.
func tortureChaos(t *testing.T, transport string, d time.Duration) {
	groups := [][]Type{{PUSH, PULL}, {DEALER, ROUTER}, {PUB, SUB, XPUB, XSUB}, {PAIR}}
	const slots, users = 3, 4
	ctx := newContext(t)
	var progress atomic.Int64
	var stop atomic.Bool
	var working sync.WaitGroup
	done := make(chan struct{})
	for g, types := range groups {
		var endpoints [slots]atomic.Pointer[string]
		var socs [slots]atomic.Pointer[Socket]
		renew := func(slot int, r *rand.Rand) error {
			typ := types[r.IntN(len(types))]
			soc, err := ctx.NewSocket(typ)
			if err != nil {
				return err
			}
			if err := errors.Join(soc.SetLinger(0), soc.SetSndhwm(1+r.IntN(10)), soc.SetRcvhwm(1+r.IntN(10))); err != nil {
				return err
			}
			if typ == SUB {
				soc.SetSubscribe("")
			}
			if old := socs[slot].Swap(soc); old != nil {
				return old.Close()
			}
			return nil
		}
		for slot := range slots {
			must(t, renew(slot, rand.New(rand.NewPCG(uint64(g), uint64(slot)))))
		}
		dir := t.TempDir()
		use := func(soc *Socket, slot int, r *rand.Rand) error {
			var err error
			switch r.IntN(12) {
			case 0, 1, 2:
				// Of one part: libzmq may abort when a connection breaks after
				// Unbind, while a longer one is on its way out.
				msg := partsMessage(r, 0, r.Uint32(), 0)
				if soc.s.typ == ROUTER || soc.s.typ == XSUB {
					return nil // what it sends begins with something else
				}
				if r.IntN(2) == 0 {
					_, err = soc.SendMessageDontwait(msg)
				} else {
					_, err = soc.SendMessage(msg)
				}
			case 3, 4, 5, 6:
				flags := Flag(0)
				if r.IntN(2) == 0 {
					flags = DONTWAIT
				}
				var msg [][]byte
				msg, err = soc.RecvMessageBytes(flags)
				if err == nil && soc.s.typ != XPUB { // XPUB receives subscriptions
					if soc.s.typ == ROUTER {
						msg = msg[1:]
					}
					if _, _, bad := tortureCheck(msg); bad != nil {
						t.Errorf("%v: %v", soc.s.typ, bad)
					}
				}
			case 7:
				endpoint := "tcp://127.0.0.1:*"
				if transport == "ipc" {
					endpoint = fmt.Sprintf("ipc://%s/%d-%d", dir, g, slot)
				}
				if soc.Bind(endpoint) == nil {
					if last, err := soc.GetLastEndpoint(); err == nil {
						endpoints[slot].Store(&last)
					}
				}
			case 8:
				if e := endpoints[slot].Load(); e != nil {
					soc.Unbind(*e)
				}
			case 9:
				if e := endpoints[r.IntN(slots)].Load(); e != nil {
					soc.Connect(*e)
				}
			case 10:
				if e := endpoints[r.IntN(slots)].Load(); e != nil {
					soc.Disconnect(*e)
				}
			case 11:
				_ = soc.String()
				_, err = soc.GetEvents()
			}
			return err
		}
		for slot := range slots {
			for u := range users {
				working.Go(func() {
					r := rand.New(rand.NewPCG(uint64(g*slots+slot), uint64(u)))
					allowed := []error{nil, ErrorSocketClosed, eagain, EFSM, ENOTSUP, EHOSTUNREACH}
					for !stop.Load() {
						if err := use(socs[slot].Load(), slot, r); !slices.Contains(allowed, err) {
							t.Error(err)
							return
						}
						progress.Add(1)
						jitter(r)
					}
				})
			}
			working.Go(func() { // calls that wait end by this, too
				r := rand.New(rand.NewPCG(uint64(g*slots+slot), 12))
				tick := time.NewTicker(time.Millisecond)
				defer tick.Stop()
				for !stop.Load() {
					if r.IntN(4) == 0 {
						if err := renew(slot, r); err != nil {
							t.Error(err)
							return
						}
					}
					<-tick.C
				}
			})
		}
		defer func() {
			for slot := range slots {
				socs[slot].Load().Close()
			}
		}()
		working.Go(func() {
			for !stop.Load() {
				runtime.Gosched()
			}
			for slot := range slots { // for those that still wait
				socs[slot].Load().Close()
			}
		})
	}
	defer time.AfterFunc(d, func() { stop.Store(true) }).Stop()
	go func() { defer close(done); working.Wait() }()
	watch(t, &progress, done)
	t.Logf("%d operations", progress.Load())
}
