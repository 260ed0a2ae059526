// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"bytes"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"math"
	"runtime"
	"strings"
	"time"
	"unsafe"
)

// setOption sets an option of a locked socket. All setters come here, and
// [Socket.SetOption]. A nil value is NULL, which some options tell from an empty one.
func (s *socket) setOption(option C.int, value []byte) error {
	if fence := optionFences[option]; fence != nil {
		var err error
		if value, err = fence(s, value); err == errUnchanged {
			return nil
		} else if err != nil {
			return err
		}
	}
	p := (*C.uchar)(unsafe.SliceData(value))
	if err := check(C.zmq4_setsockopt(s.h(), option, p, C.size_t(len(value)))); err != nil {
		return err
	}
	return s.noteOption(option, value)
}

// An optionFence looks at a value before libzmq gets it: it refuses one that libzmq
// takes and should not, or returns a better one.
type optionFence func(s *socket, value []byte) ([]byte, error)

// optionFences are those of all options that need one.
var optionFences map[C.int]optionFence

// It is long because it is a table, and a function because some fences set options.
func init() {
	optionFences = map[C.int]optionFence{
		// A new mark is passed on to peers, which may be going away.
		C.ZMQ_SNDHWM: sendMark,
		C.ZMQ_RCVHWM: processFirst,

		// libzmq aborts if it gives an id that a peer has.
		C.ZMQ_CONNECT_ROUTING_ID: freeRid,

		// REP is a ROUTER to libzmq, which aborts in the middle of a request: when it is
		// to report that the peer has gone, or when it takes the reply for raw data.
		//
		// Fence Z055.
		C.ZMQ_ROUTER_MANDATORY: notFor(REP),
		C.ZMQ_ROUTER_RAW:       rawRouter,

		// PUB is an XPUB to libzmq, which keeps each subscription for a receive.
		//
		// Fence Z035.
		C.ZMQ_XPUB_MANUAL:            notFor(PUB),
		C.ZMQ_XPUB_MANUAL_LAST_VALUE: notFor(PUB),

		// libzmq crashes up to 4.3.4 when a connection breaks that the socket is ending.
		//
		// Fence Z021.
		C.ZMQ_DISCONNECT_MSG: needs(any435),

		// libzmq closes each connection, or aborts (4.2), if the system refuses one.
		C.ZMQ_TOS:                 between(0, 255),
		C.ZMQ_TCP_KEEPALIVE_CNT:   keepalive(127),
		C.ZMQ_TCP_KEEPALIVE_IDLE:  keepalive(32767),
		C.ZMQ_TCP_KEEPALIVE_INTVL: keepalive(32767),
		C.ZMQ_PRIORITY:            tried(func(v C.int) C.int { return C.zmq4_try_priority(v) }),
		C.ZMQ_BUSY_POLL:           tried(func(v C.int) C.int { return C.zmq4_try_busy_poll(v) }),

		// 0 is the same as -1, but libzmq 4.2 divides by it.
		//
		// Fence Z081.
		C.ZMQ_RECONNECT_IVL: replace(0, -1),

		// libzmq aborts if there is no memory for the buffers of a connection.
		// It overwrites its own memory if one is shorter than the header of a frame.
		//
		// Fence Z110.
		C.ZMQ_IN_BATCH_SIZE:  between(minBatch, maxBatch),
		C.ZMQ_OUT_BATCH_SIZE: between(1, maxBatch),

		// NORM counts bytes in 32 bits, and a segment has to fit into a UDP packet.
		C.ZMQ_NORM_BUFFER_SIZE:  between(math.MinInt32, 1<<22-1),
		C.ZMQ_NORM_SEGMENT_SIZE: between(math.MinInt32, 65000),

		// See zmq4_max_filter and newFilter.
		C.ZMQ_SUBSCRIBE:   newFilter,
		C.ZMQ_UNSUBSCRIBE: shortFilter,

		// libzmq overwrites half of the old key before it finds that a new one is bad.
		C.ZMQ_CURVE_PUBLICKEY: curveBytes,
		C.ZMQ_CURVE_SECRETKEY: curveBytes,
		C.ZMQ_CURVE_SERVERKEY: curveBytes,

		// An empty one turns off the mechanism, whichever it is.
		C.ZMQ_PLAIN_USERNAME: plainUsername,
		C.ZMQ_PLAIN_PASSWORD: plainPassword,

		// libzmq takes longer ones, and aborts when it connects.
		C.ZMQ_SOCKS_USERNAME: noNulUpTo(maxSocksName),
		C.ZMQ_SOCKS_PASSWORD: noNulUpTo(maxSocksName),

		// libzmq would cut them at a NUL.
		C.ZMQ_BINDTODEVICE:             noNul,
		C.ZMQ_SOCKS_PROXY:              noNul,
		C.ZMQ_ZAP_DOMAIN:               noNul,
		C.ZMQ_TCP_ACCEPT_FILTER:        noNul,
		C.ZMQ_METADATA:                 noNul,
		C.ZMQ_GSSAPI_PRINCIPAL:         noNul,
		C.ZMQ_GSSAPI_SERVICE_PRINCIPAL: noNul,
		C.ZMQ_WSS_KEY_PEM:              noNul, // see checkFraming
		C.ZMQ_WSS_CERT_PEM:             noNul,
		C.ZMQ_WSS_TRUST_PEM:            noNul,
		C.ZMQ_WSS_HOSTNAME:             noNul,
	}
}

