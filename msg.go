// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"
	"unsafe"
)

// ErrMsgClosed is returned for a [Msg] that was sent or closed.
var ErrMsgClosed = errors.New("zmq4: message part was sent or closed")

// A Msg is one message part in libzmq's own memory: sending and receiving it
// copies nothing. Use it for large parts. Small parts are faster as []byte.
//
// The zero Msg is closed: [Socket.RecvMsg] fills it. A Msg must not be used
// by two goroutines at a time. A copy of a Msg is the same Msg.
//
//	var msg zmq4.Msg
//	defer msg.Close()
//	for {
//		if _, err := socket.RecvMsg(&msg, 0); err != nil {
//			return err
//		}
//		fmt.Println(len(msg.Bytes()), "bytes")
//	}
type Msg struct {
	m     *msg
	owner uint64 // m.owner, unless the Msg is closed or was sent
}

// A msg is what a Msg holds while it is open.
type msg struct {
	c     *C.zmq4_msg
	owner uint64 // changes whenever a Msg gives it up
}

// msgs are those that no Msg holds: empty, but allocated in C.
var msgs sync.Pool

// NewMsg returns a part of size bytes to fill, see [Msg.Bytes], and to send.
// Its initial content is undefined. It returns EINVAL for a negative size,
// and ENOMEM.
//
// Function zmq_msg_init_size.
func NewMsg(size int) (*Msg, error) {
	if size < 0 {
		return nil, einval
	}
	c, err := takeMsg()
	if err != nil {
		return nil, err
	}
	if rc := C.zmq4_msg_alloc(c.c, C.size_t(size)); rc < 0 {
		msgs.Put(c)
		return nil, check(rc)
	}
	return &Msg{c, c.owner}, nil
}

// takeMsg returns one of msgs, or a new one.
func takeMsg() (*msg, error) {
	if m, ok := msgs.Get().(*msg); ok {
		return m, nil
	}
	m := &msg{}
	if err := check(C.zmq4_msg_new(&m.c)); err != nil {
		return nil, err
	}
	runtime.AddCleanup(m, func(c *C.zmq4_msg) { C.zmq4_msg_free(c) }, m.c)
	return m, nil
}

// open returns the part, or nil if it is closed or was sent.
func (m *Msg) open() *C.zmq4_msg {
	if m == nil || m.m == nil || m.owner != m.m.owner {
		return nil
	}
	return m.m.c
}

// give gives up what the Msg holds, which has to be empty.
func (m *Msg) give() {
	m.m.owner++ // for copies of the Msg
	msgs.Put(m.m)
	m.m = nil
}

// Bytes returns the content, not a copy. It may be written to, and is valid
// until the Msg is sent, received into, or closed. Using it later is using
// memory of somebody else: make a copy to keep it, and keep the Msg reachable
// while you use it. Bytes returns nil for a closed Msg.
func (m *Msg) Bytes() []byte {
	c := m.open()
	if c == nil {
		return nil
	}
	return unsafe.Slice((*byte)(c.data), c.size)
}

// Size returns the size of the content in bytes, 0 for a closed Msg.
//
// Function zmq_msg_size.
func (m *Msg) Size() int {
	c := m.open()
	if c == nil {
		return 0
	}
	return int(c.size)
}

// More reports whether more parts of the same message follow a received part.
//
// Function zmq_msg_more.
func (m *Msg) More() bool {
	c := m.open()
	return c != nil && c.more != 0
}

// Property returns a metadata property of a received part, see
// [Socket.RecvBytesWithMetadata]. It returns ENOENT if the part does not have
// the property, and [ErrMsgClosed].
//
// Function zmq_msg_gets.
func (m *Msg) Property(name string) (string, error) {
	c := m.open()
	if c == nil {
		return "", ErrMsgClosed
	}
	n, err := cstring(name)
	if err != nil {
		return "", err
	}
	var value *C.char
	if err := check(C.zmq4_msg_gets(c, n, &value)); err != nil {
		return "", err
	}
	s := C.GoString(value)
	runtime.KeepAlive(m.m)
	return s, nil
}

// SetRoutingID sets the peer that a [SERVER] or [PEER] socket sends the message to.
// It returns EINVAL for 0, which no peer has, and [ErrMsgClosed].
//
// Function zmq_msg_set_routing_id.
func (m *Msg) SetRoutingID(id uint32) error {
	if id == 0 {
		return m.mark(einval, 0, nil, -1)
	}
	return m.mark(nil, C.uint(id), nil, -1)
}

// RoutingID returns the routing id of the message. For a message that a
// [SERVER] or [PEER] socket has received, that is the id of the peer that
// sent it; otherwise, the id of [Msg.SetRoutingID]. It returns 0 if there is
// none.
//
// Function zmq_msg_routing_id.
func (m *Msg) RoutingID() uint32 {
	c := m.open()
	if c == nil {
		return 0
	}
	id := C.zmq4_msg_routing_id(c)
	runtime.KeepAlive(m.m)
	return uint32(id)
}

// SetGroup sets the group to which a [RADIO] socket sends the message. It
// returns EINVAL for a group of more than 255 bytes or with a NUL, and
// [ErrMsgClosed]. A group of more than 14 bytes cannot be sent:
// [Socket.SendMsg] returns EINVAL. After SetGroup, earlier results of
// [Msg.Bytes] are invalid.
//
// Function zmq_msg_set_group.
func (m *Msg) SetGroup(group string) error {
	g, err := cstring(group)
	if len(group) > groupMax {
		err = einval
	}
	return m.mark(err, 0, g, C.int(len(group)))
}

// Group returns the group of the message, or "" if it has none.
//
// Function zmq_msg_group.
func (m *Msg) Group() string {
	c := m.open()
	if c == nil {
		return ""
	}
	group := C.GoString(C.zmq4_msg_group(c))
	runtime.KeepAlive(m.m)
	return group
}

