// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"
	"unsafe"
	"weak"
)

// A Socket is a ZeroMQ socket. Methods that start with Set and Get set and
// read its options.
//
// All methods may be called from any goroutine at any time, Close among them.
// [Socket.SendMessage] and [Socket.RecvMessage] handle a whole message at once.
// A message that is sent or received part by part is not protected from other
// goroutines that send or receive on the same socket meanwhile.
//
// A Socket that is copied is the same socket.
type Socket struct {
	s *socket
}

// socket is the state behind a Socket. A goroutine that waits keeps it alive.
//
// What each call reads comes first: with a thousand sockets it is not in the caches.
type socket struct {
	mu  sync.Mutex     // held for each call into libzmq, never while waiting
	c   *C.zmq4_socket // nil when closed
	ctx *Context
	typ Type

	// uses counts what may have called libzmq, and dry is its value if that was
	// last a receive that found nothing more. Then ZMQ_FD can be read as soon
	// as there may be something: till then neither a look nor another try finds it.
	uses, dry uint64

	looked uint64 // likewise, if that was last a look that did not find POLLIN: for naps

	ahead C.int // how many messages to receive at a time

	// Whether the last receive or send had to wait. Then the next one is
	// likely to: a try that fails costs more than a look at what is there.
	rcvIdle, sndIdle bool

	// sent says that the last thing done was to send a whole message.
	sent bool

	conflate bool
	pinned   bool // there is something to unpin
	waited   bool // the send that tries now has waited

	// -1 is for ever, 0 is not at all.
	rcvtimeo, sndtimeo time.Duration

	taken int // bytes copied out of the inbox

	// suspended counts the calls that wait, and try once more after that. While closing is there,
	// Close waits for them.
	suspended int
	closing   *sync.Cond

	// polls are the pollers that hold the socket.
	polls []*pollRef

	watchers int                // how many of polls need a goroutine that watches
	endWatch context.CancelFunc // ends it

	park parker

	parts []C.zmq4_part // for sendMessage
	pins  runtime.Pinner

	asked   C.int          // by SetReceiveAhead
	loops   int            // of Messages that run
	loopMax C.int          // how many messages they receive at a time
	filters map[string]int // what a SUB socket has subscribed to, and how often

	place socketPlace // guarded by mu
	mon   socketMon   // guarded by mu

	gone chan struct{} // closed by Close; nil until somebody asks for it

	// For Stats: waits, and what C has counted once the socket is closed.
	rcvWaits, sndWaits    waits
	trafficIn, trafficOut C.zmq4_traffic

	cleanup runtime.Cleanup
}

// NewSocket creates a socket in the default context.
func NewSocket(t Type) (soc *Socket, err error) {
	ctx, err := defaultContext()
	if err != nil {
		return nil, err
	}
	return ctx.NewSocket(t)
}

// NewSocket creates a socket. [Socket.Close] closes it; a socket that is lost
// is closed when the garbage collector finds it, and lingers as if by Close.
//
// The errors are EINVAL for a type that libzmq does not have,
// [ErrorNotImplemented42draft] for a draft type without the draft API, EMFILE if there
// are [Context.SetMaxSockets] sockets already or no file descriptors left, and
// [ErrorContextClosed]. The first socket starts the context's threads: it also
// returns the error of a thread option that cannot be applied, such as EPERM.
//
// Function zmq_socket.
func (ctx *Context) NewSocket(t Type) (soc *Socket, err error) {
	// Fence Z085.
	s := &socket{ctx: ctx, typ: t, rcvtimeo: -1, sndtimeo: -1, ahead: 1, uses: 1}
	err = ctx.create(s)
	if err == emfile {
		err = ctx.c.patiently(func() error { return ctx.create(s) })
	}
	if err != nil {
		return nil, err
	}
	return &Socket{s}, nil
}

