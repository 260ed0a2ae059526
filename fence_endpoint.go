// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unsafe"
	"weak"
)

const (
	// udpPart is the size of the buffer that libzmq's UDP engine copies a
	// datagram to, of any size.
	udpPart = 8192

	// groupMax is the longest group.
	groupMax = C.ZMQ_GROUP_MAX_LENGTH
)

// attendance is how long a socket waits for the end of a linger time.
const attendance = 100 * time.Millisecond

// beforeBind returns why the socket cannot be bound, or nil.
//
// If libzmq fails to bind, it tells the socket's monitor why, and forgets it: what it
// then leaves is often EAGAIN. The monitor's peer knows, and is locked so that nobody else
// receives the event. Over inproc libzmq leaves the reason.
//
// Fence Z075.
func (u *endpointUse) beforeBind() error {
	if err := u.beforeAttach(true); err != nil {
		return err
	}
	if u.names != nil {
		return u.names.checkBind(u.s, u.endpoint)
	}
	u.peer, _ = u.s.mon.failures.lock()
	return nil
}

// afterBind takes note that the socket was bound, or returns why it was not.
func (u *endpointUse) afterBind(err error) error {
	if err == eagain && u.peer != nil {
		err = check(C.zmq4_bind_failure(u.peer.h()))
	}
	if err != nil {
		return err
	}
	u.s.limitParts(u.endpoint)
	if u.names != nil {
		u.names.noteBind(u.s, u.endpoint)
	}
	return nil
}

// beforeConnect returns why the socket cannot be connected, or nil.
func (u *endpointUse) beforeConnect() error {
	if err := u.beforeAttach(false); err != nil {
		return err
	}
	if u.names == nil {
		return nil
	}
	if err := u.names.checkConnect(u.s, u.endpoint); err != nil {
		return err
	}
	if u.own = u.names.ownName(u.endpoint); u.own != "" {
		u.name, _ = cstring(u.own)
	}
	return nil
}

// checkRid returns EADDRINUSE if the socket has a peer with the routing id that the next
// one is to get: see zmq4_peer_exists.
func (u *endpointUse) checkRid() error {
	id := u.s.place.rids.next
	if id != "" && C.zmq4_peer_exists(u.s.h(), (*C.uchar)(unsafe.StringData(id)), C.size_t(len(id))) != 0 {
		return EADDRINUSE
	}
	return nil
}

// afterConnect takes note that the socket was connected, unless err says that it was not.
func (u *endpointUse) afterConnect(err error) error {
	if err != nil {
		return err
	}
	u.s.limitParts(u.endpoint)
	u.s.place.rids.noteConnect(u.endpoint)
	if u.names != nil {
		u.names.noteConnect(u.s, u.endpoint, u.own)
	}
	return nil
}

// beforeAttach returns why an endpoint cannot be used to bind or connect the socket, or nil.
func (u *endpointUse) beforeAttach(bind bool) error {
	s, endpoint := u.s, u.endpoint
	if err := checkPorts(endpoint); err != nil {
		return err
	}
	if err := s.checkMulticast(endpoint); err != nil {
		return err
	}
	if err := s.checkUdp(endpoint, bind); err != nil {
		return err
	}
	if err := s.checkFraming(endpoint, bind); err != nil {
		return err
	}
	if s.c.thread_safe != 0 && u.names != nil {
		s.shareLock()
	}
	return nil
}

// beforeUnbind makes the end of connections that came in by the endpoint safe.
func (u *endpointUse) beforeUnbind() {
	u.s.takeHalfRead()
	u.s.pause(u.name)
}

// afterUnbind ends what inproc connections libzmq does not know by the endpoint.
func (u *endpointUse) afterUnbind(err error) error {
	if u.names != nil {
		err = u.names.noteEnd(u.s, u.endpoint, err)
	}
	return err
}

