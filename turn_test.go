// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// queueing calls have to wait: one for its socket, and the others for their turn.
var queueing = []struct {
	name string
	typ  Type
	call func(ctx context.Context, soc *Socket) error
}{
	{"receive", PULL, func(ctx context.Context, soc *Socket) error { _, err := soc.RecvContext(ctx, 0); return err }},
	{"send", PUSH, func(ctx context.Context, soc *Socket) error { _, err := soc.SendContext(ctx, "x", 0); return err }},
}

// queueUp starts n calls on a socket that has no peer, and returns where their errors go.
func queueUp(t *testing.T, soc *Socket, n int, call func() error) <-chan error {
	t.Helper()
	errs := make(chan error, n)
	already := parked(soc)
	for range n {
		go func() { errs <- call() }()
	}
	waitParked(t, soc, already+n)
	return errs
}

// A call that waits for its turn ends as one that waits for the socket does.
func TestTurnEnds(t *testing.T) {
	const n = 4
	for _, c := range queueing {
		for _, end := range []struct {
			name string
			want error
			f    func(soc *Socket)
		}{
			{"Close", ErrorSocketClosed, func(soc *Socket) { must(t, soc.Close()) }},
			{"Shutdown", ETERM, func(soc *Socket) {
				ctx, err := soc.Context()
				must(t, err)
				must(t, ctx.Shutdown())
			}},
		} {
			t.Run(c.name+" "+end.name, func(t *testing.T) {
				soc := newSocket(t, newContext(t), c.typ)
				errs := queueUp(t, soc, n, func() error { return c.call(context.Background(), soc) })
				end.f(soc)
				within(t, patience, "calls", func() {
					for range n {
						if err := <-errs; !errors.Is(err, end.want) {
							t.Error(err)
						}
					}
				})
			})
		}
		t.Run(c.name+" cancelled", func(t *testing.T) {
			soc := newSocket(t, newContext(t), c.typ)
			first, cancelFirst := context.WithCancel(context.Background())
			defer cancelFirst()
			head := queueUp(t, soc, 1, func() error { return c.call(first, soc) })
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			errs := queueUp(t, soc, n, func() error { return c.call(ctx, soc) })
			cancel()
			within(t, patience, "calls behind the first", func() {
				for range n {
					if err := <-errs; !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				}
			})
			cancelFirst()
			within(t, patience, "the first call", func() { <-head })
		})
		t.Run(c.name+" timeout", func(t *testing.T) {
			soc := newSocket(t, newContext(t), c.typ)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			head := queueUp(t, soc, 1, func() error { return c.call(ctx, soc) })
			must(t, soc.SetRcvtimeo(20*time.Millisecond))
			must(t, soc.SetSndtimeo(20*time.Millisecond))
			timeouts(t, 20*time.Millisecond, func() error {
				err := c.call(context.Background(), soc)
				if errors.Is(err, eagain) {
					return eagain
				}
				return err
			})
			cancel()
			<-head
		})
	}
}

