// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// Defaults of the context options.
const (
	// MaxSocketsDflt is the default of [Context.SetMaxSockets].
	MaxSocketsDflt = int(C.ZMQ_MAX_SOCKETS_DFLT)

	// IoThreadsDflt is the default of [Context.SetIoThreads].
	IoThreadsDflt = int(C.ZMQ_IO_THREADS_DFLT)
)

// A Context owns sockets and the I/O threads that serve them. Sockets of one
// context can talk to each other over the inproc transport.
//
// Most programs use the default context, which the package's functions use.
// All methods may be called from any goroutine.
type Context struct {
	c *handle
}

// handle is the state of a context. It is apart from Context so that the
// context can be terminated when a program loses it: the handle is all that
// its sockets refer to.
type handle struct {
	mu      contextLock // held for reading while p is in use
	p       C.uintptr_t
	closed  bool          // by Term; p is not used any more
	ended   atomic.Bool   // the same, for sockets: a send does not always notice by itself
	down    chan struct{} // closed when it ends
	sockets contextSockets

	stop, term       sync.Once
	stopErr, termErr error

	start   startup
	inprocs inprocs

	noRetryEINTR atomic.Bool
}

// contextSockets are the sockets of a context that libzmq has. It does not keep them alive.
type contextSockets struct {
	mu        socketListLock
	open      map[weak.Pointer[socket]]struct{} // guarded by mu
	closed    sync.WaitGroup                    // counts those that are open
	lastClose atomic.Int64                      // when one was closed last
}

// add takes note of a new socket.
func (l *contextSockets) add(s *socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		l.open = make(map[weak.Pointer[socket]]struct{})
	}
	l.open[weak.Make(s)] = struct{}{}
	l.closed.Add(1)
}

// remove takes note that a socket was closed.
func (l *contextSockets) remove(s weak.Pointer[socket]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastClose.Store(time.Now().UnixNano())
	delete(l.open, s)
	l.closed.Done()
}

func (l *contextSockets) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

func (l *contextSockets) all() []weak.Pointer[socket] {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.open))
}

// interrupt ends the calls that wait for sockets of the context now, if they can be.
func (h *handle) interrupt() {
	number := interrupts.Add(1)
	for _, w := range h.sockets.all() {
		if s := w.Value(); s != nil {
			s.mu.Lock() // so that a queue is told of it, here or by pollRef.enter
			s.park.cancelBefore(number)
			s.rx.turn.cancelBefore(number)
			s.tx.turn.cancelBefore(number)
			for _, ref := range s.polls {
				ref.q.park.cancelBefore(number)
			}
			s.mu.Unlock()
		}
	}
}

var defaultContext = sync.OnceValues(NewContext)

// NewContext creates a context. [Context.Term] ends it. A context that
// becomes unreachable, with all its sockets, is terminated by the garbage
// collector.
//
// Function zmq_ctx_new.
func NewContext() (ctx *Context, err error) {
	h := &handle{down: make(chan struct{}), start: startup{policy: -1, priority: -1}}
	if err := check(C.zmq4_ctx_new(&h.p)); err != nil {
		return nil, err
	}
	ctx = &Context{c: h}
	// Term may take as long as unsent messages linger: not in the goroutine
	// that cleans up for the whole program.
	runtime.AddCleanup(ctx, func(h *handle) { go h.terminate() }, h)
	return ctx, nil
}

// open returns the handle of a context, locked for reading.
func (ctx *Context) open() (*handle, error) {
	if ctx == nil || ctx.c == nil {
		return nil, ErrorContextClosed
	}
	h := ctx.c
	h.mu.RLock()
	if h.closed {
		h.mu.RUnlock()
		return nil, ErrorContextClosed
	}
	return h, nil
}

// Term terminates the default context, see [Context.Term]. There is no new
// one afterwards: the package's functions return [ErrorContextClosed] from
// then on.
func Term() error {
	ctx, err := defaultContext()
	if err != nil {
		return err
	}
	return ctx.Term()
}

// Term terminates the context.
//
// Calls that wait on the context's sockets return [ETERM] at once, and so
// does every later use of the sockets except [Socket.Close]. Term then waits
// until all sockets have been closed, and until the messages that they have
// sent are delivered or their linger time is over. By default that time has
// no limit, see [Socket.SetLinger].
//
// Term can be called again, and from several goroutines. Each call returns
// when the context has been terminated.
//
// Functions zmq_ctx_shutdown and zmq_ctx_term.
func (ctx *Context) Term() error {
	if ctx == nil {
		return ErrorContextClosed
	}
	if ctx.c == nil {
		return nil
	}
	return ctx.c.terminate()
}

// TermContext is [Context.Term] that stops waiting when c is done. It then
// returns an [*OpError] with c.Err(), whose text names the sockets that are
// still open, as [Context.Sockets] reports them. Termination goes on: call
// TermContext or Term again to wait for it.
func (ctx *Context) TermContext(c context.Context) error {
	if ctx == nil || ctx.c == nil {
		return &OpError{Op: "term", Err: ErrorContextClosed}
	}
	done := make(chan error, 1)
	go func() { done <- ctx.c.terminate() }()
	var err error
	select {
	case err = <-done:
	case <-c.Done():
		err = fmt.Errorf("%w: %s", c.Err(), ctx.c.openSockets())
	}
	if err != nil {
		return &OpError{Op: "term", Err: err}
	}
	return nil
}

// Shutdown makes all calls that wait on the context's sockets return [ETERM],
// and every later use of the sockets except [Socket.Close]. It does not wait.
// [Context.Term] still has to be called to free the context.
//
// Function zmq_ctx_shutdown.
func (ctx *Context) Shutdown() error {
	if ctx == nil || ctx.c == nil {
		return ErrorContextClosed
	}
	return ctx.c.shutdown()
}

func (h *handle) shutdown() error {
	h.stop.Do(func() {
		h.mu.Lock()
		h.closed = true
		h.ended.Store(true)
		close(h.down)
		h.mu.Unlock()
		zap.forget(h)
		h.inprocs.end(func() { h.stopErr = check(C.zmq4_ctx_shutdown(h.p)) })
	})
	return h.stopErr
}

func (h *handle) terminate() error {
	h.term.Do(func() {
		h.termErr = h.shutdown()
		h.sockets.closed.Wait() // so that no thread is held for longer than the linger time
		if err := check(C.zmq4_ctx_term(h.p)); err != nil {
			h.termErr = err
		}
	})
	return h.termErr
}

// set sets a context option. A value that C's int cannot hold returns EINVAL.
func (ctx *Context) set(option C.int, value int) error {
	h, err := ctx.open()
	if err != nil {
		return err
	}
	defer h.mu.RUnlock()
	if value < math.MinInt32 || value > math.MaxInt32 {
		return einval
	}
	h.start.mu.Lock()
	defer h.start.mu.Unlock()
	if err := check(C.zmq4_ctx_set(h.p, option, C.int(value))); err != nil {
		return err
	}
	h.start.note(option, C.int(value))
	return nil
}

// get reads a context option.
func (ctx *Context) get(option C.int) (int, error) {
	h, err := ctx.open()
	if err != nil {
		return 0, err
	}
	defer h.mu.RUnlock()
	h.start.mu.Lock()
	defer h.start.mu.Unlock()
	var value C.int
	if err := check(C.zmq4_ctx_get(h.p, option, &value)); err != nil {
		return 0, err
	}
	return int(value), nil
}
