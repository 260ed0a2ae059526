// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"slices"
	"unsafe"
)

const (
	// gather is the size of a part from which a message of several parts is
	// not gathered in one place, but the part pinned where it is.
	gather = 4 << 10

	// gatherMax is the most that is gathered in one place.
	gatherMax = 64 << 10
)

// Send sends one message part from a string. See [Socket.SendBytes].
func (soc *Socket) Send(data string, flags Flag) (int, error) {
	return soc.send(interruptible, (*C.uchar)(unsafe.StringData(data)), len(data), flags)
}

// SendBytes sends one message part and returns its size. With [SNDMORE] more
// parts of the same message follow, and no other goroutine may send on the
// socket until the last one. [Socket.SendMessage] has no such condition.
//
// It waits until the socket can take the message. It returns EAGAIN if it
// would have to wait and flags has [DONTWAIT], or when the time of
// [Socket.SetSndtimeo] is over; [ETERM] after [Context.Term], and
// [ErrorSocketClosed] after [Socket.Close]; [ENOTSUP] for a socket type that
// cannot send, and [EFSM] where it may not send now; [EHOSTUNREACH] for an
// unknown peer, see [Socket.SetRouterMandatory]. With an error the size is -1
// and data has not been sent.
//
// Function zmq_send.
func (soc *Socket) SendBytes(data []byte, flags Flag) (int, error) {
	return soc.sendBytes(interruptible, data, flags)
}

func (soc *Socket) sendBytes(ctx context.Context, data []byte, flags Flag) (int, error) {
	return soc.send(ctx, (*C.uchar)(unsafe.SliceData(data)), len(data), flags)
}

func (soc *Socket) send(ctx context.Context, data *C.uchar, size int, flags Flag) (int, error) {
	s, err := soc.lock()
	if err != nil {
		return -1, err
	}
	rc := untried
	if s.sendsAtOnce(flags) {
		rc = C.zmq4_send(s.h(), data, C.size_t(size), C.int(flags))
	}
	if rc == 0 {
		s.sent(false)
		return size, nil
	}
	err = s.transmit(ctx, flags, rc, func() C.int {
		return C.zmq4_send(s.h(), data, C.size_t(size), C.int(flags))
	})
	if err != nil {
		return -1, err
	}
	return size, nil
}

// SendMessage sends all parts of one message and returns their total size.
// Parts of other goroutines cannot get in between.
//
// Each part is a string or a []byte. A []string or [][]byte stands for as
// many parts as it has elements. Any other value is sent as fmt.Sprint prints
// it. If there are no parts at all, nothing is sent and 0 is returned.
//
// It returns the errors of [Socket.SendBytes]. With an error the size is -1
// and nothing has been sent. [Socket.SendParts] is faster if all parts are
// bytes.
//
// Function zmq_send.
func (soc *Socket) SendMessage(parts ...interface{}) (total int, err error) {
	return soc.sendMessage(interruptible, 0, parts)
}

// SendMessageDontwait is [Socket.SendMessage] with [DONTWAIT].
func (soc *Socket) SendMessageDontwait(parts ...interface{}) (total int, err error) {
	return soc.sendMessage(interruptible, DONTWAIT, parts)
}

func (soc *Socket) sendMessage(ctx context.Context, flags Flag, parts []interface{}) (total int, err error) {
	parts, count := printed(parts)
	return soc.sendWhole(ctx, flags, message{parts: parts, count: count})
}

// SendParts sends all parts of one message and returns their total size, as
// [Socket.SendMessage] does. It allocates nothing, since no part is put into
// an interface.
//
// Without parts nothing is sent and 0 is returned. It returns the errors of
// [Socket.SendBytes]. With an error the size is 0 and nothing has been sent.
//
// Function zmq_send.
func (soc *Socket) SendParts(parts ...[]byte) (total int, err error) {
	return soc.sendParts(interruptible, parts)
}

func (soc *Socket) sendParts(ctx context.Context, parts [][]byte) (total int, err error) {
	switch len(parts) {
	case 0:
		return 0, soc.unlessClosed(nil)
	case 1:
		total, err = soc.sendBytes(ctx, parts[0], 0)
	default:
		total, err = soc.sendWhole(ctx, 0, message{bytes: parts, count: len(parts)})
	}
	return max(total, 0), err
}

// sendWhole sends a message. With an error the size is -1.
func (soc *Socket) sendWhole(ctx context.Context, flags Flag, m message) (total int, err error) {
	if m.count == 0 {
		if _, err := soc.Context(); err != nil && ctx != interruptible {
			return -1, err
		}
		return 0, nil // without a context on a closed socket, too: pebbe/zmq4 does not look
	}
	if m.count > 1 {
		flags |= SNDMORE // for sendable
	}
	s, err := soc.lock()
	if err != nil {
		return -1, err
	}
	rc := untried
	if s.sendsAtOnce(flags) {
		rc, total = s.hand(m)
	}
	if rc == 0 {
		s.sent(false)
		return total, nil
	}
	err = s.transmit(ctx, flags, rc, func() (rc C.int) {
		rc, total = s.hand(m)
		return rc
	})
	if err != nil {
		return -1, err
	}
	return total, nil
}

// sendsAtOnce says whether libzmq can be given a message at once: there is nothing for sendable to
// refuse, and it will most likely have room.
func (s *socket) sendsAtOnce(flags Flag) bool {
	return !s.ctx.c.ended.Load() && (s.c.in_next == s.c.in_len || s.typ != REQ && s.typ != REP) && !s.guess.sendWaited &&
		(flags&SNDMORE == 0 || !s.conflate && s.c.thread_safe == 0)
}

