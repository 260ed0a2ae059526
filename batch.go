// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"unsafe"
)

// A Batch is a list of messages, each of one or more parts, that are sent or
// received in few calls into libzmq. It keeps them in one piece of memory,
// which it uses again after Reset.
//
// The zero Batch is empty and ready to use. It must not be used by two
// goroutines at a time.
//
//	var batch zmq4.Batch
//	for {
//		if _, err := socket.RecvBatch(ctx, &batch, 1000); err != nil {
//			return err
//		}
//		for _, msg := range batch.All() {
//			fmt.Printf("%d parts, the first is %q\n", msg.Len(), msg.Part(0))
//		}
//		batch.Reset()
//	}
type Batch struct {
	data  []byte
	parts []C.zmq4_part // data is an offset in Batch.data
	n     int           // messages
	lent  bool          // AvailableBuffer has handed out memory since the last Append
}

// Append adds a copy of one message. Without parts it adds nothing. Parts that
// were written to [Batch.AvailableBuffer] are not copied.
func (b *Batch) Append(parts ...[]byte) {
	if b.lent {
		parts = b.rescue(parts)
	}
	for i, p := range parts {
		more := C.int(0)
		if i < len(parts)-1 {
			more = 1
		}
		b.parts = append(b.parts, C.zmq4_part{data: C.uintptr_t(len(b.data)), size: C.size_t(len(p)), more: more})
		if b.lent && b.ahead(p) == 0 {
			b.data = b.data[:len(b.data)+len(p)]
		} else {
			b.data = append(b.data, p...)
		}
	}
	if len(parts) > 0 {
		b.n++
		b.lent = false
	}
}

// AvailableBuffer returns an empty slice with room for at least size bytes: the
// memory of the batch behind its messages. A program appends the next
// message to it and passes it to [Batch.Append], which then has nothing to copy.
// The parts of one message are written one behind the other:
//
//	var batch zmq4.Batch
//	topic := fmt.Append(batch.AvailableBuffer(100), "weather")
//	body := fmt.Append(topic[len(topic):], 21.5, " degrees")
//	batch.Append(topic, body)
//
// Append copies a part that has moved, because there was too little room for it,
// and a part that lies elsewhere in the buffer. The buffer is valid until the
// batch is changed. A size below 0 is 0.
func (b *Batch) AvailableBuffer(size int) []byte {
	b.data = slices.Grow(b.data, max(size, 0))
	b.lent = true
	return b.data[len(b.data):]
}

// ahead returns how far behind the messages p begins in the memory of the batch, or -1 if it
// lies elsewhere.
func (b *Batch) ahead(p []byte) int {
	free := b.data[len(b.data):cap(b.data)]
	at := uintptr(unsafe.Pointer(unsafe.SliceData(p))) - uintptr(unsafe.Pointer(unsafe.SliceData(free)))
	if len(p) == 0 || at >= uintptr(len(free)) {
		return -1
	}
	return int(at)
}

// rescue copies parts that would be overwritten by those before them.
func (b *Batch) rescue(parts [][]byte) [][]byte {
	copied, before := false, 0
	for i, p := range parts {
		if at := b.ahead(p); at >= 0 && at < before {
			if !copied {
				copied, parts = true, slices.Clone(parts)
			}
			parts[i] = slices.Clone(p)
		}
		before += len(p)
	}
	return parts
}

// Len returns how many messages there are.
func (b *Batch) Len() int { return b.n }

// Reset removes all messages, and keeps the memory.
func (b *Batch) Reset() {
	b.data, b.parts, b.n = b.data[:0], b.parts[:0], 0
}

// A BatchMessage is one message in a [Batch]. It is valid until the Batch is
// changed.
type BatchMessage struct {
	b           *Batch
	first, last int // its parts
}

// All iterates over the messages, with their numbers.
func (b *Batch) All() iter.Seq2[int, BatchMessage] {
	return func(yield func(int, BatchMessage) bool) {
		for i, first := 0, 0; first < len(b.parts); i++ {
			last := first
			for b.parts[last].more != 0 {
				last++
			}
			if !yield(i, BatchMessage{b, first, last}) {
				return
			}
			first = last + 1
		}
	}
}

// Len returns how many parts the message has: at least one.
func (m BatchMessage) Len() int { return m.last - m.first + 1 }

// Part returns a part by its number, from 0. It is memory of the Batch, not a
// copy: valid until the Batch is changed.
func (m BatchMessage) Part(i int) []byte {
	p := m.b.parts[m.first:][:m.Len()][i]
	end := int(p.data) + int(p.size)
	return m.b.data[p.data:end:end]
}

// Parts iterates over the parts, with their numbers. See [BatchMessage.Part].
func (m BatchMessage) Parts() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for i := range m.Len() {
			if !yield(i, m.Part(i)) {
				return
			}
		}
	}
}

