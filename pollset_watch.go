// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo && (!linux || zmq4_watch)

package zmq4

import "time"

// A pollSet is empty where there is no epoll: a goroutine watches each socket. The tag
// zmq4_watch is there to test it on Linux.
type pollSet struct{}

// open has nothing to open: the parker's leader sleeps until it is woken.
func (pollSet) open(*parker) error { return nil }

// descriptor refuses all sockets.
func (pollSet) descriptor(*socket) (int32, error) { return 0, ENOTSUP }

func (pollSet) watch(int32, bool) error { return ENOTSUP }
func (pollSet) remove(int32)            {}

// fdInterval is how often to look at file descriptors that are not sockets':
// libzmq tells of those nowhere else than in zmq_poll, which blocks.
const fdInterval = time.Millisecond

// arm has nothing to do, because of fdInterval, and nor has disarm.
func (pollSet) arm(uintptr, State) error { return nil }
func (pollSet) disarm(uintptr)           {}

// drain has nothing to do: the goroutines mark by themselves.
func (pollSet) drain(func(fd int32)) {}
