// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"fmt"
	"strings"
	"unsafe"
)

// Version returns the version of the libzmq that the program runs with. It
// may be newer than the headers that the program was built with.
//
// Function zmq_version.
func Version() (major, minor, patch int) {
	var maj, min, pat C.int
	C.zmq_version(&maj, &min, &pat)
	return int(maj), int(min), int(pat)
}

// Error returns libzmq's text for an error number.
//
// Function zmq_strerror.
func Error(e int) string {
	if int(C.int(e)) != e {
		return fmt.Sprintf("Unknown error %d", e)
	}
	return C.GoString(C.zmq_strerror(C.int(e)))
}

// A Type is a socket type, given to [NewSocket].
type Type int

// Socket types.
const (
	REQ    = Type(C.ZMQ_REQ)
	REP    = Type(C.ZMQ_REP)
	DEALER = Type(C.ZMQ_DEALER)
	ROUTER = Type(C.ZMQ_ROUTER)
	PUB    = Type(C.ZMQ_PUB)
	SUB    = Type(C.ZMQ_SUB)
	XPUB   = Type(C.ZMQ_XPUB)
	XSUB   = Type(C.ZMQ_XSUB)
	PUSH   = Type(C.ZMQ_PUSH)
	PULL   = Type(C.ZMQ_PULL)
	PAIR   = Type(C.ZMQ_PAIR)
	STREAM = Type(C.ZMQ_STREAM)
)

// Draft socket types. All but [DGRAM] are for messages of one part only: more
// return [ErrSinglePart].
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
	// was received has a NUL behind it, and can be sent to. DGRAM works
	// without the draft API.
	DGRAM = Type(C.ZMQ_DGRAM)

	// PEER talks to other PEER sockets by their routing ids, as SERVER does.
	// [Socket.ConnectPeer] returns such an id. libzmq 4.3.3.
	PEER = Type(C.ZMQ_PEER)

	// CHANNEL talks to one other CHANNEL socket, as PAIR does. libzmq 4.3.3.
	CHANNEL = Type(C.ZMQ_CHANNEL)
)

// draftTypes are the draft types, with their names.
var draftTypes = map[Type]string{
	CLIENT: "CLIENT", SERVER: "SERVER", RADIO: "RADIO", DISH: "DISH", GATHER: "GATHER",
	SCATTER: "SCATTER", DGRAM: "DGRAM", PEER: "PEER", CHANNEL: "CHANNEL",
}

// String returns the name of the type, such as "REQ", or "<INVALID>".
func (t Type) String() string {
	switch t {
	case REQ:
		return "REQ"
	case REP:
		return "REP"
	case DEALER:
		return "DEALER"
	case ROUTER:
		return "ROUTER"
	case PUB:
		return "PUB"
	case SUB:
		return "SUB"
	case XPUB:
		return "XPUB"
	case XSUB:
		return "XSUB"
	case PUSH:
		return "PUSH"
	case PULL:
		return "PULL"
	case PAIR:
		return "PAIR"
	case STREAM:
		return "STREAM"
	}
	if name, ok := draftTypes[t]; ok {
		return name
	}
	return "<INVALID>"
}

// A Flag modifies a send or a receive.
type Flag int

const (
	// DONTWAIT makes a call return EAGAIN where it would have to wait.
	DONTWAIT = Flag(C.ZMQ_DONTWAIT)

	// SNDMORE says that more parts of the same message follow.
	SNDMORE = Flag(C.ZMQ_SNDMORE)
)

// String returns the names of the flags, joined by "|", or "<NONE>".
func (f Flag) String() string {
	return bitNames(f, []bitName[Flag]{{DONTWAIT, "DONTWAIT"}, {SNDMORE, "SNDMORE"}})
}

// A State says what a socket is ready for, or which events to wait for.
type State int

