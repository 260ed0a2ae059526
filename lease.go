// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"runtime"
	"runtime/cgo"
	"unsafe"
)

// A lease is Go memory that libzmq uses.
type lease struct {
	pin  runtime.Pinner
	free func()
}

// leases gets back what libzmq uses no more. Its I/O threads do not call Go for
// that, which costs microseconds each time: they put it on a list in C, and
// write to a pipe if the list was empty.
var leases struct {
	mu      leasesLock
	home    *C.zmq4_leases
	wait    func() // waits until something has been put on the list
	out     int    // how many there are
	running bool   // returnLeases runs, as it does while there are any
}

// NewMsgBytes returns a part that refers to data, without a copy, for
// [Socket.SendMsg]. Do not change data until free is called, which may be
// long after SendMsg. If free is not nil, it is called when libzmq no longer
// uses data, and also when the Msg is closed or lost without being sent. One
// goroutine calls the free functions of all parts: they must not block.
//
// It is faster than [Socket.SendBytes], which copies, from about 64 KiB on,
// see docs/performance.md. A receiver in the same process, over inproc, gets
// the same memory if it uses [Socket.RecvMsg], and must not write to it.
//
// On Windows data is copied. NewMsgBytes returns ENOMEM, or the error of
// creating a pipe. Then data is not used and free not called.
//
// Function zmq_msg_init_data.
func NewMsgBytes(data []byte, free func()) (*Msg, error) {
	if len(data) == 0 || runtime.GOOS == "windows" {
		m, err := NewMsg(len(data))
		if err == nil {
			copy(m.Bytes(), data)
			if free != nil {
				go free()
			}
		}
		return m, err
	}
	m, err := takeMsg()
	if err != nil {
		return nil, err
	}
	if err := lend(m, data, free); err != nil {
		msgs.Put(m)
		return nil, err
	}
	return &Msg{m, m.owner}, nil
}

// lend makes data the content of m.
func lend(m *msg, data []byte, free func()) error {
	leases.mu.Lock()
	defer leases.mu.Unlock()
	if leases.home == nil {
		if err := openLeases(); err != nil {
			return err
		}
	}
	l := &lease{free: free}
	l.pin.Pin(unsafe.SliceData(data))
	h := cgo.NewHandle(l)
	if rc := C.zmq4_msg_lend(m.c, (*C.uchar)(unsafe.SliceData(data)), C.size_t(len(data)), leases.home, C.uintptr_t(h)); rc < 0 {
		h.Delete()
		l.pin.Unpin()
		return check(rc)
	}
	leases.out++
	if !leases.running {
		leases.running = true
		go returnLeases()
	}
	return nil
}

// openLeases makes what leases needs, which is then kept.
func openLeases() error {
	wait, fd, err := wakePipe()
	if err != nil {
		return err
	}
	leases.wait = wait
	return check(C.zmq4_leases_new(C.int(fd), &leases.home))
}

// returnLeases ends leases until there are none.
func returnLeases() {
	var handles [64]C.uintptr_t
	for {
		n := int(C.zmq4_leases_ended(leases.home, unsafe.SliceData(handles[:]), C.int(len(handles))))
		for _, h := range handles[:n] {
			l := cgo.Handle(h).Value().(*lease)
			cgo.Handle(h).Delete()
			l.pin.Unpin()
			if l.free != nil {
				l.free()
			}
		}
		leases.mu.Lock()
		leases.out -= n
		leases.running = leases.out > 0
		done := !leases.running
		leases.mu.Unlock()
		if done {
			return
		}
		if n == 0 {
			leases.wait()
		}
	}
}
