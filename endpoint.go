// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

// socketPlace is what a socket knows of the endpoints that it uses, and the options that
// decide which it may use. The socket's mu guards it.
type socketPlace struct {
	where string // endpoint of the last Bind or Connect, for errors

	bound []string // portOf the endpoints that it was bound to, for events

	uses []usedEndpoint // those in use, for Sockets

	rids rids

	// once has the endpoints that a socket is connected to whose type has one
	// connection to each: for libzmq a second Connect succeeds and does nothing.
	once map[string]bool

	raw bool    // a ROUTER without framing
	pem [2]bool // a certificate and a key for wss have been set
}

// An endpointUse is what one Bind, Connect, Unbind or Disconnect has locked: the socket, and
// for an inproc endpoint the context's names of such. Its methods, but for unlock, are the
// fences before and after the call of libzmq: see fence_endpoint.go.
type endpointUse struct {
	s        *socket
	endpoint string
	name     *C.uchar // what libzmq calls the endpoint

	names *inprocs // locked, or nil if the endpoint is not inproc
	own   string   // name of an inproc connection that has to wait, or ""
	peer  *socket  // locked, or nil if there is no monitor that hears why Bind failed
}

// lockFor locks the socket to use an endpoint, until unlock.
func (soc *Socket) lockFor(endpoint string) (*endpointUse, error) {
	s, err := soc.lock()
	if err != nil {
		return nil, err
	}
	name, err := cstring(endpoint)
	if err != nil {
		s.unlock()
		return nil, err
	}
	u := &endpointUse{s: s, endpoint: endpoint, name: name}
	if isInproc(endpoint) {
		u.names = &s.ctx.c.inprocs
		u.names.mu.Lock()
	}
	return u, nil
}

func (u *endpointUse) unlock() {
	if u.peer != nil {
		u.peer.unlock()
	}
	if u.names != nil {
		u.names.mu.Unlock()
	}
	u.s.unlock()
}

// Bind makes the socket accept connections on an endpoint, such as
// "tcp://127.0.0.1:5555", "tcp://*:*" (any interface, any free port: see
// [Socket.GetLastEndpoint]), "ipc:///tmp/feed" or "inproc://name".
//
// It returns libzmq's errors: EINVAL for a malformed endpoint,
// [EPROTONOSUPPORT] for a transport that libzmq does not have,
// [ENOCOMPATPROTO] for one that the socket type cannot use, [EADDRINUSE], and
// others. A multicast endpoint can also return ENODEV for an unknown
// interface, [ENETDOWN], [EADDRNOTAVAIL], EMFILE, and EPERM for pgm without
// CAP_NET_RAW. An [EndpointError] says which part of the endpoint is wrong.
//
// Function zmq_bind.
func (soc *Socket) Bind(endpoint string) error {
	u, err := soc.lockFor(endpoint)
	if err != nil {
		return err
	}
	defer u.unlock()
	if err := u.beforeBind(); err != nil {
		return err
	}
	err = check(C.zmq4_bind(u.s.h(), u.name))
	if err = u.afterBind(err); err != nil {
		return err
	}
	u.s.noteEndpoint(endpoint)
	u.s.noteBound(endpoint)
	u.s.noteUse(endpoint, true)
	return nil
}

// Unbind stops accepting connections on an endpoint, and closes the
// connections that it has accepted there. A wildcard in the endpoint of
// [Socket.Bind] has to be given resolved, as [Socket.GetLastEndpoint] returns
// it.
//
// A ROUTER, REP, PUB or XPUB socket closes them at once, which takes a
// millisecond. With other types they end the next time the socket is used or
// waited on, after their pending messages have been received. If the socket
// has sent messages of several parts, Unbind takes 20 ms or more, so that
// they are sent and the connections end: libzmq may abort the process if one
// is half sent when the peer breaks such a connection.
//
// It returns ENOENT if the socket is not bound to the endpoint.
//
// Function zmq_unbind.
func (soc *Socket) Unbind(endpoint string) error {
	u, err := soc.lockFor(endpoint)
	if err != nil {
		return err
	}
	defer u.unlock()
	u.beforeUnbind()
	err = check(C.zmq4_unbind(u.s.h(), u.name))
	if err = u.afterUnbind(err); err != nil {
		return err
	}
	u.s.dropAhead(endpoint)
	u.s.noteUnused(endpoint)
	return nil
}

// Connect connects the socket to an endpoint. The peer need not exist yet:
// libzmq connects, and reconnects, in the background. It looks up host names
// there, too: [Socket.Events] reports a name that does not resolve. For a
// multicast endpoint Connect is the same as [Socket.Bind], with the same
// errors.
//
// A publisher that has had a norm endpoint returns [EMSGSIZE] for parts of
// more than 2038 bytes. After [Socket.SetConnectRid], Connect returns
// [EADDRINUSE] if there is already a peer with that id, or if too many
// messages are waiting to be received to find out.
//
// Function zmq_connect.
func (soc *Socket) Connect(endpoint string) error {
	u, err := soc.lockFor(endpoint)
	if err != nil {
		return err
	}
	defer u.unlock()
	if err := u.beforeConnect(); err != nil {
		return err
	}
	if err := u.checkRid(); err != nil {
		return err
	}
	again := toInt(u.s.place.once[endpoint])
	err = check(C.zmq4_connect(u.s.h(), u.name, C.int(again)))
	if err = u.afterConnect(err); err != nil {
		return err
	}
	u.s.noteEndpoint(endpoint)
	u.s.noteUse(endpoint, false)
	u.s.noteOnce(endpoint)
	return nil
}

// Disconnect ends the connection to an endpoint. Messages to it that are not
// yet delivered linger, see [Socket.SetLinger].
//
// It returns ENOENT if the socket is not connected to the endpoint.
//
// Function zmq_disconnect.
func (soc *Socket) Disconnect(endpoint string) error {
	u, err := soc.lockFor(endpoint)
	if err != nil {
		return err
	}
	defer u.unlock()
	u.beforeDisconnect()
	err = check(C.zmq4_disconnect(u.s.h(), u.name))
	if err = u.afterDisconnect(err); err != nil {
		return err
	}
	delete(u.s.place.once, endpoint)
	u.s.dropAhead(endpoint)
	u.s.noteUnused(endpoint)
	return nil
}

// noteEndpoint takes note of an endpoint that the socket was bound or connected to.
func (s *socket) noteEndpoint(endpoint string) {
	s.place.where = endpoint
	// The descriptor of a thread-safe type can be read at all times once it was signalled.
	if s.c.thread_safe == 0 && !isInproc(endpoint) {
		s.guess.remote.Store(true)
	}
}

// noteOnce takes note of a connection that libzmq makes only once.
func (s *socket) noteOnce(endpoint string) {
	switch s.typ {
	case DEALER, SUB, PUB, REQ:
		if s.place.once == nil {
			s.place.once = make(map[string]bool)
		}
		s.place.once[endpoint] = true
	}
}
