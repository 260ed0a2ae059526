// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A blockedCall is a call that waits, and the sockets that make it wait.
type blockedCall struct {
	name string
	typ  Type
	peer Type
	call func(*Socket) error
	// fill is sent until it does not get through any more.
	fill func(*Socket) error
}

func sends(parts ...any) func(*Socket) error {
	return func(soc *Socket) error { _, err := soc.SendMessage(parts...); return err }
}

var large = make([]byte, 1<<20) // hardly any fits in the buffers of the system

var blockedCalls = []blockedCall{
	{"Recv", PULL, PUSH, func(s *Socket) error { _, err := s.Recv(0); return err }, nil},
	{"RecvBytes", SUB, PUB, func(s *Socket) error { _, err := s.RecvBytes(0); return err }, nil},
	{"RecvMessage", DEALER, ROUTER, func(s *Socket) error { _, err := s.RecvMessage(0); return err }, nil},
	{"RecvMessageBytes", ROUTER, DEALER, func(s *Socket) error { _, err := s.RecvMessageBytes(0); return err }, nil},
	{"RecvWithMetadata", REP, REQ, func(s *Socket) error { _, _, err := s.RecvWithMetadata(0); return err }, nil},
	{"RecvEvent", PAIR, PAIR, func(s *Socket) error { _, _, _, err := s.RecvEvent(0); return err }, nil},
	{"Send", PUSH, PULL, func(s *Socket) error { _, err := s.Send("x", 0); return err }, sends(large)},
	{"SendBytes", PAIR, PAIR, func(s *Socket) error { _, err := s.SendBytes(large, SNDMORE); return err }, sends(large)}, // the end of it, if it began
	{"SendMessage", DEALER, ROUTER, func(s *Socket) error { _, err := s.SendMessage("x"); return err }, sends(large, large)},
	{"SendMessage", ROUTER, DEALER, func(s *Socket) error { _, err := s.SendMessage("peer", "x"); return err }, sends("peer", large)},
}

// block makes n goroutines wait in a call. Each sends what it returns.
func (b *blockedCall) block(t *testing.T, ctx *Context, transport string, n int) (*Socket, <-chan error) {
	t.Helper()
	soc, peer := newSocket(t, ctx, b.typ), newSocket(t, ctx, b.peer)
	for _, s := range []*Socket{soc, peer} {
		must(t, s.SetSndhwm(1))
		must(t, s.SetRcvhwm(1))
	}
	if b.typ == ROUTER {
		must(t, soc.SetRouterMandatory(1))
		must(t, peer.SetIdentity("peer"))
	}
	must(t, peer.Connect(bindOn(t, soc, transport)))
	if b.fill != nil {
		err := error(EHOSTUNREACH)
		eventually(t, "peer connected", func() bool { err = b.fill(soc); return err != EHOSTUNREACH })
		must(t, soc.SetSndtimeo(20*time.Millisecond)) // the system moves on for a while
		for err != eagain {
			must(t, err)
			err = b.fill(soc)
		}
		must(t, soc.SetSndtimeo(-1))
	}
	errs := make(chan error, n)
	for range n {
		go func() {
			err := b.call(soc)
			for err == nil && b.fill != nil { // the system has moved on after all
				if err = b.fill(soc); err == nil {
					err = b.call(soc)
				}
			}
			errs <- err
		}()
	}
	waitParked(t, soc, n)
	return soc, errs
}

// Close and Term end every call that waits, however many wait on one socket.
func TestBlockedCallsEnd(t *testing.T) {
	ends := []struct {
		name string
		want error
		end  func(*testing.T, *Socket)
	}{
		{"Close", ErrorSocketClosed, func(t *testing.T, soc *Socket) { must(t, soc.Close()) }},
		{"Term", ETERM, func(t *testing.T, soc *Socket) {
			ctx, err := soc.Context()
			must(t, err)
			go ctx.Term()
		}},
	}
	for _, transport := range transports {
		for _, b := range blockedCalls {
			for _, n := range []int{1, 8} {
				for _, e := range ends {
					t.Run(fmt.Sprintf("%s/%v.%s/%d/%s", transport, b.typ, b.name, n, e.name), func(t *testing.T) {
						soc, errs := b.block(t, newContext(t), transport, n)
						start := time.Now()
						e.end(t, soc)
						within(t, patience, e.name, func() {
							for range n {
								if err := <-errs; err != e.want {
									t.Errorf("%v, want %v", err, e.want)
								}
							}
						})
						if d := time.Since(start); d > slack(time.Second) {
							t.Errorf("took %v", d)
						}
					})
				}
			}
		}
	}
}

