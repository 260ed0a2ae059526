// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// poll polls and checks what was found: a list of index and state.
func poll(t *testing.T, p *Poller, timeout time.Duration, socs []*Socket, want string) {
	t.Helper()
	var got string
	within(t, patience, t.Name(), func() {
		polled, err := p.Poll(timeout)
		if err != nil {
			got = err.Error()
		}
		for _, item := range polled {
			got += fmt.Sprintf("%d:%v ", slices.Index(socs, item.Socket), item.Events)
		}
	})
	if got != want {
		t.Errorf("Poll(%v) = %q, want %q", timeout, got, want)
	}
}

func TestPollerLevels(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	socs := []*Socket{x, y}
	p := NewPoller()
	ix := p.Add(x, POLLIN)
	poll(t, p, 0, socs, "")
	send(t, y, "one")
	send(t, y, "two")
	poll(t, p, -1, socs, "0:POLLIN ")
	poll(t, p, 0, socs, "0:POLLIN ") // still there
	x.Recv(0)
	poll(t, p, 0, socs, "0:POLLIN ") // the second one, whose signal Recv has taken
	x.Recv(0)
	poll(t, p, 0, socs, "")
	if prev, err := p.Update(ix, POLLIN|POLLOUT); prev != POLLIN || err != nil {
		t.Errorf("Update = %v, %v", prev, err)
	}
	poll(t, p, -1, socs, "0:POLLOUT ")
	if prev, err := p.UpdateBySocket(x, 0); prev != POLLIN|POLLOUT || err != nil {
		t.Errorf("UpdateBySocket = %v, %v", prev, err)
	}
	poll(t, p, 0, socs, "")
	p.Add(y, POLLOUT)
	p.Add(y, POLLIN|POLLOUT) // the same socket again
	poll(t, p, -1, socs, "1:POLLOUT 1:POLLOUT ")
	if got, want := p.String(), fmt.Sprintf("Poller[%v<NONE> %vPOLLOUT %vPOLLIN|POLLOUT]", x, y, y); got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}

func TestPollerIDsStayValid(t *testing.T) {
	ctx := newContext(t)
	p := NewPoller()
	var socs []*Socket
	var ids []int
	for range 6 {
		soc := newSocket(t, ctx, PUSH)
		socs = append(socs, soc)
		ids = append(ids, p.Add(soc, POLLOUT))
	}
	if !slices.Equal(ids, []int{0, 1, 2, 3, 4, 5}) {
		t.Errorf("ids are not the indexes of PollAll: %v", ids)
	}
	for _, i := range []int{1, 4} {
		if err := p.Remove(ids[i]); err != nil {
			t.Fatal(err)
		}
		if err := p.Remove(ids[i]); err != ErrorNoSocket {
			t.Errorf("second Remove = %v", err)
		}
	}
	for _, id := range []int{-1, 6, ids[1]} {
		if _, err := p.Update(id, POLLIN); err != ErrorNoSocket {
			t.Errorf("Update(%d) = %v", id, err)
		}
	}
	if err := p.RemoveBySocket(socs[1]); err != ErrorNoSocket {
		t.Errorf("RemoveBySocket = %v", err)
	}
	if prev, err := p.Update(ids[5], POLLIN|POLLOUT); prev != POLLOUT || err != nil {
		t.Errorf("Update of the last = %v, %v", prev, err)
	}
	if next := p.Add(socs[1], POLLOUT); next != 4 {
		t.Errorf("id %d is not the index of PollAll, which is free", next)
	}
	all, err := p.PollAll(0)
	if err != nil {
		t.Fatal(err)
	}
	var order []int
	for _, item := range all {
		order = append(order, slices.Index(socs, item.Socket))
	}
	if !slices.Equal(order, []int{0, 2, 3, 5, 1}) {
		t.Errorf("PollAll in the order %v", order)
	}
}

func TestPollerTimeout(t *testing.T) {
	x, _ := socketPair(t, "inproc", PULL, PUSH)
	full := NewPoller()
	full.Add(x, POLLIN)
	for _, p := range []*Poller{full, NewPoller(), {}} {
		for _, timeout := range []time.Duration{0, 200 * time.Microsecond, 30 * time.Millisecond} {
			start := time.Now()
			polled, err := p.Poll(timeout)
			took := time.Since(start)
			if len(polled) != 0 || polled == nil || err != nil {
				t.Errorf("Poll = %v, %v", polled, err)
			}
			if took < timeout || took > timeout+2*time.Second {
				t.Errorf("Poll(%v) took %v", timeout, took)
			}
		}
	}
	if polled, err := NewPoller().Poll(-1); len(polled) != 0 || err != nil {
		t.Errorf("Poll(-1) of nothing = %v, %v", polled, err)
	}
	all, err := full.PollAll(time.Microsecond)
	if len(all) != 1 || all[0] != (Polled{Socket: x}) || err != nil {
		t.Errorf("PollAll = %v, %v", all, err)
	}
}

