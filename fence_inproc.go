// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"
	"weak"
)

// inprocs knows which sockets of a context have connected to an inproc endpoint that
// nobody has bound. libzmq connects them when somebody does, or else when the context
// is terminated. It then aborts, crashes or loses messages if one of them
//
//   - has disconnected or was closed before, as a ROUTER, REP or conflating socket;
//   - was closed, and the one that binds sends a welcome or hello message;
//   - is a ROUTER or REP socket, and the one that binds refuses it, as a PAIR that has a
//     peer does, or fills the queue at once, as a SUB with more filters than its
//     high-water mark does;
//   - still waits when the context is terminated, and there is no room for one more
//     socket, or another one that waits was closed.
//
// Therefore each connection that has to wait gets a name of its own, which whoever binds
// the endpoint binds as well, for a moment. To end it alone, the reserve binds its name:
// an idle socket that each context has. Messages that should still be delivered go to a socket
// that does nothing but keep them.
//
// Fence Z058, Z059, Z060, Z061, Z062, Z065.
type inprocs struct {
	mu      inprocNamesLock // locked after a socket's mu, if both are
	ctx     C.uintptr_t
	reserve C.uintptr_t // from the first socket of the context on
	bound   map[string]C.uintptr_t
	waiting map[string][]inprocWaiter // by endpoints
	socks   map[C.uintptr_t]*inprocSocket
	count   int // of names given
	ended   bool
}

// An inprocWaiter is a connection that waits.
type inprocWaiter struct {
	h     C.uintptr_t // 0 if it waits without a socket
	typ   Type
	name  string
	holds bool // h is ours, and only has messages of a socket that is gone
}

// routes reports whether libzmq tells who waits the routing id of its peer.
func (w inprocWaiter) routes() bool { return !w.holds && (w.typ == ROUTER || w.typ == REP) }

// draftPeers are what sockets of the draft types can talk to. Over inproc libzmq takes
// any together, and aborts on messages that only one of them has.
var draftPeers = map[Type]Type{
	SERVER: CLIENT, CLIENT: SERVER, RADIO: DISH, DISH: RADIO,
	GATHER: SCATTER, SCATTER: GATHER, PEER: PEER, CHANNEL: CHANNEL,
}

func inprocPeers(a, b Type) bool {
	if peer, draft := draftPeers[a]; draft {
		return peer == b
	}
	_, draft := draftPeers[b]
	return !draft
}

// inprocSocket is what one socket that uses inproc has.
type inprocSocket struct {
	s     weak.Pointer[socket]
	typ   Type
	bound []string
	names map[string][]string  // of its connections that have waited, by endpoints
	met   map[C.uintptr_t]bool // those that it has a connection to
}

// inprocNames is what the names of waiting connections begin with.
const inprocNames = "inproc://zmq4.wait."

func isInproc(endpoint string) bool { return strings.HasPrefix(endpoint, "inproc://") }

// open makes the reserve. The context has just been started.
func (e *inprocs) open(ctx C.uintptr_t) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reserve != 0 {
		return nil
	}
	h, err := newInternal(ctx)
	if err != nil {
		return err
	}
	e.ctx, e.reserve = ctx, h
	e.bound, e.waiting = make(map[string]C.uintptr_t), make(map[string][]inprocWaiter)
	e.socks = make(map[C.uintptr_t]*inprocSocket)
	return nil
}

// newInternal makes a socket that no program sees.
func newInternal(ctx C.uintptr_t) (C.uintptr_t, error) {
	var s *C.zmq4_socket
	err := check(C.zmq4_socket_new(ctx, C.ZMQ_DEALER, &s))
	return C.uintptr_t(uintptr(unsafe.Pointer(s))), err
}

// of returns the record of a socket.
func (e *inprocs) of(s *socket) *inprocSocket {
	r := e.socks[s.h()]
	if r == nil {
		r = &inprocSocket{s: weak.Make(s), typ: s.typ, names: make(map[string][]string), met: make(map[C.uintptr_t]bool)}
		e.socks[s.h()] = r
	}
	return r
}

// checkBind returns ENOCOMPATPROTO for a socket that may not bind an endpoint. libzmq aborts
// when it asks a ZAP handler that is of another type. The names are locked.
//
// Fence Z024.
func (e *inprocs) checkBind(s *socket, endpoint string) error {
	if e.ended {
		return nil // libzmq refuses it
	}
	if endpoint == zapEndpoint && s.typ != REP && s.typ != ROUTER && s.typ != SERVER {
		return ENOCOMPATPROTO
	}
	silent := s.typ != PAIR && s.typ != SUB && s.typ != XSUB
	for _, w := range e.waiting[endpoint] { // over tcp these refuse each other, too
		if w.routes() && !silent || !inprocPeers(s.typ, w.typ) {
			return ENOCOMPATPROTO
		}
	}
	return nil
}

