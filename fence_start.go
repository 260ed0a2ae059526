// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"slices"
	"sync"
	"unsafe"
)

const (
	// maxIoThreads is more I/O threads than anything can make use of.
	maxIoThreads = 1024

	// maxMaxSockets is as many sockets as Linux lets a process open files.
	// libzmq makes room for all of them when it makes the first one.
	maxMaxSockets = 1 << 20
)

// startup is what a context is started with, which cannot all be read back.
type startup struct {
	mu       sync.Mutex // held while libzmq may start the context
	started  bool
	policy   C.int
	priority C.int
	cpus     []C.int
}

// create makes the libzmq socket of s. The first one starts the context, and
// libzmq aborts if it cannot start its threads: that is tried before.
func (h *handle) create(s *socket) error {
	st := &h.start
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.started {
		var threads C.int
		if err := check(C.zmq4_ctx_get(h.p, C.ZMQ_IO_THREADS, &threads)); err != nil {
			return err
		}
		if err := check(C.zmq4_ctx_try(threads, st.policy, st.priority, unsafe.SliceData(st.cpus), C.int(len(st.cpus)))); err != nil {
			return err
		}
	}
	err := check(C.zmq4_socket_new(h.p, C.int(s.typ), &s.c))
	st.started = st.started || err == nil
	return err
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
