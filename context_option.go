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
// default is 1, which serves a gigabit of traffic a second. 0 is enough for a
// context that uses inproc only.
//
// Option ZMQ_IO_THREADS.
func (ctx *Context) SetIoThreads(n int) error {
	return ctx.setUpTo(maxIoThreads, C.ZMQ_IO_THREADS, n)
}

// GetIoThreads returns how many threads do the context's I/O.
//
// Option ZMQ_IO_THREADS.
func (ctx *Context) GetIoThreads() (int, error) { return ctx.get(C.ZMQ_IO_THREADS) }

// SetThreadSchedPolicy sets the scheduling policy of the I/O threads, a SCHED_
// number of the operating system's.
//
// Whether the policy exists, goes with the priority of
// [Context.SetThreadPriority] and is permitted shows when the first socket is
// made: [Context.NewSocket] returns EINVAL or EPERM. SCHED_FIFO and SCHED_RR
// need a priority. It returns [ErrorNotImplementedWindows] on Windows.
//
// Option ZMQ_THREAD_SCHED_POLICY.
func (ctx *Context) SetThreadSchedPolicy(n int) error {
	return ctx.setUnix(C.ZMQ_THREAD_SCHED_POLICY, n)
}

// GetThreadSchedPolicy returns the scheduling policy of the I/O threads. It is
// -1 until one is set: as for other threads. It returns
// [ErrorNotImplementedWindows] on Windows.
//
// Option ZMQ_THREAD_SCHED_POLICY.
func (ctx *Context) GetThreadSchedPolicy() (int, error) {
	return ctx.getUnix(C.ZMQ_THREAD_SCHED_POLICY)
}

// SetThreadPriority sets the priority of the I/O threads: 1 to 99 on Linux with
// the policies SCHED_FIFO and SCHED_RR. With others, any number gives them the
// best nice value, -20.
//
// Whether that is permitted shows when the first socket is made:
// [Context.NewSocket] returns EINVAL or EPERM. It returns
// [ErrorNotImplementedWindows] on Windows. libzmq has nothing to read it.
//
// Option ZMQ_THREAD_PRIORITY.
func (ctx *Context) SetThreadPriority(n int) error { return ctx.setUnix(C.ZMQ_THREAD_PRIORITY, n) }

// SetThreadAffinityCpuAdd adds a CPU to those that the I/O threads run on.
// Without any, which is the default, they run on all.
//
// If none of the CPUs can be used, [Context.NewSocket] returns EINVAL for the
// first socket. It has an effect on Linux, and returns
// [ErrorNotImplementedWindows] on Windows.
//
// Option ZMQ_THREAD_AFFINITY_CPU_ADD, libzmq 4.3.
func (ctx *Context) SetThreadAffinityCpuAdd(cpu int) error {
	return ctx.setUnix(C.ZMQ_THREAD_AFFINITY_CPU_ADD, cpu)
}

// SetThreadAffinityCpuRemove takes back [Context.SetThreadAffinityCpuAdd]. It
// returns EINVAL if the CPU was not added.
//
// Option ZMQ_THREAD_AFFINITY_CPU_REMOVE, libzmq 4.3.
func (ctx *Context) SetThreadAffinityCpuRemove(cpu int) error {
	return ctx.setUnix(C.ZMQ_THREAD_AFFINITY_CPU_REMOVE, cpu)
}

// SetThreadNamePrefix sets a number that the names of the I/O threads begin
// with, as in "7/ZMQbg/IO/0", to tell them apart in a debugger. By default they
// have none. It returns [ErrorNotImplementedWindows] on Windows.
//
// Option ZMQ_THREAD_NAME_PREFIX, libzmq 4.3.
func (ctx *Context) SetThreadNamePrefix(n int) error { return ctx.setUnix(C.ZMQ_THREAD_NAME_PREFIX, n) }

// GetThreadNamePrefix returns the number that the names of the I/O threads
// begin with, 0 if none. It returns [ErrorNotImplementedWindows] on Windows.
//
// Option ZMQ_THREAD_NAME_PREFIX, libzmq 4.3.
func (ctx *Context) GetThreadNamePrefix() (int, error) { return ctx.getUnix(C.ZMQ_THREAD_NAME_PREFIX) }

// maxThreadName is the longest prefix that libzmq takes.
const maxThreadName = 16

// SetThreadNamePrefixString sets what the names of the I/O threads begin with: 1 to
// 16 bytes. [Context.SetThreadNamePrefix] does the same for a number. Linux shows 15
// bytes of the whole name.
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

