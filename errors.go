// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// Errors that do not come from libzmq. Compare with == or errors.Is.
var (
	// ErrorContextClosed is returned by every use of a context after [Context.Term].
	// errors.Is takes it for net.ErrClosed.
	ErrorContextClosed error = &closedError{"Context is closed"}

	// ErrorSocketClosed is returned by every use of a socket after
	// [Socket.Close], and by the calls that Close interrupts. errors.Is takes it
	// for net.ErrClosed.
	ErrorSocketClosed error = &closedError{"Socket is closed"}

	// ErrorMoreExpected is returned by [Socket.RecvEvent] for a message of a single part.
	ErrorMoreExpected = errors.New("More expected")

	// ErrorNoSocket is returned by the methods of [Poller] for an id or a
	// socket that it does not hold.
	ErrorNoSocket = errors.New("No such socket")

	// ErrorNotImplemented405 is not returned: libzmq 4.2 is the oldest one supported.
	ErrorNotImplemented405 = errors.New("Not implemented, requires 0MQ version 4.0.5")

	// ErrorNotImplemented41 is not returned: libzmq 4.2 is the oldest one supported.
	ErrorNotImplemented41 = errors.New("Not implemented, requires 0MQ version 4.1")

	// ErrorNotImplemented42 is not returned: libzmq 4.2 is the oldest one supported.
	ErrorNotImplemented42 = errors.New("Not implemented, requires 0MQ version 4.2")

	// ErrorNotImplemented42draft is returned by functions of the draft API if
	// libzmq was built without it. See [HasDraft].
	ErrorNotImplemented42draft = errors.New("Not implemented, requires 0MQ version 4.2 with drafts enabled")

	// ErrorNotImplemented43 is returned by functions that need libzmq 4.3.
	ErrorNotImplemented43 = errors.New("Not implemented, requires 0MQ version 4.3")

	// ErrorNotImplemented433 is returned by functions that need libzmq 4.3.3.
	ErrorNotImplemented433 = errors.New("Not implemented, requires 0MQ version 4.3.3")

	// ErrorNotImplemented435 is returned by functions that need libzmq 4.3.5.
	ErrorNotImplemented435 = errors.New("Not implemented, requires 0MQ version 4.3.5")

	// ErrorNotImplementedWindows is returned by options that libzmq does not
	// have on Windows.
	ErrorNotImplementedWindows = errors.New("Not implemented on Windows")
)

// ErrSinglePart is returned for a message of several parts, or a part with
// [SNDMORE], on a socket of a draft type that cannot send it. Nothing was sent.
// errors.Is takes it for EINVAL.
var ErrSinglePart = fmt.Errorf("zmq4: the socket type has messages of one part only: %w", error(einval))

// An Errno is an error number of the system, such as syscall.EAGAIN, or one
// that libzmq defines, such as [ETERM].
//
// Compare it with == to the constants below. errors.Is also matches the
// syscall.Errno of the same number.
type Errno uintptr

// Error numbers that libzmq uses on every platform.
const (
	EADDRINUSE      = Errno(C.EADDRINUSE)
	EADDRNOTAVAIL   = Errno(C.EADDRNOTAVAIL)
	EAFNOSUPPORT    = Errno(C.EAFNOSUPPORT)
	ECONNABORTED    = Errno(C.ECONNABORTED)
	ECONNREFUSED    = Errno(C.ECONNREFUSED)
	ECONNRESET      = Errno(C.ECONNRESET)
	EHOSTUNREACH    = Errno(C.EHOSTUNREACH)
	EINPROGRESS     = Errno(C.EINPROGRESS)
	EMSGSIZE        = Errno(C.EMSGSIZE)
	ENETDOWN        = Errno(C.ENETDOWN)
	ENETRESET       = Errno(C.ENETRESET)
	ENETUNREACH     = Errno(C.ENETUNREACH)
	ENOBUFS         = Errno(C.ENOBUFS)
	ENOTCONN        = Errno(C.ENOTCONN)
	ENOTSOCK        = Errno(C.ENOTSOCK)
	ENOTSUP         = Errno(C.ENOTSUP)
	EPROTONOSUPPORT = Errno(C.EPROTONOSUPPORT)
	ETIMEDOUT       = Errno(C.ETIMEDOUT)
)

// Error numbers that libzmq defines itself.
const (
	// EFSM says that the call is not allowed in the state that the socket is
	// in, such as a second Send on a REQ socket before the reply has come.
	EFSM = Errno(C.EFSM)

	// ENOCOMPATPROTO says that the socket type cannot use the transport.
	ENOCOMPATPROTO = Errno(C.ENOCOMPATPROTO)

	// ETERM says that the socket's context was terminated.
	ETERM = Errno(C.ETERM)

	// EMTHREAD says that the context has no I/O thread for the endpoint.
	EMTHREAD = Errno(C.EMTHREAD)
)