const (
	// minBatch is the least that libzmq is to read at once, and maxBatch the most that it is to
	// read or write.
	minBatch = 64
	maxBatch = 16 << 20

	// maxSocksName is the longest name and password that the protocol allows.
	maxSocksName = 255
)

// numbers makes a fence of a check of a C int.
func numbers(ok func(s *socket, value int32) error) optionFence {
	return func(s *socket, value []byte) ([]byte, error) {
		if len(value) != 4 {
			return nil, einval
		}
		return value, ok(s, int32(binary.NativeEndian.Uint32(value)))
	}
}

func between(low, high int32) optionFence {
	return numbers(func(_ *socket, value int32) error {
		if value < low || value > high {
			return einval
		}
		return nil
	})
}

// keepalive is for a parameter of TCP keep-alive.
//
// Fence Z080.
func keepalive(linuxMax int32) optionFence {
	return numbers(func(_ *socket, value int32) error {
		if value == 0 || runtime.GOOS == "linux" && value > linuxMax {
			return einval
		}
		return nil
	})
}

// tried is for what the system may refuse.
func tried(try func(C.int) C.int) optionFence {
	return numbers(func(_ *socket, value int32) error {
		if value < 0 {
			return einval
		}
		return check(try(C.int(value)))
	})
}

func replace(old, new int32) optionFence {
	return func(_ *socket, value []byte) ([]byte, error) {
		if len(value) == 4 && int32(binary.NativeEndian.Uint32(value)) == old {
			return binary.NativeEndian.AppendUint32(nil, uint32(new)), nil
		}
		return value, nil
	}
}

func processFirst(s *socket, value []byte) ([]byte, error) {
	if s.c.attached != 0 && len(value) == 4 {
		s.processCommands()
	}
	return value, nil
}

// sendMark keeps the mark of a SUB, which sends nothing but subscriptions: libzmq drops those
// above the mark without an error.
//
// Fence Z072.
func sendMark(s *socket, value []byte) ([]byte, error) {
	if s.typ != SUB {
		return processFirst(s, value)
	}
	if s.ctx.c.ended.Load() {
		return nil, ETERM
	}
	if len(value) != 4 || int32(binary.NativeEndian.Uint32(value)) < 0 {
		return nil, einval
	}
	s.c.sndhwm = C.int(binary.NativeEndian.Uint32(value))
	return nil, errUnchanged
}

func freeRid(s *socket, value []byte) ([]byte, error) {
	if s.typ == REP && len(value) > 0 {
		return nil, errUnchanged // libzmq would abort if a client has the same
	}
	if s.place.rids.taken(string(value)) {
		return nil, EADDRINUSE
	}
	return value, nil
}

func notFor(typ Type) optionFence {
	return func(s *socket, value []byte) ([]byte, error) {
		if s.typ == typ {
			return nil, einval
		}
		return value, nil
	}
}

// needs refuses an option to each libzmq that does not have a feature.
func needs(f feature) optionFence {
	return func(_ *socket, value []byte) ([]byte, error) {
		if f.missing() != nil {
			return nil, einval // as for an option that it does not know
		}
		return value, nil
	}
}

// rawRouter also refuses to change connections that there are: their messages of several
// parts are no raw data, and an empty one would end the connection.
//
// Fence Z053, Z054.
func rawRouter(s *socket, value []byte) ([]byte, error) {
	if s.typ == REP || s.c.attached != 0 {
		return nil, einval
	}
	return value, nil
}

func shortFilter(_ *socket, value []byte) ([]byte, error) {
	if len(value) > maxFilter {
		return nil, einval
	}
	return value, nil
}

// newFilter also refuses what libzmq 4.3.3 and 4.3.4 cannot send: the subscription to
// a filter of these lengths, which is ten bytes longer, has the size of a short message
// in the form of a long one. The publisher takes what follows for it, and hangs up.
//
// Fence Z045.
func newFilter(s *socket, value []byte) ([]byte, error) {
	if _, minor, patch := Version(); s.typ == SUB && minor == 3 && (patch == 3 || patch == 4) && len(value) > 255-10 && len(value) <= 255 {
		return nil, einval
	}
	return shortFilter(s, value)
}

