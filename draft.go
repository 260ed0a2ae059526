// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// The draft API of libzmq, which may change with any version of it. It is there
// if libzmq was built with it, see [HasDraft]; docs/draft.md says how to get such
// a library. Otherwise what is in this file returns [ErrorNotImplemented42draft].

// Draft socket types. All but [DGRAM] are for messages of one part only: more
// give [ErrSinglePart].
const (
	// CLIENT talks to [SERVER] sockets, as DEALER does to ROUTER.
	CLIENT = Type(C.ZMQ_CLIENT)

	// SERVER talks to any number of [CLIENT] sockets. Each message that it
	// receives has the routing id of its peer, and each message that it sends
	// needs one: see [OptRoutingId] and [Msg.SetRoutingID].
	SERVER = Type(C.ZMQ_SERVER)

	// RADIO sends messages to a group, see [OptGroup] and [Msg.SetGroup].
	RADIO = Type(C.ZMQ_RADIO)

	// DISH receives the messages of [RADIO] sockets to the groups that it has
	// joined, see [Socket.Join].
	DISH = Type(C.ZMQ_DISH)

	// GATHER receives what [SCATTER] sockets send, as PULL does from PUSH.
	GATHER = Type(C.ZMQ_GATHER)

	// SCATTER sends to [GATHER] sockets, as PUSH does to PULL.
	SCATTER = Type(C.ZMQ_SCATTER)

	// DGRAM sends and receives UDP datagrams: messages of two parts, the
	// peer's address ("127.0.0.1:5555") and at most 8192 bytes. An address that
	// was received has a NUL behind it, and can be sent to. DGRAM can be had
	// without the draft API.
	DGRAM = Type(C.ZMQ_DGRAM)

	// PEER talks to other PEER sockets by routing ids, as SERVER does, of which
	// [Socket.ConnectPeer] returns one. libzmq 4.3.3.
	PEER = Type(C.ZMQ_PEER)

	// CHANNEL talks to one other CHANNEL socket, as PAIR does. libzmq 4.3.3.
	CHANNEL = Type(C.ZMQ_CHANNEL)
)

var draftTypes = map[Type]string{
	CLIENT: "CLIENT", SERVER: "SERVER", RADIO: "RADIO", DISH: "DISH", GATHER: "GATHER",
	SCATTER: "SCATTER", DGRAM: "DGRAM", PEER: "PEER", CHANNEL: "CHANNEL",
}

// ErrSinglePart is returned for a message of several parts, or a part with
// [SNDMORE], on a socket of a draft type that cannot send it. Nothing was sent.
// errors.Is takes it for EINVAL.
var ErrSinglePart = fmt.Errorf("zmq4: the socket type has messages of one part only: %w", error(einval))

// HasDraft reports whether the draft API is there: in libzmq, and in the headers
// that the program was built with.
func HasDraft() bool { return C.ZMQ4_DRAFT != 0 && Has("draft") }

// A feature is something that not every libzmq has.
type feature struct {
	minor, patch int  // of version 4, the first that has it
	draft        bool // it needs the draft API
}

// missing returns why libzmq does not have a feature, or nil.
func (f feature) missing() error {
	if f.draft && !HasDraft() {
		return ErrorNotImplemented42draft
	}
	major, minor, patch := Version()
	switch {
	case major > 4 || minor > f.minor || minor == f.minor && patch >= f.patch:
		return nil
	case f.minor < 3 || f.patch == 0:
		return ErrorNotImplemented43
	case f.patch <= 3:
		return ErrorNotImplemented433
	case f.patch <= 5:
		return ErrorNotImplemented435
	}
	return ENOTSUP
}

// lockIf locks the socket if libzmq has a feature.
func (soc *Socket) lockIf(f feature) (*socket, error) {
	s, err := soc.lock()
	if err != nil {
		return nil, err
	}
	if err := f.missing(); err != nil {
		s.unlock()
		return nil, err
	}
	return s, nil
}

// section: udp

// section: groups

