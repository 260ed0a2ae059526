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

	guess guess

	ahead C.int // how many messages to receive at a time

	conflate bool
	pinned   bool // there is something to unpin

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

	where string // endpoint of the last Bind or Connect, for errors

	bound []string // places that it was bound to, for events

	rids rids

	// once has the endpoints that a socket is connected to whose type has one
	// connection to each: for libzmq a second Connect succeeds and does nothing.
	once map[string]bool

	raw bool    // a ROUTER without framing
	pem [2]bool // a certificate and a key for wss have been set

	monitor  *monitor // that Events began, or nil
	relay    *relay   // that Monitor began, or nil
	failures *Socket  // who hears of a Bind that failed, or nil

	gone chan struct{} // closed by Close; nil until somebody asks for it

	// For Stats: waits, and what C has counted once the socket is closed.
	rcvWaits, sndWaits    waits
	trafficIn, trafficOut C.zmq4_traffic

	cleanup runtime.Cleanup
	forget  func() // that the context has it
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
	s := &socket{ctx: ctx, typ: t, rcvtimeo: -1, sndtimeo: -1, ahead: 1, guess: guess{uses: 1}}
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
	if err := c.create(s); err != nil {
		return err
	}
	s.park.init(s.scan, &s.guess)
	s.park.dry = s.isEmpty
	c.sockets.Add(1)
	h := s.h()
	s.forget = c.born(s)
	forget := s.forget
	s.cleanup = runtime.AddCleanup(s, func(c *handle) {
		forget()
		c.inprocs.close(h)
		c.noteClosed()
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
func (s *socket) unlock() { s.unlockAfter(anyEvent) }

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
	s.forget()
	h, polls := s.h(), s.polls
	s.trafficIn, s.trafficOut = s.c.received, s.c.sent
	s.c, s.polls = nil, nil
	if s.gone != nil {
		close(s.gone)
	}
	for _, ref := range polls {
		ref.leave(s)
	}
	err := check(s.ctx.c.inprocs.close(h))
	s.mu.Unlock()
	s.park.close()
	s.ctx.c.noteClosed()
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

// Bind makes the socket accept connections on an endpoint, such as
// "tcp://127.0.0.1:5555", "tcp://*:*" (any interface, any port: see
// [Socket.GetLastEndpoint]), "ipc:///tmp/feed" or "inproc://name".
//
// The errors are those of libzmq, among them EINVAL for an endpoint that is
// malformed, EPROTONOSUPPORT for a transport that is not there,
// ENOCOMPATPROTO for one that the socket type cannot use, and EADDRINUSE. A
// multicast endpoint also gives ENODEV for an interface that is not there,
// ENETDOWN, EADDRNOTAVAIL, EMFILE, and EPERM for pgm without CAP_NET_RAW.
//
// Function zmq_bind.
func (soc *Socket) Bind(endpoint string) error {
	return soc.endpoint(endpoint, func(h C.uintptr_t, e *C.uchar) C.int {
		return soc.s.attach(endpoint, e, true, soc.s.bind)
	})
}

// Unbind stops accepting connections on an endpoint, and closes those that
// came in by it; but for a ROUTER, REP, PUB or XPUB, which takes a millisecond for it,
// these end only once the socket is next used or waited on, and not before their messages
// have been received. If it has sent messages of several
// parts, Unbind takes 20 ms or more, in which what was sent gets out and the
// connections end: libzmq may abort the process if one is half sent when the peer
// breaks such a connection. A wildcard in the
// endpoint of Bind has to be given resolved, as [Socket.GetLastEndpoint]
// returned it.
//
// The error is ENOENT if the socket is not bound to the endpoint.
//
// Function zmq_unbind.
func (soc *Socket) Unbind(endpoint string) error {
	return soc.endpoint(endpoint, func(h C.uintptr_t, e *C.uchar) C.int {
		return soc.s.detach(endpoint, func() C.int {
			soc.s.pause(e)
			return C.zmq4_unbind(h, e)
		})
	})
}

// pause lets what was sent before an Unbind get out, and peers that have just gone be
// noticed: see zmq4_unbind. A connection is safe that is not inside a message then.
func (s *socket) pause(endpoint *C.uchar) {
	if s.c.parts == 0 || C.zmq4_listens(endpoint) == 0 {
		return
	}
	for range 20 {
		s.events()
		time.Sleep(time.Millisecond)
	}
}

// Connect connects the socket to an endpoint. The peer need not be there yet:
// libzmq connects, and reconnects, in the background. For a multicast endpoint
// it is the same as [Socket.Bind], with the same errors.
//
// A publisher that has had a norm endpoint sends no parts of more than 2038
// bytes: EMSGSIZE. After [Socket.SetConnectRid], EADDRINUSE says that there is a
// peer with that id, or that more messages are to be received than it looks through for one.
//
// Function zmq_connect.
func (soc *Socket) Connect(endpoint string) error {
	return soc.endpoint(endpoint, func(h C.uintptr_t, e *C.uchar) C.int {
		again := C.int(0)
		if soc.s.once[endpoint] {
			again = 1
		}
		rc := soc.s.attach(endpoint, e, false, func(e *C.uchar) C.int {
			if id := soc.s.rids.next; id != "" && C.zmq4_peer_exists(h, (*C.uchar)(unsafe.StringData(id)), C.size_t(len(id))) != 0 {
				return -C.int(EADDRINUSE)
			}
			return C.zmq4_connect(h, e, again)
		})
		if rc == 0 {
			soc.s.rids.connected(endpoint)
			soc.s.noteOnce(endpoint)
		}
		return rc
	})
}

func (s *socket) noteOnce(endpoint string) {
	switch s.typ {
	case DEALER, SUB, PUB, REQ:
		if s.once == nil {
			s.once = make(map[string]bool)
		}
		s.once[endpoint] = true
	}
}

// Disconnect ends the connection to an endpoint. Messages to it that are not
// yet delivered linger, see [Socket.SetLinger].
//
// The error is ENOENT if the socket is not connected to the endpoint.
//
// Function zmq_disconnect.
func (soc *Socket) Disconnect(endpoint string) error {
	return soc.endpoint(endpoint, func(h C.uintptr_t, e *C.uchar) C.int {
		rc := soc.s.detach(endpoint, func() C.int { return C.zmq4_disconnect(h, e) })
		if rc == 0 {
			soc.s.rids.disconnected(endpoint)
			delete(soc.s.once, endpoint)
			soc.s.attend(e)
		}
		return rc
	})
}

// attend takes part in the end of a connection that Disconnect has begun, when its
// linger time is over: then it waits for the socket to process a command. Until that,
// libzmq aborts if it breaks inside a message of several parts.
func (s *socket) attend(endpoint *C.uchar) {
	linger := C.zmq4_lingers(s.h())
	if s.c.parts == 0 || C.zmq4_listens(endpoint) == 0 || linger < 0 {
		return
	}
	lost := weak.Make(s) // not to keep it from being closed
	time.AfterFunc(time.Duration(linger)*time.Millisecond-attendance/2, func() {
		if s := lost.Value(); s != nil {
			s.wait(context.Background(), 0, time.Now().Add(attendance))
		}
	})
}

// attendance is how long a socket waits for the end of a linger time.
const attendance = 100 * time.Millisecond

// attach binds or connects the socket.
func (s *socket) attach(endpoint string, e *C.uchar, bind bool, call func(*C.uchar) C.int) C.int {
	if err := checkPorts(endpoint); err != 0 {
		return -C.int(err)
	}
	if err := s.checkMulticast(endpoint); err != 0 {
		return -C.int(err)
	}
	if err := s.checkUdp(endpoint, bind); err != 0 {
		return -C.int(err)
	}
	if err := s.checkFraming(endpoint, bind); err != 0 {
		return -C.int(err)
	}
	s.needFence(endpoint)
	rc := C.int(0)
	if isInproc(endpoint) {
		rc = s.ctx.c.inprocs.attach(s, endpoint, bind, call)
	} else {
		rc = call(e)
	}
	if rc == 0 {
		s.where = endpoint
		// The descriptor of a thread-safe type can be read at all times once it was signalled.
		if s.c.thread_safe == 0 && !isInproc(endpoint) {
			s.guess.remote.Store(true)
		}
		s.hasNorm(endpoint)
		s.hasUdp(endpoint)
		if bind {
			s.noteBound(endpoint)
		}
	}
	return rc
}

// detach unbinds or disconnects the socket.
func (s *socket) detach(endpoint string, call func() C.int) C.int {
	s.finish()
	if isInproc(endpoint) {
		return s.ctx.c.inprocs.detach(s, endpoint, call)
	}
	return call()
}

// endpoint calls a function of libzmq that takes an endpoint.
func (soc *Socket) endpoint(endpoint string, call func(C.uintptr_t, *C.uchar) C.int) error {
	s, err := soc.lock()
	if err != nil {
		return err
	}
	defer s.unlock()
	e, err := cstring(endpoint)
	if err != nil {
		return err
	}
	return check(call(s.h(), e))
}
