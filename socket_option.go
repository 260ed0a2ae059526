// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"
	"unsafe"
)

// A SocketOption is one thing that [Context.OpenSocket] does to a new socket.
type SocketOption struct {
	name  string
	apply func(*Socket) error
	last  bool // after all others
}

// OpenSocket creates a socket in the default context. See [Context.OpenSocket].
func OpenSocket(t Type, options ...SocketOption) (*Socket, error) {
	ctx, err := defaultContext()
	if err != nil {
		return nil, &OpError{Op: "open", Socket: t.String(), Err: err}
	}
	return ctx.OpenSocket(t, options...)
}

// OpenSocket creates a socket that is configured, secured, bound and connected
// by options, in the order in which they are given, but that those of [Bind]
// and [Connect] come last. If one of them fails, the socket is closed again.
// The error is an [*OpError] that names the option.
func (ctx *Context) OpenSocket(t Type, options ...SocketOption) (*Socket, error) {
	soc, err := ctx.NewSocket(t)
	if err != nil {
		return nil, &OpError{Op: "open", Socket: t.String(), Err: err}
	}
	for _, last := range []bool{false, true} {
		for _, o := range options {
			if o.last != last || o.apply == nil {
				continue
			}
			if err := o.apply(soc); err != nil {
				soc.Close()
				return nil, &OpError{Op: o.name, Socket: t.String(), Err: err}
			}
		}
	}
	return soc, nil
}

// Configure makes an option of any function that configures a socket, such as
// one that calls several setters. The name is for errors.
func Configure(name string, apply func(*Socket) error) SocketOption {
	return SocketOption{name: name, apply: apply}
}

// endpoints makes an option that binds or connects.
func endpoints(op string, call func(*Socket, string) error, list []string) SocketOption {
	return SocketOption{name: op + " " + strings.Join(list, ", "), last: true, apply: func(soc *Socket) error {
		for _, e := range list {
			if err := call(soc, e); err != nil {
				return err
			}
		}
		return nil
	}}
}

// Bind is the option to bind the socket to endpoints, see [Socket.Bind].
func Bind(list ...string) SocketOption { return endpoints("bind", (*Socket).Bind, list) }

// Connect is the option to connect the socket to endpoints, see [Socket.Connect].
func Connect(list ...string) SocketOption { return endpoints("connect", (*Socket).Connect, list) }

// Linger is the option of [Socket.SetLinger].
func Linger(d time.Duration) SocketOption {
	return Configure("linger", func(soc *Socket) error { return soc.SetLinger(d) })
}

// HighWaterMarks is the option of [Socket.SetSndhwm] and [Socket.SetRcvhwm].
func HighWaterMarks(send, receive int) SocketOption {
	return Configure("high-water marks", func(soc *Socket) error {
		if err := soc.SetSndhwm(send); err != nil {
			return err
		}
		return soc.SetRcvhwm(receive)
	})
}

// Timeouts is the option of [Socket.SetSndtimeo] and [Socket.SetRcvtimeo].
func Timeouts(send, receive time.Duration) SocketOption {
	return Configure("timeouts", func(soc *Socket) error {
		if err := soc.SetSndtimeo(send); err != nil {
			return err
		}
		return soc.SetRcvtimeo(receive)
	})
}

// Identity is the option of [Socket.SetIdentity].
func Identity(id string) SocketOption {
	return Configure("identity", func(soc *Socket) error { return soc.SetIdentity(id) })
}

// Subscribe is the option of [Socket.SetSubscribe], for each of the filters.
func Subscribe(filters ...string) SocketOption {
	return Configure("subscribe", func(soc *Socket) error {
		for _, f := range filters {
			if err := soc.SetSubscribe(f); err != nil {
				return err
			}
		}
		return nil
	})
}

// PlainServer is the option of [Socket.ServerAuthPlain].
func PlainServer(domain string) SocketOption {
	return Configure("PLAIN server", func(soc *Socket) error { return soc.ServerAuthPlain(domain) })
}

// PlainClient is the option of [Socket.ClientAuthPlain].
func PlainClient(username, password string) SocketOption {
	return Configure("PLAIN client", func(soc *Socket) error { return soc.ClientAuthPlain(username, password) })
}

