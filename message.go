// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unsafe"
)

const (
	// keep is how many bytes of what was received last a socket may hold on
	// to. That saves a crossing to free them: the next receive does it.
	keep = 32 << 10

	// arena is how large a message may be whose parts are handed out in one
	// piece of memory. A part that is kept keeps the others.
	arena = 1 << 10

	// gather is the size of a part from which a message of several parts is
	// not gathered in one place, but the part pinned where it is.
	gather = 4 << 10

	// gatherMax is the most that is gathered in one place.
	gatherMax = 64 << 10

	// retryAny is how long a send waits for a signal that may not come.
	retryAny = 5 * time.Millisecond
)

// receive returns with the socket locked and one part of a message, or all
// parts that are left of it, in its inbox. The caller takes them, then calls done.
//
// A part that has just come is moved into a C.zmq4_msg, if one is given.
func (soc *Socket) receive(ctx context.Context, all bool, flags Flag, into *C.zmq4_msg) (*socket, []C.zmq4_received, error) {
	var limit time.Time
	nowait := flags&DONTWAIT != 0
	for tried, parked := false, false; ; tried = true {
		s, err := soc.lock()
		if err != nil {
			return nil, nil, err
		}
		if tried {
			s.resume()
		}
		dry := s.stillDry()
		if s.c.in_next < s.c.in_len {
			return s, s.take(all), nil
		}
		timeo := s.rcvtimeo
		if !tried && timeo == 0 {
			nowait = true
		}
		if tried || nowait || !dry && !s.receiveWillWait() {
			var n C.int
			if into == nil {
				n = C.zmq4_recv(s.h(), s.ahead)
			} else {
				n = C.zmq4_recv_msg(s.h(), s.ahead, into)
			}
			s.noteDry()
			if n > 0 {
				s.rcvIdle, s.sent = parked, false
				return s, s.take(all), nil
			}
			if n != -C.EAGAIN || nowait {
				s.unlockAfter(0)
				return nil, nil, check(n)
			}
		}
		if !tried {
			limit = deadline(timeo)
		}
		if parked, err = s.suspend(ctx, POLLIN, limit); err == eagain {
			nowait = true // the time is over; what came meanwhile still counts
		} else if err != nil {
			return nil, nil, err
		}
	}
}

// stillDry reports whether the use before this one, which has not called libzmq
// yet, was a receive that found nothing more. If so, this one is such a one, too.
func (s *socket) stillDry() bool {
	if s.dry == s.uses-1 {
		s.dry = s.uses
	}
	return s.dry == s.uses
}

// noteDry is called after a receive.
func (s *socket) noteDry() {
	if s.c.empty != 0 {
		s.dry = s.uses
	} else {
		s.dry = 0
	}
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
}

// receiveWillWait guesses whether a receive will have to wait, so that it can
// do so at once: a try that fails costs as much as ten that succeed, and the
// look that follows costs the same. A nap needs no look after a try. It must
// not be true where a try would give an error other than EAGAIN.
func (s *socket) receiveWillWait() bool {
	return s.rcvIdle && !s.park.naps.Load() && (s.sent || s.typ != REQ && s.typ != REP)
}

// deadline is when a timeout that starts now is over. A negative one has no
// limit, which is the zero time. An option that changes while a call waits is
// for the calls after it.
func deadline(timeout time.Duration) time.Time {
	if timeout < 0 {
		return time.Time{}
	}
	return time.Now().Add(timeout)
}

// bytes returns a part in C memory: valid until done.
func (s *socket) bytes(part *C.zmq4_received) []byte {
	s.taken += int(part.size)
	return unsafe.Slice((*byte)(part.data), part.size)
}

// done ends what receive began.
func (s *socket) done() {
	if s.taken > keep || s.c.in_cap > C.ZMQ4_IN_KEEP && s.c.in_next == s.c.in_len {
		C.zmq4_release(s.h())
	}
	s.taken = 0
	s.unlock()
}

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

