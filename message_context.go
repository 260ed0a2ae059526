// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import (
	"context"
	"unsafe"
)

// The functions of this file wait until ctx is done, as well as for the time
// of [Socket.SetRcvtimeo] or [Socket.SetSndtimeo]. A ctx that is done already
// makes them fail at once. They cost no more than those without a context if
// ctx can never be done.
//
// With an error nothing was received or sent, and the size is 0. It is an [*OpError].

// RecvContext receives one message part as a string. See [Socket.RecvBytesContext].
func (soc *Socket) RecvContext(ctx context.Context, flags Flag) (string, error) {
	b, err := soc.RecvBytesContext(ctx, flags)
	return unsafe.String(unsafe.SliceData(b), len(b)), err
}

// RecvBytesContext receives one message part, as [Socket.RecvBytes] does,
// until ctx is done. The error is then ctx.Err(), in an [*OpError], and no
// message is lost.
func (soc *Socket) RecvBytesContext(ctx context.Context, flags Flag) ([]byte, error) {
	err := ctx.Err()
	if err == nil {
		var b []byte
		if b, err = soc.recvBytes(ctx, flags); err == nil {
			return b, nil
		}
	}
	return nil, soc.opError("recv", err)
}

// RecvMessageContext receives all parts of one message as strings. See
// [Socket.RecvMessageBytesContext].
func (soc *Socket) RecvMessageContext(ctx context.Context) ([]string, error) {
	err := ctx.Err()
	if err == nil {
		var msg []string
		if msg, err = soc.recvMessage(ctx, 0); err == nil {
			return msg, nil
		}
	}
	return nil, soc.opError("recv", err)
}

// RecvMessageBytesContext receives all parts of one message, as
// [Socket.RecvMessageBytes] does, until ctx is done. The error is then
// ctx.Err(), in an [*OpError], and no message is lost.
func (soc *Socket) RecvMessageBytesContext(ctx context.Context) ([][]byte, error) {
	err := ctx.Err()
	if err == nil {
		var msg [][]byte
		if msg, err = soc.recvMessageBytes(ctx, 0); err == nil {
			return msg, nil
		}
	}
	return nil, soc.opError("recv", err)
}

// SendContext sends one message part from a string. See [Socket.SendBytesContext].
func (soc *Socket) SendContext(ctx context.Context, data string, flags Flag) (int, error) {
	return soc.SendBytesContext(ctx, unsafe.Slice(unsafe.StringData(data), len(data)), flags)
}

// SendBytesContext sends one message part, as [Socket.SendBytes] does, until
// ctx is done. The error is then ctx.Err(), in an [*OpError], and the part
// has not been sent. With an error the size is 0.
//
// With [SNDMORE] it may leave a message half sent.
// [Socket.SendMessageContext] does not.
func (soc *Socket) SendBytesContext(ctx context.Context, data []byte, flags Flag) (int, error) {
	err := ctx.Err()
	if err == nil {
		var n int
		if n, err = soc.sendBytes(ctx, data, flags); err == nil {
			return n, nil
		}
	}
	return 0, soc.opError("send", err)
}

// SendMessageContext sends all parts of one message, as [Socket.SendMessage]
// does, until ctx is done. The error is then ctx.Err(), in an [*OpError], and
// no part of the message has been sent. With an error the size is 0.
func (soc *Socket) SendMessageContext(ctx context.Context, parts ...any) (int, error) {
	err := ctx.Err()
	if err == nil {
		var n int
		if n, err = soc.sendMessage(ctx, 0, parts); err == nil {
			return n, nil
		}
	}
	return 0, soc.opError("send", err)
}

// SendPartsContext sends all parts of one message, as [Socket.SendParts]
// does, until ctx is done. The error is then ctx.Err(), in an [*OpError], and
// no part of the message has been sent. With an error the size is 0.
func (soc *Socket) SendPartsContext(ctx context.Context, parts ...[]byte) (total int, err error) {
	if err = ctx.Err(); err == nil {
		total, err = soc.sendParts(ctx, parts)
	}
	return total, soc.opError("send", err)
}
