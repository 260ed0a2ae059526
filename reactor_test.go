// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var errDone = errors.New("done")

// react runs a reactor and checks what it returns.
func react(t *testing.T, r *Reactor, want error) {
	t.Helper()
	within(t, patience, t.Name(), func() {
		if err := r.Run(time.Hour); err != want {
			t.Errorf("Run = %v, want %v", err, want)
		}
	})
}

func TestReactorSocketsAndChannels(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	r := NewReactor()
	var got []string
	ch := make(chan interface{}, 3)
	r.AddSocket(x, POLLIN, func(ev State) error {
		m, err := x.Recv(0)
		got = append(got, fmt.Sprint(ev, " ", m))
		ch <- nil // served at once, though the interval is an hour
		return err
	})
	r.AddChannel(ch, 1, func(v interface{}) error {
		got = append(got, fmt.Sprint(v))
		if len(got) == 4 {
			return errDone
		}
		return nil
	})
	send(t, y, "one")
	go func() {
		y.Send("two", 0)
	}()
	react(t, r, errDone)
	if s := strings.Join(got, ","); s != "POLLIN one,<nil>,POLLIN two,<nil>" && s != "POLLIN one,POLLIN two,<nil>,<nil>" {
		t.Errorf("handled %s", s)
	}
}

// Handlers may remove and add what they want, themselves among it.
func TestReactorChangesInHandlers(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	r := NewReactor()
	calls := ""
	var id uint64
	closed := make(chan interface{})
	close(closed)
	never := make(chan interface{}, 1)
	never <- 1
	onX := func(State) error {
		calls += "x"
		r.RemoveSocket(y) // ready in the same poll
		r.RemoveSocket(x)
		r.RemoveChannel(id)
		r.AddChannel(closed, 0, func(interface{}) error { return errors.New("value of a closed channel") })
		r.AddChannelTime(time.After(time.Millisecond), 1, func(v interface{}) error {
			calls += "t"
			if _, ok := v.(time.Time); !ok {
				t.Errorf("got %T", v)
			}
			r.AddSocket(y, POLLOUT, func(State) error { calls += "y"; return errDone })
			return nil
		})
		return nil
	}
	r.AddSocket(x, POLLOUT, onX)
	r.AddSocket(y, POLLOUT, func(State) error { return errors.New("y was removed") })
	react(t, r, errDone)
	if calls != "xty" {
		t.Errorf("calls %q", calls)
	}
	// The channel was removed before its handler was called: nothing was taken from it.
	r = NewReactor()
	r.AddSocket(x, POLLOUT, onX)
	id = r.AddChannel(never, 0, func(interface{}) error { return errors.New("taken") })
	r.RemoveChannel(id)
	react(t, r, errDone)
	if len(never) != 1 {
		t.Error("a value was taken from a removed channel")
	}
}

func TestReactorEnds(t *testing.T) {
	t.Run("nothing to do", func(t *testing.T) {
		if err := NewReactor().Run(-1); err == nil {
			t.Error("no error")
		}
		r := NewReactor()
		ch := make(chan interface{})
		r.AddChannel(ch, 0, nil)
		close(ch)
		within(t, patience, t.Name(), func() {
			if err := r.Run(-1); err == nil {
				t.Error("no error after the last channel was closed")
			}
		})
	})
	for _, test := range []struct {
		name string
		do   func(x *Socket)
		want error
	}{
		{"Close", func(x *Socket) { x.Close() }, ErrorSocketClosed},
		{"Term", func(x *Socket) { ctx, _ := x.Context(); go ctx.Term() }, ETERM},
	} {
		for _, channels := range []int{0, 2} {
			t.Run(fmt.Sprint(test.name, " with channels ", channels), func(t *testing.T) {
				x, _ := socketPair(t, "inproc", PAIR, PAIR)
				r := NewReactor()
				r.AddSocket(x, POLLIN, func(State) error { return errors.New("called") })
				for range channels {
					r.AddChannel(make(chan interface{}), 0, nil)
				}
				go func() {
					for !r.poller.queueWaiting() {
						runtime.Gosched()
					}
					test.do(x)
				}()
				react(t, r, test.want)
			})
		}
	}
}