// A closed socket is reported once, and the others go on.
func TestPollerClosedMember(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	z, w := socketPair(t, "inproc", PAIR, PAIR)
	socs := []*Socket{x, y, z, w}
	p := NewPoller()
	p.Add(x, POLLIN)
	id := p.Add(z, POLLIN)
	send(t, y, "hello")
	z.Close()
	poll(t, p, -1, socs, ErrorSocketClosed.Error())
	poll(t, p, -1, socs, "0:POLLIN ")
	if err := p.Remove(id); err != ErrorNoSocket {
		t.Errorf("Remove of a closed socket = %v", err)
	}
	p.Add(z, POLLIN) // closed already
	p.Add(nil, POLLIN)
	p.Add(&Socket{}, POLLIN)
	for range 3 {
		poll(t, p, -1, socs, ErrorSocketClosed.Error())
	}
	poll(t, p, -1, socs, "0:POLLIN ")
}

// What other goroutines do ends or changes a poll that waits.
func TestPollerWhileWaiting(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(p *Poller, x, y *Socket)
		want string
	}{
		{"message", func(p *Poller, x, y *Socket) { y.Send("m", 0) }, "0:POLLIN "},
		{"Close", func(p *Poller, x, y *Socket) { x.Close() }, ErrorSocketClosed.Error()},
		{"Term", func(p *Poller, x, y *Socket) { ctx, _ := x.Context(); go ctx.Term() }, ETERM.Error()},
		{"Add", func(p *Poller, x, y *Socket) { p.Add(y, POLLOUT) }, "1:POLLOUT "},
		{"Update", func(p *Poller, x, y *Socket) { p.UpdateBySocket(x, POLLOUT) }, "0:POLLOUT "},
		// Recv on the polled socket takes the first message and its signal.
		{"Recv", func(p *Poller, x, y *Socket) { y.SendMessage("a"); x.RecvMessage(0); y.Send("b", 0) }, "0:POLLIN "},
	} {
		t.Run(test.name, func(t *testing.T) {
			x, y := socketPair(t, "inproc", PAIR, PAIR)
			p := NewPoller()
			p.Add(x, POLLIN)
			got := make(chan struct{})
			go func() {
				defer close(got)
				if test.name == "Recv" {
					// The poll may see the first message before it is taken.
					for {
						polled, err := p.Poll(-1)
						if m, _ := x.Recv(DONTWAIT); err != nil || len(polled) == 1 && m == "b" {
							return
						}
					}
				}
				poll(t, p, -1, []*Socket{x, y}, test.want)
			}()
			eventually(t, "the poll waits", p.queueWaiting)
			if test.name == "Recv" {
				y.SendMessage("a")
				y.SendMessage("b")
			} else {
				test.do(p, x, y)
			}
			within(t, patience, t.Name(), func() { <-got })
		})
	}
}

// queueWaiting reports whether a poll waits.
func (p *Poller) queueWaiting() bool {
	k := p.waitsIn()
	return k != nil && k.waiting()
}

// waitsIn returns what the Poller waits in, if it does.
func (p *Poller) waitsIn() *parker {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.q != nil:
		return &p.q.park
	case len(p.direct) > 0:
		return &p.direct[0].park
	}
	return nil
}

// The work of a poll must not depend on how many idle sockets there are: the
// idle ones are not even looked at.
func TestPollerLooksAtReadyOnly(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	ctx := newContext(t)
	p := NewPoller()
	for range 100 {
		p.Add(newSocket(t, ctx, PULL), POLLIN)
	}
	p.Add(x, POLLIN)
	for range keepAfter {
		if polled, err := p.Poll(time.Microsecond); len(polled) != 0 || err != nil {
			t.Fatal(polled, err)
		}
	}
	// Where a goroutine watches each socket, it takes a while until all have begun.
	eventually(t, "a poll that has few of 101 sockets to look at", func() bool {
		send(t, y, "m")
		within(t, patience, t.Name(), func() { p.Poll(-1) })
		p.q.mu.Lock()
		p.q.drain()
		n := len(p.q.dirty)
		p.q.mu.Unlock()
		if m, err := x.Recv(0); m != "m" || err != nil {
			t.Fatal(m, err)
		}
		return n > 0 && n <= 3
	})
}