// mark sets a routing id, or a group if size is not negative. invalid is what is wrong
// with either, if anything.
func (m *Msg) mark(invalid error, id C.uint, group *C.uchar, size C.int) error {
	c := m.open()
	if c == nil {
		return ErrMsgClosed
	}
	if err := (feature{2, 0, true}).missing(); err != nil {
		return err
	}
	if invalid != nil {
		return invalid
	}
	err := check(C.zmq4_msg_mark(c, id, group, size))
	runtime.KeepAlive(m.m)
	return err
}

// Close frees the content. A Msg that is not closed is freed by the garbage
// collector. A second Close does nothing.
//
// Function zmq_msg_close.
func (m *Msg) Close() error {
	if c := m.open(); c != nil {
		C.zmq4_msg_clear(c)
		m.give()
	}
	return nil
}

// SendMsg sends a part without copying it, and returns its size. The Msg is
// closed afterwards, and can be received into. SendMsg waits, and returns
// errors, as [Socket.SendBytes] does, and [ErrMsgClosed] for a closed Msg.
// With an error the size is 0 and the Msg is unchanged.
//
// Function zmq_msg_send.
func (soc *Socket) SendMsg(m *Msg, flags Flag) (int, error) {
	return soc.sendMsg(interruptible, m, flags)
}

// SendMsgContext is [Socket.SendMsg] that waits until ctx is done. The error
// is then ctx.Err(), in an [*OpError].
func (soc *Socket) SendMsgContext(ctx context.Context, m *Msg, flags Flag) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, soc.opError("send", err)
	}
	n, err := soc.sendMsg(ctx, m, flags)
	return n, soc.opError("send", err)
}

func (soc *Socket) sendMsg(ctx context.Context, m *Msg, flags Flag) (int, error) {
	c := m.open()
	if c == nil {
		return 0, soc.unlessClosed(ErrMsgClosed)
	}
	size := int(c.size)
	s, err := soc.lock()
	if err != nil {
		return 0, err
	}
	err = s.transmit(ctx, flags, untried, func() C.int { return C.zmq4_msg_send(s.h(), c, C.int(flags)) })
	if err != nil {
		runtime.KeepAlive(m.m)
		return 0, err
	}
	m.give()
	return size, nil
}

// RecvMsg receives a part without copying it, and returns its size. The
// previous content of m is freed, or used again. RecvMsg waits, and returns
// errors, as [Socket.RecvBytes] does. With an error the size is 0 and m is
// unchanged.
//
// Function zmq_msg_recv.
func (soc *Socket) RecvMsg(m *Msg, flags Flag) (int, error) {
	return soc.recvMsg(interruptible, m, flags)
}

// RecvMsgContext is [Socket.RecvMsg] that waits until ctx is done. The error
// is then ctx.Err(), in an [*OpError], and no message is lost.
func (soc *Socket) RecvMsgContext(ctx context.Context, m *Msg, flags Flag) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, soc.opError("recv", err)
	}
	n, err := soc.recvMsg(ctx, m, flags)
	return n, soc.opError("recv", err)
}

func (soc *Socket) recvMsg(ctx context.Context, m *Msg, flags Flag) (int, error) {
	if m == nil {
		return 0, soc.unlessClosed(ErrMsgClosed)
	}
	into, closed := m.m, m.open() == nil
	if closed {
		var err error
		if into, err = takeMsg(); err != nil {
			return 0, err
		}
	}
	s, parts, err := soc.receive(ctx, false, flags, into.c)
	if err != nil {
		if closed {
			msgs.Put(into)
		}
		return 0, err
	}
	defer s.done()
	if parts[0].data != nil { // it was there already
		C.zmq4_msg_take(s.h(), s.c.in_next-1, into.c)
	}
	m.m, m.owner = into, into.owner
	return int(into.c.size), nil
}

// A ShortBufferError is returned by [Socket.RecvInto] for a part that does not
// fit into the buffer.
type ShortBufferError struct {
	Size int // of the part, in bytes
}

// Error says what size is needed.
func (e *ShortBufferError) Error() string {
	return "zmq4: the message part does not fit into the buffer, it has " + strconv.Itoa(e.Size) + " bytes"
}

// RecvInto receives one message part into buf. It returns the part's size,
// and whether more parts of the message follow. It allocates nothing. It
// waits, and returns errors, as [Socket.RecvBytes] does.
//
// A part that does not fit into buf is not received: the error is a
// [*ShortBufferError] with its size, and the next receive gets the part.
//
// Function zmq_msg_recv.
func (soc *Socket) RecvInto(buf []byte, flags Flag) (n int, more bool, err error) {
	return soc.recvInto(interruptible, buf, flags)
}

// RecvIntoContext is [Socket.RecvInto] that waits until ctx is done. The
// error is an [*OpError] that contains ctx.Err() or a [*ShortBufferError]. No
// message is lost.
func (soc *Socket) RecvIntoContext(ctx context.Context, buf []byte, flags Flag) (n int, more bool, err error) {
	if err = ctx.Err(); err == nil {
		n, more, err = soc.recvInto(ctx, buf, flags)
	}
	return n, more, soc.opError("recv", err)
}

func (soc *Socket) recvInto(ctx context.Context, buf []byte, flags Flag) (n int, more bool, err error) {
	s, parts, err := soc.receive(ctx, false, flags, nil)
	if err != nil {
		return 0, false, err
	}
	defer s.done()
	if size := int(parts[0].size); size > len(buf) {
		s.untake()
		return 0, false, &ShortBufferError{size}
	}
	n = copy(buf, s.bytes(&parts[0]))
	return n, s.c.rcvmore != 0, nil
}