func (ctx *Context) create(s *socket) error {
	c, err := ctx.open()
	if err != nil {
		return err
	}
	defer c.mu.RUnlock()
	if s.typ < 0 || s.typ > math.MaxInt32 {
		return einval
	}
	if draftTypes[s.typ] != "" && s.typ != DGRAM && !HasDraft() {
		return ErrorNotImplemented42draft
	}
	s.park.scan, s.park.dry = s.scan, s.isDry
	if err := c.create(s); err != nil {
		return err
	}
	h, self := s.h(), weak.Make(s)
	s.cleanup = runtime.AddCleanup(s, func(c *handle) {
		c.inprocs.close(h)
		c.sockets.remove(self)
	}, c)
	return nil
}

// h is how C is given the socket.
func (s *socket) h() C.uintptr_t { return C.uintptr_t(uintptr(unsafe.Pointer(s.c))) }

// lock gives the caller the socket until unlock.
func (soc *Socket) lock() (*socket, error) {
	if soc == nil {
		return nil, ErrorSocketClosed
	}
	return soc.s.lock()
}

func (s *socket) lock() (*socket, error) {
	if s == nil {
		return nil, ErrorSocketClosed
	}
	s.mu.Lock()
	if s.c == nil {
		s.mu.Unlock()
		return nil, ErrorSocketClosed
	}
	s.uses++
	return s, nil
}

// unlock ends the use of the socket by one operation, which may have taken the
// signal that others wait for: they have to be told what is there now.
func (s *socket) unlock() { s.unlockAfter(anyEvent) }

// unlockAfter is unlock for an operation that made progress (anyEvent), or
// none (0). Two that fail must not wake each other for ever.
func (s *socket) unlockAfter(progress State) {
	if s.watched() {
		s.park.crowd.Store(crowdWaits)
		ev := s.events()
		s.tellPollers(ev, nil)
		if progress != 0 && (s.typ == REQ || s.typ == REP) {
			ev |= everyone // what others wait for may now be EFSM
		}
		s.park.wake(ev | progress)
	} else {
		for _, ref := range s.polls {
			ref.mark()
		}
	}
	s.mu.Unlock()
}

// watched reports whether anybody waits for the socket right now.
func (s *socket) watched() bool {
	if s.park.waiting() {
		return true
	}
	for _, ref := range s.polls {
		if ref.q.park.waiting() {
			return true
		}
	}
	return false
}

// tellPollers makes the pollers look that wait for events which are there, or
// will. The one that found the events out, if any, knows them. No others: two
// that look in vain must not make each other look for ever. What is not there now
// is signalled when it comes.
func (s *socket) tellPollers(ev State, finder *pollRef) {
	for _, ref := range s.polls {
		if ref != finder && ev&(State(ref.mask.Load())|everyone) != 0 {
			ref.mark()
		}
	}
}

// events reads what the socket is ready for.
func (s *socket) events() State {
	if s.c == nil {
		return everyone
	}
	s.uses++
	ev := C.zmq4_events(s.h())
	if ev < 0 {
		return everyone
	}
	return State(ev)
}

// scan is what the parker looks at.
func (s *socket) scan(signalled bool) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	ev := s.events()
	if s.closing != nil {
		ev |= everyone
	}
	if signalled {
		ev |= anyEvent
	}
	s.tellPollers(ev, nil)
	return ev
}

// isDry is what the parker asks before a nap.
func (s *socket) isDry() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dry == s.uses || s.looked == s.uses
}

// wait parks the goroutine until one of the events in want may be there, or
// the socket is closed. Else the error is EAGAIN when the deadline is over, or
// ctx.Err().
func (s *socket) wait(ctx context.Context, want State, deadline time.Time) (parked bool, err error) {
	if !s.park.opened() {
		if err := s.openPark(); err != nil {
			return false, err
		}
	}
	w := s.waits(want)
	start := w.begin()
	parked, err = s.park.wait(ctx, want, deadline)
	w.end(parked, start)
	return parked, err
}