// Several pollers, receivers and senders on the same sockets lose nothing.
func TestPollerShared(t *testing.T) {
	const senders, n = 3, 3000
	x, y := socketPair(t, "inproc", DEALER, DEALER)
	var sent, got sync.WaitGroup
	var mu sync.Mutex
	seen := make(map[string]int)
	got.Add(senders * n)
	for i := range senders {
		sent.Add(1)
		go func() {
			defer sent.Done()
			for j := range n {
				if _, err := y.SendMessage(fmt.Sprintf("%d-%d", i, j), "x"); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	for i := range 4 {
		go func() {
			p := NewPoller()
			p.Add(x, POLLIN)
			for {
				if i < 3 {
					if _, err := p.Poll(-1); err != nil {
						return
					}
				}
				flags := DONTWAIT
				if i == 3 {
					flags = 0
				}
				m, err := x.RecvMessage(flags)
				if err == eagain {
					continue
				}
				if err != nil {
					return
				}
				mu.Lock()
				seen[m[0]]++
				mu.Unlock()
				got.Done()
			}
		}()
	}
	within(t, patience, t.Name(), sent.Wait)
	within(t, patience, t.Name(), got.Wait)
	for m, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", m, n)
		}
	}
	x.Close()
}

// A Poller that is lost does not keep its sockets, nor the other way round.
func TestPollerCollected(t *testing.T) {
	x, _ := socketPair(t, "inproc", PAIR, PAIR)
	freed := make(chan struct{})
	func() {
		p := NewPoller()
		p.Add(x, POLLIN)
		for range 2 * keepAfter {
			p.Poll(time.Microsecond)
		}
		runtime.AddCleanup(p, func(ch chan struct{}) { close(ch) }, freed)
	}()
	collect(t, "poller collected", closed(freed))
	send(t, x, "still usable")
}

// A program may make a Poller for each poll, and lose it.
func TestPollerForEachPoll(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	for i := range 3000 {
		p := NewPoller()
		p.Add(x, POLLIN)
		p.Add(y, 0)
		poll(t, p, 0, nil, "")
		send(t, y, "m")
		if polled, err := p.Poll(-1); len(polled) != 1 || err != nil {
			t.Fatalf("poll %d: %v, %v", i, polled, err)
		}
		if _, err := x.Recv(0); err != nil {
			t.Fatal(err)
		}
	}
	collect(t, "pollers forgotten", func() bool {
		x.s.mu.Lock()
		defer x.s.mu.Unlock()
		return len(x.s.polls) <= 1 // the last one may still be on the stack
	})
}

func BenchmarkPoller(b *testing.B) {
	for _, idle := range []int{0, 100, 900} {
		b.Run(fmt.Sprint(idle, " idle"), func(b *testing.B) {
			x, y := socketPair(b, "inproc", PAIR, PAIR)
			ctx := newContext(b)
			p := NewPoller()
			for range idle {
				p.Add(newSocket(b, ctx, PULL), POLLIN)
			}
			p.Add(x, POLLIN)
			b.ReportAllocs()
			for b.Loop() {
				y.Send("m", 0)
				p.Poll(-1)
				x.Recv(0)
			}
		})
	}
}

func BenchmarkPollerPingPong(b *testing.B) {
	x, y := socketPair(b, "inproc", PAIR, PAIR)
	go func() {
		p := NewPoller()
		p.Add(x, POLLIN)
		for {
			if _, err := p.Poll(-1); err != nil {
				return
			}
			m, err := x.RecvBytes(0)
			if err != nil {
				return
			}
			x.SendBytes(m, 0)
		}
	}()
	p := NewPoller()
	p.Add(y, POLLIN)
	b.ReportAllocs()
	for b.Loop() {
		y.Send("m", 0)
		p.Poll(-1)
		y.Recv(0)
	}
}

func TestSocketPoll(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	for _, timeout := range []time.Duration{0, time.Millisecond} {
		if ev, err := x.Poll(POLLIN, timeout); ev != 0 || err != nil {
			t.Errorf("Poll(%v) = %v, %v", timeout, ev, err)
		}
	}
	if ev, err := x.Poll(POLLIN|POLLOUT, -1); ev != POLLOUT || err != nil {
		t.Errorf("Poll = %v, %v", ev, err)
	}
	const pollers = 4
	done := make(chan error, pollers)
	for range pollers { // one message wakes them all: none of them takes it
		go func() {
			ev, err := x.Poll(POLLIN, -1)
			if err == nil && ev != POLLIN {
				err = fmt.Errorf("polled %v", ev)
			}
			done <- err
		}()
	}
	waitParked(t, x, pollers)
	send(t, y, "m")
	within(t, patience, "Poll", func() {
		for range pollers {
			must(t, <-done)
		}
	})
	if m, err := x.RecvMessageBytesContext(context.Background()); len(m) != 1 || err != nil {
		t.Errorf("%q, %v", m, err)
	}
	go func() { _, err := x.Poll(POLLIN, -1); done <- err }()
	waitParked(t, x, 1)
	must(t, x.Close())
	within(t, patience, "Close", func() {
		err := <-done
		var op *OpError
		if !errors.As(err, &op) || op.Op != "poll" || op.Err != ErrorSocketClosed {
			t.Error(err)
		}
	})
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
