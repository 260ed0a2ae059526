// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import (
	"runtime"
	"syscall"
	"unsafe"
)

// pollfd is a struct pollfd of C.
type pollfd struct {
	fd      int32
	events  int16
	revents int16
}

const pollIn = 1 // POLLIN of poll.h

// napAlone is nap on the only processor, of the only goroutine.
//
// Go's scheduler is not told that the thread waits. Otherwise its monitor would take the processor away
// after 20 µs, and wake another thread for it, which finds nothing to do: that took 1.3 times as long.
// Whoever wants the processor after all, such as the garbage collector, sends a signal.
func (a *alarm) napAlone(fd int) bool {
	fds := [2]pollfd{{fd: int32(fd), events: pollIn}, {fd: int32(a.c.fd), events: pollIn}}
	for {
		n, _, err := syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&fds)), uintptr(len(fds)), 0, 0, 0, 0)
		if err != syscall.EINTR {
			return int(n) > 0 && fds[0].revents != 0
		}
		runtime.Gosched()
	}
}
