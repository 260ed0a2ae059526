// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// udpPart is the size of the buffer that libzmq's UDP engine copies a
	// datagram to, of any size.
	udpPart = 8192

	// groupMax is the longest group.
	groupMax = C.ZMQ_GROUP_MAX_LENGTH
)

// inprocFence is what thread-safe sockets that use inproc have in common. It is kept
// for ever.
var (
	inprocFence *C.zmq4_fence
	makeFence   sync.Once
)

// checkPorts returns EINVAL for an endpoint with a port above 65535 or below 0,
// of which libzmq takes the lower 16 bits, and for an IPv4 address with two.
func checkPorts(endpoint string) Errno {
	transport, address, _ := strings.Cut(endpoint, "://")
	switch transport {
	case "tcp", "udp", "ws", "wss":
	default:
		return 0
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
	return 0
}

const (
	maxHost = 255  // bytes of the name of a host: a SOCKS proxy can be told no longer one
	maxPath = 7000 // of host and path of a ws endpoint, which libzmq puts into 8192
)

// checkLength returns EINVAL for an endpoint to connect to that libzmq would abort on
// once the other side is there.
//
// Fence Z029, Z030.
func checkLength(endpoint string) Errno {
	transport, address, _ := strings.Cut(endpoint, "://")
	host := address[strings.LastIndexByte(address, ';')+1:]
	host = host[:max(strings.LastIndexByte(host, ':'), 0)]
	ws := transport == "ws" || transport == "wss"
	if transport == "tcp" && len(host) > maxHost || ws && len(address) > maxPath {
		return einval
	}
	return 0
}

// bind binds the locked socket. If that fails, libzmq tells the socket's monitor why, and
// forgets it: what it then leaves is often EAGAIN. The monitor's peer knows.
//
// Fence Z075.
func (s *socket) bind(endpoint *C.uchar) C.int {
	peer, err := s.failures.lock()
	if err != nil {
		return C.zmq4_bind(s.h(), endpoint)
	}
	defer peer.unlock()
	rc := C.zmq4_bind(s.h(), endpoint)
	if rc == -C.EAGAIN {
		rc = C.zmq4_bind_failure(peer.h())
	}
	return rc
}

// checkUdp returns an error for a udp endpoint that cannot be bound, and for any
// other of a DGRAM socket, whose connections libzmq would abort on.
//
// Fence Z089.
func (s *socket) checkUdp(endpoint string, bind bool) Errno {
	address, ok := strings.CutPrefix(endpoint, "udp://")
	if !ok && s.typ == DGRAM && strings.Contains(endpoint, "://") {
		return ENOCOMPATPROTO
	}
	if ok {
		if rc := C.zmq4_try_device(s.h()); rc < 0 {
			return Errno(-rc)
		}
	}
	i := strings.LastIndexByte(address, ':')
	if !ok || !bind || i < 0 || s.typ != DGRAM && s.typ != DISH || strings.Contains(address, ";") {
		return 0
	}
	host, port := unbracket(address[:i]), address[i+1:]
	if host == "*" {
		host = "0.0.0.0"
	}
	if port == "*" {
		port = "0"
	}
	if addr, err := netip.ParseAddr(host); err != nil || addr.IsMulticast() {
		return 0
	}
	h, err := cstring(host)
	p, err2 := cstring(port)
	if err != nil || err2 != nil {
		return 0
	}
	return Errno(-C.zmq4_try_udp(h, p))
}

// checkFraming returns an error for a transport that brings messages to a socket for
// raw data: libzmq aborts on those of several parts. And for wss without a certificate
// and a key, without which libzmq aborts when it binds.
//
// Fence Z057, Z102.
func (s *socket) checkFraming(endpoint string, bind bool) Errno {
	transport, _, _ := strings.Cut(endpoint, "://")
	ws := transport == "ws" || transport == "wss"
	if s.typ == STREAM && transport == "inproc" || s.raw && (transport == "inproc" || ws) {
		return ENOCOMPATPROTO
	}
	if !bind {
		return checkLength(endpoint)
	}
	if transport == "wss" && Has("WSS") && s.pem != [2]bool{true, true} {
		return einval
	}
	return 0
}

// hasUdp notes for later sends that the socket has got a udp endpoint.
//
// Fence Z091.
func (s *socket) hasUdp(endpoint string) {
	if !strings.HasPrefix(endpoint, "udp://") {
		return
	}
	s.c.max_part = udpPart
	if s.typ == RADIO {
		s.c.max_part = udpPart - 1 - groupMax // which the datagram begins with
	}
}

// needFence sees to it that a socket of a thread-safe type that uses inproc and
// its peers do not wait for each other inside libzmq.
func (s *socket) needFence(endpoint string) {
	if s.c.thread_safe != 0 && isInproc(endpoint) {
		makeFence.Do(func() { inprocFence = C.zmq4_fence_new() })
		s.c.fence = inprocFence
	}
}

// finish takes a message of which ZMQ_EVENTS may have read the first part. It has to
// come before the socket ends a connection: libzmq aborts when the rest of the
// message has gone with it. Only these types read a part then. A connection that
// the peer ends keeps its messages.
//
// Fence Z051.
func (s *socket) finish() {
	switch s.typ {
	case SUB, XSUB, ROUTER, REP:
		if !s.conflate { // it has no messages of several parts
			C.zmq4_finish(s.h())
		}
	}
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

// connected takes note that the next id is used.
func (r *rids) connected(endpoint string) {
	if r.next == "" {
		return
	}
	if r.used == nil {
		r.used = make(map[string]usedRid)
	}
	r.used[r.next] = usedRid{endpoint: endpoint}
	r.next = ""
}

// disconnected takes note that an endpoint's ids are free soon.
func (r *rids) disconnected(endpoint string) {
	for id, used := range r.used {
		switch {
		case !r.taken(id):
			delete(r.used, id)
		case used.gone.IsZero() && used.endpoint == endpoint:
			r.used[id] = usedRid{endpoint, time.Now()}
		}
	}
}
