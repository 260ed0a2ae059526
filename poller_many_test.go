// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
	"weak"
)

// manyPollers is more than Linux allows epoll sets for one file, within others: about 500.
const manyPollers = 700

// Any number of Pollers may hold a socket: kept ones, and all of them see what is there.
func TestPollerManyKept(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	idle := newSocket(t, newContext(t), PULL)
	pollers := make([]*Poller, manyPollers)
	for i := range pollers {
		p := NewPoller()
		pollers[i] = p
		p.Add(x, POLLIN)
		p.Add(idle, POLLIN)
		for range keepAfter + 2 {
			if polled, err := p.Poll(time.Microsecond); len(polled) != 0 || err != nil {
				t.Fatalf("poller %d: %v, %v", i, polled, err)
			}
		}
	}
	for round := range 2 {
		var wg sync.WaitGroup
		for i, p := range pollers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				polled, err := p.Poll(-1)
				if err != nil || len(polled) != 1 || polled[0].Socket != x {
					t.Errorf("round %d, poller %d: %v, %v", round, i, polled, err)
				}
			}()
		}
		eventually(t, "polls wait", func() bool {
			return !slices.ContainsFunc(pollers, func(p *Poller) bool { return !p.queueWaiting() })
		})
		send(t, y, "m")
		within(t, patience, "polls", wg.Wait)
		if _, err := x.Recv(0); err != nil {
			t.Fatal(err)
		}
		for i, p := range pollers {
			if polled, err := p.Poll(0); len(polled) != 0 || err != nil {
				t.Fatalf("poller %d after Recv: %v, %v", i, polled, err)
			}
		}
	}
	// What one Poller gives back is there for another.
	if watched := watchersOf(x); watched == 0 && runtime.GOOS == "linux" {
		t.Error("Linux took them all: the test shows nothing")
	}
	for _, p := range pollers {
		must(t, p.RemoveBySocket(x))
	}
	if watched := watchersOf(x); watched != 0 {
		t.Errorf("%d Pollers still have x watched", watched)
	}
	must(t, x.Close())
	if polled, err := pollers[0].Poll(0); len(polled) != 0 || err != nil {
		t.Errorf("a socket that was removed: %v, %v", polled, err)
	}
}

func watchersOf(soc *Socket) int {
	soc.s.mu.Lock()
	defer soc.s.mu.Unlock()
	return soc.s.watchers
}

// Pollers that wait at the same time, each with a socket of its own and one in common, hear of
// both; and of what ends the common one.
func TestPollerManyWait(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(stop, peer *Socket)
		want error
	}{
		{"message", func(_, peer *Socket) { peer.Send("m", 0) }, nil},
		{"Close", func(stop, _ *Socket) { stop.Close() }, ErrorSocketClosed},
		{"Term", func(stop, _ *Socket) { ctx, _ := stop.Context(); go ctx.Term() }, ETERM},
	} {
		t.Run(test.name, func(t *testing.T) {
			stop, peer := socketPair(t, "inproc", PAIR, PAIR)
			ctx := newContext(t)
			must(t, ctx.SetMaxSockets(2*manyPollers))
			pull := newSocket(t, ctx, PULL)
			must(t, pull.Bind("inproc://own"))
			var own []*Socket
			pollers := make([]*Poller, manyPollers)
			got := make(chan error, manyPollers)
			for i := range pollers {
				if i%100 == 0 {
					own = append(own, newSocket(t, ctx, PULL))
				}
				p := NewPoller()
				pollers[i] = p
				p.Add(own[i/100], POLLIN)
				p.Add(stop, POLLIN)
				go func() {
					polled, err := p.Poll(-1)
					if err == nil && (len(polled) != 1 || polled[0].Socket != stop) {
						err = fmt.Errorf("polled %v", polled)
					}
					got <- err
				}()
			}
			eventually(t, "polls wait", func() bool {
				return !slices.ContainsFunc(pollers, func(p *Poller) bool { return !p.queueWaiting() })
			})
			test.end(stop, peer)
			within(t, patience, t.Name(), func() {
				for range pollers {
					if err := <-got; err != test.want {
						t.Error(err)
					}
				}
			})
		})
	}
}

// A Poller that is watched rather than in an epoll set does not outlive its use.
func TestPollerManyLost(t *testing.T) {
	x, _ := socketPair(t, "inproc", PAIR, PAIR)
	idle := newSocket(t, newContext(t), PULL)
	func() {
		for range manyPollers {
			p := NewPoller()
			p.Add(x, POLLIN)
			p.Add(idle, POLLIN)
			for range keepAfter + 2 {
				p.Poll(time.Microsecond)
			}
		}
	}()
	collect(t, "pollers forgotten", func() bool {
		x.s.mu.Lock()
		defer x.s.mu.Unlock()
		return len(x.s.polls) <= 1 && x.s.watchers <= 1 // the last one may still be on the stack
	})
	send(t, x, "still usable")
}

