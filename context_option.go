// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"runtime"
	"strings"
	"unsafe"
)

// setUpTo sets an option for which libzmq takes more than it can do.
func (ctx *Context) setUpTo(limit int, option C.int, value int) error {
	if value > limit {
		value = -1 // which returns EINVAL for each of them
	}
	return ctx.set(option, value)
}

// setUnix sets an option that libzmq does not have on Windows.
func (ctx *Context) setUnix(option C.int, value int) error {
	if runtime.GOOS == "windows" {
		return ErrorNotImplementedWindows
	}
	return ctx.set(option, value)
}

// getUnix reads an option that libzmq does not have on Windows.
func (ctx *Context) getUnix(option C.int) (int, error) {
	if runtime.GOOS == "windows" {
		return 0, ErrorNotImplementedWindows
	}
	return ctx.get(option)
}

func (ctx *Context) getBool(option C.int) (bool, error) {
	value, err := ctx.get(option)
	return value != 0, err
}

// ext calls zmq_ctx_set_ext or zmq_ctx_get_ext, which the draft API has from libzmq
// 4.3.3 on.
func (ctx *Context) ext(call func(*handle) C.int) error {
	h, err := ctx.open()
	if err != nil {
		return err
	}
	defer h.mu.RUnlock()
	if runtime.GOOS == "windows" {
		return ErrorNotImplementedWindows
	}
	if err := (feature{3, 3, true}).missing(); err != nil {
		return err
	}
	return check(call(h))
}

// setDefault calls a setter of the default context.
func setDefault[T any](set func(*Context, T) error, value T) error {
	ctx, err := defaultContext()
	if err != nil {
		return err
	}
	return set(ctx, value)
}

// getDefault calls a getter of the default context.
func getDefault[T any](get func(*Context) (T, error)) (T, error) {
	ctx, err := defaultContext()
	if err != nil {
		var none T
		return none, err
	}
	return get(ctx)
}

// section: I/O threads. They are started with the context's first socket: what
// is set later has no effect.

// SetIoThreads sets how many threads do the context's I/O, 0 to 1024. The
// default is 1: one thread moves about a gigabyte per second. 0 is enough for
// a context that uses inproc only. It has no effect after the first socket
// was created.
//
// Option ZMQ_IO_THREADS.
func (ctx *Context) SetIoThreads(n int) error {
	return ctx.setUpTo(maxIoThreads, C.ZMQ_IO_THREADS, n)
}

// GetIoThreads returns how many threads do the context's I/O.
//
// Option ZMQ_IO_THREADS.
func (ctx *Context) GetIoThreads() (int, error) { return ctx.get(C.ZMQ_IO_THREADS) }

// SetThreadSchedPolicy sets the scheduling policy of the I/O threads, a
// SCHED_ constant of the operating system.
//
// The policy is checked, together with the priority of
// [Context.SetThreadPriority], when the first socket is created:
// [Context.NewSocket] then returns EINVAL or EPERM. SCHED_FIFO and SCHED_RR
// need a priority. SetThreadSchedPolicy returns [ErrorNotImplementedWindows]
// on Windows.
//
// Option ZMQ_THREAD_SCHED_POLICY.
func (ctx *Context) SetThreadSchedPolicy(n int) error {
	return ctx.setUnix(C.ZMQ_THREAD_SCHED_POLICY, n)
}

// GetThreadSchedPolicy returns the scheduling policy of the I/O threads, or
// -1 if none is set: they then have the policy of the program's other
// threads. It returns [ErrorNotImplementedWindows] on Windows.
//
// Option ZMQ_THREAD_SCHED_POLICY.
func (ctx *Context) GetThreadSchedPolicy() (int, error) {
	return ctx.getUnix(C.ZMQ_THREAD_SCHED_POLICY)
}

// SetThreadPriority sets the priority of the I/O threads: 1 to 99 on Linux
// with the policies SCHED_FIFO and SCHED_RR. With other policies, any number
// gives them the best nice value, -20.
//
// Permission is checked when the first socket is created: [Context.NewSocket]
// then returns EINVAL or EPERM. SetThreadPriority returns
// [ErrorNotImplementedWindows] on Windows. libzmq has no getter for it.
//
// Option ZMQ_THREAD_PRIORITY.
func (ctx *Context) SetThreadPriority(n int) error { return ctx.setUnix(C.ZMQ_THREAD_PRIORITY, n) }

