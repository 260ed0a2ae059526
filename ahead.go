// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"strings"
	"unsafe"
)

// socketAhead decides how many messages a socket receives at a time, and which of those it
// has it still wants.
type socketAhead struct {
	asked   C.int          // by SetReceiveAhead
	loops   int            // of Messages that run
	loopMax C.int          // how many messages they receive at a time
	filters map[string]int // what a SUB socket has subscribed to, and how often
}

// maxAhead is the most that SetReceiveAhead takes: a socket takes 88 bytes for
// each part, and keeps a megabyte.
const maxAhead = 100_000

// SetReceiveAhead makes a receive take up to n messages from libzmq in one
// call, and the following receives return those that were taken. It pays where
// many small messages come. The default, 1, takes only what is returned; 0 is
// the same.
//
// All else is as before: a [Poller] and [Socket.GetEvents] know of messages
// taken ahead, [Proxy] passes them on, and those that [Socket.SetUnsubscribe]
// no longer wants are dropped. Those that nobody received are lost with
// [Socket.Close], as are those that libzmq holds. After [Context.Term] they can
// still be received.
//
// Up to n messages come on top of what [Socket.SetRcvhwm] limits: that many
// more may be on their way when a receiver ends, and a sender learns so much later
// that the receiver is slow.
//
// It returns EINVAL for n below 0 or above 100000, and
// [ENOTSUP] for REQ and REP, which have one message at a time, for [DISH], which
// would still have messages of a group that it left, and for a socket
// with [Socket.SetConflate], which would no longer have the last one.
func (soc *Socket) SetReceiveAhead(n int) error {
	s, err := soc.lock()
	if err != nil {
		return err
	}
	defer s.unlock()
	switch {
	case n < 0 || n > maxAhead:
		return einval
	case n > 1 && s.oneAtATime():
		return ENOTSUP
	}
	s.ahead.asked = C.int(n)
	s.setAhead()
	return nil
}

// oneAtATime reports whether no message may be received ahead.
func (s *socket) oneAtATime() bool {
	return s.typ == REQ || s.typ == REP || s.typ == DISH || s.conflate
}

// setAhead decides how many messages are received at a time.
func (s *socket) setAhead() {
	s.rx.ahead = max(s.ahead.asked, 1)
	if s.ahead.loops > 0 && !s.oneAtATime() {
		s.rx.ahead = max(s.rx.ahead, s.ahead.loopMax)
	}
}

// loopAhead is how many messages [Socket.Messages] receives at a time, unless
// SetReceiveAhead asks for more.
const loopAhead = 64

// beginLoop makes receives take messages ahead until endLoop: more than one,
// but no more than a receiver queues anyway.
func (s *socket) beginLoop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead.loops++
	s.ahead.loopMax = loopAhead
	if s.c == nil {
		return
	}
	if hwm := C.zmq4_get_int(s.h(), C.ZMQ_RCVHWM); hwm > 0 {
		s.ahead.loopMax = min(hwm, loopAhead)
	}
	s.setAhead()
}

func (s *socket) endLoop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead.loops--
	s.setAhead()
}

// noteFilter keeps the filters of a SUB socket, and drops what was received
// ahead and is not subscribed to any more. libzmq only does so for what it holds.
func (s *socket) noteFilter(option C.int, filter string) {
	if s.typ != SUB {
		return
	}
	if option == C.ZMQ_SUBSCRIBE {
		if s.ahead.filters == nil {
			s.ahead.filters = make(map[string]int)
		}
		s.ahead.filters[filter]++
	} else if s.ahead.filters[filter] > 1 {
		s.ahead.filters[filter]--
	} else {
		delete(s.ahead.filters, filter)
	}
	if s.c.in_next == s.c.in_len {
		return
	}
	invert := C.zmq4_get_int(s.h(), C.ZMQ_INVERT_MATCHING) == 1
	in := unsafe.Slice(s.c.in, s.c.in_len)
	for first := int(s.c.in_next); first < len(in); {
		drop := (first == 0 || in[first-1].more == 0) && s.matches(&in[first]) == invert
		last := first
		for in[last].more != 0 {
			last++
		}
		if drop {
			C.zmq4_drop(s.h(), C.int(first), C.int(last))
			in = in[:len(in)-(last+1-first)]
		} else {
			first = last + 1
		}
	}
}

// matches says whether a message is subscribed to, by its first part.
func (s *socket) matches(part *C.zmq4_received) bool {
	topic := unsafe.String((*byte)(part.data), part.size)
	for filter := range s.ahead.filters {
		if strings.HasPrefix(topic, filter) {
			return true
		}
	}
	return false
}