// GetThreadNamePrefixString returns what the names of the I/O threads begin with, or
// "" if no prefix is set.
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
// 1048576. The default is 1023. A value that is set after the first socket was made has
// no effect.
//
// Option ZMQ_MAX_SOCKETS.
func (ctx *Context) SetMaxSockets(n int) error {
	return ctx.setUpTo(maxMaxSockets, C.ZMQ_MAX_SOCKETS, n)
}

// GetMaxSockets returns how many sockets the context can have at a time.
//
// Option ZMQ_MAX_SOCKETS.
func (ctx *Context) GetMaxSockets() (int, error) { return ctx.get(C.ZMQ_MAX_SOCKETS) }

// GetSocketLimit returns how many sockets libzmq says that a context can have,
// 65535 on most systems. [Context.SetMaxSockets] may take more.
//
// Option ZMQ_SOCKET_LIMIT.
func (ctx *Context) GetSocketLimit() (int, error) { return ctx.get(C.ZMQ_SOCKET_LIMIT) }

// SetMaxMsgsz sets the size, in bytes, of the largest message part that is to be
// sent. The default is 2147483647. Up to version 4.3.5, libzmq remembers it and
// does nothing else with it: see [Socket.SetMaxmsgsize] for a limit.
//
// Option ZMQ_MAX_MSGSZ.
func (ctx *Context) SetMaxMsgsz(n int) error { return ctx.set(C.ZMQ_MAX_MSGSZ, n) }

// GetMaxMsgsz returns the number of [Context.SetMaxMsgsz].
//
// Option ZMQ_MAX_MSGSZ.
func (ctx *Context) GetMaxMsgsz() (int, error) { return ctx.get(C.ZMQ_MAX_MSGSZ) }

// GetMsgTSize returns the size of libzmq's zmq_msg_t in bytes.
//
// Option ZMQ_MSG_T_SIZE, libzmq 4.3.
func (ctx *Context) GetMsgTSize() (int, error) { return ctx.get(C.ZMQ_MSG_T_SIZE) }

// SetZeroCopyRecv says whether libzmq receives a message without copying it out
// of the buffer that was read, which the message then keeps in memory. The
// default is true. It takes effect for new sockets.
//
// Option ZMQ_ZERO_COPY_RECV, libzmq 4.3.
func (ctx *Context) SetZeroCopyRecv(on bool) error { return ctx.set(C.ZMQ_ZERO_COPY_RECV, toInt(on)) }

// GetZeroCopyRecv reports whether libzmq receives without copying.
//
// Option ZMQ_ZERO_COPY_RECV, libzmq 4.3.
func (ctx *Context) GetZeroCopyRecv() (bool, error) { return ctx.getBool(C.ZMQ_ZERO_COPY_RECV) }

// SetIpv6 sets what new sockets have for [Socket.SetIpv6]. The default is false.
//
// Option ZMQ_IPV6.
func (ctx *Context) SetIpv6(i bool) error { return ctx.set(C.ZMQ_IPV6, toInt(i)) }

// GetIpv6 reports whether new sockets use IPv6.
//
// Option ZMQ_IPV6.
func (ctx *Context) GetIpv6() (bool, error) { return ctx.getBool(C.ZMQ_IPV6) }

// SetBlocky says whether new sockets linger without limit (true, the default)
// or not at all (false), until [Socket.SetLinger] says otherwise. With true,
// [Context.Term] waits until all messages are delivered.
//
// Option ZMQ_BLOCKY.
func (ctx *Context) SetBlocky(i bool) error { return ctx.set(C.ZMQ_BLOCKY, toInt(i)) }

// GetBlocky reports whether new sockets linger without limit.
//
// Option ZMQ_BLOCKY.
func (ctx *Context) GetBlocky() (bool, error) { return ctx.getBool(C.ZMQ_BLOCKY) }

// SetRetryAfterEINTR with false ends all calls that wait on the context's sockets
// at that moment with EINTR, and each Proxy and Run. A signal handler of a
// program can do so to shut it down. Calls after that wait as usual, until the next
// SetRetryAfterEINTR(false). Calls that were given a context.Context go on: that one ends them.
//
// Signals themselves never end a call, whatever the value is: a call that is interrupted by one
// is tried again, with what is left of its time.
//
// It stands for no ZMQ_ option.
func (ctx *Context) SetRetryAfterEINTR(retry bool) {
	if ctx != nil && ctx.c != nil {
		ctx.c.noRetryEINTR.Store(!retry)
		if !retry {
			ctx.c.interrupt()
		}
	}
}

// GetRetryAfterEINTR returns what was given to [Context.SetRetryAfterEINTR],
// true by default.
//
// It stands for no ZMQ_ option.
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