// SetThreadAffinityCpuAdd adds a CPU to the set on which the I/O threads run.
// If the set is empty, which is the default, they run on all CPUs.
//
// If no CPU of the set can be used, [Context.NewSocket] returns EINVAL for
// the first socket. It has an effect on Linux only, and returns
// [ErrorNotImplementedWindows] on Windows.
//
// Option ZMQ_THREAD_AFFINITY_CPU_ADD, libzmq 4.3.
func (ctx *Context) SetThreadAffinityCpuAdd(cpu int) error {
	return ctx.setUnix(C.ZMQ_THREAD_AFFINITY_CPU_ADD, cpu)
}

// SetThreadAffinityCpuRemove removes a CPU that
// [Context.SetThreadAffinityCpuAdd] has added. It returns EINVAL if the CPU
// was not added.
//
// Option ZMQ_THREAD_AFFINITY_CPU_REMOVE, libzmq 4.3.
func (ctx *Context) SetThreadAffinityCpuRemove(cpu int) error {
	return ctx.setUnix(C.ZMQ_THREAD_AFFINITY_CPU_REMOVE, cpu)
}

// SetThreadNamePrefix sets a number with which the names of the I/O threads
// begin, as in "7/ZMQbg/IO/0", to tell them apart in a debugger. By default
// there is no prefix. It returns [ErrorNotImplementedWindows] on Windows.
//
// Option ZMQ_THREAD_NAME_PREFIX, libzmq 4.3.
func (ctx *Context) SetThreadNamePrefix(n int) error { return ctx.setUnix(C.ZMQ_THREAD_NAME_PREFIX, n) }

// GetThreadNamePrefix returns the number of [Context.SetThreadNamePrefix], 0
// if none is set. It returns [ErrorNotImplementedWindows] on Windows.
//
// Option ZMQ_THREAD_NAME_PREFIX, libzmq 4.3.
func (ctx *Context) GetThreadNamePrefix() (int, error) { return ctx.getUnix(C.ZMQ_THREAD_NAME_PREFIX) }

// maxThreadName is the longest prefix that libzmq takes.
const maxThreadName = 16

// SetThreadNamePrefixString sets the prefix of the names of the I/O threads,
// 1 to 16 bytes. [Context.SetThreadNamePrefix] does the same for a number.
// Linux shows 15 bytes of the whole name.
//
// Option ZMQ_THREAD_NAME_PREFIX, function zmq_ctx_set_ext, libzmq 4.3.3.
func (ctx *Context) SetThreadNamePrefixString(prefix string) error {
	p, invalid := cstring(prefix)
	size := len(prefix)
	if size == 4 {
		size++ // with its NUL: four bytes would be a number
	}
	return ctx.ext(func(h *handle) C.int {
		if invalid != nil || size == 0 || size > maxThreadName {
			return -C.EINVAL
		}
		return C.zmq4_ctx_set_ext(h.p, C.ZMQ_THREAD_NAME_PREFIX, p, C.size_t(size))
	})
}

// GetThreadNamePrefixString returns the prefix of the names of the I/O
// threads, or "" if none is set.
//
// Option ZMQ_THREAD_NAME_PREFIX, function zmq_ctx_get_ext, libzmq 4.3.3.
func (ctx *Context) GetThreadNamePrefixString() (string, error) {
	buf := make([]byte, maxThreadName+1) // libzmq does not say how much it fills
	err := ctx.ext(func(h *handle) C.int {
		return C.zmq4_ctx_get_ext(h.p, C.ZMQ_THREAD_NAME_PREFIX, (*C.uchar)(unsafe.SliceData(buf)), C.size_t(len(buf)))
	})
	prefix, _, _ := strings.Cut(string(buf), "\x00")
	return prefix, err
}

// section: sockets and messages

// SetMaxSockets sets how many sockets the context can have at a time, 1 to
// 1048576. The default is 1023. It has no effect after the first socket was
// created.
//
// Option ZMQ_MAX_SOCKETS.
func (ctx *Context) SetMaxSockets(n int) error {
	return ctx.setUpTo(maxMaxSockets, C.ZMQ_MAX_SOCKETS, n)
}

// GetMaxSockets returns how many sockets the context can have at a time.
//
// Option ZMQ_MAX_SOCKETS.
func (ctx *Context) GetMaxSockets() (int, error) { return ctx.get(C.ZMQ_MAX_SOCKETS) }

