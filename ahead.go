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

	// Of what is taken unasked: never says that nothing is, only is the connection that all messages
	// come from, if it is known, and from was that when the inbox was filled.
	never      bool
	only, from string
}

// What a socket takes ahead unasked is so little that no peer can tell: see SetReceiveAhead.
const (
	unaskedMost  = 16
	unaskedShare = 32 // of the receive high-water mark
	unaskedBytes = 64 << 10
)

// maxAhead is the most that SetReceiveAhead takes: a socket takes 88 bytes for
// each part, and keeps a megabyte.
const maxAhead = 100_000

// SetReceiveAhead makes a receive take up to n messages from libzmq in one
// call, and the following receives return those that were taken. It pays where
// many small messages come. 1 takes only what is returned.
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
// The default, 0, lets sockets of the types [PULL], [SUB], [DEALER], [ROUTER] and [PAIR]
// take ahead what nobody misses, while messages come faster than they are received: up to 16
// messages, 64 KiB, and a 32nd of the receive high-water mark. After [Context.Term] and
// [Socket.Disconnect] these are as if libzmq still held them. A socket takes none if
// it has connected to several endpoints, or to one and is bound as well, nor after
// [Socket.GetFd], [Socket.SetUnsubscribe] and [Socket.SetInvertMatching].
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
	s.rx.unasked = 0
	if s.takesUnasked() {
		s.rx.unasked = unaskedMost
		if hwm := C.zmq4_get_int(s.h(), C.ZMQ_RCVHWM); hwm > 0 {
			s.rx.unasked = min(hwm/unaskedShare, unaskedMost)
		}
	}
}

// takesUnasked reports whether messages may be received ahead that nobody has asked for, and finds out
// whether they all come from one connection: Disconnect has to drop them then, as libzmq does. Where
// there are others beside that one, nobody knows which messages to drop.
func (s *socket) takesUnasked() bool {
	s.ahead.only = ""
	if !guessing || s.ahead.asked != 0 || s.ahead.never || s.conflate || s.c == nil {
		return false
	}
	switch s.typ {
	case PULL, SUB, DEALER, ROUTER, PAIR:
	default:
		return false
	}
	for _, use := range s.place.uses {
		if use.bound && !ownsMessages(use.given) {
			continue
		}
		if len(s.place.uses) > 1 {
			return false
		}
		s.ahead.only = use.given
	}
	return true
}

// ownsMessages reports whether the end of an endpoint that the socket was bound to takes messages with it,
// as Disconnect does: multicast has no connections that could outlive it.
func ownsMessages(endpoint string) bool {
	transport, _, _ := strings.Cut(endpoint, "://")
	return transport != "tcp" && transport != "ipc" && transport != "inproc"
}

// heldTooLong reports whether the next message in the inbox was taken unasked and cannot be received
// any more, because the context has ended.
func (s *socket) heldTooLong() bool {
	return s.c.in_next < s.c.in_unasked && s.c.rcvmore == 0 && s.ctx.c.ended.Load()
}

// dropAhead drops the messages that were taken unasked from a connection that the socket has ended, as
// libzmq drops those that it holds; but not the one that takeHalfRead would have taken.
func (s *socket) dropAhead(endpoint string) {
	first, end := int(s.c.in_next), int(s.c.in_unasked)
	alone := len(s.place.uses) == 1
	if first >= end || s.ahead.from == "" || s.ahead.from != endpoint && !alone {
		return
	}
	if alone {
		end = int(s.c.in_len) // takeHalfRead took the last one
	}
	in := unsafe.Slice(s.c.in, end)
	keep := toInt(s.c.rcvmore != 0) + toInt(s.readsEarly()) // the rest of a message, and a whole one
	for ; keep > 0 && first < end; first++ {
		if in[first].more == 0 {
			keep--
		}
	}
	if first < end {
		s.drop(first, end-1)
	}
}

// drop drops whole messages that were taken ahead, the parts from first to last: they count as not received.
func (s *socket) drop(first, last int) {
	for _, part := range unsafe.Slice(s.c.in, s.c.in_len)[first : last+1] {
		if part.more == 0 {
			s.c.received.messages--
		}
		s.c.received.bytes -= C.uint64_t(part.size)
	}
	C.zmq4_drop(s.h(), C.int(first), C.int(last))
}

// held returns how many messages are in the inbox of which nothing was handed out, and their size.
func (s *socket) held() (messages, bytes C.uint64_t) {
	starts := s.c.rcvmore == 0
	for _, part := range unsafe.Slice(s.c.in, s.c.in_len)[s.c.in_next:] {
		if starts {
			messages++
		}
		if messages > 0 {
			bytes += C.uint64_t(part.size)
		}
		starts = part.more == 0
	}
	return messages, bytes
}

// received returns what was handed out.
func (s *socket) received() C.zmq4_traffic {
	messages, bytes := s.held()
	return C.zmq4_traffic{s.c.received.messages - messages, s.c.received.bytes - bytes}
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
	if option == C.ZMQ_UNSUBSCRIBE && !s.ahead.never {
		s.ahead.never = true // a message could come after it is subscribed to again, if nobody drops it now
		s.setAhead()
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
			s.drop(first, last)
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
