// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"
	"weak"
)

// inprocs knows which sockets of a context have connected to an inproc endpoint that
// nobody has bound. When somebody does, or else when the context is terminated,
// libzmq connects them, and aborts or crashes if
//
//   - a ROUTER or REP socket has disconnected, or meets a PAIR that has a peer;
//   - a conflating socket has disconnected or was closed: the end of its messages has
//     taken the place of what comes before them;
//   - two were closed before the context is terminated, now and then;
//   - there is no room for one more socket when it is.
//
// So the first two may not disconnect, conflating ones stay open behind their Close,
// and all that still wait are connected before the context is shut down, or it is
// not terminated.
//
// Fence Z058, Z059, Z060.
type inprocs struct {
	mu      sync.Mutex
	bound   map[string]C.uintptr_t                  // to which socket
	waiting map[string]map[C.uintptr_t]inprocWaiter // by endpoints, also when those who waited were closed
	used    map[C.uintptr_t]map[string]bool         // the endpoints of a socket in either
	ended   bool

	// Which sockets have met, and how to find them, until they are closed: see settle.
	met   map[C.uintptr_t]map[C.uintptr_t]bool
	socks map[C.uintptr_t]weak.Pointer[socket]
}

type inprocWaiter struct {
	typ       Type
	conflates bool
	closed    bool
}

func isInproc(endpoint string) bool { return strings.HasPrefix(endpoint, "inproc://") }

// attach binds or connects a socket by inproc.
//
// Fence Z057.
func (e *inprocs) attach(s *socket, endpoint string, bind bool, call func() C.int) C.int {
	if s.typ == STREAM {
		return -C.int(ENOCOMPATPROTO) // libzmq would abort on messages that are not a STREAM's
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if bind && s.typ == PAIR {
		for _, w := range e.waiting[endpoint] {
			if w.typ == ROUTER || w.typ == REP {
				return -C.int(ENOCOMPATPROTO)
			}
		}
	}
	rc := call()
	if rc != 0 || e.ended {
		return rc
	}
	if e.used == nil {
		e.bound, e.waiting = make(map[string]C.uintptr_t), make(map[string]map[C.uintptr_t]inprocWaiter)
		e.used = make(map[C.uintptr_t]map[string]bool)
		e.met, e.socks = make(map[C.uintptr_t]map[C.uintptr_t]bool), make(map[C.uintptr_t]weak.Pointer[socket])
	}
	h := s.h()
	e.socks[h] = weak.Make(s)
	if !bind && e.bound[endpoint] != 0 {
		e.meet(h, e.bound[endpoint])
		return rc
	}
	if e.used[h] == nil {
		e.used[h] = make(map[string]bool)
	}
	e.used[h][endpoint] = true
	if bind {
		e.bound[endpoint] = h
		for other, w := range e.waiting[endpoint] {
			if !w.closed {
				e.meet(h, other)
			}
		}
		if e.connected(endpoint) {
			C.zmq4_events(h) // after which it knows that they are gone
		}
		return rc
	}
	if e.waiting[endpoint] == nil {
		e.waiting[endpoint] = make(map[C.uintptr_t]inprocWaiter)
	}
	conflates := s.conflate && slices.Contains([]Type{DEALER, PUSH, PULL, PUB, SUB}, s.typ) // the rest ignores it
	e.waiting[endpoint][h] = inprocWaiter{typ: s.typ, conflates: conflates}
	return rc
}

// meet notes that two sockets have a connection.
func (e *inprocs) meet(a, b C.uintptr_t) {
	for range 2 {
		if e.met[a] == nil {
			e.met[a] = make(map[C.uintptr_t]bool)
		}
		e.met[a][b] = true
		a, b = b, a
	}
}

// peers returns the sockets that one has met, but for itself.
func (e *inprocs) peers(h C.uintptr_t) (peers []*socket) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for other := range e.met[h] {
		if s := e.socks[other].Value(); s != nil && other != h {
			peers = append(peers, s)
		}
	}
	return peers
}

// settle lets a locked socket, and those that it has met, process their commands
// until there is none for 5 ms. The end of a connection takes a few of them, in
// turn. Half-way one side is gone, and the other does not know: a new high-water
// mark, which it passes on, would crash libzmq.
//
// Fence Z066.
func (s *socket) settle() {
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

// connected forgets those who waited for an endpoint, for somebody has bound it. It
// reports whether some of them were closed now.
func (e *inprocs) connected(endpoint string) (some bool) {
	for h, w := range e.waiting[endpoint] {
		if w.closed {
			name, _ := cstring(endpoint)
			C.zmq4_disconnect(h, name) // at once, while to close takes its time
			delete(e.used[h], endpoint)
			if len(e.used[h]) == 0 {
				delete(e.used, h)
				C.zmq4_close(h)
			}
			some = true
		}
	}
	delete(e.waiting, endpoint)
	return some
}

// boundInC is called when a monitor of libzmq has bound an endpoint.
func (e *inprocs) boundInC(endpoint string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.connected(endpoint)
}

// detach unbinds or disconnects a socket by inproc, which to libzmq is the same.
//
// Fence Z051.
func (e *inprocs) detach(s *socket, endpoint string, call func() C.int) C.int {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := s.h()
	if w := e.waiting[endpoint][h]; w.typ == ROUTER || w.typ == REP || w.conflates {
		return -C.int(ENOTSUP)
	}
	if !s.conflate && slices.Contains([]Type{SUB, XSUB, ROUTER, REP}, s.typ) {
		C.zmq4_finish(h) // messages of several parts are not for conflating ones
	}
	rc := call()
	if rc == 0 && e.bound[endpoint] == h {
		delete(e.bound, endpoint)
	}
	return rc
}

// close closes a socket, now or when it does not wait for anything any more.
func (e *inprocs) close(h C.uintptr_t) C.int {
	e.mu.Lock()
	for other := range e.met[h] {
		delete(e.met[other], h)
	}
	delete(e.met, h)
	delete(e.socks, h)
	if e.used[h] == nil {
		e.mu.Unlock()
		return C.zmq4_close(h)
	}
	defer e.mu.Unlock()
	for endpoint := range e.used[h] {
		if e.bound[endpoint] == h {
			delete(e.bound, endpoint)
		}
		if w := e.waiting[endpoint][h]; w.conflates {
			w.closed = true
			e.waiting[endpoint][h] = w
			continue // it stays open until the endpoint is bound
		}
		delete(e.waiting[endpoint], h)
		delete(e.used[h], endpoint)
	}
	if len(e.used[h]) > 0 {
		return 0
	}
	delete(e.used, h)
	return C.zmq4_close(h)
}

// end connects all that still wait, with a socket that goes away at once, and shuts
// the context down. The error is that there is no room for the socket.
//
// Fence Z063, Z064.
func (e *inprocs) end(ctx C.uintptr_t, shutdown func()) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer shutdown()
	e.ended = true
	if len(e.waiting) == 0 {
		return nil
	}
	var s *C.zmq4_socket
	if err := check(C.zmq4_socket_new(ctx, C.ZMQ_DEALER, &s)); err != nil {
		return err
	}
	h := C.uintptr_t(uintptr(unsafe.Pointer(s)))
	defer C.zmq4_close(h)
	for endpoint := range e.waiting {
		name, _ := cstring(endpoint)
		C.zmq4_bind(h, name) // or somebody has, and nobody waits
		e.connected(endpoint)
	}
	return nil
}