// A handler that is replaced while its socket is ready gets only the events
// that it asks for.
func TestReactorReplacedHandler(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	r := NewReactor()
	r.AddSocket(x, POLLOUT, func(State) error {
		r.AddSocket(y, POLLIN, func(ev State) error { // y was found ready for POLLOUT
			if m, err := y.Recv(DONTWAIT); ev != POLLIN || m != "m" || err != nil {
				t.Errorf("%v, %q, %v", ev, m, err)
			}
			return errDone
		})
		r.RemoveSocket(x)
		go func() {
			eventually(t, "Run waits", func() bool { return waiting(y) > 0 })
			x.Send("m", 0)
		}()
		return nil
	})
	r.AddSocket(y, POLLOUT, func(State) error { return errors.New("y was replaced") })
	react(t, r, errDone)
}

// A socket that is closed ends Run once.
func TestReactorRunAgain(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	r := NewReactor()
	r.AddSocket(x, POLLIN, func(State) error { return errors.New("called") })
	r.AddSocket(y, POLLIN, func(State) error { return errors.New("called") })
	must(t, x.Close())
	must(t, y.Close())
	for _, want := range []string{ErrorSocketClosed.Error(), "No sockets to poll, no channels to read"} {
		within(t, patience, t.Name(), func() {
			if err := r.Run(time.Hour); err == nil || err.Error() != want {
				t.Errorf("Run = %v, want %s", err, want)
			}
		})
	}
	// A socket that is used later is waited for.
	x, y = socketPair(t, "inproc", PAIR, PAIR)
	r.AddSocket(x, POLLIN, func(State) error { return errDone })
	send(t, y, "m")
	react(t, r, errDone)
}

// Neither an always ready channel nor an always ready socket starves others.
func TestReactorFair(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	r := NewReactor()
	busy := make(chan interface{}, 10)
	busy <- 0
	n := 0
	r.AddChannel(busy, 0, func(interface{}) error { n++; busy <- 0; return nil })
	r.AddSocket(y, POLLOUT, func(State) error { n++; return nil })
	r.AddSocket(x, POLLIN, func(State) error { return errDone })
	send(t, y, "m")
	react(t, r, errDone)
}

// A reactor that waits uses no CPU, and leaves no goroutine behind.
func TestReactorIdle(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	before := runtime.NumGoroutine()
	r := NewReactor()
	r.AddSocket(x, POLLIN, func(State) error { return errDone })
	r.AddChannelTime(make(chan time.Time), 0, nil)
	done := make(chan error, 1)
	go func() { done <- r.Run(0) }() // an interval of 0 was a busy loop
	eventually(t, "Run waits", func() bool { return waiting(x) > 0 })
	from := cpuTime(t)
	meanwhile(200 * time.Millisecond)
	cpu := cpuTime(t) - from
	send(t, y, "m")
	within(t, patience, t.Name(), func() {
		if err := <-done; err != errDone {
			t.Error(err)
		}
	})
	if cpu > 100*time.Millisecond {
		t.Errorf("waiting for 200 ms took %v of CPU time", cpu)
	}
	r.RemoveSocket(x)
	eventually(t, "no goroutine more", func() bool { return runtime.NumGoroutine() <= before })
}

// Run returns bare errors. RunContext tells its own from those of handlers.
func TestReactorErrors(t *testing.T) {
	failed := errors.New("failed")
	for _, tc := range []struct {
		name    string
		prepare func(*Reactor)
		want    error
		own     bool
	}{
		{"closed socket", func(r *Reactor) {
			soc := newSocket(t, newContext(t), PULL)
			r.AddSocket(soc, POLLIN, func(State) error { return nil })
			must(t, soc.Close())
		}, ErrorSocketClosed, true},
		{"socket's handler", func(r *Reactor) {
			x, y := socketPair(t, "inproc", PAIR, PAIR)
			send(t, y, "m")
			r.AddSocket(x, POLLIN, func(State) error { return failed })
		}, failed, false},
		{"channel's handler", func(r *Reactor) {
			ch := make(chan interface{}, 1)
			ch <- 1
			r.AddChannel(ch, 0, func(interface{}) error { return failed })
		}, failed, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := NewReactor()
			tc.prepare(r)
			within(t, patience, "RunContext", func() {
				err := r.RunContext(t.Context())
				var op *OpError
				if own := errors.As(err, &op); own != tc.own || !errors.Is(err, tc.want) {
					t.Errorf("RunContext: %v", err)
				}
			})
			r = NewReactor()
			tc.prepare(r)
			within(t, patience, "Run", func() {
				if err := r.Run(0); err != tc.want {
					t.Errorf("Run: %v", err)
				}
			})
		})
	}
	var op *OpError
	if err := NewReactor().RunContext(t.Context()); !errors.As(err, &op) {
		t.Errorf("nothing to wait for: %v", err)
	}
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
