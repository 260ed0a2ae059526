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

// A Socket is a ZeroMQ socket. [NewSocket] makes one, [OpenSocket] also
// configures and connects it:
//
//	sub, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Subscribe("weather"), zmq4.Connect("tcp://127.0.0.1:5556"))
//	if err != nil {
//		return err
//	}
//	defer sub.Close()
//	for msg, err := range sub.Messages(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Printf("%q\n", msg)
//	}
//
// All methods may be called from any goroutine at any time, Close among them.
// A Socket that is copied is the same socket.
//
// # Endpoints
//
// [Socket.Bind] and [Socket.Connect] add endpoints, in any number and order.
// [Socket.Unbind] and [Socket.Disconnect] remove them.
// [Socket.GetLastEndpoint] tells which port a Bind to port * got.
//
// # Whole messages
//
// [Socket.SendMessage], [Socket.RecvMessage] and [Socket.RecvMessageBytes]
// handle all parts of a message in one call, so that the messages of several
// goroutines do not mix. [Socket.SendParts] is faster for parts that are bytes.
// [Socket.SendMessageContext], [Socket.SendPartsContext],
// [Socket.RecvMessageContext] and [Socket.RecvMessageBytesContext] can be
// cancelled. [Socket.Messages] is an iterator, [Socket.Receiver] and
// [Socket.Sender] are channels.
//
// # Parts of messages
//
// [Socket.Send], [Socket.SendBytes], [Socket.Recv], [Socket.RecvBytes] and
// [Socket.RecvInto] handle one part, with the flag [SNDMORE] and
// [Socket.GetRcvmore]. While one goroutine is in the middle of a message, no
// other may do the same on that socket. [Socket.RecvWithMetadata] and its like
// also return properties of the connection.
//
// # Many messages, and large ones
//
// [Socket.SendBatch] and [Socket.RecvBatch] move many messages in one call into
// libzmq; [Socket.SetReceiveAhead] does so behind other receives.
// [Socket.SendMsg] and [Socket.RecvMsg] do not copy.
//
// # Waiting
//
// [Socket.SetRcvtimeo] and [Socket.SetSndtimeo] bound how long a call waits, a
// context does so for one call. [Socket.Poll] waits for one socket, a [Poller]
// for several.
//
// # Options
//
// Methods that start with Set and Get set and read options of libzmq. Set them
// before Bind and Connect. docs/options.md has a table of them.
// [Socket.SetOption] and [Socket.GetOption] take an option by its number.
//
// # Security
//
// [Socket.ServerAuthCurve] and [Socket.ClientAuthCurve] encrypt, an
// [Authenticator] says who may connect.
//
// # Watching
//
// [Socket.Events] tells what happens to connections, [Socket.Stats] counts
// messages, bytes and waits.
type Socket struct {
	s *socket
}

// socket is the state behind a Socket. A goroutine that waits keeps it alive.
//
// The fields that each call reads come first: with a thousand sockets they are not in the caches.
type socket struct {
	mu socketLock // held for each call into libzmq, never while waiting

	// Set before the socket can be used, but for c.
	c   *C.zmq4_socket // nil when closed; guarded by mu
	ctx *Context
	typ Type

	// Guarded by mu.
	guess    guess // but for what says otherwise there
	rx       socketReceive
	tx       socketSend
	conflate bool

	// Guarded by mu: suspended counts the calls that wait, and try once more after that. While
	// closing is there, Close waits for them.
	suspended int
	closing   *sync.Cond

	// Guarded by mu: the pollers that hold the socket. watchers is how many of them need a goroutine
	// that watches, and endWatch ends it.
	polls    []*pollRef
	watchers int
	endWatch context.CancelFunc

	park parker // has a lock of its own

	// Guarded by mu.
	late    lateLook
	ahead   socketAhead
	place   socketPlace
	mon     socketMon
	gone    chan struct{} // closed by Close; nil until somebody asks for it
	cleanup runtime.Cleanup

	born socketBirth
}

