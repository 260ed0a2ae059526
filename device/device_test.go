// SPDX-License-Identifier: BSD-2-Clause

package device_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/ctest"
	"github.com/seed45097122/zmq4/device"
)

const patience = 20 * time.Second

func TestMain(m *testing.M) { os.Exit(ctest.Main(m)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// within fails the test if f does not return in time.
func within(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(patience):
		buf := make([]byte, 1<<20)
		t.Fatalf("%s: not done after %v\n%s", what, patience, buf[:runtime.Stack(buf, true)])
	}
}

func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%s: not after %v", what, patience)
		}
	}
}

// rig is the sockets of a proxy and their peers.
type rig struct {
	ctx                        *zmq4.Context
	frontend, backend, capture *zmq4.Socket
	client, server, watcher    *zmq4.Socket
}

// newRig makes a rig that ends with the test.
func newRig(t testing.TB, frontend, backend, client, server zmq4.Type) *rig {
	t.Helper()
	ctx, err := zmq4.NewContext()
	must(t, err)
	r := &rig{ctx: ctx}
	t.Cleanup(func() {
		for _, soc := range []*zmq4.Socket{r.frontend, r.backend, r.capture, r.client, r.server, r.watcher} {
			soc.Close()
		}
		within(t, "Term", func() { must(t, ctx.Term()) })
	})
	join := func(name string, a, b zmq4.Type) (*zmq4.Socket, *zmq4.Socket) {
		x, err := ctx.OpenSocket(a, zmq4.Linger(0), zmq4.Bind("inproc://"+name))
		must(t, err)
		y, err := ctx.OpenSocket(b, zmq4.Linger(0), zmq4.Connect("inproc://"+name))
		must(t, err)
		return x, y
	}
	r.frontend, r.client = join("frontend", frontend, client)
	r.backend, r.server = join("backend", backend, server)
	r.capture, r.watcher = join("capture", zmq4.PUSH, zmq4.PULL)
	return r
}

func (r *rig) start(t testing.TB) *device.Proxy {
	t.Helper()
	p, err := device.Start(r.frontend, r.backend, r.capture)
	must(t, err)
	return p
}

func send(t testing.TB, soc *zmq4.Socket, parts ...any) {
	t.Helper()
	_, err := soc.SendMessage(parts...)
	must(t, err)
}

func recv(t testing.TB, soc *zmq4.Socket, want ...string) {
	t.Helper()
	within(t, "RecvMessage", func() {
		if m, err := soc.RecvMessage(0); err != nil || !slices.Equal(m, want) {
			t.Errorf("received %q, %v, want %q", m, err, want)
		}
	})
}

