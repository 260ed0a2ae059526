// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// contextCalls are the calls that take a context, each on a socket where it
// has to wait.
var contextCalls = []struct {
	name string
	typ  Type
	call func(context.Context, *Socket) error
}{
	{"RecvContext", PULL, func(ctx context.Context, soc *Socket) error { _, err := soc.RecvContext(ctx, 0); return err }},
	{"RecvBytesContext", PULL, func(ctx context.Context, soc *Socket) error { _, err := soc.RecvBytesContext(ctx, 0); return err }},
	{"RecvMessageBytesContext", PULL, func(ctx context.Context, soc *Socket) error { _, err := soc.RecvMessageBytesContext(ctx); return err }},
	{"SendContext", PUSH, func(ctx context.Context, soc *Socket) error { _, err := soc.SendContext(ctx, "m", 0); return err }},
	{"SendBytesContext", PUSH, func(ctx context.Context, soc *Socket) error {
		_, err := soc.SendBytesContext(ctx, nil, SNDMORE)
		return err
	}},
	{"SendMessageContext", PUSH, func(ctx context.Context, soc *Socket) error {
		_, err := soc.SendMessageContext(ctx, "a", "b")
		return err
	}},
	{"SendPartsContext", PUSH, func(ctx context.Context, soc *Socket) error {
		_, err := soc.SendPartsContext(ctx, []byte("a"), nil)
		return err
	}},
	{"RecvMessageContext", PULL, func(ctx context.Context, soc *Socket) error { _, err := soc.RecvMessageContext(ctx); return err }},
	{"RecvMsgContext", PULL, func(ctx context.Context, soc *Socket) error { _, err := soc.RecvMsgContext(ctx, &Msg{}, 0); return err }},
	{"RecvIntoContext", PULL, func(ctx context.Context, soc *Socket) error {
		_, _, err := soc.RecvIntoContext(ctx, nil, 0)
		return err
	}},
	{"SendMsgContext", PUSH, func(ctx context.Context, soc *Socket) error {
		m, err := NewMsg(1)
		if err == nil {
			defer m.Close()
			_, err = soc.SendMsgContext(ctx, m, 0)
		}
		return err
	}},
	{"Socket.PollContext", PULL, func(ctx context.Context, soc *Socket) error {
		_, err := soc.PollContext(ctx, POLLIN)
		return err
	}},
	{"PollContext", PULL, func(ctx context.Context, soc *Socket) error {
		p := NewPoller()
		p.Add(soc, POLLIN)
		polled, err := p.PollContext(ctx)
		if len(polled) > 0 {
			return fmt.Errorf("polled %v", polled)
		}
		return err
	}},
	{"ProxyContext", PULL, func(ctx context.Context, soc *Socket) error {
		c, err := soc.Context()
		if err != nil {
			return err
		}
		push, err := c.NewSocket(PUSH)
		if err != nil {
			return &OpError{Op: "proxy", Err: soc.pebbeError()}
		}
		defer push.Close()
		return ProxyContext(ctx, soc, push, nil)
	}},
	{"RunContext", PULL, func(ctx context.Context, soc *Socket) error {
		r := NewReactor()
		r.AddSocket(soc, POLLIN, func(State) error { return errors.New("called") })
		return r.RunContext(ctx)
	}},
	{"RunContext with a channel", PULL, func(ctx context.Context, soc *Socket) error {
		r := NewReactor()
		r.AddSocket(soc, POLLIN, func(State) error { return errors.New("called") })
		r.AddChannel(make(chan interface{}), 0, nil)
		return r.RunContext(ctx)
	}},
}

// pebbeError is what a receive without a context gives.
func (soc *Socket) pebbeError() error {
	_, err := soc.Recv(DONTWAIT)
	return err
}

