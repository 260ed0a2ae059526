// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"unsafe"
)

const (
	// keep is how many bytes of what was received last a socket may hold on
	// to. That saves a crossing to free them: the next receive does it.
	keep = 32 << 10

	// arena is how large a message may be whose parts are handed out in one
	// piece of memory. A part that is kept keeps the others.
	arena = 1 << 10
)

// Recv receives one message part as a string. See [Socket.RecvBytes].
func (soc *Socket) Recv(flags Flag) (string, error) {
	b, err := soc.RecvBytes(flags)
	return unsafe.String(unsafe.SliceData(b), len(b)), err // nobody else has b
}

// RecvBytes receives one message part. [Socket.GetRcvmore] tells whether it has
// more parts behind it; the next receive on the socket gets those.
//
// It waits until there is a message. With [DONTWAIT] it returns EAGAIN
// instead, as it does when the time of [Socket.SetRcvtimeo] is over. After
// [Context.Term] it returns [ETERM], and after [Socket.Close]
// [ErrorSocketClosed]. Where the socket's type or state does not allow to
// receive, it returns [ENOTSUP] or [EFSM].
//
// Function zmq_msg_recv.
func (soc *Socket) RecvBytes(flags Flag) ([]byte, error) {
	return soc.recvBytes(interruptible, flags)
}

func (soc *Socket) recvBytes(ctx context.Context, flags Flag) ([]byte, error) {
	s, parts, err := soc.receive(ctx, false, flags, nil)
	if err != nil {
		return []byte{}, err
	}
	defer s.done()
	from := s.bytes(&parts[0])
	b := make([]byte, len(from))
	copy(b, from)
	return b, nil
}

// RecvMessage receives all parts of one message as strings. No other
// goroutine can get a part of it. See [Socket.RecvBytes] for errors; none of
// them leaves a message half received.
func (soc *Socket) RecvMessage(flags Flag) (msg []string, err error) {
	return soc.recvMessage(interruptible, flags)
}

func (soc *Socket) recvMessage(ctx context.Context, flags Flag) (msg []string, err error) {
	s, parts, err := soc.receive(ctx, true, flags, nil)
	if err != nil {
		return []string{}, err
	}
	defer s.done()
	return takeAll(s, parts, func(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }), nil
}

// RecvMessageBytes receives all parts of one message. See [Socket.RecvMessage].
func (soc *Socket) RecvMessageBytes(flags Flag) (msg [][]byte, err error) {
	return soc.recvMessageBytes(interruptible, flags)
}

func (soc *Socket) recvMessageBytes(ctx context.Context, flags Flag) (msg [][]byte, err error) {
	s, parts, err := soc.receive(ctx, true, flags, nil)
	if err != nil {
		return [][]byte{}, err
	}
	defer s.done()
	return takeAll(s, parts, func(b []byte) []byte { return b }), nil
}

// receive returns with the socket locked and one part of a message, or all
// parts that are left of it, in its inbox. The caller takes them, then calls done.
//
// A part that has just come is moved into a C.zmq4_msg, if one is given.
func (soc *Socket) receive(ctx context.Context, all bool, flags Flag, into *C.zmq4_msg) (*socket, []C.zmq4_received, error) {
	s, err := soc.lock()
	if err != nil {
		return nil, nil, err
	}
	empty := s.guess.stillEmpty()
	if s.c.in_next < s.c.in_len {
		if s.heldTooLong() {
			s.unlockAfter(0)
			return nil, nil, ETERM
		}
		return s, s.take(all), nil
	}
	n := -C.int(C.EAGAIN)
	nowait := flags&DONTWAIT != 0 || s.rx.timeo == 0
	tried := nowait || !empty && !s.guess.receiveWaits(s.typ)
	if tried {
		n = s.fetch(into, false)
	}
	if n == -C.EAGAIN && !nowait {
		want := POLLIN
		n, err = s.await(ctx, &want, tried, s.rx.timeo, func(waited bool) C.int {
			if s.guess.stillEmpty(); s.c.in_next < s.c.in_len { // another goroutine has received it ahead
				if s.heldTooLong() {
					return -C.int(ETERM)
				}
				return 1
			}
			return s.fetch(into, waited)
		})
		if err != nil {
			return nil, nil, err
		}
	}
	if n <= 0 {
		s.unlockAfter(0)
		return nil, nil, check(n)
	}
	return s, s.take(all), nil
}

// fetch makes libzmq put what is there into the inbox, at least one part.
func (s *socket) fetch(into *C.zmq4_msg, waited bool) (n C.int) {
	most, limit := s.rx.ahead, C.uint64_t(0)
	unasked := s.rx.unasked > most && !waited && into == nil && s.guess.moreCome()
	if unasked {
		most, limit = s.rx.unasked, unaskedBytes
	}
	before := s.c.received.messages
	if into == nil {
		n = C.zmq4_recv(s.h(), most, limit)
	} else {
		n = C.zmq4_recv_msg(s.h(), most, into)
	}
	// That there is nothing more was true when the first of several messages was received.
	s.guess.noteReceive(n > 0, waited, s.c.empty != 0 && !unasked)
	if unasked && n > 0 {
		s.c.in_unasked, s.ahead.from = s.c.in_len, s.ahead.only
		s.guess.noteMore(int(s.c.received.messages-before), s.c.empty != 0)
	}
	return n
}