// The id is the index into what PollAll returns wherever it is one with pebbe's Poller, which is a
// list, and stays valid whatever is removed.
func TestPollerIDs(t *testing.T) {
	ctx := newContext(t)
	var socs []*Socket
	for range 60 {
		socs = append(socs, newSocket(t, ctx, PUSH))
	}
	type member struct {
		soc    *Socket
		id     int
		events State
		index  bool // its id is the index in a list: nothing before it was removed since
	}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		p := NewPoller()
		var model []member
		removeAt := func(i int) {
			model = slices.Delete(model, i, i+1)
			for j := i; j < len(model); j++ {
				model[j].index = false
			}
		}
		for range 100 {
			switch n := len(model); {
			case n == 0 || r.IntN(5) < 2 && n < len(socs):
				soc := socs[r.IntN(len(socs))]
				id := p.Add(soc, POLLIN)
				clash := slices.ContainsFunc(model, func(m member) bool { return m.id == n })
				if slices.ContainsFunc(model, func(m member) bool { return m.id == id }) {
					t.Fatalf("seed %d: id %d given twice", seed, id)
				}
				if !clash && id != n {
					t.Fatalf("seed %d: id %d of item %d", seed, id, n)
				}
				model = append(model, member{soc, id, POLLIN, !clash})
			case r.IntN(3) == 0: // the last
				must(t, p.Remove(model[n-1].id))
				removeAt(n - 1)
			case r.IntN(2) == 0:
				i := r.IntN(n)
				first := slices.IndexFunc(model, func(m member) bool { return m.soc == model[i].soc })
				must(t, p.RemoveBySocket(model[i].soc))
				removeAt(first)
			case r.IntN(2) == 0:
				i := r.IntN(n)
				must(t, p.Remove(model[i].id))
				removeAt(i)
			default:
				i := r.IntN(n)
				events := State(r.IntN(4))
				if prev, err := p.Update(model[i].id, events); prev != model[i].events || err != nil {
					t.Fatalf("seed %d: Update = %v, %v", seed, prev, err)
				}
				model[i].events = events
			}
			all, err := p.PollAll(0)
			if err != nil || len(all) != len(model) {
				t.Fatalf("seed %d: PollAll = %v, %v", seed, all, err)
			}
			for i, m := range model {
				if all[i].Socket != m.soc {
					t.Fatalf("seed %d: item %d is another socket", seed, i)
				}
				if m.index && all[m.id].Socket != m.soc {
					t.Fatalf("seed %d: %d is not the index", seed, m.id)
				}
			}
			for _, id := range []int{-1, len(model) + 1000} {
				if err := p.Remove(id); err != ErrorNoSocket {
					t.Fatalf("Remove(%d) = %v", id, err)
				}
			}
		}
	}
}

// To report and forget members takes each of them the same time, however many there are.
func TestPollerForgetsMany(t *testing.T) {
	const n = 3000
	forget := map[string]func(t *testing.T, p *Poller, socs []*Socket){
		"closed": func(t *testing.T, p *Poller, socs []*Socket) {
			for _, soc := range socs {
				must(t, soc.Close())
			}
			for range socs {
				if polled, err := p.Poll(-1); err != ErrorSocketClosed || len(polled) != 0 {
					t.Fatal(polled, err)
				}
			}
		},
		"Remove": func(t *testing.T, p *Poller, socs []*Socket) {
			for id := range socs {
				must(t, p.Remove(id))
			}
		},
		"RemoveBySocket": func(t *testing.T, p *Poller, socs []*Socket) {
			for _, soc := range slices.Backward(socs) {
				must(t, p.RemoveBySocket(soc))
			}
		},
	}
	for name, f := range forget {
		t.Run(name, func(t *testing.T) {
			took := func(n int) time.Duration {
				ctx := newContext(t)
				must(t, ctx.SetMaxSockets(n+10))
				p := NewPoller()
				for range 2 * keepAfter {
					p.Poll(0)
				}
				socs := make([]*Socket, n)
				for i := range socs {
					socs[i] = newSocket(t, ctx, PUB)
					p.Add(socs[i], POLLIN)
				}
				p.Poll(0)
				start := cpuTime(t)
				f(t, p, socs)
				return cpuTime(t) - start
			}
			few := took(n / 10)
			many := took(n)
			t.Log(few, many)
			if many > 40*few+slack(50*time.Millisecond) {
				t.Errorf("%v for %d, %v for %d", few, n/10, many, n)
			}
		})
	}
}