// noteBind takes note that a socket has bound an endpoint, and connects those that wait
// for it. The names are locked.
func (e *inprocs) noteBind(s *socket, endpoint string) {
	if e.ended {
		return
	}
	r, h, waiting := e.of(s), s.h(), e.waiting[endpoint]
	r.bound = append(r.bound, endpoint)
	e.bound[endpoint] = h
	delete(e.waiting, endpoint)
	for _, w := range waiting {
		w.connect(h)
		if w.holds {
			C.zmq4_close(w.h)
		} else {
			e.meet(r, w.h)
		}
	}
}

// checkConnect returns ENOCOMPATPROTO for a socket that cannot talk to the one that has
// bound an endpoint. The names are locked.
func (e *inprocs) checkConnect(s *socket, endpoint string) error {
	if h := e.bound[endpoint]; h != 0 && !e.ended && !inprocPeers(s.typ, e.socks[h].typ) {
		return ENOCOMPATPROTO
	}
	return nil
}

// ownName returns a new name for a connection to an endpoint, by which it waits until
// somebody binds the endpoint, or "" if it need not wait. The names are locked.
func (e *inprocs) ownName(endpoint string) string {
	if e.ended || e.bound[endpoint] != 0 || endpoint == "inproc://" { // which libzmq refuses
		return ""
	}
	e.count++
	return fmt.Sprint(inprocNames, e.count)
}

// noteConnect takes note that a socket is connected to an endpoint, or waits for it by a
// name of its own. The names are locked.
func (e *inprocs) noteConnect(s *socket, endpoint, own string) {
	switch {
	case e.ended:
	case own == "":
		e.meet(e.of(s), e.bound[endpoint])
	default:
		r := e.of(s)
		r.names[endpoint] = append(r.names[endpoint], own)
		e.waiting[endpoint] = append(e.waiting[endpoint], inprocWaiter{h: s.h(), typ: s.typ, name: own})
	}
}

// connectFirst connects a locked socket to an endpoint that a monitor of libzmq is about to
// bind. The endpoint is the name of the connection as well.
func (e *inprocs) connectFirst(s *socket, endpoint string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return ETERM
	}
	name, _ := cstring(endpoint)
	if err := check(C.zmq4_connect(s.h(), name, 0)); err != nil {
		return err
	}
	e.noteConnect(s, endpoint, endpoint)
	return nil
}

// noteMonitor takes note that a monitor of libzmq has bound an endpoint.
func (e *inprocs) noteMonitor(endpoint string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.waiting, endpoint)
}

// connect connects what waits to a socket.
func (w inprocWaiter) connect(h C.uintptr_t) {
	name, _ := cstring(w.name)
	C.zmq4_bind(h, name)
	C.zmq4_unbind(h, name)
}

// noteEnd takes note that libzmq has unbound or disconnected a socket, which over inproc is
// the same, or has failed with err. It also ends connections that libzmq does not know by
// the endpoint. The names are locked.
func (e *inprocs) noteEnd(s *socket, endpoint string, err error) error {
	r := e.socks[s.h()]
	if e.ended || r == nil {
		return err
	}
	if e.bound[endpoint] == s.h() {
		if err == nil {
			delete(e.bound, endpoint)
			r.bound = slices.DeleteFunc(r.bound, func(name string) bool { return name == endpoint })
		}
		return err
	}
	if (err == nil || err == Errno(C.ENOENT)) && e.disconnect(s.h(), r, endpoint) {
		return nil
	}
	return err
}

// disconnect ends the connections of a socket to an endpoint that wait for it, or have done
// so. It reports whether there were any.
func (e *inprocs) disconnect(h C.uintptr_t, r *inprocSocket, endpoint string) (some bool) {
	for _, name := range r.names[endpoint] {
		i := slices.IndexFunc(e.waiting[endpoint], func(w inprocWaiter) bool { return w.name == name })
		if i < 0 {
			c, _ := cstring(name)
			some = C.zmq4_disconnect(h, c) == 0 || some
			continue
		}
		some = true
		w := &e.waiting[endpoint][i]
		if C.zmq4_delivers(h) != 0 && e.hold(w) {
			continue
		}
		if e.drop(w) {
			e.waiting[endpoint] = slices.Delete(e.waiting[endpoint], i, i+1)
		}
	}
	if len(e.waiting[endpoint]) == 0 {
		delete(e.waiting, endpoint)
	}
	delete(r.names, endpoint)
	return some
}

// drop ends a connection that waits, and what it was sent. It reports false if it still
// waits, without a socket.
func (e *inprocs) drop(w *inprocWaiter) bool {
	if draftPeers[w.typ] == 0 {
		w.moveTo(e.reserve)
		C.zmq4_pass(e.reserve, 0)
		return true
	}
	h, err := newInternal(e.ctx) // which does not read what they send
	if err != nil {
		w.orphan()
		return false
	}
	w.moveTo(h)
	C.zmq4_close(h)
	return true
}

