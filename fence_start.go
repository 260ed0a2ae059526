// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"slices"
	"time"
	"unsafe"
)

const (
	// maxIoThreads is more I/O threads than anything can make use of.
	maxIoThreads = 1024

	// maxMaxSockets is as many sockets as Linux lets a process open files.
	// libzmq makes room for all of them when it makes the first one.
	//
	// Fence Z101.
	maxMaxSockets = 1 << 20
)

// startup is what a context is started with, which cannot all be read back.
type startup struct {
	mu       startLock // held while libzmq may start the context
	started  bool
	max      C.int // sockets, once it is started
	policy   C.int
	priority C.int
	cpus     []C.int
}

// starting lets one context start at a time, so that what one has tried is not
// taken away by another one.
var starting startingLock

// create makes the libzmq socket of s. The first one starts the context.
func (h *handle) create(s *socket) error {
	st := &h.start
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.started {
		if err := h.begin(); err != nil {
			return err
		}
		st.started = true
	}
	if h.sockets.count() >= int(st.max) {
		return emfile
	}
	if err := check(C.zmq4_socket_new(h.p, C.int(s.typ), &s.c)); err != nil {
		return err
	}
	h.sockets.add(s)
	return nil
}

// begin starts a context. libzmq aborts if it cannot start its threads: that is tried
// before. There is room for one socket more, the one that ends those who wait for an
// inproc endpoint.
//
// Fence Z063.
func (h *handle) begin() error {
	starting.Lock()
	defer starting.Unlock()
	st := &h.start
	var threads C.int
	if err := check(C.zmq4_ctx_get(h.p, C.ZMQ_IO_THREADS, &threads)); err != nil {
		return err
	}
	if err := check(C.zmq4_ctx_get(h.p, C.ZMQ_MAX_SOCKETS, &st.max)); err != nil {
		return err
	}
	if err := check(C.zmq4_ctx_try(threads, st.policy, st.priority, unsafe.SliceData(st.cpus), C.int(len(st.cpus)))); err != nil {
		return err
	}
	C.zmq4_ctx_set(h.p, C.ZMQ_MAX_SOCKETS, st.max+1)
	defer C.zmq4_ctx_set(h.p, C.ZMQ_MAX_SOCKETS, st.max)
	return h.inprocs.open(h.p)
}

// emfile is what libzmq says if there can be no more sockets.
const emfile = Errno(C.EMFILE)

// reapTime is how long libzmq may take to be done with a socket that was closed. Till
// then it has its descriptor, and its place among those that the context may have.
const reapTime = time.Second

// patiently calls what needs a socket of libzmq again for as long as there may soon be
// one.
func (h *handle) patiently(call func() error) error {
	for pause := 20 * time.Microsecond; ; pause = min(2*pause, 5*time.Millisecond) {
		err := call()
		if err != emfile || time.Since(time.Unix(0, h.sockets.lastClose.Load())) > reapTime {
			return err
		}
		time.Sleep(pause)
	}
}

// note takes note of an option that was set.
func (st *startup) note(option, value C.int) {
	switch option {
	case C.ZMQ_THREAD_SCHED_POLICY:
		st.policy = value
	case C.ZMQ_THREAD_PRIORITY:
		st.priority = value
	case C.ZMQ_THREAD_AFFINITY_CPU_ADD:
		st.cpus = append(st.cpus, value)
	case C.ZMQ_THREAD_AFFINITY_CPU_REMOVE:
		st.cpus = slices.DeleteFunc(st.cpus, func(cpu C.int) bool { return cpu == value })
	}
}