// GetSocketLimit returns the largest number of sockets that libzmq says a
// context can have, 65535 on most systems. [Context.SetMaxSockets] may accept
// more.
//
// Option ZMQ_SOCKET_LIMIT.
func (ctx *Context) GetSocketLimit() (int, error) { return ctx.get(C.ZMQ_SOCKET_LIMIT) }

// SetMaxMsgsz sets the size, in bytes, of the largest message part to send.
// The default is 2147483647. libzmq up to 4.3.5 stores the value and does not
// enforce it. To limit what a socket receives, use [Socket.SetMaxmsgsize].
//
// Option ZMQ_MAX_MSGSZ.
func (ctx *Context) SetMaxMsgsz(n int) error { return ctx.set(C.ZMQ_MAX_MSGSZ, n) }

// GetMaxMsgsz returns the size, in bytes, that [Context.SetMaxMsgsz] has set.
//
// Option ZMQ_MAX_MSGSZ.
func (ctx *Context) GetMaxMsgsz() (int, error) { return ctx.get(C.ZMQ_MAX_MSGSZ) }

// GetMsgTSize returns the size of libzmq's zmq_msg_t in bytes.
//
// Option ZMQ_MSG_T_SIZE, libzmq 4.3.
func (ctx *Context) GetMsgTSize() (int, error) { return ctx.get(C.ZMQ_MSG_T_SIZE) }

// SetZeroCopyRecv sets whether a received message may refer to the buffer
// into which libzmq has read it, in place of a copy. The whole buffer then
// stays in memory as long as the message does. The default is true. It takes
// effect for new sockets.
//
// Option ZMQ_ZERO_COPY_RECV, libzmq 4.3.
func (ctx *Context) SetZeroCopyRecv(on bool) error { return ctx.set(C.ZMQ_ZERO_COPY_RECV, toInt(on)) }

// GetZeroCopyRecv reports whether [Context.SetZeroCopyRecv] is on.
//
// Option ZMQ_ZERO_COPY_RECV, libzmq 4.3.
func (ctx *Context) GetZeroCopyRecv() (bool, error) { return ctx.getBool(C.ZMQ_ZERO_COPY_RECV) }

// SetIpv6 sets the default of [Socket.SetIpv6] for new sockets. It is false
// initially.
//
// Option ZMQ_IPV6.
func (ctx *Context) SetIpv6(i bool) error { return ctx.set(C.ZMQ_IPV6, toInt(i)) }

// GetIpv6 reports whether new sockets use IPv6.
//
// Option ZMQ_IPV6.
func (ctx *Context) GetIpv6() (bool, error) { return ctx.getBool(C.ZMQ_IPV6) }

// SetBlocky sets whether new sockets linger without limit (true, the default)
// or not at all (false), unless [Socket.SetLinger] is called on the socket.
// With true, [Context.Term] waits until all messages are delivered.
//
// Option ZMQ_BLOCKY.
func (ctx *Context) SetBlocky(i bool) error { return ctx.set(C.ZMQ_BLOCKY, toInt(i)) }

// GetBlocky reports whether new sockets linger without limit.
//
// Option ZMQ_BLOCKY.
func (ctx *Context) GetBlocky() (bool, error) { return ctx.getBool(C.ZMQ_BLOCKY) }

// SetRetryAfterEINTR with false makes every call that waits on a socket of
// the context at that moment return EINTR, and also ends each [Proxy] and
// [Reactor.Run]. A program's signal handler can use it to shut the program
// down. Later calls wait as usual, until the next SetRetryAfterEINTR(false).
// Calls with a context.Context are not affected: cancel the context instead.
//
// Signals themselves never end a call, whatever the value: an interrupted
// call is tried again for the rest of its time.
//
// It has no ZMQ_ option.
func (ctx *Context) SetRetryAfterEINTR(retry bool) {
	if ctx != nil && ctx.c != nil {
		ctx.c.noRetryEINTR.Store(!retry)
		if !retry {
			ctx.c.interrupt()
		}
	}
}

// GetRetryAfterEINTR returns the value of [Context.SetRetryAfterEINTR], true
// by default.
//
// It has no ZMQ_ option.
func (ctx *Context) GetRetryAfterEINTR() bool {
	return ctx == nil || ctx.c == nil || !ctx.c.noRetryEINTR.Load()
}

// section: the same for the default context