// CurveServer is the option of [Socket.ServerAuthCurve].
func CurveServer(domain, secretKey string) SocketOption {
	return Configure("CURVE server", func(soc *Socket) error { return soc.ServerAuthCurve(domain, secretKey) })
}

// CurveClient is the option of [Socket.ClientAuthCurve].
func CurveClient(serverPublicKey, publicKey, secretKey string) SocketOption {
	return Configure("CURVE client", func(soc *Socket) error {
		return soc.ClientAuthCurve(serverPublicKey, publicKey, secretKey)
	})
}

// SetOption sets an option by its number in zmq.h, for those that the package
// has no method for. The type of value decides what libzmq is given: int, bool
// and time.Duration (milliseconds, rounded up; negative is -1) as int; int64 and
// uint64 as they are; string and []byte as bytes, without a NUL at the end;
// nil as no value. Anything else is EINVAL. An option that has a method is checked as
// the method does. The error is an [*OpError].
//
// Function zmq_setsockopt.
func (soc *Socket) SetOption(option int, value any) error {
	err := soc.invalid()
	if option >= 0 && option <= math.MaxInt32 {
		o := C.int(option)
		switch v := value.(type) {
		case nil:
			err = soc.setBytes(o, "")
		case int:
			err = soc.setInt(o, v)
		case bool:
			err = soc.setBool(o, v)
		case time.Duration:
			err = soc.setDuration(o, v)
		case int64:
			err = setNum(soc, o, v)
		case uint64:
			err = setNum(soc, o, v)
		case string:
			err = soc.setBytes(o, v)
		case []byte:
			err = soc.setBytes(o, unsafe.String(unsafe.SliceData(v), len(v)))
		}
	}
	return soc.opError(fmt.Sprintf("set option %d", option), err)
}

// GetOption reads an option by its number in zmq.h into what value points to:
// an int, bool or time.Duration (milliseconds; negative is -1), an int64 or
// uint64, a string or []byte (all bytes, with the NUL at the end that libzmq
// adds to what it takes for text). Anything else is EINVAL. The error is an
// [*OpError].
//
// Function zmq_getsockopt.
func (soc *Socket) GetOption(option int, value any) error {
	err := soc.invalid()
	if option >= 0 && option <= math.MaxInt32 {
		o := C.int(option)
		switch v := value.(type) {
		case *int:
			*v, err = soc.getInt(o)
		case *bool:
			*v, err = soc.getBool(o)
		case *time.Duration:
			*v, err = soc.getDuration(o)
		case *int64:
			*v, err = getNum[int64](soc, o)
		case *uint64:
			*v, err = getNum[uint64](soc, o)
		case *string:
			*v, err = soc.getBytes(o)
		case *[]byte:
			var s string
			s, err = soc.getBytes(o)
			*v = []byte(s)
		}
	}
	return soc.opError(fmt.Sprintf("get option %d", option), err)
}

// Poll waits until the socket is ready for one of events, and returns what of
// them it is ready for; 0 when timeout is over. With 0 it does not wait, and
// if timeout is negative it waits without limit. A [Poller] waits for several
// sockets.
//
// The errors are [ErrorSocketClosed] and [ETERM], in an [*OpError].
func (soc *Socket) Poll(events State, timeout time.Duration) (State, error) {
	ready, err := soc.poll(interruptible, events, timeout)
	return ready, soc.opError("poll", err)
}

// PollContext is [Socket.Poll] without a timeout, until ctx is done. The error is an
// [*OpError], with ctx.Err() in it then.
func (soc *Socket) PollContext(ctx context.Context, events State) (State, error) {
	err := ctx.Err()
	if err != nil {
		return 0, soc.opError("poll", err)
	}
	ready, err := soc.poll(ctx, events, -1)
	return ready, soc.opError("poll", err)
}

func (soc *Socket) poll(ctx context.Context, events State, timeout time.Duration) (State, error) {
	var limit time.Time
	for expired := timeout == 0; ; {
		ready, err := soc.GetEvents()
		if err != nil || ready&events != 0 || expired {
			return ready & events, err
		}
		if limit.IsZero() {
			limit = deadline(timeout)
		}
		if _, err := soc.s.wait(ctx, events, limit); err == eagain {
			expired = true
		} else if err != nil {
			return 0, err
		}
	}
}
