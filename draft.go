// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import "unsafe"

// Groups, and peers by their routing ids: functions of the draft API of libzmq,
// which may change with any version of it. They are there if libzmq was built with
// it, see [HasDraft]; docs/draft.md says how to get such a library. Otherwise they
// return [ErrorNotImplemented42draft].

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

// section: groups

// Join makes a [DISH] socket receive the messages to a group. It returns EINVAL
// for a group of more than 255 bytes or one that the socket has joined already,
// and [ENOTSUP] for other types.
//
// Function zmq_join.
func (soc *Socket) Join(group string) error { return soc.membership(group, 1) }

// Leave makes a [DISH] socket leave a group that it has joined, see
// [Socket.Join]. It returns EINVAL if the socket has not joined the group,
// and [ENOTSUP] for other types.
//
// Function zmq_leave.
func (soc *Socket) Leave(group string) error { return soc.membership(group, 0) }

// membership joins a group (1), or leaves it (0).
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

// ConnectPeer connects a [PEER] socket, and returns the peer's routing id, to
// which the socket can send at once. It returns the errors of
// [Socket.Connect], [ENOTSUP] for other socket types, and EFAULT after
// [Socket.SetImmediate](true).
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
	u.s.noteUse(endpoint, false)
	return uint32(id), nil
}

// DisconnectPeer ends the connection to a peer of a [PEER] or [SERVER]
// socket. It returns [EHOSTUNREACH] if there is no such peer, and [ENOTSUP]
// for other types and with libzmq 4.3.5 and older.
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
// routing id, and 0 if it would have to wait. It returns EHOSTUNREACH if there is
// no such peer, and [ENOTSUP] for other types.
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
