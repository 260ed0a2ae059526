// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"
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

	ahead C.int // how many messages to receive at a time

	// Whether the last receive or send had to wait. Then the next one is
	// likely to: a try that fails costs more than a look at what is there.
	rcvIdle, sndIdle bool

	// sent says that the last thing done was to send a whole message.
	sent bool

	conflate bool
	pinned   bool // there is something to unpin

	// -1 is for ever, 0 is not at all.
	rcvtimeo, sndtimeo time.Duration

	taken int // bytes copied out of the inbox

	// polls are the pollers that hold the socket.
	polls []*pollRef

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

	monitor *monitor // that Events began, or nil
	relayed *Socket  // where Monitor passes events on, or did, or nil

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
	c, err := ctx.open()
	if err != nil {
		return nil, err
	}
	defer c.mu.RUnlock()
	if draftTypes[t] != "" && t != DGRAM && !HasDraft() {
		return nil, ErrorNotImplemented42draft
	}
	s := &socket{ctx: ctx, typ: t, rcvtimeo: -1, sndtimeo: -1, ahead: 1, uses: 1}
	if err := c.create(s); err != nil {
		return nil, err
	}
	s.park.scan = s.scan
	s.park.dry = s.isDry
	c.sockets.Add(1)
	h := s.h()
	s.cleanup = runtime.AddCleanup(s, func(c *handle) {
		c.inprocs.close(h)
		c.sockets.Done()
	}, c)
	return &Socket{s}, nil
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

