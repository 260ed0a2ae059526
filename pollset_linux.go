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
	k.desc.shared = true
	syscall.SetNonblock(fd, true) // os.NewFile asks for it: there is no I/O to block
	return k.desc.open(fd)
}

// descriptor returns the descriptor by which a locked socket is signalled.
func (e *pollSet) descriptor(s *socket) (int32, error) {
	fd := C.zmq4_signal_fd(s.h())
	if fd < 0 {
		return -1, check(fd)
	}
	return int32(fd), nil
}

// watch has the set signalled by a descriptor when it can be read, once or each time: at once, if it can
// be read now.
func (e *pollSet) watch(fd int32, once bool) error {
	const edge = 1 << 31 // syscall.EPOLLET is negative
	event := &syscall.EpollEvent{Events: syscall.EPOLLIN | edge, Fd: fd}
	if once {
		event.Events |= syscall.EPOLLONESHOT
	}
	err := syscall.EpollCtl(e.epfd, syscall.EPOLL_CTL_MOD, int(fd), event)
	if err == syscall.ENOENT {
		err = syscall.EpollCtl(e.epfd, syscall.EPOLL_CTL_ADD, int(fd), event)
	}
	if err != nil {
		return Errno(err.(syscall.Errno))
	}
	return nil
}

// remove removes a socket before it is closed.
func (e *pollSet) remove(fd int32) {
	syscall.EpollCtl(e.epfd, syscall.EPOLL_CTL_DEL, int(fd), nil)
}

// fdInterval is how often to look at file descriptors that are not sockets':
// not at all, since arm works.
const fdInterval = 0

// arm has the set signalled, once, as number ownFD, when one of events or an
// error is there on a file descriptor. It may be a different file each time.
func (e *pollSet) arm(fd uintptr, events State) error {
	const oneShot = syscall.EPOLLONESHOT
	event := &syscall.EpollEvent{Events: oneShot, Fd: ownFD}
	for _, bit := range []struct {
		state State
		epoll uint32
	}{{POLLIN, syscall.EPOLLIN}, {POLLOUT, syscall.EPOLLOUT}, {POLLPRI, syscall.EPOLLPRI}} {
		if events&bit.state != 0 {
			event.Events |= bit.epoll
		}
	}
	err := syscall.EpollCtl(e.epfd, syscall.EPOLL_CTL_MOD, int(fd), event)
	if err == syscall.ENOENT {
		err = syscall.EpollCtl(e.epfd, syscall.EPOLL_CTL_ADD, int(fd), event)
	}
	if err == nil || err == syscall.EPERM {
		return nil // EPERM is of files, which are always ready
	}
	return Errno(err.(syscall.Errno))
}

// disarm undoes arm.
func (e *pollSet) disarm(fd uintptr) {
	syscall.EpollCtl(e.epfd, syscall.EPOLL_CTL_DEL, int(fd), nil)
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