// SetRetryAfterEINTR ends calls that wait for their turn behind one that it does not end.
func TestTurnInterrupted(t *testing.T) {
	ctx := newContext(t)
	pull := newSocket(t, ctx, PULL)
	first, cancel := context.WithCancel(context.Background())
	defer cancel()
	head := queueUp(t, pull, 1, func() error { _, err := pull.RecvContext(first, 0); return err })
	errs := queueUp(t, pull, 3, func() error { _, err := pull.Recv(0); return err })
	ctx.SetRetryAfterEINTR(false)
	within(t, patience, "calls", func() {
		for range 3 {
			if err := <-errs; err != eintr {
				t.Error(err)
			}
		}
	})
	cancel()
	if err := <-head; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Each message wakes a receiver, and each place in the queue a sender, also if they had to wait for
// their turn. All of a goroutine's messages come in order.
func TestTurnPasses(t *testing.T) {
	const senders, receivers, messages = 8, 8, 400
	ctx := newContext(t)
	pull, push := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
	must(t, push.SetSndhwm(2))
	must(t, pull.SetRcvhwm(2))
	received := make([][]int, receivers)
	done := make(chan int)
	for i := range receivers {
		go func() {
			defer func() { done <- i }()
			for {
				msg, err := pull.RecvMessage(0)
				if err != nil || msg[0] == "end" {
					return
				}
				var from, n int
				fmt.Sscan(msg[0], &from)
				fmt.Sscan(msg[1], &n)
				received[i] = append(received[i], from*messages+n)
			}
		}()
	}
	waitParked(t, pull, receivers)
	sent := make(chan error, senders)
	for i := range senders {
		go func() {
			var err error
			for n := 0; n < messages && err == nil; n++ {
				_, err = push.SendMessage(i, n)
			}
			sent <- err
		}()
	}
	waitParked(t, push, senders)
	must(t, push.Connect(bindOn(t, pull, "inproc")))
	within(t, patience, "messages", func() {
		for range senders {
			must(t, <-sent)
		}
		for range receivers {
			_, err := push.Send("end", 0)
			must(t, err)
		}
		for range receivers {
			<-done
		}
	})
	var all []int
	for _, r := range received {
		for i := range senders {
			var of []int
			for _, n := range r {
				if n/messages == i {
					of = append(of, n)
				}
			}
			if !slices.IsSorted(of) {
				t.Error("a receiver got messages of one sender out of order")
			}
		}
		all = append(all, r...)
	}
	slices.Sort(all)
	if len(all) != senders*messages || len(slices.Compact(all)) != senders*messages {
		t.Errorf("%d messages, want %d", len(all), senders*messages)
	}
}

// A sender whose peer has no room does not keep others from sending to theirs.
func TestTurnOfOtherPeer(t *testing.T) {
	ctx := newContext(t)
	router := newSocket(t, ctx, ROUTER)
	must(t, router.SetRouterMandatory(1))
	must(t, router.SetSndhwm(1))
	address := bindOn(t, router, "inproc")
	peers := map[string]*Socket{}
	for _, id := range []string{"slow", "fast"} {
		d := newSocket(t, ctx, DEALER)
		must(t, d.SetIdentity(id))
		must(t, d.SetRcvhwm(1))
		must(t, d.Connect(address))
		send(t, d, "hello")
		recv(t, router)
		peers[id] = d
	}
	fill := func(id string) (n int) {
		for {
			if _, err := router.SendMessageDontwait(id, "x"); err != nil {
				return n
			}
			n++
		}
	}
	slow := fill("slow")
	queued := queueUp(t, router, 3, func() error { _, err := router.SendMessage("slow", "x"); return err })
	for range 3 {
		send(t, router, "fast", "x")
		expect(t, peers["fast"], "x")
	}
	for range slow + 3 {
		expect(t, peers["slow"], "x")
	}
	for range 3 {
		must(t, <-queued)
	}
}

// A wait that finds its event when it begins is none, for a leader and for others: the next call tries
// before it waits.
func TestWaitThatWasNone(t *testing.T) {
	for _, others := range []int{0, 1} {
		t.Run(fmt.Sprintf("beside %d", others), func(t *testing.T) {
			var k parker
			k.init(func(bool) State { return POLLIN }, &guess{})
			never := limit{born: math.MaxUint64}
			ended := make(chan bool)
			for range others {
				go func() {
					parked, _ := k.wait(context.Background(), POLLOUT, never)
					ended <- parked
				}()
			}
			eventually(t, "a leader", func() bool { return k.parked() == others })
			if parked, err := k.wait(context.Background(), POLLIN, never); parked || err != nil {
				t.Errorf("parked: %v, %v", parked, err)
			}
			k.close()
			for range others {
				if !<-ended {
					t.Error("the leader had to wait")
				}
			}
		})
	}
}
