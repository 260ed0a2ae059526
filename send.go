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
	err := soc.transmit(ctx, flags, func(s *socket, waited bool) C.int {
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
	err = soc.transmit(ctx, flags, func(s *socket, waited bool) C.int {
		if waited { // meanwhile the program may have changed the parts
			_, load = flatten(parts)
		}
		rc := s.outbox(parts, load)
		if rc == 0 && (load.count != count || len(s.tx.parts) != count) {
			rc = -C.EINVAL // not what flags say
		}
		if rc == 0 {
			rc = C.zmq4_send_parts(s.h(), nil, unsafe.SliceData(s.tx.parts), C.int(count))
		}
		if s.tx.pinned {
			s.tx.pins.Unpin()
			s.tx.pinned = false
		}
		if cap(s.tx.parts) > C.ZMQ4_IN_KEEP {
			s.tx.parts = nil
		}
		return rc
	})
	if err != nil {
		return -1, err
	}
	return load.total, nil
}

// transmit calls try with the socket locked, and, while that returns EAGAIN, waits and calls it
// again, with waited set.
func (soc *Socket) transmit(ctx context.Context, flags Flag, try func(s *socket, waited bool) C.int) error {
	s, err := soc.lock()
	if err != nil {
		return err
	}
	if err := s.sendable(flags); err != nil {
		s.unlockAfter(0)
		return err
	}
	rc := -C.int(C.EAGAIN)
	nowait := flags&DONTWAIT != 0 || s.tx.timeo == 0
	tried := nowait || !s.guess.sendWaits(s.typ, s.c.sndmore != 0)
	if tried {
		rc = try(s, false)
	}
	waited := false
	if rc == -C.EAGAIN && !nowait {
		var refused error
		want := s.sendWants(tried)
		rc, err = s.await(ctx, &want, s.tx.timeo, func(parked bool) C.int {
			if refused = s.sendable(flags); refused != nil {
				return -C.ENOTSUP // refused says why
			}
			waited = parked
			rc := try(s, true)
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
	s.guess.noteSend(waited, s.c.sndmore == 0)
	s.unlock()
	return nil
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

// outbox makes s.tx.parts of the parts of a message: small ones are copied to C
// memory, large ones pinned until s.tx.pins.Unpin.
func (s *socket) outbox(parts []interface{}, l load) C.int {
	if l.small > int(s.c.out_cap) {
		if rc := C.zmq4_reserve(s.h(), C.size_t(max(l.small, 512))); rc < 0 {
			return rc
		}
	}
	s.tx.parts = slices.Grow(s.tx.parts[:0], l.count)
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

// put adds one part to s.tx.parts, and returns how much of out is used then.
func (s *socket) put(data *byte, size int, out []byte, used int) int {
	at := unsafe.Pointer(data)
	if size < gather && used+size <= len(out) { // as load.add has decided, while nobody changes the parts
		at = unsafe.Pointer(unsafe.SliceData(out[used:]))
		used += copy(out[used:], unsafe.Slice(data, size))
	} else {
		s.tx.pins.Pin(data)
		s.tx.pinned = true
	}
	s.tx.parts = append(s.tx.parts, C.zmq4_part{data: C.uintptr_t(uintptr(at)), size: C.size_t(size)})
	return used
}
