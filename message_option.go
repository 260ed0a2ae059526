// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import "unsafe"

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

// SendBytesWithOpts sends a message as [Socket.SendBytes] does, with
// properties: an [OptRoutingId] for [SERVER] and [PEER] sockets, an
// [OptGroup] for [RADIO]. It returns EINVAL for any other type, for the
// routing id 0 and for a group of more than 14 bytes, and [EHOSTUNREACH] for
// an unknown peer. With an error the size is -1.
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
	n, err := soc.SendMsg(m, flags)
	if err != nil {
		return -1, err // as from pebbe's functions
	}
	return n, nil
}

// RecvWithOpts receives a message as a string. See [Socket.RecvBytesWithOpts].
func (soc *Socket) RecvWithOpts(flags Flag, options ...interface{}) (string, []interface{}, error) {
	b, opts, err := soc.RecvBytesWithOpts(flags, options...)
	return unsafe.String(unsafe.SliceData(b), len(b)), opts, err
}

// RecvBytesWithOpts receives a message as [Socket.RecvBytes] does, and some
// of its properties. The type of each option, such as OptRoutingId(0) or
// OptGroup(""), selects a property; its value does not matter. Any other type
// returns EINVAL, and nothing is received.
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