func stop(t testing.TB, p *device.Proxy) {
	t.Helper()
	within(t, "Stop", func() {
		if err := p.Stop(context.Background()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
}

func TestProxy(t *testing.T) {
	r := newRig(t, zmq4.ROUTER, zmq4.DEALER, zmq4.REQ, zmq4.REP)
	p := r.start(t)
	for i := range 10 {
		send(t, r.client, "ask", i)
		recv(t, r.server, "ask", fmt.Sprint(i))
		send(t, r.server, "reply")
		recv(t, r.client, "reply")
		within(t, "capture", func() { r.watcher.RecvMessage(0); r.watcher.RecvMessage(0) })
	}
	id := 5 // of a ROUTER's peer, in bytes
	in, out := uint64(10*(id+len("ask0"))), uint64(10*(id+len("reply")))
	stop(t, p)
	s := p.Stats()
	for _, test := range []struct {
		name string
		got  zmq4.SocketStats
		want zmq4.SocketStats
	}{
		{"frontend", s.Frontend, zmq4.SocketStats{MessagesReceived: 10, BytesReceived: in, MessagesSent: 10, BytesSent: out}},
		{"backend", s.Backend, zmq4.SocketStats{MessagesReceived: 10, BytesReceived: out, MessagesSent: 10, BytesSent: in}},
		{"capture", s.Capture, zmq4.SocketStats{MessagesSent: 20, BytesSent: in + out}},
	} {
		if test.got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, test.got, test.want)
		}
	}
	for _, soc := range []*zmq4.Socket{r.frontend, r.backend, r.capture} {
		if _, err := soc.Context(); err != zmq4.ErrorSocketClosed {
			t.Errorf("after Stop: %v", err)
		}
	}
	select {
	case <-p.Done():
	default:
		t.Error("not done after Stop")
	}
	stop(t, p)
	for name, f := range map[string]func() error{"pause": p.Pause, "resume": p.Resume} {
		var op *zmq4.OpError
		if err := f(); !errors.Is(err, zmq4.ErrorSocketClosed) || !errors.As(err, &op) || op.Op != name {
			t.Errorf("%s after Stop: %v", name, err)
		}
	}
}

// While it is paused nothing goes through, and nothing is lost.
func TestPause(t *testing.T) {
	r := newRig(t, zmq4.PULL, zmq4.PUSH, zmq4.PUSH, zmq4.PULL)
	r.capture.Close()
	p, err := device.Start(r.frontend, r.backend, nil)
	must(t, err)
	const n = 5000
	go func() {
		for i := range n {
			if _, err := r.client.SendMessage("m", i); err != nil {
				return
			}
		}
	}()
	next := 0
	receive := func(upTo int) {
		within(t, "receive", func() {
			for ; next < upTo; next++ {
				if m, err := r.server.RecvMessage(0); err != nil || len(m) != 2 || m[1] != fmt.Sprint(next) {
					t.Errorf("message %d is %q, %v", next, m, err)
					return
				}
			}
		})
	}
	for _, upTo := range []int{100, 2000} {
		receive(upTo)
		within(t, "Pause", func() { must(t, p.Pause()) })
		must(t, p.Pause())
		// What it had taken is there now, or in the queue of the server.
		taken := int(p.Stats().Frontend.MessagesReceived)
		receive(taken)
		must(t, r.server.SetRcvtimeo(30*time.Millisecond))
		if m, err := r.server.RecvMessage(0); !errors.Is(err, syscall.EAGAIN) {
			t.Errorf("while paused: %q, %v", m, err)
		}
		must(t, r.server.SetRcvtimeo(-1))
		if now := int(p.Stats().Frontend.MessagesReceived); now != taken {
			t.Errorf("received %d messages while paused", now-taken)
		}
		within(t, "Resume", func() { must(t, p.Resume()) })
	}
	receive(n)
	stop(t, p)
}

// Stop delivers what was received, for as long as its context lasts.
func TestStopDelivers(t *testing.T) {
	hold := func(t *testing.T) (*rig, *device.Proxy) {
		r := newRig(t, zmq4.PULL, zmq4.PUSH, zmq4.PUSH, zmq4.PULL)
		must(t, r.server.Disconnect("inproc://backend"))
		r.capture.Close()
		p, err := device.Start(r.frontend, r.backend, nil)
		must(t, err)
		send(t, r.client, "held")
		eventually(t, "message in hand", func() bool { return p.Stats().Frontend.MessagesReceived == 1 })
		return r, p
	}
	t.Run("delivered", func(t *testing.T) {
		r, p := hold(t)
		stopped := make(chan error, 1)
		go func() { stopped <- p.Stop(context.Background()) }()
		eventually(t, "stopping", func() bool { return p.Pause() != nil })
		must(t, r.server.Connect("inproc://backend"))
		recv(t, r.server, "held")
		within(t, "Stop", func() { must(t, <-stopped) })
	})
	t.Run("given up", func(t *testing.T) {
		_, p := hold(t)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		within(t, "Stop", func() {
			if err := p.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Stop: %v", err)
			}
		})
		if err := p.Err(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Err: %v", err)
		}
	})
	t.Run("two Stops", func(t *testing.T) {
		_, p := hold(t)
		first := make(chan error, 1)
		go func() { first <- p.Stop(context.Background()) }()
		eventually(t, "stopping", func() bool { return p.Pause() != nil })
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		within(t, "Stop", func() {
			for _, err := range []error{p.Stop(ctx), <-first} {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("Stop: %v", err)
				}
			}
		})
	})
}