func TestContextEndsCalls(t *testing.T) {
	for _, c := range contextCalls {
		t.Run(c.name, func(t *testing.T) {
			soc := newSocket(t, newContext(t), c.typ)
			for name, want := range map[string]error{"cancelled before": context.Canceled, "cancelled": context.Canceled, "deadline": context.DeadlineExceeded} {
				for _, n := range []int{1, 5} { // one that leads, and some that follow
					ctx, cancel := context.WithCancel(context.Background())
					switch name {
					case "cancelled before":
						cancel()
					case "deadline":
						ctx, cancel = context.WithTimeout(ctx, 20*time.Millisecond)
					}
					errs := make(chan error, n)
					for range n {
						go func() { errs <- c.call(ctx, soc) }()
					}
					if name == "cancelled" {
						eventually(t, "the calls wait", func() bool { return waiting(soc) >= n })
						cancel()
					}
					within(t, patience, name, func() {
						for range n {
							err := <-errs
							var op *OpError
							if !errors.Is(err, want) || !errors.As(err, &op) {
								t.Errorf("%s: %v", name, err)
							} else if want == context.DeadlineExceeded && !op.Timeout() {
								t.Errorf("%v is no timeout", err)
							}
						}
					})
					cancel()
				}
			}
			eventually(t, "nobody waits any more", func() bool {
				runtime.GC() // where a goroutine watches for a Reactor, until that is lost
				return parked(soc) == 0
			})
		})
	}
}

// A call that waits returns within a millisecond of the cancel.
func TestContextLatency(t *testing.T) {
	for _, c := range contextCalls {
		t.Run(c.name, func(t *testing.T) {
			soc := newSocket(t, newContext(t), c.typ)
			waits := func() bool {
				soc.s.mu.Lock()
				defer soc.s.mu.Unlock()
				return soc.s.watched()
			}
			measure := func() time.Duration {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				done := make(chan time.Time, 1)
				go func() {
					c.call(ctx, soc)
					done <- time.Now()
				}()
				eventually(t, "a call waits", waits)
				start := time.Now()
				cancel()
				return (<-done).Sub(start)
			}
			var median time.Duration
			for range 5 { // the machine may be busy with something else
				var took [201]time.Duration
				for i := range took {
					took[i] = measure()
				}
				slices.Sort(took[:])
				if median = took[len(took)/2]; median < time.Millisecond {
					t.Logf("median %v, most %v", median, took[len(took)-1])
					return
				}
			}
			t.Errorf("a cancelled call returned after %v in the median", median)
		})
	}
}

// Messages that come while receives and sends are cancelled are neither lost
// nor torn nor doubled.
func TestContextLosesNothing(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			pull, push := socketPair(t, transport, PULL, PUSH)
			const n = 2000
			var wg sync.WaitGroup
			wg.Go(func() {
				for i, try := 0, 0; i < n; try++ {
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(try%7)*50*time.Microsecond)
					_, err := push.SendMessageContext(ctx, i, "second part", make([]byte, i%5000))
					cancel()
					if err == nil {
						i++
					} else if !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
						return
					}
				}
			})
			wg.Go(func() {
				for i, try := 0, 0; i < n; try++ {
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(try%5)*50*time.Microsecond)
					msg, err := pull.RecvMessageBytesContext(ctx)
					cancel()
					switch {
					case err == nil:
						if len(msg) != 3 || string(msg[0]) != fmt.Sprint(i) || len(msg[2]) != i%5000 {
							t.Errorf("message %d is %.50q", i, msg)
							return
						}
						i++
					case !errors.Is(err, context.DeadlineExceeded):
						t.Error(err)
						return
					}
				}
			})
			within(t, patience, "all messages", wg.Wait)
		})
	}
}

// timeouter is net.Error.
type timeouter interface {
	Timeout() bool
	Temporary() bool
}