// take hands out one part, or all that are left, of the first message in the
// inbox.
func (s *socket) take(all bool) []C.zmq4_received {
	in, first := unsafe.Slice(s.c.in, s.c.in_len), s.c.in_next
	next := first + 1
	for all && in[next-1].more != 0 {
		next++
	}
	s.c.in_next, s.c.rcvmore = next, in[next-1].more
	return in[first:next]
}

// untake takes back a part that take has handed out: it is not received.
func (s *socket) untake() {
	s.c.in_next--
	s.c.rcvmore = 0
	if s.c.in_next > 0 {
		s.c.rcvmore = unsafe.Slice(s.c.in, s.c.in_len)[s.c.in_next-1].more
	}
}

// bytes returns a part in C memory: valid until done.
func (s *socket) bytes(part *C.zmq4_received) []byte {
	s.rx.taken += int(part.size)
	return unsafe.Slice((*byte)(part.data), part.size)
}

// done ends what receive began.
func (s *socket) done() {
	if s.rx.taken > keep || s.c.in_cap > C.ZMQ4_IN_KEEP && s.c.in_next == s.c.in_len {
		C.zmq4_release(s.h())
	}
	s.rx.taken = 0
	s.unlock()
}

// takeAll copies parts out of the inbox.
func takeAll[T string | []byte](s *socket, parts []C.zmq4_received, as func([]byte) T) []T {
	total := 0
	for i := range parts {
		total += int(parts[i].size)
	}
	s.rx.taken += total
	var all []byte
	if total <= arena {
		all = make([]byte, total)
	}
	msg := make([]T, len(parts))
	for i := range parts {
		size := int(parts[i].size)
		if total > arena {
			all = make([]byte, size)
		}
		copy(all, unsafe.Slice((*byte)(parts[i].data), size))
		msg[i] = as(all[:size:size])
		all = all[size:]
	}
	return msg
}

// RecvWithMetadata receives one message part as a string, with metadata. See
// [Socket.RecvBytesWithMetadata].
func (soc *Socket) RecvWithMetadata(flags Flag, properties ...string) (msg string, metadata map[string]string, err error) {
	b, metadata, err := soc.RecvBytesWithMetadata(flags, properties...)
	return unsafe.String(unsafe.SliceData(b), len(b)), metadata, err
}

// RecvBytesWithMetadata receives one message part, and those of the named
// properties that it has: "Socket-Type", "Identity", "Peer-Address" and
// "User-Id" of libzmq's own, and those that the ZAP handler has set. A
// property that it does not have is not in the map. Identity is what
// [Socket.SetIdentity] has set at a peer of type REQ, DEALER or ROUTER.
//
// Functions zmq_msg_recv and zmq_msg_gets.
func (soc *Socket) RecvBytesWithMetadata(flags Flag, properties ...string) (msg []byte, metadata map[string]string, err error) {
	s, parts, err := soc.receive(interruptible, false, flags, nil)
	if err != nil {
		return []byte{}, map[string]string{}, err
	}
	defer s.done()
	return takeAll(s, parts, func(b []byte) []byte { return b })[0], s.metadata(properties), nil
}

// RecvMessageWithMetadata receives all parts of one message as strings, with
// the metadata of the first. See [Socket.RecvBytesWithMetadata].
func (soc *Socket) RecvMessageWithMetadata(flags Flag, properties ...string) (msg []string, metadata map[string]string, err error) {
	s, parts, err := soc.receive(interruptible, true, flags, nil)
	if err != nil {
		return []string{}, map[string]string{}, err
	}
	defer s.done()
	return takeAll(s, parts, func(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }), s.metadata(properties), nil
}

// RecvMessageBytesWithMetadata receives all parts of one message, with the
// metadata of the first. See [Socket.RecvBytesWithMetadata].
func (soc *Socket) RecvMessageBytesWithMetadata(flags Flag, properties ...string) (msg [][]byte, metadata map[string]string, err error) {
	s, parts, err := soc.receive(interruptible, true, flags, nil)
	if err != nil {
		return [][]byte{}, map[string]string{}, err
	}
	defer s.done()
	return takeAll(s, parts, func(b []byte) []byte { return b }), s.metadata(properties), nil
}

// metadata looks up properties of the message in the inbox.
func (s *socket) metadata(properties []string) map[string]string {
	metadata := make(map[string]string)
	for _, p := range properties {
		name, err := cstring(p)
		if err != nil {
			continue // no property has such a name
		}
		var value *C.char
		if C.zmq4_gets(s.h(), name, &value) == 0 {
			metadata[p] = C.GoString(value)
		}
	}
	return metadata
}
