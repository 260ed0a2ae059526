// SPDX-License-Identifier: BSD-2-Clause

package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
)

// Each part that the tester sends begins with a header: what message it is of,
// and which part. So a message that is torn shows, whatever it went through.
const (
	magic      = "Model" // no command, and no routing id, begins so
	headerSize = len(magic) + 1 + 4 + 4 + 2 + 2 + 4
)

// flagMixed marks a message whose parts may be mixed with others on their way.
const flagMixed = 1

// A header is the beginning of a part.
type header struct {
	flags        byte
	sender, seq  uint32
	index, count uint16
}

// newPart returns a part of size bytes behind its header.
func newPart(h header, size int) []byte {
	b := make([]byte, 0, headerSize+size)
	b = append(b, magic...)
	b = append(b, h.flags)
	b = binary.LittleEndian.AppendUint32(b, h.sender)
	b = binary.LittleEndian.AppendUint32(b, h.seq)
	b = binary.LittleEndian.AppendUint16(b, h.index)
	b = binary.LittleEndian.AppendUint16(b, h.count)
	sum := b[len(b):][:4]
	b = b[:cap(b)]
	for i := headerSize; i < len(b); i++ {
		b[i] = byte(int(h.seq) + i)
	}
	binary.LittleEndian.PutUint32(sum, checksum(b))
	return b
}

// checksum is that of everything but itself.
func checksum(part []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(part[:headerSize-4]), crc32.IEEETable, part[headerSize:])
}

// parsePart returns the header of a part; ok is false for a part that is not
// the tester's own.
func parsePart(b []byte) (h header, ok bool, err error) {
	if !bytes.HasPrefix(b, []byte(magic)) {
		return h, false, nil
	}
	if len(b) < headerSize {
		return h, true, fmt.Errorf("a part of %d bytes, cut off: %q", len(b), b)
	}
	n := len(magic)
	h = header{
		flags:  b[n],
		sender: binary.LittleEndian.Uint32(b[n+1:]),
		seq:    binary.LittleEndian.Uint32(b[n+5:]),
		index:  binary.LittleEndian.Uint16(b[n+9:]),
		count:  binary.LittleEndian.Uint16(b[n+11:]),
	}
	if sum := binary.LittleEndian.Uint32(b[n+13:]); sum != checksum(b) {
		return h, true, fmt.Errorf("%v: wrong checksum, %d bytes", h, len(b))
	}
	return h, true, nil
}

func (h header) String() string {
	return fmt.Sprintf("message %d of sender %d, part %d of %d", h.seq, h.sender, h.index, h.count)
}

// checkMessage returns the header of the first part of a message, behind any
// routing ids and empty parts; ok is false if the message is not the tester's own.
func checkMessage(parts [][]byte) (first header, ok bool, err error) {
	for i, part := range parts {
		h, own, err := parsePart(part)
		if err != nil {
			return h, true, err
		}
		if !own && !ok {
			continue
		}
		if !ok {
			first, ok = h, true
		}
		if first.flags&flagMixed != 0 || h.flags&flagMixed != 0 {
			return first, true, nil
		}
		want := first
		want.index = h.index
		switch {
		case !own:
			return first, true, fmt.Errorf("%v: part %d is foreign: %q", first, i, clip(part))
		case first.index != 0:
			return first, true, fmt.Errorf("%v: begins the message, of %d parts", first, len(parts))
		case h != want || int(h.index) != i-(len(parts)-int(first.count)):
			return first, true, fmt.Errorf("%v, then %v, in a message of %d parts", first, h, len(parts))
		}
	}
	return first, ok, nil
}

func clip(b []byte) []byte { return b[:min(len(b), 60)] }

// A shape limits what messages are like.
type shape struct {
	single bool // of one part
	small  bool // for udp, and draft types that do not fragment
}

// newMessage makes a message of random parts.
func newMessage(r *rand.Rand, h header, s shape) [][]byte {
	n := 1
	if !s.single {
		n = pick(r, 1, 1, 2, 3, 5)
		if r.IntN(40) == 0 {
			n = 1 + r.IntN(100)
		}
	}
	h.count = uint16(n)
	msg := make([][]byte, n)
	for i := range msg {
		h.index = uint16(i)
		size := r.IntN(60)
		switch r.IntN(30) {
		case 0:
			size = 4096 - headerSize - 2 + r.IntN(4) // what is gathered
		case 1:
			size = r.IntN(40_000)
		case 2:
			if r.IntN(8) == 0 {
				size = r.IntN(1_500_000)
			}
		}
		if s.small {
			size = min(size, 900)
		}
		msg[i] = newPart(h, size)
	}
	return msg
}

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// A fate is what is known of one message.
type fate struct {
	sent, failed bool
	received     int
	fan          int // how often it is to come; 0 is any number
}