// Numbers that the package itself gives. They are not exported because
// pebbe/zmq4 users write zmq4.Errno(syscall.EAGAIN).
const (
	eagain = Errno(C.EAGAIN)
	einval = Errno(C.EINVAL)
	enodev = Errno(C.ENODEV)
	enoent = Errno(C.ENOENT)
	eintr  = Errno(C.EINTR)
)

// Error returns libzmq's text for its own error numbers and the system's text
// for all others.
func (errno Errno) Error() string {
	if errno >= C.ZMQ_HAUSNUMERO {
		return Error(int(errno))
	}
	return syscall.Errno(errno).Error()
}

// Is reports whether target is the syscall.Errno of the same number, or one
// that syscall.Errno says it is, such as fs.ErrNotExist for ENOENT. EAGAIN and
// ETIMEDOUT are also os.ErrDeadlineExceeded.
func (errno Errno) Is(target error) bool {
	if target == os.ErrDeadlineExceeded {
		return errno.Timeout()
	}
	if errno >= C.ZMQ_HAUSNUMERO {
		return false
	}
	sys := syscall.Errno(errno)
	return target == error(sys) || sys.Is(target)
}

// Timeout reports whether a call ended because its time was over, or because
// it was not allowed to wait. That is so for EAGAIN and [ETIMEDOUT].
func (errno Errno) Timeout() bool {
	return errno == eagain || errno == ETIMEDOUT
}

// Temporary reports whether the same call may succeed later.
func (errno Errno) Temporary() bool {
	return errno.Timeout() || errno < C.ZMQ_HAUSNUMERO && syscall.Errno(errno).Temporary()
}

// AsErrno returns the [Errno], or the syscall.Errno, in the chain of err. It
// returns 0 if there is none.
func AsErrno(err error) Errno {
	var errno Errno
	if errors.As(err, &errno) {
		return errno
	}
	var sys syscall.Errno
	if errors.As(err, &sys) {
		return Errno(sys)
	}
	return 0
}

// An OpError is the error of functions that take a context.Context: which
// operation failed, on which socket, and why.
//
// errors.Is looks into it: errors.Is(err, context.Canceled), errors.Is(err,
// [ETERM]) and errors.Is(err, net.ErrClosed) work as expected.
type OpError struct {
	// Op is what failed, such as "recv" or "send".
	Op string

	// Socket is the type of the socket, and the endpoint that it was bound or
	// connected to last. It is empty if no one socket is concerned.
	Socket string

	// Err is why: ctx.Err(), an [Errno], or one of the package's errors.
	Err error
}

// Error returns the operation, the socket and the reason, in one line.
func (e *OpError) Error() string {
	s := "zmq4: " + e.Op
	if e.Socket != "" {
		s += " " + e.Socket
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *OpError) Unwrap() error { return e.Err }

// Is reports whether target is os.ErrDeadlineExceeded and Err is
// context.DeadlineExceeded.
func (e *OpError) Is(target error) bool {
	return target == os.ErrDeadlineExceeded && errors.Is(e.Err, context.DeadlineExceeded)
}

// Timeout reports whether a deadline passed, or a time such as that of
// [Socket.SetRcvtimeo].
func (e *OpError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Temporary reports whether the same call may succeed later.
func (e *OpError) Temporary() bool {
	var t interface{ Temporary() bool }
	return errors.As(e.Err, &t) && t.Temporary()
}

// opError wraps an error of an operation on a socket.
func (soc *Socket) opError(op string, err error) error {
	if err == nil {
		return nil
	}
	e := &OpError{Op: op, Err: err}
	if soc != nil && soc.s != nil {
		e.Socket = soc.s.typ.String()
		soc.s.mu.Lock()
		if soc.s.place.where != "" {
			e.Socket += " " + soc.s.place.where
		}
		soc.s.mu.Unlock()
	}
	return e
}

// closedError is an error that errors.Is takes for net.ErrClosed. It is no
// string: fmt.Print puts a space between it and what comes before it.
type closedError struct{ text string }

func (e closedError) Error() string { return e.text }

// Is reports whether target is net.ErrClosed.
func (e closedError) Is(target error) bool { return target == net.ErrClosed }

// check makes an error of what a function of shim.h returned.
func check(rc C.int) error {
	if rc < 0 {
		return Errno(-rc)
	}
	return nil
}