// It ends when a socket is closed or the context terminated, with its sockets
// closed: Term needs nobody else.
func TestEnds(t *testing.T) {
	for _, paused := range []bool{false, true} {
		for _, test := range []struct {
			name string
			do   func(*rig)
			want error
		}{
			{"frontend closed", func(r *rig) { r.frontend.Close() }, zmq4.ErrorSocketClosed},
			{"backend closed", func(r *rig) { r.backend.Close() }, zmq4.ErrorSocketClosed},
			{"capture closed", func(r *rig) { r.capture.Close() }, zmq4.ErrorSocketClosed},
			{"context terminated", func(r *rig) {
				r.client.Close()
				r.server.Close()
				r.watcher.Close()
				r.ctx.Term()
			}, zmq4.ETERM},
		} {
			t.Run(fmt.Sprint(test.name, " paused ", paused), func(t *testing.T) {
				r := newRig(t, zmq4.PULL, zmq4.PUSH, zmq4.PUSH, zmq4.PULL)
				p := r.start(t)
				if paused {
					must(t, p.Pause())
				}
				within(t, "end", func() {
					test.do(r)
					if err := p.Err(); !errors.Is(err, test.want) {
						t.Errorf("Err: %v, want %v", err, test.want)
					}
					if err := p.Pause(); err == nil {
						t.Error("no error of Pause")
					}
					if err := p.Stop(context.Background()); !errors.Is(err, test.want) {
						t.Errorf("Stop: %v, want %v", err, test.want)
					}
				})
			})
		}
	}
}

func TestStartErrors(t *testing.T) {
	r := newRig(t, zmq4.PULL, zmq4.PUSH, zmq4.PUSH, zmq4.PULL)
	closed, err := r.ctx.NewSocket(zmq4.PAIR)
	must(t, err)
	closed.Close()
	for i, test := range [][3]*zmq4.Socket{
		{nil, r.backend, nil}, {r.frontend, nil, nil}, {closed, r.backend, nil}, {r.frontend, closed, nil},
		{r.frontend, r.backend, closed}, {r.frontend, r.backend, {}},
	} {
		p, err := device.Start(test[0], test[1], test[2])
		var op *zmq4.OpError
		if p != nil || !errors.Is(err, zmq4.ErrorSocketClosed) || !errors.As(err, &op) {
			t.Errorf("%d: %v, %v", i, p, err)
		}
	}
	if _, err := r.frontend.Context(); err != nil {
		t.Error("a Start that failed has closed a socket")
	}
	for sockets := 2; sockets <= 3; sockets++ { // room for none, and for one of its own
		small, err := zmq4.NewContext()
		must(t, err)
		must(t, small.SetMaxSockets(sockets))
		x, err := small.OpenSocket(zmq4.PULL, zmq4.Linger(0))
		must(t, err)
		y, err := small.OpenSocket(zmq4.PUSH, zmq4.Linger(0))
		must(t, err)
		if _, err := device.Start(x, y, nil); !errors.Is(err, syscall.EMFILE) {
			t.Errorf("%d sockets: %v", sockets, err)
		}
		x.Close()
		y.Close()
		within(t, "Term", func() { must(t, small.Term()) })
	}
}