// suspend unlocks the socket and waits. Unless there is an error other than EAGAIN, the caller has to
// lock the socket again, call resume, and try what it waited for.
func (s *socket) suspend(ctx context.Context, want State, deadline time.Time) (parked bool, err error) {
	if s.closing != nil {
		s.unlockAfter(0)
		return false, ErrorSocketClosed
	}
	s.suspended++
	s.unlockAfter(0)
	parked, err = s.wait(ctx, want, deadline)
	if err != nil && err != eagain {
		s.mu.Lock()
		s.resume()
		s.mu.Unlock()
	}
	return parked, err
}

// resume undoes what suspend has counted, with the socket locked.
func (s *socket) resume() {
	s.suspended--
	if s.closing != nil && s.suspended == 0 {
		s.closing.Broadcast()
	}
}

// hurry lets calls that wait receive what is there before the socket is closed. They have begun
// before, and nobody else can receive it after that. The socket is locked, but not all the time.
func (s *socket) hurry() {
	if s.closing == nil {
		if s.suspended == 0 || s.events()&(POLLIN|everyone) != POLLIN {
			return
		}
		s.closing = sync.NewCond(&s.mu)
		s.park.wake(everyone)
	}
	for s.c != nil && s.suspended > 0 {
		s.closing.Wait()
	}
}

func (s *socket) openPark() error {
	if _, err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	return s.openLockedPark()
}

func (s *socket) openLockedPark() error {
	if s.park.opened() {
		return nil
	}
	fd := C.zmq4_fd(s.h())
	if fd < 0 {
		return check(fd)
	}
	return s.park.open(int(fd))
}

// Close closes the socket. Calls that wait on it return [ErrorSocketClosed], except that
// messages which are there already are still received by those that wait for them.
// Messages that were sent but not yet delivered linger, see [Socket.SetLinger].
//
// A second Close does nothing and returns nil.
//
// Function zmq_close.
func (soc *Socket) Close() error {
	if soc == nil {
		return ErrorSocketClosed
	}
	s := soc.s
	if s == nil {
		return nil
	}
	s.mu.Lock()
	if s.c != nil {
		s.hurry()
	}
	if s.c == nil {
		s.mu.Unlock()
		return nil
	}
	s.endMonitor()
	s.endRelay()
	s.cleanup.Stop()
	h, polls := s.h(), s.polls
	s.trafficIn, s.trafficOut = s.c.received, s.c.sent
	s.c, s.polls = nil, nil
	if s.gone != nil {
		close(s.gone)
	}
	for _, ref := range polls {
		ref.leave(s)
	}
	err := s.ctx.c.inprocs.close(h)
	s.mu.Unlock()
	s.park.close()
	s.ctx.c.sockets.remove(weak.Make(s))
	return err
}

// goneChan returns a channel that is closed when the socket is.
func (s *socket) goneChan() (<-chan struct{}, error) {
	if _, err := s.lock(); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if s.gone == nil {
		s.gone = make(chan struct{})
	}
	return s.gone, nil
}

// String describes the socket: its type with its identity or its address.
func (soc Socket) String() string {
	s, err := soc.lock()
	if err != nil {
		return "Socket(CLOSED)"
	}
	h := s.h()
	s.unlock()
	t, err := soc.GetType()
	if err != nil {
		return fmt.Sprintf("Socket(%v)", err)
	}
	if id, err := soc.GetIdentity(); err == nil && id != "" {
		return fmt.Sprintf("Socket(%v,%q)", t, id)
	}
	return fmt.Sprintf("Socket(%v,%#x)", t, uintptr(h))
}

// Context returns the context that the socket was created in.
func (soc *Socket) Context() (*Context, error) {
	s, err := soc.lock()
	if err != nil {
		return nil, err
	}
	defer s.unlock()
	return s.ctx, nil
}