func TestContextOtherErrors(t *testing.T) {
	for _, c := range contextCalls {
		for name, want := range map[string]error{"Close": ErrorSocketClosed, "Shutdown": ETERM} {
			t.Run(c.name+" "+name, func(t *testing.T) {
				ctx := newContext(t)
				soc := newSocket(t, ctx, c.typ)
				errs := make(chan error, 1)
				cancellable, cancel := context.WithCancel(context.Background())
				defer cancel()
				go func() { errs <- c.call(cancellable, soc) }()
				eventually(t, "the call waits", func() bool { return waiting(soc) > 0 })
				if name == "Close" {
					must(t, soc.Close())
				} else {
					must(t, ctx.Shutdown())
				}
				within(t, patience, name, func() {
					err := <-errs
					if e, ok := err.(timeouter); ok && (e.Timeout() || e.Temporary()) {
						t.Errorf("%v is temporary", err)
					}
					if !errors.Is(err, want) || want == ErrorSocketClosed && !errors.Is(err, net.ErrClosed) {
						t.Errorf("%v, want %v", err, want)
					}
				})
			})
		}
	}
	t.Run("deadline", func(t *testing.T) {
		pull, _ := socketPair(t, "inproc", PULL, PUSH)
		for _, after := range []time.Duration{-time.Second, time.Millisecond} {
			ctx, cancel := context.WithTimeout(context.Background(), after)
			_, err := pull.RecvContext(ctx, 0)
			cancel()
			if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			ctx, cancel = context.WithCancel(context.Background())
			cancel()
			if _, err := pull.RecvContext(ctx, 0); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
		}
	})
	t.Run("timeout option", func(t *testing.T) {
		pull, _ := socketPair(t, "inproc", PULL, PUSH)
		must(t, pull.SetRcvtimeo(time.Millisecond))
		_, err := pull.RecvContext(context.Background(), 0)
		if !errors.Is(err, os.ErrDeadlineExceeded) || AsErrno(err) != eagain {
			t.Error(err)
		}
		if e, ok := err.(timeouter); !ok || !e.Timeout() || !e.Temporary() {
			t.Errorf("%v is not a timeout", err)
		}
		where, _ := pull.GetLastEndpoint()
		if want := "zmq4: recv PULL " + where + ": "; !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q does not start with %q", err, want)
		}
	})
}

func TestTermContext(t *testing.T) {
	ctx, err := NewContext()
	must(t, err)
	soc, err := ctx.NewSocket(PULL)
	must(t, err)
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := ctx.TermContext(limit); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("TermContext = %v", err)
	}
	if _, err := soc.Recv(0); err != ETERM {
		t.Errorf("Recv = %v", err)
	}
	must(t, soc.Close())
	within(t, patience, "Term", func() {
		if err := ctx.TermContext(context.Background()); err != nil {
			t.Error(err)
		}
		if err := ctx.Term(); err != nil {
			t.Error(err)
		}
	})
	for _, ctx := range []*Context{nil, {}} {
		if err := ctx.TermContext(limit); !errors.Is(err, ErrorContextClosed) {
			t.Error(err)
		}
		if err := ctx.Shutdown(); err != ErrorContextClosed {
			t.Error(err)
		}
	}
}

// A context that cannot be cancelled costs nothing.
func TestContextAllocs(t *testing.T) {
	if raceEnabled || asanEnabled {
		t.Skip("allocations are counted without sanitizers")
	}
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	data := make([]byte, 100)
	ctx := context.Background()
	if n := testing.AllocsPerRun(100, func() {
		push.SendBytesContext(ctx, data, 0)
		pull.RecvBytesContext(ctx, 0)
	}); n > 1 {
		t.Errorf("%v allocations, want 1", n)
	}
}