// SendBatch sends the messages of a batch, in order, and returns how many were
// sent: all of them, or fewer and an [*OpError]. It waits as
// [Socket.SendMessageContext] does; an empty batch, or nil, needs no wait. Every
// message is sent whole or not at all, and the batch is not changed: what was not sent is from the n-th message on.
//
// Other goroutines may send between two messages.
func (soc *Socket) SendBatch(ctx context.Context, b *Batch) (n int, err error) {
	if b == nil || b.n == 0 {
		return 0, soc.opError("send", soc.unlessClosed(nil))
	}
	flags := Flag(0)
	if len(b.parts) > b.n {
		flags = SNDMORE // some message has several parts
	}
	for sent := 0; sent < len(b.parts); {
		if err = ctx.Err(); err != nil {
			break
		}
		var s *socket
		if s, err = soc.lock(); err != nil {
			break
		}
		before := sent
		err = s.transmit(ctx, flags, untried, func() C.int {
			if s.c.sndmore != 0 {
				return -C.EFSM // the first message would be the rest of another one
			}
			rest := b.parts[sent:]
			// Room for others: the lock is held for as long as this takes.
			rc := C.zmq4_send_batch(s.h(), (*C.uchar)(unsafe.SliceData(b.data)), unsafe.SliceData(rest), chunk(rest))
			if rc > 0 {
				sent += int(rc)
			}
			return rc
		})
		for _, p := range b.parts[before:sent] {
			if p.more == 0 {
				n++
			}
		}
		if err != nil {
			break
		}
	}
	return n, soc.opError("send", err)
}

// chunk returns how many parts to send at once: whole messages.
func chunk(parts []C.zmq4_part) C.int {
	n := min(len(parts), 1024)
	for parts[n-1].more != 0 {
		n++
	}
	return C.int(n)
}

// RecvBatch waits for a message as [Socket.RecvMessageBytesContext] does, and adds
// it and those that are there behind it to the batch: up to max messages, or
// up to 1000 if max is not positive. It returns how many were added; with an
// [*OpError] none was. A nil batch returns EINVAL.
//
// To use the memory of a batch again, call [Batch.Reset] before.
func (soc *Socket) RecvBatch(ctx context.Context, b *Batch, max int) (n int, err error) {
	if max <= 0 {
		max = 1000
	}
	if err := ctx.Err(); err != nil || b == nil {
		return 0, soc.opError("recv", cmp.Or(err, soc.invalid()))
	}
	before := b.n
	end := before + min(max, math.MaxInt32-before)
	if err = soc.fillNow(b, end); err != nil || b.n > before {
		return b.n - before, soc.opError("recv", err)
	}
	s, parts, err := soc.receive(ctx, true, 0, nil)
	if err != nil {
		return 0, soc.opError("recv", err)
	}
	defer s.done()
	s.fill(b, parts)
	s.fillUp(b, end, s.guess.receiveWaited)
	return b.n - before, nil
}

// fillNow is fillUp in one crossing, unless there is nothing as far as the socket knows.
func (soc *Socket) fillNow(b *Batch, end int) error {
	s, err := soc.lock()
	if err != nil {
		return err
	}
	before := b.n
	defer func() {
		if b.n > before {
			s.done()
		} else {
			s.unlockAfter(0)
		}
	}()
	if s.heldTooLong() {
		return ETERM
	}
	if s.c.in_next < s.c.in_len || !s.guess.stillEmpty() && !s.guess.receiveWaits(s.typ) {
		s.fillUp(b, end, false)
	}
	return nil
}

// fillUp adds messages that are there to a batch, until it has as many as end. waited says whether
// this receive had to wait.
func (s *socket) fillUp(b *Batch, end int, waited bool) {
	for b.n < end {
		if s.c.in_next < s.c.in_len { // received ahead, or too large for fillMore
			s.fill(b, s.take(true))
		} else if !s.fillMore(b, end-b.n, waited) {
			break
		}
	}
}

// fill adds the message in the inbox to a batch.
func (s *socket) fill(b *Batch, parts []C.zmq4_received) {
	for i := range parts {
		more := C.int(1)
		if i == len(parts)-1 {
			more = 0
		}
		b.parts = append(b.parts, C.zmq4_part{data: C.uintptr_t(len(b.data)), size: parts[i].size, more: more})
		b.data = append(b.data, s.bytes(&parts[i])...)
	}
	b.n++
}

// fillMore adds up to max messages that are there to a batch. It reports whether
// it stopped at one that needs more room, which is in the inbox then.
func (s *socket) fillMore(b *Batch, max int, waited bool) bool {
	b.data = slices.Grow(b.data, 16<<10)
	b.parts = slices.Grow(b.parts, min(max, 1024))
	used, usedParts := C.size_t(len(b.data)), C.int(0)
	room := b.parts[len(b.parts):cap(b.parts)]
	n := int(C.zmq4_recv_batch(s.h(), C.int(max), (*C.uchar)(unsafe.SliceData(b.data)), C.size_t(cap(b.data)), &used,
		unsafe.SliceData(room), C.int(len(room)), &usedParts))
	s.guess.noteReceive(n > 0 || s.c.in_len > 0, waited, s.c.empty != 0)
	s.rx.taken += int(used) - len(b.data)
	b.data = b.data[:used]
	b.parts = b.parts[:len(b.parts)+int(usedParts)]
	b.n += n
	return s.c.in_next < s.c.in_len
}
