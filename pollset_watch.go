// SPDX-License-Identifier: BSD-2-Clause

//go:build !linux || zmq4_watch

package zmq4

import (
	"context"
	"time"
)

// A pollSet is, where there is no epoll, a goroutine for each socket. The tag
// zmq4_watch is there to test it on Linux.
type pollSet struct{ last int32 }

// open has nothing to open: the parker's leader sleeps until it is woken.
func (*pollSet) open(*parker) error { return nil }

// add starts to watch a locked socket and returns a number for it.
func (e *pollSet) add(s *socket, ref *pollRef) (int32, error) {
	e.last++
	go s.watch(ref)
	return e.last, nil
}

// watch marks ref whenever something happens to the socket, until that leaves
// the Poller.
func (s *socket) watch(ref *pollRef) {
	if !s.park.opened() && s.openPark() != nil {
		return
	}
	for ref.entered() {
		if _, err := s.park.wait(context.Background(), anyEvent, time.Time{}); err != nil {
			return
		}
		ref.mark()
	}
}

// entered reports whether the queue still knows the socket.
func (r *pollRef) entered() bool {
	r.q.mu.Lock()
	defer r.q.mu.Unlock()
	return !r.q.closed && r.q.refs[r.fd] == r
}

// remove has nothing to do: the socket's lock is held, and its unlock or its
// close wakes the goroutine, which finds that it is not wanted any more.
func (*pollSet) remove(*pollRef) {}

// fdInterval is how often to look at file descriptors that are not sockets':
// libzmq tells of those nowhere else than in zmq_poll, which blocks.
const fdInterval = time.Millisecond

// arm has nothing to do, because of fdInterval, and nor has disarm.
func (*pollSet) arm(uintptr, State) error { return nil }
func (*pollSet) disarm(uintptr)           {}

// drain has nothing to do: watch marks by itself.
func (*pollSet) drain(func(fd int32)) {}