// beforeDisconnect makes the end of the connection safe.
func (u *endpointUse) beforeDisconnect() { u.s.takeHalfRead() }

// afterDisconnect is afterUnbind, and takes care of what lingers.
func (u *endpointUse) afterDisconnect(err error) error {
	if err = u.afterUnbind(err); err != nil {
		return err
	}
	u.s.place.rids.noteDisconnect(u.endpoint)
	u.s.attend(u.name)
	return nil
}

// pause lets what was sent before an Unbind get out, and peers that have just gone be
// noticed: see zmq4_unbind. A connection is safe that is not inside a message then.
func (s *socket) pause(endpoint *C.uchar) {
	if s.c.parts == 0 || C.zmq4_listens(endpoint) == 0 {
		return
	}
	for range 20 {
		s.events()
		time.Sleep(time.Millisecond)
	}
}

// attend takes part in the end of a connection that Disconnect has begun, when its
// linger time is over: then it waits for the socket to process a command. Until that,
// libzmq aborts if it breaks inside a message of several parts.
func (s *socket) attend(endpoint *C.uchar) {
	linger := C.zmq4_lingers(s.h())
	if s.c.parts == 0 || C.zmq4_listens(endpoint) == 0 || linger < 0 {
		return
	}
	lost := weak.Make(s) // not to keep it from being closed
	time.AfterFunc(time.Duration(linger)*time.Millisecond-attendance/2, func() {
		if s := lost.Value(); s != nil {
			s.wait(context.Background(), 0, limitOf(context.Background(), attendance))
		}
	})
}

// checkPorts returns EINVAL for an endpoint with a port above 65535 or below 0,
// of which libzmq takes the lower 16 bits, and for an IPv4 address with two.
func checkPorts(endpoint string) error {
	transport, address, _ := strings.Cut(endpoint, "://")
	switch transport {
	case "tcp", "udp", "ws", "wss":
	default:
		return nil
	}
	address, _, _ = strings.Cut(address, "/")
	for place := range strings.SplitSeq(address, ";") { // where from, where to
		i := strings.LastIndexByte(place, ':')
		if i < 0 {
			continue
		}
		number := place[i+1:]
		if end := strings.IndexFunc(number, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
			if number[0] == '-' {
				return einval
			}
			number = number[:end]
		}
		if _, err := strconv.ParseUint(number, 10, 16); errors.Is(err, strconv.ErrRange) {
			return einval
		}
		if host, _, two := strings.Cut(place[:i], ":"); two {
			if addr, err := netip.ParseAddr(host); err == nil && addr.Is4() {
				return einval
			}
		}
	}
	return nil
}

const (
	maxHost = 255  // bytes of the name of a host: a SOCKS proxy can be told no longer one
	maxPath = 7000 // of host and path of a ws endpoint, which libzmq puts into 8192
)

// checkLength returns EINVAL for an endpoint to connect to that libzmq would abort on
// once the other side is there.
//
// Fence Z029, Z030.
func checkLength(endpoint string) error {
	transport, address, _ := strings.Cut(endpoint, "://")
	host := address[strings.LastIndexByte(address, ';')+1:]
	host = host[:max(strings.LastIndexByte(host, ':'), 0)]
	ws := transport == "ws" || transport == "wss"
	if transport == "tcp" && len(host) > maxHost || ws && len(address) > maxPath {
		return einval
	}
	return nil
}