// SetIoThreads calls [Context.SetIoThreads] of the default context.
func SetIoThreads(n int) error { return setDefault((*Context).SetIoThreads, n) }

// GetIoThreads calls [Context.GetIoThreads] of the default context.
func GetIoThreads() (int, error) { return getDefault((*Context).GetIoThreads) }

// SetThreadSchedPolicy calls [Context.SetThreadSchedPolicy] of the default context.
func SetThreadSchedPolicy(n int) error { return setDefault((*Context).SetThreadSchedPolicy, n) }

// GetThreadSchedPolicy calls [Context.GetThreadSchedPolicy] of the default context.
func GetThreadSchedPolicy() (int, error) { return getDefault((*Context).GetThreadSchedPolicy) }

// SetThreadPriority calls [Context.SetThreadPriority] of the default context.
func SetThreadPriority(n int) error { return setDefault((*Context).SetThreadPriority, n) }

// SetThreadAffinityCpuAdd calls [Context.SetThreadAffinityCpuAdd] of the default context.
func SetThreadAffinityCpuAdd(cpu int) error {
	return setDefault((*Context).SetThreadAffinityCpuAdd, cpu)
}

// SetThreadAffinityCpuRemove calls [Context.SetThreadAffinityCpuRemove] of the default context.
func SetThreadAffinityCpuRemove(cpu int) error {
	return setDefault((*Context).SetThreadAffinityCpuRemove, cpu)
}

// SetThreadNamePrefix calls [Context.SetThreadNamePrefix] of the default context.
func SetThreadNamePrefix(n int) error { return setDefault((*Context).SetThreadNamePrefix, n) }

// GetThreadNamePrefix calls [Context.GetThreadNamePrefix] of the default context.
func GetThreadNamePrefix() (int, error) { return getDefault((*Context).GetThreadNamePrefix) }

// SetMaxSockets calls [Context.SetMaxSockets] of the default context.
func SetMaxSockets(n int) error { return setDefault((*Context).SetMaxSockets, n) }

// GetMaxSockets calls [Context.GetMaxSockets] of the default context.
func GetMaxSockets() (int, error) { return getDefault((*Context).GetMaxSockets) }

// GetSocketLimit calls [Context.GetSocketLimit] of the default context.
func GetSocketLimit() (int, error) { return getDefault((*Context).GetSocketLimit) }

// SetMaxMsgsz calls [Context.SetMaxMsgsz] of the default context.
func SetMaxMsgsz(n int) error { return setDefault((*Context).SetMaxMsgsz, n) }

// GetMaxMsgsz calls [Context.GetMaxMsgsz] of the default context.
func GetMaxMsgsz() (int, error) { return getDefault((*Context).GetMaxMsgsz) }

// GetMsgTSize calls [Context.GetMsgTSize] of the default context.
func GetMsgTSize() (int, error) { return getDefault((*Context).GetMsgTSize) }

// SetZeroCopyRecv calls [Context.SetZeroCopyRecv] of the default context.
func SetZeroCopyRecv(on bool) error { return setDefault((*Context).SetZeroCopyRecv, on) }

// GetZeroCopyRecv calls [Context.GetZeroCopyRecv] of the default context.
func GetZeroCopyRecv() (bool, error) { return getDefault((*Context).GetZeroCopyRecv) }

// SetIpv6 calls [Context.SetIpv6] of the default context.
func SetIpv6(i bool) error { return setDefault((*Context).SetIpv6, i) }

// GetIpv6 calls [Context.GetIpv6] of the default context.
func GetIpv6() (bool, error) { return getDefault((*Context).GetIpv6) }

// SetBlocky calls [Context.SetBlocky] of the default context.
func SetBlocky(i bool) error { return setDefault((*Context).SetBlocky, i) }

// GetBlocky calls [Context.GetBlocky] of the default context.
func GetBlocky() (bool, error) { return getDefault((*Context).GetBlocky) }

// SetRetryAfterEINTR calls [Context.SetRetryAfterEINTR] of the default context.
func SetRetryAfterEINTR(retry bool) {
	ctx, _ := defaultContext() // nil if that failed, which is good enough here
	ctx.SetRetryAfterEINTR(retry)
}

// GetRetryAfterEINTR calls [Context.GetRetryAfterEINTR] of the default context.
func GetRetryAfterEINTR() bool {
	ctx, _ := defaultContext()
	return ctx.GetRetryAfterEINTR()
}