// tellPollers wakes the pollers that wait for events which are there. Those
// that do not wait only note that something may have happened: they look for
// themselves. The one that found the events out, if any, knows them.
func (s *socket) tellPollers(ev State, finder *pollRef) {
	for _, ref := range s.polls {
		if ref != finder && (ev&(State(ref.mask.Load())|everyone) != 0 || !ref.q.park.waiting()) {
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
	return s.dry == s.uses
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

func (s *socket) openPark() error {
	if _, err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.park.opened() {
		return nil
	}
	fd := C.zmq4_fd(s.h())
	if fd < 0 {
		return check(fd)
	}
	return s.park.open(int(fd))
}

// Close closes the socket. Calls that wait on it return [ErrorSocketClosed].
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
	if s.c == nil {
		s.mu.Unlock()
		return nil
	}
	s.endMonitor()
	s.cleanup.Stop()
	h, polls := s.h(), s.polls
	s.trafficIn, s.trafficOut = s.c.received, s.c.sent
	s.c, s.polls = nil, nil
	for _, ref := range polls {
		ref.leave()
	}
	err := check(s.ctx.c.inprocs.close(h))
	s.mu.Unlock()
	s.park.close()
	s.ctx.c.sockets.Done()
	return err
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
	err := soc.endpoint(endpoint, func(h C.uintptr_t, e *C.uchar) C.int {
		return soc.s.attach(endpoint, true, func() C.int { return C.zmq4_bind(h, e) })
	})
	if err == eagain {
		return soc.bindError(endpoint)
	}
	return err
}

// bindError finds out why the socket could not be bound. libzmq forgets that,
// and leaves EAGAIN, when it tells the socket's monitor. It remembers it for a
// socket that has none. EAGAIN stays if there can be no other socket.
func (soc *Socket) bindError(endpoint string) error {
	probe, err := soc.s.ctx.NewSocket(PULL)
	if err != nil {
		return eagain
	}
	defer probe.Close()
	if ipv6, err := soc.GetIpv6(); err == nil {
		probe.SetIpv6(ipv6)
	}
	if device, err := soc.GetBindToDevice(); err == nil && device != "" {
		probe.SetBindToDevice(device)
	}
	if err := probe.Bind(endpoint); err != nil {
		return err
	}
	return EADDRINUSE // no more: no other reason passes by itself
}

// Unbind stops accepting connections on an endpoint, and closes those that
// came in by it; these end only once the socket is next used or waited on, and
// has no messages of theirs to be received. If it has sent messages of several
// parts, Unbind waits a few milliseconds for that: libzmq may abort the process
// if one is half sent when the peer breaks such a connection. A wildcard in the
// endpoint of Bind has to be given resolved, as [Socket.GetLastEndpoint]
// returned it.
//
// The error is ENOENT if the socket is not bound to the endpoint.
//
// Function zmq_unbind.
func (soc *Socket) Unbind(endpoint string) error {
	return soc.endpoint(endpoint, func(h C.uintptr_t, e *C.uchar) C.int {
		return soc.s.detach(endpoint, func() C.int { return C.zmq4_unbind(h, e) })
	})
}

// Connect connects the socket to an endpoint. The peer need not be there yet:
// libzmq connects, and reconnects, in the background. For a multicast endpoint
// it is the same as [Socket.Bind], with the same errors.
//
// A publisher that has had a norm endpoint sends no parts of more than 2038
// bytes: EMSGSIZE.
//
// Function zmq_connect.
func (soc *Socket) Connect(endpoint string) error {
	return soc.endpoint(endpoint, func(h C.uintptr_t, e *C.uchar) C.int {
		rc := soc.s.attach(endpoint, false, func() C.int { return C.zmq4_connect(h, e) })
		if rc == 0 {
			soc.s.rids.connected(endpoint)
		}
		return rc
	})
}

// Disconnect ends the connection to an endpoint. Messages to it that are not
// yet delivered linger, see [Socket.SetLinger].
//
// The error is ENOENT if the socket is not connected to the endpoint, and
// [ENOTSUP] from a ROUTER, REP or conflating socket for an inproc endpoint that
// nobody has bound yet: libzmq would abort the process if somebody did later.
//
// Function zmq_disconnect.
func (soc *Socket) Disconnect(endpoint string) error {
	return soc.endpoint(endpoint, func(h C.uintptr_t, e *C.uchar) C.int {
		rc := soc.s.detach(endpoint, func() C.int { return C.zmq4_disconnect(h, e) })
		if rc == 0 {
			soc.s.rids.disconnected(endpoint)
		}
		return rc
	})
}

// attach binds or connects the socket.
func (s *socket) attach(endpoint string, bind bool, call func() C.int) C.int {
	if err := checkPorts(endpoint); err != 0 {
		return -C.int(err)
	}
	if err := s.checkMulticast(endpoint); err != 0 {
		return -C.int(err)
	}
	if err := s.checkUdp(endpoint, bind); err != 0 {
		return -C.int(err)
	}
	s.needFence(endpoint)
	rc := C.int(0)
	if isInproc(endpoint) {
		rc = s.ctx.c.inprocs.attach(s, endpoint, bind, call)
	} else {
		rc = call()
	}
	if rc == 0 {
		s.where = endpoint
		// The descriptor of a thread-safe type can be read at all times once it was signalled.
		if s.c.thread_safe == 0 && !isInproc(endpoint) {
			s.park.naps.Store(true)
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
	if isInproc(endpoint) {
		return s.ctx.c.inprocs.detach(s, endpoint, call)
	}
	return call()
}

// checkPorts returns EINVAL for an endpoint with a port above 65535 or below 0,
// of which libzmq takes the lower 16 bits, and for an IPv4 address with two.
func checkPorts(endpoint string) Errno {
	transport, address, _ := strings.Cut(endpoint, "://")
	switch transport {
	case "tcp", "udp", "ws", "wss":
	default:
		return 0
	}
	address, _, _ = strings.Cut(address, "/")
	for place := range strings.SplitSeq(address, ";") { // where from, where to
		i := strings.LastIndexByte(place, ':')
		if i < 0 {
			continue
		}
		number := place[i+1:]
		if end := strings.IndexFunc(number, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
			if number[0] == '-' {
				return einval
			}
			number = number[:end]
		}
		if _, err := strconv.ParseUint(number, 10, 16); errors.Is(err, strconv.ErrRange) {
			return einval
		}
		if host, _, two := strings.Cut(place[:i], ":"); two {
			if addr, err := netip.ParseAddr(host); err == nil && addr.Is4() {
				return einval
			}
		}
	}
	return 0
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