// checkUdp returns an error for a udp endpoint that cannot be bound, and for any
// other of a DGRAM socket, whose connections libzmq would abort on.
//
// Fence Z089.
func (s *socket) checkUdp(endpoint string, bind bool) error {
	address, ok := strings.CutPrefix(endpoint, "udp://")
	if !ok && s.typ == DGRAM && strings.Contains(endpoint, "://") {
		return ENOCOMPATPROTO
	}
	if ok {
		if err := check(C.zmq4_try_device(s.h())); err != nil {
			return err
		}
	}
	i := strings.LastIndexByte(address, ':')
	if !ok || !bind || i < 0 || s.typ != DGRAM && s.typ != DISH || strings.Contains(address, ";") {
		return nil
	}
	host, port := unbracket(address[:i]), address[i+1:]
	if host == "*" {
		host = "0.0.0.0"
	}
	if port == "*" {
		port = "0"
	}
	if addr, err := netip.ParseAddr(host); err != nil || addr.IsMulticast() {
		return nil
	}
	h, err := cstring(host)
	p, err2 := cstring(port)
	if err != nil || err2 != nil {
		return nil
	}
	return check(C.zmq4_try_udp(h, p))
}

// checkFraming returns an error for a transport that brings messages to a socket for
// raw data: libzmq aborts on those of several parts. And for wss without a certificate
// and a key, without which libzmq aborts when it binds.
//
// Fence Z057, Z102.
func (s *socket) checkFraming(endpoint string, bind bool) error {
	transport, _, _ := strings.Cut(endpoint, "://")
	ws := transport == "ws" || transport == "wss"
	if s.typ == STREAM && transport == "inproc" || s.place.raw && (transport == "inproc" || ws) {
		return ENOCOMPATPROTO
	}
	if !bind {
		return checkLength(endpoint)
	}
	if transport == "wss" && Has("WSS") && s.place.pem != [2]bool{true, true} {
		return einval
	}
	return nil
}

// limitParts limits the size of parts that the socket can send once it uses an endpoint of
// udp, or publishes over norm.
//
// Fence Z091, Z096.
func (s *socket) limitParts(endpoint string) {
	switch transport, _, _ := strings.Cut(endpoint, "://"); {
	case transport == "udp" && s.typ == RADIO:
		s.c.max_part = udpPart - 1 - groupMax // which the datagram begins with
	case transport == "udp":
		s.c.max_part = udpPart
	case transport == "norm" && (s.typ == PUB || s.typ == XPUB):
		s.c.max_part = normPart
	}
}

// takeHalfRead takes a message of which ZMQ_EVENTS may have read the first part. It has to
// come before the socket ends a connection: libzmq aborts when the rest of the
// message has gone with it. A connection that
// the peer ends keeps its messages.
//
// Fence Z051.
func (s *socket) takeHalfRead() {
	if s.readsEarly() {
		C.zmq4_finish(s.h())
	}
}

// readsEarly reports whether ZMQ_EVENTS may read the first of several parts.
func (s *socket) readsEarly() bool {
	switch s.typ {
	case SUB, XSUB, ROUTER, REP:
		return !s.conflate // which has no messages of several parts
	}
	return false
}

// rids are the routing ids that a socket has given by SetConnectRid. libzmq
// aborts if one is given that a peer still has.
//
// Fence Z056.
type rids struct {
	next string // for the next Connect
	used map[string]usedRid
}

type usedRid struct {
	endpoint string
	gone     time.Time // when it was disconnected, or zero
}

// ridRest is how long libzmq may take to forget a peer after Disconnect.
const ridRest = time.Second

func (r *rids) taken(id string) bool {
	used, ok := r.used[id]
	return ok && (used.gone.IsZero() || time.Since(used.gone) < ridRest)
}

// noteConnect takes note that the next id is used.
func (r *rids) noteConnect(endpoint string) {
	if r.next == "" {
		return
	}
	if r.used == nil {
		r.used = make(map[string]usedRid)
	}
	r.used[r.next] = usedRid{endpoint: endpoint}
	r.next = ""
}

// noteDisconnect takes note that an endpoint's ids are free soon.
func (r *rids) noteDisconnect(endpoint string) {
	for id, used := range r.used {
		switch {
		case !r.taken(id):
			delete(r.used, id)
		case used.gone.IsZero() && used.endpoint == endpoint:
			r.used[id] = usedRid{endpoint, time.Now()}
		}
	}
}
