// SPDX-License-Identifier: BSD-2-Clause

//go:build !linux || zmq4_watch

package zmq4

import (
	"context"
	"time"
)

// A pollSet is, where there is no epoll, a goroutine for each socket. The tag
// zmq4_watch is there to test it on Linux.
type pollSet struct {
	last  int32
	stops map[int32]context.CancelFunc // of the goroutines, by number
}

// open has nothing to open: the parker's leader sleeps until it is woken.
func (*pollSet) open(*parker) error { return nil }

// add starts to watch a locked socket and returns a number for it.
func (e *pollSet) add(s *socket, ref *pollRef) (int32, error) {
	ctx, stop := context.WithCancel(context.Background())
	if e.stops == nil {
		e.stops = make(map[int32]context.CancelFunc)
	}
	e.last++
	e.stops[e.last] = stop
	go s.watch(ctx, ref)
	return e.last, nil
}

// watch marks ref whenever something happens to the socket, until that leaves
// the Poller.
func (s *socket) watch(ctx context.Context, ref *pollRef) {
	if !s.park.opened() && s.openPark() != nil {
		return
	}
	for ctx.Err() == nil {
		parked, _ := s.park.wait(ctx, anyEvent, time.Time{})
		ref.mark()
		if !parked && s.over() {
			return // no wait of it would be one
		}
	}
}

// over reports whether the socket is closed or its context terminated.
func (s *socket) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.events() == everyone
}

// remove stops to watch a socket.
func (e *pollSet) remove(ref *pollRef) {
	e.stops[ref.fd]()
	delete(e.stops, ref.fd)
}

// fdInterval is how often to look at file descriptors that are not sockets':
// libzmq tells of those nowhere else than in zmq_poll, which blocks.
const fdInterval = time.Millisecond

// arm has nothing to do, because of fdInterval, and nor has disarm.
func (*pollSet) arm(uintptr, State) error { return nil }
func (*pollSet) disarm(uintptr)           {}

// drain has nothing to do: watch marks by itself.
func (*pollSet) drain(func(fd int32)) {}