// A Poller with one socket waits without a queue: what becomes of the Poller meanwhile ends the wait.
func TestPollerOnly(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(p *Poller, x, y *Socket)
		want string
	}{
		{"another socket", func(p *Poller, x, y *Socket) { p.Add(y, POLLOUT) }, "1:POLLOUT "},
		{"the same again", func(p *Poller, x, y *Socket) { p.Add(x, POLLOUT) }, "0:POLLOUT "},
		{"another socket instead", func(p *Poller, x, y *Socket) { p.Remove(0); p.Add(y, POLLOUT) }, "1:POLLOUT "},
		{"none", func(p *Poller, x, y *Socket) { p.Remove(0) }, ""},
		{"other events", func(p *Poller, x, y *Socket) { p.Update(0, POLLOUT|POLLIN) }, "0:POLLOUT "},
		{"no events, then others", func(p *Poller, x, y *Socket) { p.Update(0, 0); p.Update(0, POLLOUT) }, "0:POLLOUT "},
	} {
		t.Run(test.name, func(t *testing.T) {
			x, y := socketPair(t, "inproc", PAIR, PAIR)
			p := NewPoller()
			p.Add(x, POLLIN)
			done := make(chan struct{})
			for range 3 { // each of those that wait
				go func() {
					poll(t, p, -1, []*Socket{x, y}, test.want)
					done <- struct{}{}
				}()
			}
			eventually(t, "polls wait", func() bool {
				k := p.waitsIn()
				return k != nil && k.n.Load() == 3
			})
			if p.q != nil {
				t.Error("it waits in a queue")
			}
			test.do(p, x, y)
			within(t, patience, t.Name(), func() {
				for range 3 {
					<-done
				}
			})
		})
	}
}

// Changes that come between the look and the wait are not lost.
func TestPollerOnlyRace(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	for i := range 2000 {
		p := NewPoller()
		p.Add(x, POLLIN)
		go func() {
			if i%2 == 0 {
				p.Update(0, POLLOUT)
			} else {
				p.Add(y, POLLOUT)
			}
		}()
		within(t, patience, t.Name(), func() {
			if polled, err := p.Poll(-1); len(polled) != 1 || err != nil {
				t.Error(polled, err)
			}
		})
	}
}

func TestPollerArguments(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	z := newSocket(t, newContext(t), PULL)
	for _, sockets := range [][]*Socket{{x}, {x, z}} {
		p := NewPoller()
		for _, soc := range sockets {
			p.Add(soc, POLLIN)
		}
		for _, timeout := range []time.Duration{-1, -2, -time.Hour, math.MinInt64, math.MaxInt64, math.MaxInt64 / 2, 1 << 62} {
			go func() {
				eventually(t, "the poll waits", p.queueWaiting)
				y.Send("m", 0)
			}()
			poll(t, p, timeout, []*Socket{x}, "0:POLLIN ")
			x.Recv(0)
		}
		// Events that a socket cannot have are waited for in vain, and those that it has are found.
		const odd = POLLPRI | POLLERR | anyEvent | everyone | pollChanged | 1<<20 | math.MinInt32
		if prev, err := p.Update(0, odd); prev != POLLIN || err != nil {
			t.Error(prev, err)
		}
		send(t, y, "m")
		poll(t, p, time.Millisecond, []*Socket{x}, "")
		if prev, err := p.Update(0, odd|POLLIN); prev != odd || err != nil {
			t.Error(prev, err)
		}
		poll(t, p, -1, []*Socket{x}, "0:POLLIN ")
		x.Recv(0)
		p.Update(0, POLLIN)
	}
}

