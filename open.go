// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import "time"

// An OpenOption is a step of [Context.OpenSocket], such as [Connect] or
// [Linger].
type OpenOption struct {
	name  string
	apply func(*Socket) error
	last  bool // after all others
}

// OpenSocket creates a socket in the default context. See [Context.OpenSocket].
func OpenSocket(t Type, options ...OpenOption) (*Socket, error) {
	ctx, err := defaultContext()
	if err != nil {
		return nil, &OpError{Op: "open", Socket: t.String(), Err: err}
	}
	return ctx.OpenSocket(t, options...)
}

// OpenSocket creates a socket, and configures, secures, binds and connects it
// as the options say. The options are applied in order, except that [Bind]
// and [Connect] come after all others. If one fails, OpenSocket closes the
// socket and returns an [*OpError] that names the option. For an endpoint it
// contains an [*EndpointError]; for a CURVE key it says which key is wrong.
func (ctx *Context) OpenSocket(t Type, options ...OpenOption) (*Socket, error) {
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

// Configure is an option that calls a function with the new socket, such as
// one that calls several setters. The name appears in errors.
func Configure(name string, apply func(*Socket) error) OpenOption {
	return OpenOption{name: name, apply: apply}
}

// endpoints makes an option that binds or connects.
func endpoints(op string, call func(*Socket, string) error, list []string) OpenOption {
	return OpenOption{name: op, last: true, apply: func(soc *Socket) error {
		for _, e := range list {
			if err := call(soc, e); err != nil {
				return &EndpointError{Op: op, Endpoint: e, Err: err}
			}
		}
		return nil
	}}
}

// Bind is an option that binds the socket to endpoints, see [Socket.Bind].
func Bind(list ...string) OpenOption { return endpoints("bind", (*Socket).Bind, list) }

// Connect is an option that connects the socket to endpoints, see
// [Socket.Connect].
func Connect(list ...string) OpenOption { return endpoints("connect", (*Socket).Connect, list) }

// Linger is the option of [Socket.SetLinger].
func Linger(d time.Duration) OpenOption {
	return Configure("linger", func(soc *Socket) error { return soc.SetLinger(d) })
}

// HighWaterMarks is the option of [Socket.SetSndhwm] and [Socket.SetRcvhwm].
func HighWaterMarks(send, receive int) OpenOption {
	return Configure("high-water marks", func(soc *Socket) error {
		if err := soc.SetSndhwm(send); err != nil {
			return err
		}
		return soc.SetRcvhwm(receive)
	})
}

// Timeouts is the option of [Socket.SetSndtimeo] and [Socket.SetRcvtimeo].
func Timeouts(send, receive time.Duration) OpenOption {
	return Configure("timeouts", func(soc *Socket) error {
		if err := soc.SetSndtimeo(send); err != nil {
			return err
		}
		return soc.SetRcvtimeo(receive)
	})
}

// Identity is the option of [Socket.SetIdentity].
func Identity(id string) OpenOption {
	return Configure("identity", func(soc *Socket) error { return soc.SetIdentity(id) })
}

// Subscribe is the option of [Socket.SetSubscribe], for each of the filters.
func Subscribe(filters ...string) OpenOption {
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
func PlainServer(domain string) OpenOption {
	return Configure("PLAIN server", func(soc *Socket) error { return soc.ServerAuthPlain(domain) })
}

// PlainClient is the option of [Socket.ClientAuthPlain].
func PlainClient(username, password string) OpenOption {
	return Configure("PLAIN client", func(soc *Socket) error { return soc.ClientAuthPlain(username, password) })
}

// CurveServer is the option of [Socket.ServerAuthCurve].
func CurveServer(domain, secretKey string) OpenOption {
	return Configure("CURVE server", func(soc *Socket) error {
		err := soc.ServerAuthCurve(domain, secretKey)
		return curveReason(err, curveArg{"secret key", secretKey})
	})
}

// CurveClient is the option of [Socket.ClientAuthCurve]. It also returns
// EINVAL if the public key does not belong to the secret key: no server would
// let in such a client.
func CurveClient(serverPublicKey, publicKey, secretKey string) OpenOption {
	return Configure("CURVE client", func(soc *Socket) error {
		err := soc.ClientAuthCurve(serverPublicKey, publicKey, secretKey)
		if err == nil {
			return checkCurvePair(publicKey, secretKey)
		}
		return curveReason(err, curveArg{"server's public key", serverPublicKey},
			curveArg{"public key", publicKey}, curveArg{"secret key", secretKey})
	})
}