// orphan ends a connection that waits as libzmq does: it waits on, without a socket.
func (w *inprocWaiter) orphan() bool {
	name, _ := cstring(w.name)
	done := C.zmq4_disconnect(w.h, name) == 0
	w.h = 0
	return done
}

// moveTo ends a connection that waits, whose messages socket h then has.
func (w inprocWaiter) moveTo(h C.uintptr_t) {
	w.connect(h)
	name, _ := cstring(w.name)
	C.zmq4_disconnect(w.h, name)
}

// hold makes a socket wait in the place of another one, with the messages that this has
// sent. It reports false if there are none. If there can be no more sockets, the messages
// wait by themselves, as libzmq lets them: only a ROUTER may not.
func (e *inprocs) hold(w *inprocWaiter) bool {
	if draftPeers[w.typ] != 0 {
		return w.orphan()
	}
	h, err := newInternal(e.ctx)
	if err != nil {
		return !w.routes() && w.orphan()
	}
	e.count++
	holder := inprocWaiter{h: h, typ: w.typ, name: fmt.Sprint(inprocNames, e.count), holds: true}
	name, _ := cstring(holder.name)
	if C.zmq4_hold(h, w.h, name) < 0 {
		C.zmq4_close(h)
		return false
	}
	w.moveTo(e.reserve)
	if C.zmq4_pass(e.reserve, h) == 0 {
		holder.moveTo(e.reserve)
		C.zmq4_close(h)
		return false
	}
	*w = holder
	return true
}

// close closes a socket. Its endpoints are free at once, which libzmq leaves to a
// thread of its own.
func (e *inprocs) close(h C.uintptr_t) error {
	e.forget(h)
	return check(C.zmq4_close(h))
}

// forget unbinds a socket, ends its connections that wait, and forgets it.
func (e *inprocs) forget(h C.uintptr_t) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.socks[h]
	if r == nil {
		return
	}
	delete(e.socks, h)
	for other := range r.met {
		if o := e.socks[other]; o != nil {
			delete(o.met, h)
		}
	}
	if e.ended {
		return
	}
	for _, endpoint := range r.bound {
		name, _ := cstring(endpoint)
		C.zmq4_unbind(h, name)
		delete(e.bound, endpoint)
	}
	for endpoint := range r.names {
		if slices.ContainsFunc(e.waiting[endpoint], func(w inprocWaiter) bool { return w.h == h }) {
			e.disconnect(h, r, endpoint)
		}
	}
}

// end connects all that still wait to the reserve, which goes away, and shuts the
// context down.
//
// Fence Z064.
func (e *inprocs) end(shutdown func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	for _, waiting := range e.waiting {
		for _, w := range waiting {
			w.connect(e.reserve)
			if w.holds {
				C.zmq4_close(w.h)
			}
		}
	}
	e.waiting = nil
	if e.reserve != 0 {
		C.zmq4_close(e.reserve)
	}
	shutdown()
}

// meet notes that two sockets have a connection.
func (e *inprocs) meet(r *inprocSocket, h C.uintptr_t) {
	other, s := e.socks[h], r.s.Value()
	if other != nil && s != nil && s.c != nil {
		r.met[h], other.met[s.h()] = true, true
	}
}

// peers returns the sockets that one has met, but for itself.
func (e *inprocs) peers(h C.uintptr_t) (peers []*socket) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.socks[h]
	if r == nil {
		return nil
	}
	for other := range r.met {
		if o := e.socks[other]; o != nil && other != h {
			if s := o.s.Value(); s != nil {
				peers = append(peers, s)
			}
		}
	}
	return peers
}

// processCommands lets a locked socket, and those that it has met, process their commands
// until there is none for 5 ms. The end of a connection takes a few of them, in
// turn. Half-way one side is gone, and the other does not know: a new high-water
// mark, which it passes on, would crash libzmq.
//
// Fence Z066.
func (s *socket) processCommands() {
	for range 100 {
		s.events()
		for _, peer := range s.ctx.c.inprocs.peers(s.h()) {
			// Not Lock: it may be about to do the same.
			for range 1000 {
				if peer.mu.TryLock() {
					peer.events()
					peer.unlock()
					break
				}
				runtime.Gosched()
			}
		}
		if C.zmq4_pending(s.h(), 5) <= 0 {
			return
		}
	}
}

// inprocLock is what the thread-safe sockets of the process that use inproc share. It is
// made once and kept for ever.
var inprocLock = sync.OnceValue(func() *C.zmq4_inproc_lock { return C.zmq4_inproc_lock_new() })

// shareLock sees to it that a socket of a thread-safe type that uses inproc and its peers
// do not wait for each other inside libzmq.
func (s *socket) shareLock() { s.c.lock = inprocLock() }