// All methods by all goroutines.
func TestShared(t *testing.T) {
	r := newRig(t, zmq4.DEALER, zmq4.DEALER, zmq4.DEALER, zmq4.DEALER)
	r.capture.Close()
	p, err := device.Start(r.frontend, r.backend, nil)
	must(t, err)
	const n = 1000
	var wg sync.WaitGroup
	for _, pair := range [][2]*zmq4.Socket{{r.client, r.server}, {r.server, r.client}} {
		wg.Add(2)
		go func() {
			defer wg.Done()
			for range n {
				pair[0].Send("m", 0)
			}
		}()
		go func() {
			defer wg.Done()
			for range n {
				pair[1].Recv(0)
			}
		}()
	}
	var steerers sync.WaitGroup
	for range 3 {
		steerers.Add(1)
		go func() {
			defer steerers.Done()
			for range 50 {
				p.Pause()
				p.Stats()
				p.Resume()
			}
		}()
	}
	within(t, "messages", wg.Wait)
	within(t, "commands", steerers.Wait)
	if s := p.Stats(); s.Frontend.MessagesReceived != n || s.Backend.MessagesSent != n || s.Frontend.MessagesSent != n {
		t.Errorf("%+v", s)
	}
	for range 3 {
		wg.Add(1)
		go func() { defer wg.Done(); p.Stop(context.Background()) }()
	}
	within(t, "Stop", wg.Wait)
	must(t, p.Err())
}

func Example() {
	ctx, err := zmq4.NewContext()
	if err != nil {
		log.Fatal(err)
	}
	defer ctx.Term()
	router, err := ctx.OpenSocket(zmq4.ROUTER, zmq4.Bind("inproc://clients"))
	if err != nil {
		log.Fatal(err)
	}
	dealer, err := ctx.OpenSocket(zmq4.DEALER, zmq4.Bind("inproc://workers"))
	if err != nil {
		log.Fatal(err)
	}
	broker, err := device.Start(router, dealer, nil)
	if err != nil {
		log.Fatal(err)
	}

	client, err := ctx.OpenSocket(zmq4.REQ, zmq4.Connect("inproc://clients"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	worker, err := ctx.OpenSocket(zmq4.REP, zmq4.Connect("inproc://workers"))
	if err != nil {
		log.Fatal(err)
	}
	defer worker.Close()

	client.Send("hello", 0)
	question, err := worker.Recv(0)
	if err != nil {
		log.Fatal(err)
	}
	worker.Send(question+", world", 0)
	reply, err := client.Recv(0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply)

	s := broker.Stats()
	fmt.Println(s.Frontend.MessagesReceived, "question,", s.Backend.MessagesReceived, "reply")

	timeout, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := broker.Stop(timeout); err != nil { // closes router and dealer
		log.Fatal(err)
	}
	// Output:
	// hello, world
	// 1 question, 1 reply
}

func ExampleProxy_Pause() {
	ctx, err := zmq4.NewContext()
	if err != nil {
		log.Fatal(err)
	}
	defer ctx.Term()
	in, err := ctx.OpenSocket(zmq4.PULL, zmq4.Bind("inproc://in"))
	if err != nil {
		log.Fatal(err)
	}
	out, err := ctx.OpenSocket(zmq4.PUSH, zmq4.Bind("inproc://out"))
	if err != nil {
		log.Fatal(err)
	}
	streamer, err := device.Start(in, out, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer streamer.Stop(context.Background())
	source, err := ctx.OpenSocket(zmq4.PUSH, zmq4.Connect("inproc://in"))
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	sink, err := ctx.OpenSocket(zmq4.PULL, zmq4.Connect("inproc://out"))
	if err != nil {
		log.Fatal(err)
	}
	defer sink.Close()

	if err := streamer.Pause(); err != nil {
		log.Fatal(err)
	}
	source.Send("one", 0)
	fmt.Println("while paused:", streamer.Stats().Backend.MessagesSent)
	if err := streamer.Resume(); err != nil {
		log.Fatal(err)
	}
	msg, err := sink.Recv(0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("after that:", msg)
	// Output:
	// while paused: 0
	// after that: one
}