// socketReceive is what a socket has for receives. -1 stands for no timeout, 0 for no wait.
type socketReceive struct {
	ahead   C.int // how many messages to receive at a time, as the program wants
	unasked C.int // how many it may receive at a time without that
	timeo   time.Duration
	taken   int            // bytes copied out of the inbox
	waits   waits          // atomic
	turn    turn           // has a lock of its own
	traffic C.zmq4_traffic // what C has counted, once the socket is closed
}

// socketSend is what a socket has for sends.
type socketSend struct {
	timeo   time.Duration
	parts   []C.zmq4_part // of a message that is being sent
	pins    runtime.Pinner
	pinned  bool           // there is something to unpin
	waits   waits          // atomic
	turn    turn           // has a lock of its own
	traffic C.zmq4_traffic // likewise
}

// NewSocket creates a socket in the default context.
func NewSocket(t Type) (soc *Socket, err error) {
	ctx, err := defaultContext()
	if err != nil {
		return nil, err
	}
	return ctx.NewSocket(t)
}

// NewSocket creates a socket. [Socket.Close] closes it. A socket that becomes
// unreachable is closed by the garbage collector, and lingers as after Close.
//
// It returns EINVAL for a type that libzmq does not have,
// [ErrorNotImplemented42draft] for a draft type without the draft API, EMFILE
// if [Context.SetMaxSockets] sockets exist already or no file descriptors are
// left, and [ErrorContextClosed]. The first socket starts the context's
// threads, so it may also return the error of a thread option that cannot be
// applied, such as EPERM.
//
// Function zmq_socket.
func (ctx *Context) NewSocket(t Type) (soc *Socket, err error) { return ctx.newSocket(t, false) }

// newSocket is NewSocket, for the program or for the package itself.
func (ctx *Context) newSocket(t Type, internal bool) (soc *Socket, err error) {
	// Fence Z085.
	s := &socket{ctx: ctx, typ: t, rx: socketReceive{timeo: -1, ahead: 1}, tx: socketSend{timeo: -1}, guess: guess{uses: 1},
		born: newBirth(internal)}
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
	s.park.init(s.scan, &s.guess)
	s.park.dry = s.isEmpty
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
	s.guess.uses++
	return s, nil
}

// unlock ends the use of the socket by one operation, which may have taken the
// signal that others wait for: they have to be told what is there now.
func (s *socket) unlock() {
	if len(s.polls) == 0 && !s.park.waiting() {
		s.mu.Unlock()
		return
	}
	s.unlockAfter(anyEvent)
}

// unlockAfter is unlock for an operation that made progress (anyEvent), or
// none (0). Two that fail must not wake each other for ever.
func (s *socket) unlockAfter(progress State) {
	if s.watched() {
		s.guess.noteCrowd()
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

// lookInterval is how often a send itself looks what the socket is ready for.
const lookInterval = 50 * time.Microsecond

// A lateLook is one that sends owe to those who wait.
type lateLook struct {
	last time.Duration // when a send looked, since epoch
	owed bool          // lookLate will run
}

// unlockSent is unlock for a send. A look for those who wait costs several times as much as a send, and is
// seldom needed, since few sends take a signal. So of many sends in a row some look, and for the others a
// goroutine does.
func (s *socket) unlockSent() {
	if s.watched() {
		now := time.Since(epoch)
		if now-s.late.last < lookInterval {
			s.guess.noteCrowd()
			if !s.late.owed {
				s.late.owed = true
				go s.lookLate()
			}
			s.mu.Unlock()
			return
		}
		s.late.last = now
	}
	s.unlockAfter(anyEvent)
}

// lookLate looks for sends that did not. It lets others send before that.
func (s *socket) lookLate() {
	runtime.Gosched()
	s.mu.Lock()
	s.late.owed = false
	if s.c == nil {
		s.mu.Unlock()
		return
	}
	s.unlockAfter(anyEvent)
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
	s.guess.uses++
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

// Close closes the socket. Waiting calls return [ErrorSocketClosed]; a
// receive first returns messages that have arrived already. Messages that
// were sent but not yet delivered linger, see [Socket.SetLinger].
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
	s.rx.traffic, s.tx.traffic = s.received(), s.c.sent
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

// String returns the type of the socket, with its identity or its address.
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