const (
	// POLLIN says that at least one message can be received.
	POLLIN = State(C.ZMQ_POLLIN)

	// POLLOUT says that at least one message can be sent.
	POLLOUT = State(C.ZMQ_POLLOUT)

	// POLLERR says that something is wrong with a file descriptor, see
	// [Poller.AddFD]. Sockets do not have it.
	POLLERR = State(C.ZMQ_POLLERR)

	// POLLPRI says that a file descriptor has urgent data to read, see
	// [Poller.AddFD]. Sockets do not have it.
	POLLPRI = State(C.ZMQ_POLLPRI)
)

// String returns the names of the states, joined by "|", or "<NONE>".
func (s State) String() string {
	return bitNames(s, []bitName[State]{{POLLIN, "POLLIN"}, {POLLOUT, "POLLOUT"}, {POLLERR, "POLLERR"}, {POLLPRI, "POLLPRI"}})
}

// A Mechanism is a security mechanism, as [Socket.GetMechanism] returns it.
type Mechanism int

// Security mechanisms.
const (
	NULL   = Mechanism(C.ZMQ_NULL)   // no security
	PLAIN  = Mechanism(C.ZMQ_PLAIN)  // user name and password, in clear text
	CURVE  = Mechanism(C.ZMQ_CURVE)  // encryption and authentication by elliptic-curve keys
	GSSAPI = Mechanism(C.ZMQ_GSSAPI) // Kerberos
)

// String returns the name of the mechanism, or "<INVALID>".
func (m Mechanism) String() string {
	switch m {
	case NULL:
		return "NULL"
	case PLAIN:
		return "PLAIN"
	case CURVE:
		return "CURVE"
	case GSSAPI:
		return "GSSAPI"
	}
	return "<INVALID>"
}

type bitName[T ~int] struct {
	bit  T
	name string
}

// bitNames joins the names of the bits that are set in v. Those that have no
// name come last, as one number.
func bitNames[T ~int](v T, names []bitName[T]) string {
	var set []string
	for _, n := range names {
		if v&n.bit != 0 {
			set = append(set, n.name)
			v &^= n.bit
		}
	}
	if v != 0 {
		set = append(set, fmt.Sprintf("%#x", uint(v)))
	}
	if len(set) == 0 {
		return "<NONE>"
	}
	return strings.Join(set, "|")
}

// Has reports whether libzmq was built with a capability: a transport ("ipc",
// "pgm" for pgm and epgm, "norm", "tipc", "vmci", "vsock", "WS" and "WSS"), a
// security mechanism ("curve", "gssapi"), or "draft", the draft API.
//
// It returns false for a name that libzmq does not know. These include the
// transports that every libzmq has ("tcp", "inproc"), and names that are
// newer than the libzmq that runs: "WS" and "WSS" came with 4.3.3, "vsock"
// after 4.3.5.
//
// Function zmq_has.
func Has(capability string) bool {
	name, err := cstring(capability)
	return err == nil && C.zmq_has((*C.char)(unsafe.Pointer(name))) != 0
}

// HasIpc reports whether libzmq has the ipc transport.
func HasIpc() bool { return Has("ipc") }

// HasPgm reports whether libzmq has the pgm and epgm multicast transports.
func HasPgm() bool { return Has("pgm") }

// HasTipc reports whether libzmq has the tipc transport.
func HasTipc() bool { return Has("tipc") }

// HasNorm reports whether libzmq has the norm multicast transport.
func HasNorm() bool { return Has("norm") }

// HasCurve reports whether libzmq has the [CURVE] mechanism.
func HasCurve() bool { return Has("curve") }

// HasGssapi reports whether libzmq has the [GSSAPI] mechanism.
func HasGssapi() bool { return Has("gssapi") }

// HasDraft reports whether the draft API is available. Both the libzmq that
// runs and the headers that the program was built with must have it.
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

// cstring returns s with a NUL behind it, for C to read during one call. A
// string that has a NUL in it cannot be given to C: EINVAL.
func cstring(s string) (*C.uchar, error) {
	if strings.IndexByte(s, 0) >= 0 {
		return nil, einval
	}
	b := make([]byte, len(s)+1)
	copy(b, s)
	return (*C.uchar)(unsafe.SliceData(b)), nil
}