// takeAll copies parts out of the inbox.
func takeAll[T string | []byte](s *socket, parts []C.zmq4_received, as func([]byte) T) []T {
	total := 0
	for i := range parts {
		total += int(parts[i].size)
	}
	s.taken += total
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

// Send sends one message part from a string. See [Socket.SendBytes].
func (soc *Socket) Send(data string, flags Flag) (int, error) {
	return soc.send(interruptible, (*C.uchar)(unsafe.StringData(data)), len(data), flags)
}

// SendBytes sends one message part and returns its size. With [SNDMORE] more
// parts of the same message follow, and no other goroutine may send on the
// socket until the last one: [Socket.SendMessage] has no such condition.
//
// It waits until the socket can take the message. With [DONTWAIT] it returns
// EAGAIN instead, as it does when the time of [Socket.SetSndtimeo] is over.
// After [Context.Term] it returns [ETERM], and after [Socket.Close]
// [ErrorSocketClosed]. Where the socket's type or state does not allow to
// send, it returns [ENOTSUP] or [EFSM], and for a peer that is not there
// EHOSTUNREACH. With an error the size is -1 and data has not been sent.
//
// Function zmq_send.
func (soc *Socket) SendBytes(data []byte, flags Flag) (int, error) {
	return soc.sendBytes(interruptible, data, flags)
}

func (soc *Socket) sendBytes(ctx context.Context, data []byte, flags Flag) (int, error) {
	return soc.send(ctx, (*C.uchar)(unsafe.SliceData(data)), len(data), flags)
}

func (soc *Socket) send(ctx context.Context, data *C.uchar, size int, flags Flag) (int, error) {
	err := soc.transmit(ctx, flags, func(s *socket) C.int {
		return C.zmq4_send(s.h(), data, C.size_t(size), C.int(flags))
	})
	if err != nil {
		return -1, err
	}
	return size, nil
}

// SendMessage sends all parts of one message and returns their size together.
// No other goroutine's parts can get in between.
//
// Each part is a string, a []byte, or a []string or [][]byte, which stand for
// as many parts as they have elements; anything else is sent as fmt.Sprint
// prints it. If that makes no parts at all, nothing is sent and 0 returned.
//
// See [Socket.SendBytes] for the errors. With an error the size is -1 and
// nothing has been sent.
func (soc *Socket) SendMessage(parts ...interface{}) (total int, err error) {
	return soc.sendMessage(interruptible, 0, parts)
}

// SendMessageDontwait is [Socket.SendMessage] with [DONTWAIT].
func (soc *Socket) SendMessageDontwait(parts ...interface{}) (total int, err error) {
	return soc.sendMessage(interruptible, DONTWAIT, parts)
}

func (soc *Socket) sendMessage(ctx context.Context, flags Flag, parts []interface{}) (total int, err error) {
	parts, load := flatten(parts)
	if load.count == 0 {
		if _, err := soc.Context(); err != nil && ctx != interruptible {
			return -1, err
		}
		return 0, nil // without a context on a closed socket, too: pebbe/zmq4 does not look
	}
	if load.count > 1 {
		flags |= SNDMORE // for transmit: it has more than one part
	}
	count := load.count
	err = soc.transmit(ctx, flags, func(s *socket) C.int {
		if s.waited { // meanwhile the program may have changed the parts
			_, load = flatten(parts)
		}
		rc := s.outbox(parts, load)
		if rc == 0 && (load.count != count || len(s.parts) != count) {
			rc = -C.EINVAL // not what flags say
		}
		if rc == 0 {
			rc = C.zmq4_send_parts(s.h(), nil, unsafe.SliceData(s.parts), C.int(count))
		}
		if s.pinned {
			s.pins.Unpin()
			s.pinned = false
		}
		if cap(s.parts) > C.ZMQ4_IN_KEEP {
			s.parts = nil
		}
		return rc
	})
	if err != nil {
		return -1, err
	}
	return load.total, nil
}

// A load is what a message has to carry.
type load struct {
	count int // parts
	total int // bytes
	small int // bytes of the parts that are gathered in one place
}

func (l *load) add(size int) {
	l.count++
	l.total += size
	if gathers(l.small, size) {
		l.small += size
	}
}

// gathers says whether a part is gathered where used bytes have been before.
func gathers(used, size int) bool { return size < gather && used+size <= gatherMax }

// flatten turns parts that are neither strings nor bytes into strings.
func flatten(parts []interface{}) ([]interface{}, load) {
	var l load
	converted := false
	for i := range parts {
		switch p := parts[i].(type) {
		case string:
			l.add(len(p))
		case []byte:
			l.add(len(p))
		case []string:
			for _, p := range p {
				l.add(len(p))
			}
		case [][]byte:
			for _, p := range p {
				l.add(len(p))
			}
		default:
			if !converted {
				converted = true
				parts = slices.Clone(parts)
			}
			text := fmt.Sprint(p)
			parts[i] = text
			l.add(len(text))
		}
	}
	return parts, l
}

// outbox makes s.parts of the parts of a message: small ones are copied to C
// memory, large ones pinned until s.pins.Unpin.
func (s *socket) outbox(parts []interface{}, l load) C.int {
	if l.small > int(s.c.out_cap) {
		if rc := C.zmq4_reserve(s.h(), C.size_t(max(l.small, 512))); rc < 0 {
			return rc
		}
	}
	s.parts = slices.Grow(s.parts[:0], l.count)
	out, used := unsafe.Slice((*byte)(s.c.out), l.small), 0
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			used = s.put(unsafe.StringData(p), len(p), out, used)
		case []byte:
			used = s.put(unsafe.SliceData(p), len(p), out, used)
		case []string:
			for _, p := range p {
				used = s.put(unsafe.StringData(p), len(p), out, used)
			}
		case [][]byte:
			for _, p := range p {
				used = s.put(unsafe.SliceData(p), len(p), out, used)
			}
		}
	}
	return 0
}