// The time between Close and the end of the call that it interrupts.
func TestCloseLatency(t *testing.T) {
	ctx := newContext(t)
	var took []time.Duration
	for range 101 {
		soc := newSocket(t, ctx, PULL)
		done := make(chan error)
		go func() { _, err := soc.RecvBytes(0); done <- err }()
		waitParked(t, soc, 1)
		start := time.Now()
		must(t, soc.Close())
		if err := <-done; err != ErrorSocketClosed {
			t.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	t.Logf("median %v, worst %v", took[len(took)/2], took[len(took)-1])
	if d := took[len(took)/2]; d > slack(5*time.Millisecond) {
		t.Errorf("half of the calls took %v or more", d)
	}
}

// tries is how often something may be late on a busy machine, and be tried again.
const tries = 100

// testTimeouts tests both timeouts on sockets that have nobody to talk to.
func testTimeouts(t *testing.T) {
	ctx := newContext(t)
	for _, d := range []time.Duration{time.Millisecond, 7 * time.Millisecond, 60 * time.Millisecond} {
		push, pull := newSocket(t, ctx, PUSH), newSocket(t, ctx, PULL)
		must(t, push.SetSndtimeo(d))
		must(t, pull.SetRcvtimeo(d))
		timeouts(t, d, func() error { _, err := push.Send("x", 0); return err })
		timeouts(t, d, func() error { _, err := push.SendMessage("x", "y"); return err })
		timeouts(t, d, func() error { _, err := pull.RecvBytes(0); return err })
		timeouts(t, d, func() error { _, err := pull.RecvMessage(0); return err })
	}
}

func TestTimeouts(t *testing.T) {
	t.Run("idle", testTimeouts)

	t.Run("shared", func(t *testing.T) {
		// Others wait on the same socket, and use it all the time.
		soc := newSocket(t, newContext(t), DEALER)
		var others sync.WaitGroup
		for range 3 {
			others.Go(func() {
				if _, err := soc.RecvBytes(0); err != ErrorSocketClosed {
					t.Error(err)
				}
			})
		}
		waitParked(t, soc, 3)
		others.Go(func() {
			for {
				if _, err := soc.GetEvents(); err == ErrorSocketClosed {
					return
				}
				runtime.Gosched()
			}
		})
		for _, d := range []time.Duration{5 * time.Millisecond, 30 * time.Millisecond} {
			must(t, soc.SetRcvtimeo(d))
			must(t, soc.SetSndtimeo(d))
			timeouts(t, d, func() error { _, err := soc.RecvBytes(0); return err })
			timeouts(t, d, func() error { _, err := soc.Send("x", 0); return err })
		}
		must(t, soc.Close())
		within(t, patience, "others", others.Wait)
	})

	t.Run("leader and follower", func(t *testing.T) {
		soc := newSocket(t, newContext(t), PULL)
		timed := func(d time.Duration) <-chan time.Duration {
			must(t, soc.SetRcvtimeo(d))
			n, took := parked(soc), make(chan time.Duration, 1)
			go func() {
				start := time.Now()
				if _, err := soc.RecvBytes(0); err != eagain {
					t.Error(err)
				}
				took <- time.Since(start)
			}()
			waitParked(t, soc, n+1)
			return took
		}
		late := time.Hour
		for i := 0; i < tries && late > slack(50*time.Millisecond); i++ {
			calls := map[time.Duration]<-chan time.Duration{}
			for _, d := range []time.Duration{300 * time.Millisecond, 150 * time.Millisecond, 400 * time.Millisecond} {
				calls[d] = timed(d)
			}
			late = 0
			for d, took := range calls {
				got := <-took
				if got < d {
					t.Errorf("a timeout of %v was over after %v", d, got)
				}
				late = max(late, got-d)
			}
		}
		if late > slack(50*time.Millisecond) {
			t.Errorf("a timeout was late by %v", late)
		}
	})

	t.Run("change while waiting", func(t *testing.T) {
		push, pull := socketPair(t, "inproc", PUSH, PULL)
		got := make(chan error)
		go func() { _, err := pull.RecvBytes(0); got <- err }()
		waitParked(t, pull, 1)
		must(t, pull.SetRcvtimeo(0))
		pull.s.park.wake(everyone) // as if another had taken the message
		waitParked(t, pull, 1)
		_, err := push.Send("x", 0)
		must(t, err)
		within(t, patience, "Recv", func() {
			if err := <-got; err != nil {
				t.Errorf("%v: the new timeout is for later calls", err)
			}
		})
	})

	t.Run("over at once", func(t *testing.T) {
		// A call that expects to wait still looks before it gives up.
		push, pull := socketPair(t, "inproc", PUSH, PULL)
		got := make(chan error)
		recv := func() { _, err := pull.RecvBytes(0); got <- err }
		go recv()
		waitParked(t, pull, 1)
		_, err := push.Send("x", 0)
		must(t, err)
		must(t, <-got)
		_, err = push.Send("x", 0)
		must(t, err)
		must(t, pull.SetRcvtimeo(time.Millisecond))
		k := &pull.s.park
		k.mu.Lock()
		go recv()
		meanwhile(20 * time.Millisecond) // a machine that is too busy
		k.mu.Unlock()
		if err := <-got; err != nil {
			t.Errorf("%v, though a message was there", err)
		}
	})
}

// A socket that is lost is closed, one that a goroutine waits on is not lost.
func TestLostSockets(t *testing.T) {
	t.Run("lost", func(t *testing.T) {
		ctx := newContext(t)
		func() {
			for _, typ := range []Type{PULL, PUSH, ROUTER} {
				soc, err := ctx.NewSocket(typ)
				must(t, err)
				must(t, soc.Bind("tcp://127.0.0.1:*"))
				if typ == PULL { // it has been waited on
					must(t, soc.SetRcvtimeo(time.Millisecond))
					if _, err := soc.RecvBytes(0); err != eagain {
						t.Fatal(err)
					}
				}
			}
		}()
		var ended atomic.Bool
		go func() { ctx.Term(); ended.Store(true) }()
		collect(t, "sockets collected", ended.Load)
	})

	t.Run("in use", func(t *testing.T) {
		ctx := newContext(t)
		push := newSocket(t, ctx, PUSH)
		endpoint := bindOn(t, push, "inproc")
		const n = 3
		got := make(chan error, n)
		func() {
			soc, err := ctx.NewSocket(PULL)
			must(t, err)
			must(t, soc.Connect(endpoint))
			for range n {
				go func() { _, err := soc.RecvBytes(0); got <- err }()
			}
			waitParked(t, soc, n)
		}()
		for range 5 {
			runtime.GC()
		}
		within(t, patience, "messages", func() {
			for i := range n {
				if _, err := push.Send("x", 0); err != nil {
					t.Error(err)
				}
				if err := <-got; err != nil {
					t.Errorf("call %d: %v", i, err)
				}
				runtime.GC()
			}
		})
	})

	t.Run("unsent", func(t *testing.T) {
		// A context that is lost with a message that cannot be delivered.
		endpoint := "ipc://" + filepath.Join(t.TempDir(), "s")
		lost := make(chan struct{})
		func() {
			ctx, err := NewContext()
			must(t, err)
			runtime.AddCleanup(ctx, func(c chan struct{}) { close(c) }, lost)
			soc, err := ctx.NewSocket(PUSH)
			must(t, err)
			must(t, soc.Connect(endpoint))
			_, err = soc.Send("late", 0)
			must(t, err)
		}()
		collect(t, "context collected", closed(lost))
		cleaned := make(chan struct{})
		func() { runtime.AddCleanup(new([64]byte), func(c chan struct{}) { close(c) }, cleaned) }()
		collect(t, "cleanups go on", closed(cleaned))
		pull := newSocket(t, newContext(t), PULL)
		must(t, pull.Bind(endpoint))
		within(t, patience, "delivery", func() {
			if m, err := pull.Recv(0); m != "late" || err != nil {
				t.Error(m, err)
			}
		})
	})
}

func TestCloseTwice(t *testing.T) {
	soc := newSocket(t, newContext(t), PULL)
	for range 3 {
		if err := soc.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Close while others do everything that a socket can do.
func TestCloseRace(t *testing.T) {
	ctx := newContext(t)
	peer := newSocket(t, ctx, DEALER)
	endpoint := bindOn(t, peer, "inproc")
	ops := []func(*Socket) error{
		func(s *Socket) error { _, err := s.Recv(0); return err },
		func(s *Socket) error { _, err := s.RecvBytes(DONTWAIT); return err },
		func(s *Socket) error { _, err := s.RecvMessage(0); return err },
		func(s *Socket) error { _, _, err := s.RecvMessageBytesWithMetadata(0, "Peer-Address"); return err },
		func(s *Socket) error { _, err := s.Send("x", 0); return err },
		func(s *Socket) error { _, err := s.SendBytes(large, DONTWAIT); return err },
		func(s *Socket) error { _, err := s.SendMessage("x", "y"); return err },
		func(s *Socket) error { _, err := s.SendMessageDontwait("x", large); return err },
		func(s *Socket) error { _, err := s.GetEvents(); return err },
		func(s *Socket) error { _, err := s.GetRcvmore(); return err },
		func(s *Socket) error { return s.SetRcvtimeo(-1) },
		func(s *Socket) error { _, err := s.Context(); return err },
		func(s *Socket) error {
			if s.String() == "Socket(CLOSED)" {
				return ErrorSocketClosed
			}
			return nil
		},
		func(s *Socket) error { return s.Connect(endpoint) },
		func(s *Socket) error { return s.Disconnect(endpoint) },
		func(s *Socket) error { _, _, _, err := s.RecvEvent(DONTWAIT); return err },
	}
	go func() { // echo
		for {
			m, err := peer.RecvMessage(0)
			if err != nil {
				return
			}
			peer.SendMessageDontwait(m)
		}
	}()
	r := rand.New(rand.NewPCG(1, 5))
	for range 200 {
		soc := newSocket(t, ctx, DEALER)
		must(t, soc.Connect(endpoint))
		var using sync.WaitGroup
		for _, op := range ops {
			using.Go(func() {
				for err := error(nil); err != ErrorSocketClosed; err = op(soc) {
					if errno := AsErrno(err); errno == ETERM || errno == ENOTSOCK || err != nil && errno == 0 &&
						err != ErrorMoreExpected && err != ErrMalformedEvent {
						t.Error(err)
						return
					}
				}
			})
		}
		for end := time.Now().Add(time.Duration(r.IntN(500)) * time.Microsecond); time.Now().Before(end); {
			runtime.Gosched()
		}
		for range 2 {
			using.Go(func() {
				if err := soc.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		within(t, patience, "end of all calls", using.Wait)
	}
}

// Every method of a socket that is closed, or was never made, gives an error
// and does not panic.
func TestUseAfterClose(t *testing.T) {
	closed := newSocket(t, newContext(t), PAIR)
	must(t, closed.Close())
	for name, soc := range map[string]*Socket{"closed": closed, "nil": nil, "zero": {}} {
		v := reflect.ValueOf(soc)
		for i := range v.NumMethod() {
			method := v.Type().Method(i)
			if soc == nil && method.Name == "String" {
				continue // it is declared on the value
			}
			t.Run(name+"/"+method.Name, func(t *testing.T) {
				var args []reflect.Value
				for i := range method.Type.NumIn() {
					switch arg := method.Type.In(i); {
					case arg == reflect.TypeFor[context.Context]():
						args = append(args, reflect.ValueOf(t.Context())) // for what waits in the background
					case arg.Kind() == reflect.Pointer:
						args = append(args, reflect.New(arg.Elem()))
					default:
						args = append(args, reflect.Zero(arg))
					}
				}
				args[0] = v
				if method.Type.IsVariadic() {
					args = args[:len(args)-1]
				}
				var out []reflect.Value
				within(t, patience, method.Name, func() { out = method.Func.Call(args) })
				if len(out) == 0 {
					return
				}
				switch got := out[len(out)-1].Interface(); {
				case method.Name == "String":
					if got != "Socket(CLOSED)" {
						t.Errorf("%v", got)
					}
				case method.Name == "Close" && soc != nil, // once more
					method.Name == "SendMessage", method.Name == "SendMessageDontwait": // of no parts
					if got != nil {
						t.Errorf("%v", got)
					}
				case out[len(out)-1].Type() == reflect.TypeFor[error]():
					if err, _ := got.(error); !errors.Is(err, ErrorSocketClosed) && err != ErrMsgClosed {
						t.Errorf("%v, want %v", got, ErrorSocketClosed)
					}
				}
			})
		}
	}
}