// The calls that take a context do what those without one do.
func TestContextCallsSucceed(t *testing.T) {
	ctx := t.Context()
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	m, err := NewMsg(3)
	must(t, err)
	copy(m.Bytes(), "msg")
	if n, err := push.SendMsgContext(ctx, m, SNDMORE); n != 3 || err != nil {
		t.Error(n, err)
	}
	if n, err := push.SendMsgContext(ctx, m, 0); n != 0 || !errors.Is(err, ErrMsgClosed) {
		t.Error(n, err)
	}
	send(t, push, "end")
	if ready, err := pull.PollContext(ctx, POLLIN); ready != POLLIN || err != nil {
		t.Error(ready, err)
	}
	var short *ShortBufferError
	if _, _, err := pull.RecvIntoContext(ctx, make([]byte, 2), 0); !errors.As(err, &short) || short.Size != 3 {
		t.Error(err)
	}
	buf := make([]byte, 4)
	if n, more, err := pull.RecvIntoContext(ctx, buf, 0); n != 3 || !more || err != nil {
		t.Error(n, more, err)
	}
	if n, err := pull.RecvMsgContext(ctx, m, 0); n != 3 || err != nil || string(m.Bytes()) != "end" {
		t.Error(n, err)
	}
	must(t, m.Close())
	send(t, push, "a", "b")
	if msg, err := pull.RecvMessageContext(ctx); err != nil || !slices.Equal(msg, []string{"a", "b"}) {
		t.Error(msg, err)
	}
}

// The functions that pebbe lacks have one rule: what was sent or received is never less than 0.
func TestSizeWithError(t *testing.T) {
	ctx := newContext(t)
	closed := newSocket(t, ctx, PAIR)
	must(t, closed.Close())
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for what, soc := range map[string]*Socket{"closed": closed, "nil": nil, "zero": {}} {
		for name, call := range map[string]func(context.Context) (int, error){
			"SendContext":        func(ctx context.Context) (int, error) { return soc.SendContext(ctx, "x", 0) },
			"SendBytesContext":   func(ctx context.Context) (int, error) { return soc.SendBytesContext(ctx, nil, 0) },
			"SendMessageContext": func(ctx context.Context) (int, error) { return soc.SendMessageContext(ctx, "x") },
			"SendParts":          func(context.Context) (int, error) { return soc.SendParts([]byte("x"), nil) },
			"SendParts, one":     func(context.Context) (int, error) { return soc.SendParts(nil) },
			"SendPartsContext":   func(ctx context.Context) (int, error) { return soc.SendPartsContext(ctx, []byte("x"), nil) },
			"SendMsg":            func(context.Context) (int, error) { return soc.SendMsg(newMsg(t, "x"), 0) },
			"SendMsgContext":     func(ctx context.Context) (int, error) { return soc.SendMsgContext(ctx, newMsg(t, "x"), 0) },
			"SendMsg, nil":       func(context.Context) (int, error) { return soc.SendMsg(nil, 0) },
			"RecvMsg":            func(context.Context) (int, error) { return soc.RecvMsg(&Msg{}, 0) },
			"RecvMsg, nil":       func(context.Context) (int, error) { return soc.RecvMsg(nil, 0) },
			"RecvMsgContext":     func(ctx context.Context) (int, error) { return soc.RecvMsgContext(ctx, &Msg{}, 0) },
			"RecvInto":           func(context.Context) (int, error) { n, _, err := soc.RecvInto(nil, 0); return n, err },
			"RecvIntoContext": func(ctx context.Context) (int, error) {
				n, _, err := soc.RecvIntoContext(ctx, nil, 0)
				return n, err
			},
			"SendBatch": func(ctx context.Context) (int, error) {
				var b Batch
				b.Append([]byte("x"))
				return soc.SendBatch(ctx, &b)
			},
			"RecvBatch": func(ctx context.Context) (int, error) { return soc.RecvBatch(ctx, &Batch{}, 0) },
		} {
			for _, ctx := range []context.Context{context.Background(), done} {
				if n, err := call(ctx); n != 0 || err == nil {
					t.Errorf("%s of a socket that is %s: %d, %v", name, what, n, err)
				}
			}
		}
	}
}

// newMsg returns a part with this content.
func newMsg(t testing.TB, content string) *Msg {
	t.Helper()
	m, err := NewMsg(len(content))
	must(t, err)
	copy(m.Bytes(), content)
	t.Cleanup(func() { m.Close() })
	return m
}
