// SPDX-License-Identifier: BSD-2-Clause

//go:build !zmq4_watch

package zmq4

// #include "shim.h"
import "C"

import "syscall"

// A pollSet is an epoll instance with the descriptor by which each socket is signalled. It can itself
// be waited on in Go's network poller, as one descriptor for them all.
type pollSet struct {
	epfd int
}

// open creates the set and makes the parker wait for it.
func (e *pollSet) open(k *parker) error {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return Errno(err.(syscall.Errno))
	}
	e.epfd = fd
	syscall.SetNonblock(fd, true) // os.NewFile asks for it: there is no I/O to block
	return k.open(fd)
}

// add adds a locked socket and returns its descriptor.
func (e *pollSet) add(s *socket, _ *pollRef) (int32, error) {
	fd := C.zmq4_signal_fd(s.h())
	if fd < 0 {
		return -1, check(fd)
	}
	const edge = 1 << 31 // syscall.EPOLLET is negative
	event := &syscall.EpollEvent{Events: syscall.EPOLLIN | edge, Fd: int32(fd)}
	if err := syscall.EpollCtl(e.epfd, syscall.EPOLL_CTL_ADD, int(fd), event); err != nil {
		return -1, Errno(err.(syscall.Errno))
	}
	return int32(fd), nil
}

// remove removes a socket before it is closed.
func (e *pollSet) remove(ref *pollRef) {
	syscall.EpollCtl(e.epfd, syscall.EPOLL_CTL_DEL, int(ref.fd), nil)
}

// drain calls f for each socket that was signalled since the last time.
func (e *pollSet) drain(f func(fd int32)) {
	var events [64]syscall.EpollEvent
	for {
		n, err := syscall.EpollWait(e.epfd, events[:], 0)
		for i := range max(n, 0) {
			f(events[i].Fd)
		}
		if n < len(events) && err != syscall.EINTR {
			return
		}
	}
}