// A ledger knows of each message what became of it, and what must not have.
type ledger struct {
	fail  func(format string, args ...any)
	moves atomic.Uint64 // how often something was sent or received

	mu      sync.Mutex
	senders uint32
	fates   map[uint32][]fate             // by sender and number
	last    map[[2]uint32]uint32          // number of the last message, by sender and receiver
	ordered map[uint32]bool               // receivers that get the messages of each sender in order
	open    int                           // how many are still to come
	done    map[chan struct{}]func() bool // to be closed when the function is true
}

func newLedger(fail func(format string, args ...any)) *ledger {
	return &ledger{
		fail: fail, fates: make(map[uint32][]fate), last: make(map[[2]uint32]uint32), ordered: make(map[uint32]bool),
		done: make(map[chan struct{}]func() bool),
	}
}

// A source makes the messages of one sender. One goroutine uses it.
type source struct {
	l     *ledger
	id    uint32
	next  uint32
	shape shape
	flags byte
	fan   int // how often each message is to come; 0 is any number
}

func (l *ledger) source(s shape) *source {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.senders++
	return &source{l: l, id: l.senders, shape: s, fan: 1}
}

// messages makes the next n messages.
func (s *source) messages(r *rand.Rand, n int) [][][]byte {
	msgs := make([][][]byte, n)
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	for i := range msgs {
		msgs[i] = newMessage(r, header{flags: s.flags, sender: s.id, seq: s.next}, s.shape)
		s.l.fates[s.id] = append(s.l.fates[s.id], fate{fan: s.fan})
		s.next++
	}
	return msgs
}

// sent notes what became of messages: the first n are sent, and if the rest is
// not to be tried again, that has failed.
func (l *ledger) sent(msgs [][][]byte, n int, retry bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, msg := range msgs {
		h, _, _ := checkMessage(msg)
		f := &l.fates[h.sender][h.seq]
		if i < n {
			f.sent = true
			l.open += f.fan
		} else if !retry {
			f.failed = true
		}
	}
	l.changed()
}

// received notes a message that a receiver got. Messages that are not the
// tester's own are skipped.
func (l *ledger) received(receiver uint32, parts [][]byte) (h header, ok bool) {
	h, ok, err := checkMessage(parts)
	if err != nil {
		l.fail("torn: receiver %d: %v\n%v", receiver, err, describe(parts))
		return h, false
	}
	if !ok || h.flags&flagMixed != 0 {
		return h, ok
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if int(h.seq) >= len(l.fates[h.sender]) {
		l.fail("invented: receiver %d: %v was never made", receiver, h)
		return h, false
	}
	f := &l.fates[h.sender][h.seq]
	if f.received++; f.fan > 0 {
		l.open--
		if f.received > f.fan {
			l.fail("twice: receiver %d: %v", receiver, h)
		}
	}
	key := [2]uint32{h.sender, receiver}
	if last, some := l.last[key]; l.ordered[receiver] && some && last >= h.seq {
		l.fail("order: receiver %d: %v, after message %d", receiver, h, last)
	}
	l.last[key] = h.seq
	l.changed()
	return h, true
}

// inOrder says that a receiver gets the messages of each sender in their order.
func (l *ledger) inOrder(receiver uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ordered[receiver] = true
}

// changed is called with the lock held.
func (l *ledger) changed() {
	l.moves.Add(1)
	for ch, reached := range l.done {
		if reached() {
			close(ch)
			delete(l.done, ch)
		}
	}
}

// delivered returns a channel that is closed once every message that was sent
// has come.
func (l *ledger) delivered() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	ch := make(chan struct{})
	l.done[ch] = func() bool { return l.open == 0 }
	l.changed()
	return ch
}

// check looks for messages that came although their send had failed, and, if
// everything has to be there, for those that did not come.
func (l *ledger) check(complete bool) (made, sent, received int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lost []string
	for sender, fates := range l.fates {
		for seq, f := range fates {
			made++
			if f.sent {
				sent++
			}
			if f.received > 0 {
				received++
			}
			if f.failed && f.received > 0 {
				l.fail("failed: message %d of sender %d came, although its send returned an error", seq, sender)
			}
			if complete && f.sent && f.received < f.fan {
				lost = append(lost, fmt.Sprintf("%d/%d", sender, seq))
			}
		}
	}
	if len(lost) > 0 {
		slices.Sort(lost)
		l.fail("lost: %d of %d messages, by sender/number: %v", len(lost), sent, lost[:min(len(lost), 50)])
	}
	return made, sent, received
}

// describe prints the parts of a message.
func describe(parts [][]byte) (s string) {
	for i, part := range parts {
		if i == 20 {
			return s + fmt.Sprintf("... of %d parts\n", len(parts))
		}
		h, ok, err := parsePart(part)
		switch {
		case err != nil:
			s += fmt.Sprintf("  %d: %v\n", i, err)
		case ok:
			s += fmt.Sprintf("  %d: %v, %d bytes\n", i, h, len(part))
		default:
			s += fmt.Sprintf("  %d: %q, %d bytes\n", i, clip(part), len(part))
		}
	}
	return s
}