// Join makes a [DISH] socket receive the messages to a group, of at most 255
// bytes. The error is EINVAL for a longer one, and if it has been joined already;
// [ENOTSUP] for other types.
//
// Function zmq_join.
func (soc *Socket) Join(group string) error { return soc.membership(group, 1) }

// Leave takes back [Socket.Join]. The error is EINVAL if the group has not been
// joined.
//
// Function zmq_leave.
func (soc *Socket) Leave(group string) error { return soc.membership(group, 0) }

func (soc *Socket) membership(group string, join C.int) error {
	g, err := cstring(group)
	if err != nil {
		return soc.unlessClosed(err)
	}
	s, err := soc.lockIf(feature{2, 0, true})
	if err != nil {
		return err
	}
	defer s.unlock()
	return check(C.zmq4_membership(s.h(), g, join))
}

// section: peers

// ConnectPeer connects a [PEER] socket, and returns the routing id by which it
// can send to the peer at once. It fails as [Socket.Connect] does, with
// [ENOTSUP] for other types, and with EFAULT after [Socket.SetImmediate](true).
//
// Function zmq_connect_peer, libzmq 4.3.3.
func (soc *Socket) ConnectPeer(endpoint string) (routingID uint32, err error) {
	u, err := soc.lockFor(endpoint)
	if err != nil {
		return 0, err
	}
	defer u.unlock()
	if err := (feature{3, 3, true}).missing(); err != nil {
		return 0, err
	}
	if err := u.beforeConnect(); err != nil {
		return 0, err
	}
	var id C.uint
	err = check(C.zmq4_connect_peer(u.s.h(), u.name, &id))
	if err = u.afterConnect(err); err != nil {
		return 0, err
	}
	u.s.noteEndpoint(endpoint)
	return uint32(id), nil
}

// DisconnectPeer ends the connection to a peer of a [PEER] or [SERVER] socket.
// The error is EHOSTUNREACH if there is no such peer, and [ENOTSUP] for other
// types, and up to libzmq 4.3.5, which cannot.
//
// Function zmq_disconnect_peer, libzmq 4.3.6.
func (soc *Socket) DisconnectPeer(routingID uint32) error {
	s, err := soc.lockIf(feature{3, 6, true})
	if err != nil {
		return err
	}
	defer s.unlock()
	return check(C.zmq4_disconnect_peer(s.h(), C.uint(routingID)))
}

// PeerState returns [POLLOUT] if a [ROUTER] socket can send to the peer with this
// routing id, and 0 if it would have to wait. The error is EHOSTUNREACH if there
// is no such peer, and [ENOTSUP] for other types.
//
// Function zmq_socket_get_peer_state, libzmq 4.2.3.
func (soc *Socket) PeerState(routingID string) (State, error) {
	s, err := soc.lockIf(feature{2, 3, true})
	if err != nil {
		return 0, err
	}
	defer s.unlock()
	if s.typ != ROUTER {
		return 0, ENOTSUP
	}
	id := (*C.uchar)(unsafe.StringData(routingID))
	state := C.zmq4_peer_state(s.h(), id, C.size_t(len(routingID)))
	return State(max(state, 0)), check(state)
}

// section: message properties

// OptRoutingId is the routing id of a message, for [Socket.SendBytesWithOpts] and
// [Socket.RecvBytesWithOpts].
type OptRoutingId uint32

// OptGroup is the group of a message, for [Socket.SendBytesWithOpts] and
// [Socket.RecvBytesWithOpts].
type OptGroup string

// SendWithOpts sends a message from a string. See [Socket.SendBytesWithOpts].
func (soc *Socket) SendWithOpts(data string, flags Flag, options ...interface{}) (int, error) {
	return soc.SendBytesWithOpts(unsafe.Slice(unsafe.StringData(data), len(data)), flags, options...)
}