// Methods of a zero Poller and Reactor do what those of a new one do.
func TestPollerReactorZero(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	var p Poller
	if s := p.String(); s != "Poller[]" {
		t.Error(s)
	}
	for _, err := range []error{p.Remove(0), p.RemoveBySocket(x), p.RemoveBySocket(nil)} {
		if err != ErrorNoSocket {
			t.Error(err)
		}
	}
	if _, err := p.Update(0, POLLIN); err != ErrorNoSocket {
		t.Error(err)
	}
	if all, err := p.PollAll(-1); len(all) != 0 || all == nil || err != nil {
		t.Error(all, err)
	}
	p.Add(x, POLLOUT)
	poll(t, &p, -1, []*Socket{x}, "0:POLLOUT ")

	const nothing = "No sockets to poll, no channels to read"
	for name, f := range map[string]func(*Reactor){
		"Run":           func(*Reactor) {},
		"RemoveSocket":  func(r *Reactor) { r.RemoveSocket(x) },
		"RemoveChannel": func(r *Reactor) { r.RemoveChannel(1) },
		"SetVerbose":    func(r *Reactor) { r.SetVerbose(true); r.SetVerbose(false) },
	} {
		var r Reactor
		f(&r)
		if err := r.Run(time.Second); err == nil || err.Error() != nothing {
			t.Errorf("%s: %v", name, err)
		}
		if err := r.RunContext(t.Context()); !errors.As(err, new(*OpError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var r1, r2, r3 Reactor
	r1.AddSocket(y, POLLOUT, func(State) error { return errDone })
	react(t, &r1, errDone)
	ch := make(chan interface{}, 1)
	ch <- 1
	r2.AddChannel(ch, 0, func(interface{}) error { return errDone })
	react(t, &r2, errDone)
	r3.AddChannelTime(time.After(0), 0, func(interface{}) error { return errDone })
	react(t, &r3, errDone)
}

// Pollers that are made for one poll, of any of some sockets, whatever happens to these in between: no
// message is missed.
func TestPollersForOnePoll(t *testing.T) {
	const pairs = 5
	r := rand.New(rand.NewPCG(3, 9))
	var x, y [pairs]*Socket
	var fds [pairs]uintptr
	open := func(i int) {
		x[i], y[i] = socketPair(t, []string{"inproc", "tcp"}[r.IntN(2)], PAIR, PAIR)
		fd, err := x[i].GetFd()
		must(t, err)
		fds[i] = uintptr(fd)
	}
	for i := range pairs {
		open(i)
	}
	for round := range 1000 {
		p := NewPoller()
		members := r.Perm(pairs)[:1+r.IntN(pairs)]
		for _, i := range members {
			p.Add(x[i], POLLIN)
			if r.IntN(10) == 0 {
				p.AddFD(fds[i], POLLIN, nil)
			}
		}
		if r.IntN(4) == 0 {
			_, err := p.Poll(time.Duration(r.IntN(3)) * time.Microsecond)
			must(t, err)
		}
		active := members[r.IntN(len(members))]
		switch wait := r.IntN(4); wait {
		case 0:
			send(t, y[active], "m")
		default:
			go func() {
				if wait > 1 {
					eventually(t, "the Poller waits", func() bool { return isWaiting(x[active]) })
				}
				send(t, y[active], "m")
			}()
		}
		within(t, patience, fmt.Sprintf("round %d", round), func() {
			for found := false; !found; {
				polled, err := p.Poll(-1)
				must(t, err)
				found = slices.ContainsFunc(polled, func(item Polled) bool { return item.Socket == x[active] })
			}
		})
		expect(t, x[active], "m")
		switch i := r.IntN(pairs); r.IntN(6) {
		case 0: // a message that no Poller hears of
			send(t, y[i], "other")
			expect(t, x[i], "other")
		case 1:
			must(t, x[i].Close())
			must(t, y[i].Close())
			open(i)
		case 2: // it ends as its own
			q := NewPoller()
			q.AddFD(fds[i], POLLIN, nil)
			q.Add(x[(i+1)%pairs], POLLIN)
			_, err := q.Poll(time.Microsecond)
			must(t, err)
		}
	}
}

// The descriptors that did not signal a Poller for one poll stay ready for the next one.
func TestPollQueueArmed(t *testing.T) {
	if fdInterval > 0 {
		t.Skip("a goroutine watches each socket")
	}
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	idle, _ := socketPair(t, "inproc", PAIR, PAIR)
	p := NewPoller()
	p.Add(x, POLLIN)
	p.Add(idle, POLLIN)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := p.Poll(-1); err != nil {
			t.Error(err)
		}
	}()
	eventually(t, "the Poller waits", func() bool { return isWaiting(x) && isWaiting(idle) })
	p.mu.Lock()
	q := p.q
	p.mu.Unlock()
	send(t, y, "m")
	within(t, patience, "Poll", func() { <-done })
	q.mu.Lock()
	defer q.mu.Unlock()
	armed := map[weak.Pointer[socket]]bool{}
	for _, s := range q.armed {
		armed[s] = true
	}
	if armed[weak.Make(x.s)] || !armed[weak.Make(idle.s)] {
		t.Errorf("the one that signalled: %v, the other one: %v", armed[weak.Make(x.s)], armed[weak.Make(idle.s)])
	}
}