// untried stands for the result of a try that has not been made.
const untried C.int = 1

// transmit sends with the socket locked, and unlocks it. rc is what the first try returned, if
// there was one. While try returns EAGAIN, it waits and calls it again.
func (s *socket) transmit(ctx context.Context, flags Flag, rc C.int, try func() C.int) error {
	nowait := flags&DONTWAIT != 0 || s.tx.timeo == 0
	tried := rc != untried
	if !tried {
		if err := s.sendable(flags); err != nil {
			s.unlockAfter(0)
			return err
		}
		rc = -C.EAGAIN
		if tried = nowait || !s.guess.sendWaits(s.typ, s.c.sndmore != 0); tried {
			rc = try()
		}
	}
	waited := false
	if rc == -C.EAGAIN && !nowait {
		var refused, err error
		want := s.sendWants(tried)
		rc, err = s.await(ctx, &want, tried, s.tx.timeo, func(parked bool) C.int {
			if refused = s.sendable(flags); refused != nil {
				return -C.ENOTSUP // refused says why
			}
			waited = parked
			rc := try()
			want = s.sendWants(true)
			return rc
		})
		if err != nil {
			return err
		}
		if refused != nil {
			s.unlockAfter(0)
			return refused
		}
	}
	if rc < 0 {
		s.unlockAfter(0)
		return check(rc)
	}
	s.sent(waited)
	return nil
}

// sent ends a send that has succeeded.
func (s *socket) sent(waited bool) {
	s.guess.noteSend(waited, s.c.sndmore == 0)
	if len(s.polls) > 0 || s.park.waiting() {
		s.unlockSent()
	} else {
		s.mu.Unlock()
	}
}

// sendWants returns what to wait for before the next try, if the last one returned EAGAIN. A ROUTER
// with mandatory routing is writable as long as one of its peers is, which need not be this one.
func (s *socket) sendWants(tried bool) State {
	if tried && State(s.c.events)&POLLOUT != 0 {
		return anyEvent
	}
	return POLLOUT
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

// A message has parts of several types, or bytes.
type message struct {
	parts []interface{} // string, []byte, []string or [][]byte
	bytes [][]byte
	count int // of all parts
}

// printed turns parts that are neither strings nor bytes into strings, and counts all parts.
func printed(parts []interface{}) (all []interface{}, count int) {
	converted := false
	for i := range parts {
		switch p := parts[i].(type) {
		case string, []byte:
			count++
		case []string:
			count += len(p)
		case [][]byte:
			count += len(p)
		default:
			if !converted {
				converted = true
				parts = slices.Clone(parts)
			}
			parts[i] = fmt.Sprint(p)
			count++
		}
	}
	return parts, count
}

// hand gives a message to libzmq, and returns its size. While the call waited, the program may have
// changed the parts.
func (s *socket) hand(m message) (rc C.int, total int) {
	box := outbox{s: s, parts: slices.Grow(s.tx.parts[:0], m.count), room: int(s.c.out_cap)}
	for box.pack(m); box.used > box.room; box.pack(m) {
		if rc := C.zmq4_reserve(s.h(), C.size_t(max(box.used, 512))); rc < 0 {
			return rc, 0
		}
		box.room = int(s.c.out_cap)
	}
	if len(box.parts) == m.count {
		rc = C.zmq4_send_parts(s.h(), nil, unsafe.SliceData(box.parts), C.int(m.count))
	} else {
		rc = -C.EINVAL // not what flags say
	}
	if s.tx.pinned {
		s.tx.pins.Unpin()
		s.tx.pinned = false
	}
	s.tx.parts = box.parts
	if cap(s.tx.parts) > C.ZMQ4_IN_KEEP {
		s.tx.parts = nil
	}
	return rc, box.total
}

// An outbox has the parts of a message that is being sent: small ones are copied to C memory, and
// large ones pinned until s.tx.pins.Unpin.
type outbox struct {
	s     *socket
	parts []C.zmq4_part
	room  int // bytes of C memory
	used  int // how much of it the small parts need, which may be more than there is
	total int // bytes
}

// pack fills the outbox.
func (o *outbox) pack(m message) {
	o.parts, o.used, o.total = o.parts[:0], 0, 0
	for _, p := range m.bytes {
		o.put(unsafe.SliceData(p), len(p))
	}
	for _, p := range m.parts {
		switch p := p.(type) {
		case string:
			o.put(unsafe.StringData(p), len(p))
		case []byte:
			o.put(unsafe.SliceData(p), len(p))
		case []string:
			for _, p := range p {
				o.put(unsafe.StringData(p), len(p))
			}
		case [][]byte:
			for _, p := range p {
				o.put(unsafe.SliceData(p), len(p))
			}
		}
	}
}

// put adds one part.
func (o *outbox) put(data *byte, size int) {
	at := unsafe.Pointer(data)
	if size < gather && o.used+size <= gatherMax {
		if o.used+size <= o.room {
			at = unsafe.Add(unsafe.Pointer(o.s.c.out), o.used)
			copy(unsafe.Slice((*byte)(at), size), unsafe.Slice(data, size))
		}
		o.used += size
	} else {
		o.s.tx.pins.Pin(data)
		o.s.tx.pinned = true
	}
	o.parts = append(o.parts, C.zmq4_part{data: C.uintptr_t(uintptr(at)), size: C.size_t(size)})
	o.total += size
}