// put adds one part to s.parts, and returns how much of out is used then.
func (s *socket) put(data *byte, size int, out []byte, used int) int {
	at := unsafe.Pointer(data)
	if size < gather && used+size <= len(out) { // as load.add has decided, while nobody changes the parts
		at = unsafe.Pointer(unsafe.SliceData(out[used:]))
		used += copy(out[used:], unsafe.Slice(data, size))
	} else {
		s.pins.Pin(data)
		s.pinned = true
	}
	s.parts = append(s.parts, C.zmq4_part{data: C.uintptr_t(uintptr(at)), size: C.size_t(size)})
	return used
}

// transmit calls try with the socket locked until it does not give EAGAIN any
// more, and waits in between. socket.waited tells try that it has.
func (soc *Socket) transmit(ctx context.Context, flags Flag, try func(*socket) C.int) error {
	var limit time.Time
	nowait := flags&DONTWAIT != 0
	for tried, parked := false, false; ; tried = true {
		s, err := soc.lock()
		if err != nil {
			return err
		}
		if tried {
			s.resume()
		}
		if err := s.sendable(flags); err != nil {
			s.unlockAfter(0)
			return err
		}
		timeo := s.sndtimeo
		if !tried && timeo == 0 {
			nowait = true
		}
		want := POLLOUT
		if tried || nowait || !s.sendWillWait() {
			s.waited = tried
			rc := try(s)
			if rc >= 0 {
				s.sndIdle, s.sent = parked, s.c.sndmore == 0
				s.unlock()
				return nil
			}
			if rc != -C.EAGAIN || nowait {
				s.unlockAfter(0)
				return check(rc)
			}
			if State(s.c.events)&POLLOUT != 0 {
				// A ROUTER with mandatory routing is writable as long as one
				// of its peers is, which need not be this one.
				want = anyEvent
			}
		}
		if !tried {
			limit = deadline(timeo)
		}
		until := limit
		if want == anyEvent {
			// What would wake it may have been taken by another sender's try.
			if retry := time.Now().Add(retryAny); limit.IsZero() || retry.Before(limit) {
				until = retry
			}
		}
		if parked, err = s.suspend(ctx, want, until); err == eagain {
			nowait = until == limit // the time is over, but for a last try
		} else if err != nil {
			return err
		}
	}
}

// sendable refuses what libzmq does not, or not always.
func (s *socket) sendable(flags Flag) error {
	switch {
	case s.ctx.c.ended.Load():
		return ETERM
	case s.conflate && flags&SNDMORE != 0:
		return ENOTSUP // it would keep one part of the message, and may abort
	case s.c.thread_safe != 0 && flags&SNDMORE != 0:
		return ErrSinglePart
	case s.c.in_next < s.c.in_len && s.typ == REQ && s.c.relaxed != 0:
		C.zmq4_drop(s.h(), s.c.in_next, s.c.in_len-1)
	case s.c.in_next < s.c.in_len && (s.typ == REQ || s.typ == REP):
		return EFSM // it takes the message that is half handed out for received
	}
	return nil
}

// sendWillWait is receiveWillWait for a send. Types that know a peer that is
// not there have to find out by a try.
func (s *socket) sendWillWait() bool {
	if !s.sndIdle || s.c.sndmore != 0 {
		return false
	}
	return s.typ == PUSH || s.typ == DEALER || s.typ == PAIR || s.typ == REQ && !s.sent
}