// SendBytesWithOpts sends a message as [Socket.SendBytes] does, with properties:
// an [OptRoutingId] for [SERVER] and [PEER] sockets, an [OptGroup] for [RADIO].
// The error is EINVAL for anything else, for the routing id 0 and for a group of
// more than 14 bytes, and EHOSTUNREACH for a peer that is not there.
//
// Functions zmq_msg_set_routing_id, zmq_msg_set_group and zmq_msg_send.
func (soc *Socket) SendBytesWithOpts(data []byte, flags Flag, options ...interface{}) (int, error) {
	m, err := NewMsg(len(data))
	if err != nil {
		return -1, err
	}
	defer m.Close()
	copy(m.Bytes(), data)
	for _, o := range options {
		switch o := o.(type) {
		case OptRoutingId:
			err = m.SetRoutingID(uint32(o))
		case OptGroup:
			err = m.SetGroup(string(o))
		default:
			err = einval
		}
		if err != nil {
			return -1, soc.unlessClosed(err)
		}
	}
	return soc.SendMsg(m, flags)
}

// RecvWithOpts receives a message as a string. See [Socket.RecvBytesWithOpts].
func (soc *Socket) RecvWithOpts(flags Flag, options ...interface{}) (string, []interface{}, error) {
	b, opts, err := soc.RecvBytesWithOpts(flags, options...)
	return unsafe.String(unsafe.SliceData(b), len(b)), opts, err
}

// RecvBytesWithOpts receives a message as [Socket.RecvBytes] does, and its
// properties: for each option, of which the type alone counts, such as
// OptRoutingId(0) or OptGroup(""), the value of the message. The error is EINVAL
// for anything else; nothing is received then.
//
// Functions zmq_msg_recv, zmq_msg_routing_id and zmq_msg_group.
func (soc *Socket) RecvBytesWithOpts(flags Flag, options ...interface{}) ([]byte, []interface{}, error) {
	opts := make([]interface{}, len(options))
	for _, o := range options {
		err := feature{2, 0, true}.missing()
		switch o.(type) {
		case OptRoutingId, OptGroup:
		default:
			err = einval
		}
		if err != nil {
			return []byte{}, opts, soc.unlessClosed(err)
		}
	}
	s, parts, err := soc.receive(interruptible, false, flags, nil)
	if err != nil {
		return []byte{}, opts, err
	}
	defer s.done()
	for i, o := range options {
		switch o.(type) {
		case OptRoutingId:
			opts[i] = OptRoutingId(C.zmq4_part_routing_id(&parts[0]))
		case OptGroup:
			opts[i] = OptGroup(C.GoString(C.zmq4_part_group(&parts[0])))
		}
	}
	return append([]byte{}, s.bytes(&parts[0])...), opts, nil
}

// SetRoutingID sets the peer that a [SERVER] or [PEER] socket is to send the
// message to. The error is EINVAL for 0, which no peer has, and [ErrMsgClosed].
//
// Function zmq_msg_set_routing_id.
func (m *Msg) SetRoutingID(id uint32) error {
	if id == 0 {
		return m.mark(einval, 0, nil, -1)
	}
	return m.mark(nil, C.uint(id), nil, -1)
}

// RoutingID returns the routing id of the message: of the peer that it came
// from, if a [SERVER] or [PEER] socket has received it, or that of
// [Msg.SetRoutingID]. It is 0 if it has none.
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

// SetGroup sets the group that a [RADIO] socket is to send the message to, of at
// most 255 bytes and without a NUL: else the error is EINVAL; or [ErrMsgClosed].
// A group of more than 14 bytes cannot be sent: [Socket.SendMsg] returns EINVAL.
// What [Msg.Bytes] has returned before is not valid any more.
//
// Function zmq_msg_set_group.
func (m *Msg) SetGroup(group string) error {
	g, err := cstring(group)
	if len(group) > groupMax {
		err = einval
	}
	return m.mark(err, 0, g, C.int(len(group)))
}

// Group returns the group of the message, "" if it has none.
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

// section: contexts

// maxThreadName is the longest prefix that libzmq takes.
const maxThreadName = 16

// SetThreadNamePrefixString sets what the names of the I/O threads begin with, of
// 1 to 16 bytes, as [Context.SetThreadNamePrefix] does for a number. Linux shows 15
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

// GetThreadNamePrefixString returns what the names of the I/O threads begin with,
// "" if nothing.
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

// ext calls a function of libzmq's draft API.
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