// maxFilter is the longest filter.
var maxFilter = int(C.zmq4_max_filter())

// curveBytes makes the 32 bytes of a key of one in Z85.
//
// Fence Z078.
func curveBytes(_ *socket, value []byte) ([]byte, error) {
	if len(value) == z85Size {
		value = []byte(Z85decode(string(value)))
	}
	if len(value) != rawSize {
		return nil, einval
	}
	return value, nil
}

// plainUsername lets an empty name turn off no mechanism but the one that it belongs to.
func plainUsername(s *socket, value []byte) ([]byte, error) {
	mechanism := Mechanism(C.zmq4_get_int(s.h(), C.ZMQ_MECHANISM))
	client := mechanism == PLAIN && C.zmq4_get_int(s.h(), C.ZMQ_PLAIN_SERVER) == 0
	if len(value) == 0 && !client && mechanism != NULL {
		return nil, einval
	}
	return noNul(s, value)
}

// errUnchanged is the answer of a fence when there is nothing to set.
var errUnchanged = errors.New("unchanged")

// plainPassword takes an empty password if that is the old one, and does nothing then.
//
// Fence Z079.
func plainPassword(s *socket, value []byte) ([]byte, error) {
	if len(value) > 0 {
		return noNul(s, value)
	}
	var old [256]byte
	size := C.size_t(len(old))
	if C.zmq4_getsockopt(s.h(), C.ZMQ_PLAIN_PASSWORD, (*C.uchar)(&old[0]), &size) == 0 && old[0] == 0 {
		return nil, errUnchanged
	}
	return nil, einval
}

func noNul(_ *socket, value []byte) ([]byte, error) {
	if bytes.IndexByte(value, 0) >= 0 {
		return nil, einval
	}
	return value, nil
}

func noNulUpTo(size int) optionFence {
	return func(s *socket, value []byte) ([]byte, error) {
		if len(value) > size {
			return nil, einval
		}
		return noNul(s, value)
	}
}

// hasPem reports whether text has a block of PEM of a kind.
func hasPem(text []byte, kind string) bool {
	for {
		block, rest := pem.Decode(text)
		if block == nil || strings.HasSuffix(block.Type, kind) && !strings.HasPrefix(block.Type, "ENCRYPTED") {
			return block != nil
		}
		text = rest
	}
}

// setConflate notes that the socket conflates. Connections that it got meanwhile
// go on to do so when that is turned off again.
func (s *socket) setConflate(on bool) {
	s.conflate = on || s.conflate && s.c.attached != 0
	s.c.conflate = C.int(toInt(s.conflate))
	if on {
		s.ahead.asked = 1
		s.setAhead()
	}
}

// noteOption takes note of an option that was set and decides what the package does.
// libzmq has checked its size.
func (s *socket) noteOption(option C.int, value []byte) error {
	number := func() C.int { return C.int(binary.NativeEndian.Uint32(value)) }
	switch option {
	case C.ZMQ_RCVTIMEO:
		s.rx.timeo = time.Duration(number()) * time.Millisecond
	case C.ZMQ_SNDTIMEO:
		s.tx.timeo = time.Duration(number()) * time.Millisecond
	case C.ZMQ_REQ_RELAXED:
		s.c.relaxed = number()
	case C.ZMQ_CONFLATE:
		s.setConflate(number() != 0)
	case C.ZMQ_CONNECT_ROUTING_ID:
		s.place.rids.next = string(value)
	case C.ZMQ_ROUTER_RAW:
		s.place.raw = number() != 0
	case C.ZMQ_WSS_CERT_PEM:
		s.place.pem[0] = hasPem(value, "CERTIFICATE")
	case C.ZMQ_WSS_KEY_PEM:
		s.place.pem[1] = hasPem(value, "PRIVATE KEY")
	case C.ZMQ_SUBSCRIBE, C.ZMQ_UNSUBSCRIBE:
		s.noteFilter(option, string(value))
	case C.ZMQ_RCVHWM:
		s.setAhead()
	case C.ZMQ_INVERT_MATCHING:
		s.ahead.never = true // to subscribe is to unsubscribe
		s.setAhead()
	case C.ZMQ_ZAP_DOMAIN, C.ZMQ_PLAIN_SERVER, C.ZMQ_CURVE_SERVER, C.ZMQ_GSSAPI_SERVER:
		return zap.protect(s.ctx.c)
	}
	return nil
}
