// SPDX-License-Identifier: BSD-2-Clause

package model

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	zmq "github.com/seed45097122/zmq4"
)

// A sendStyle is a way to send messages.
type sendStyle struct {
	name string
	// parts says that messages are sent part by part, so that the socket has
	// one sender.
	parts bool
	// send returns how many messages were sent. The others were not.
	send func(w *worker, s *sock, msgs [][][]byte) (n int, err error)
}

// A recvStyle is a way to receive messages.
type recvStyle struct {
	name  string
	parts bool
	// recv receives up to n messages, and says what it got.
	recv func(w *worker, s *sock, n int, got func([][]byte)) error
}

// each sends messages one by one.
func each(msgs [][][]byte, send func([][]byte) error) (n int, err error) {
	for _, msg := range msgs {
		if err := send(msg); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// more is the flag of part i of a message.
func more(msg [][]byte, i int) zmq.Flag {
	if i < len(msg)-1 {
		return zmq.SNDMORE
	}
	return 0
}

var sendStyles = []sendStyle{
	{"SendMessage", false, func(w *worker, s *sock, msgs [][][]byte) (int, error) {
		defer w.rescue(s)()
		return each(msgs, func(msg [][]byte) error {
			_, err := s.SendMessage(w.mix(msg)...)
			return err
		})
	}},
	{"SendMessageDontwait", false, func(w *worker, s *sock, msgs [][][]byte) (int, error) {
		return each(msgs, func(msg [][]byte) error {
			_, err := s.SendMessageDontwait(w.mix(msg)...)
			return err
		})
	}},
	{"SendMessageContext", false, func(w *worker, s *sock, msgs [][][]byte) (int, error) {
		ctx, cancel := w.limit()
		defer cancel()
		return each(msgs, func(msg [][]byte) error {
			_, err := s.SendMessageContext(ctx, w.mix(msg)...)
			return err
		})
	}},
	{"SendPartsContext", false, func(w *worker, s *sock, msgs [][][]byte) (int, error) {
		ctx, cancel := w.limit()
		defer cancel()
		return each(msgs, func(msg [][]byte) error {
			_, err := s.SendPartsContext(ctx, msg...)
			return err
		})
	}},
	{"SendBytes", true, func(w *worker, s *sock, msgs [][][]byte) (int, error) {
		defer w.rescue(s)()
		return each(msgs, func(msg [][]byte) error {
			for i, part := range msg {
				if _, err := s.SendBytes(part, more(msg, i)); err != nil {
					return err
				}
			}
			return nil
		})
	}},
	{"SendBytesContext", true, func(w *worker, s *sock, msgs [][][]byte) (int, error) {
		return each(msgs, func(msg [][]byte) error {
			for i, part := range msg {
				// One that is begun has to be finished.
				ctx, cancel := context.Background(), context.CancelFunc(func() {})
				if i == 0 {
					ctx, cancel = w.limit()
				}
				_, err := s.SendBytesContext(ctx, part, more(msg, i))
				cancel()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}},
	{"SendMsg", true, func(w *worker, s *sock, msgs [][][]byte) (int, error) {
		defer w.rescue(s)()
		return each(msgs, func(msg [][]byte) error {
			for i, part := range msg {
				m, err := w.newMsg(part)
				if err != nil {
					return err
				}
				if _, err := s.SendMsg(m, more(msg, i)); err != nil {
					return errors.Join(err, m.Close())
				}
			}
			return nil
		})
	}},
	{"SendBatch", false, func(w *worker, s *sock, msgs [][][]byte) (int, error) {
		ctx, cancel := w.limit()
		defer cancel()
		var b zmq.Batch
		for _, msg := range msgs {
			b.Append(msg...)
		}
		return s.SendBatch(ctx, &b)
	}},
	{"Sender", false, func(w *worker, s *sock, msgs [][][]byte) (int, error) {
		ctx, cancel := w.limit()
		defer cancel()
		out := s.Sender(ctx, w.r.IntN(10))
		n := 0
		for _, msg := range msgs {
			select {
			case out.C <- msg:
				n++
				continue
			case <-out.Done():
			}
			break
		}
		close(out.C)
		err := out.Err()
		if n < len(msgs) && err == nil {
			w.fail("a Sender ended early without an error")
		}
		return n - len(out.Rest()), err
	}},
}

// mix passes parts in the ways that SendMessage takes.
func (w *worker) mix(msg [][]byte) []any {
	if w.r.IntN(2) == 0 {
		return []any{msg}
	}
	var parts []any
	for _, part := range msg {
		switch w.r.IntN(4) {
		case 0:
			parts = append(parts, string(part))
		case 1:
			parts = append(parts, [][]byte{part})
		case 2:
			parts = append(parts, []string{string(part)})
		default:
			parts = append(parts, part)
		}
	}
	return parts
}

// newMsg makes a Msg of a part: of memory of Go, or of libzmq.
func (w *worker) newMsg(part []byte) (*zmq.Msg, error) {
	if w.r.IntN(2) == 0 {
		data := slices.Clone(part)
		end := w.leases.begin(fmt.Sprintf("%s, %d bytes: worker %d, operation %d", describe([][]byte{part}), len(part), w.n, w.ring.line))
		m, err := zmq.NewMsgBytes(data, func() {
			for i := range data {
				data[i] = 0xee // nobody may look any more
			}
			if !end() {
				w.fail("twice: the memory of a Msg was given back")
			}
		})
		if err != nil {
			end()
		}
		return m, err
	}
	m, err := zmq.NewMsg(len(part))
	if err == nil {
		copy(m.Bytes(), part)
	}
	return m, err
}

// sendSingle sends a message of the draft types, of one part, with its address.
func (w *worker) sendSingle(s *sock, msgs [][][]byte) (int, error) {
	defer w.rescue(s)()
	return each(msgs, func(msg [][]byte) error {
		var options []any
		switch s.typ {
		case zmq.RADIO:
			options = append(options, zmq.OptGroup(pick(w.r, radioGroups...)))
		case zmq.SERVER, zmq.PEER:
			s.mu.Lock()
			id := uint32(1 + w.r.IntN(1000))
			if len(s.peers) > 0 {
				id = pick(w.r, s.peers...)
			}
			s.mu.Unlock()
			options = append(options, zmq.OptRoutingId(id))
		}
		if w.r.IntN(2) == 0 {
			_, err := s.SendBytesWithOpts(msg[0], pick(w.r, 0, zmq.DONTWAIT), options...)
			return err
		}
		m, err := w.newMsg(msg[0])
		if err != nil {
			return err
		}
		defer m.Close()
		for _, option := range options {
			switch option := option.(type) {
			case zmq.OptGroup:
				err = m.SetGroup(string(option))
			case zmq.OptRoutingId:
				err = m.SetRoutingID(uint32(option))
			}
			if err != nil {
				return err
			}
		}
		_, err = s.SendMsg(m, pick(w.r, 0, zmq.DONTWAIT))
		return err
	})
}

var radioGroups = []string{"a", "b", "a group with a name that does not fit into the structure of a message"}

// recvSingle receives messages of the draft types, with their addresses.
func (w *worker) recvSingle(s *sock, n int, got func([][]byte)) error {
	defer w.rescue(s)()
	for range n {
		b, options, err := s.RecvBytesWithOpts(pick(w.r, 0, zmq.DONTWAIT), zmq.OptRoutingId(0), zmq.OptGroup(""))
		if err != nil {
			return err
		}
		if id, ok := options[0].(zmq.OptRoutingId); ok && id != 0 {
			s.mu.Lock()
			s.peers = append(s.peers, uint32(id))
			s.mu.Unlock()
		}
		got([][]byte{b})
	}
	return nil
}

var recvStyles = []recvStyle{
	{"RecvMessage", false, func(w *worker, s *sock, n int, got func([][]byte)) error {
		defer w.rescue(s)()
		for range n {
			msg, err := s.RecvMessage(0)
			if err != nil {
				return err
			}
			parts := make([][]byte, len(msg))
			for i := range msg {
				parts[i] = []byte(msg[i])
			}
			got(parts)
		}
		return nil
	}},
	{"RecvMessageBytes", false, func(w *worker, s *sock, n int, got func([][]byte)) error {
		for range n {
			msg, err := s.RecvMessageBytes(zmq.DONTWAIT)
			if err != nil {
				return err
			}
			got(msg)
		}
		return nil
	}},
	{"RecvMessageBytesContext", false, func(w *worker, s *sock, n int, got func([][]byte)) error {
		ctx, cancel := w.limit()
		defer cancel()
		for range n {
			msg, err := s.RecvMessageBytesContext(ctx)
			if err != nil {
				return err
			}
			got(msg)
		}
		return nil
	}},
	{"RecvMessageBytesWithMetadata", false, func(w *worker, s *sock, n int, got func([][]byte)) error {
		defer w.rescue(s)()
		for range n {
			msg, _, err := s.RecvMessageBytesWithMetadata(0, "Socket-Type", "Peer-Address", "nothing")
			if err != nil {
				return err
			}
			got(msg)
		}
		return nil
	}},
	{"RecvBytes", true, func(w *worker, s *sock, n int, got func([][]byte)) error {
		defer w.rescue(s)()
		for range n {
			var msg [][]byte
			for more := true; more; {
				part, err := s.RecvBytes(0)
				if err != nil {
					return err
				}
				msg = append(msg, part)
				if w.r.IntN(4) == 0 {
					_, _ = s.GetEvents()
				}
				if more, err = s.GetRcvmore(); err != nil {
					return err
				}
			}
			got(msg)
		}
		return nil
	}},
	{"RecvInto", true, func(w *worker, s *sock, n int, got func([][]byte)) error {
		defer w.rescue(s)()
		for range n {
			var msg [][]byte
			buf := make([]byte, w.r.IntN(100))
			for {
				size, more, err := s.RecvInto(buf, 0)
				if short := new(zmq.ShortBufferError); errors.As(err, &short) {
					buf = make([]byte, short.Size)
					continue
				} else if err != nil {
					return err
				}
				msg = append(msg, slices.Clone(buf[:size]))
				if !more {
					break
				}
			}
			got(msg)
		}
		return nil
	}},
	{"RecvMsg", true, func(w *worker, s *sock, n int, got func([][]byte)) error {
		defer w.rescue(s)()
		var m zmq.Msg
		defer m.Close()
		for range n {
			var msg [][]byte
			for more := true; more; more = m.More() {
				if _, err := s.RecvMsg(&m, 0); err != nil {
					return err
				}
				msg = append(msg, slices.Clone(m.Bytes()))
				runtime.KeepAlive(&m)
			}
			got(msg)
		}
		return nil
	}},
	{"RecvBatch", false, func(w *worker, s *sock, n int, got func([][]byte)) error {
		ctx, cancel := w.limit()
		defer cancel()
		var b zmq.Batch
		for n > 0 {
			b.Reset()
			k, err := s.RecvBatch(ctx, &b, n)
			if err != nil {
				return err
			}
			if k != b.Len() || k > n {
				w.fail("RecvBatch of %d: %d, and the batch has %d", n, k, b.Len())
			}
			for _, m := range b.All() {
				msg := make([][]byte, m.Len())
				for i, part := range m.Parts() {
					msg[i] = slices.Clone(part)
				}
				got(msg)
			}
			n -= k
		}
		return nil
	}},
	{"Messages", false, func(w *worker, s *sock, n int, got func([][]byte)) error {
		ctx, cancel := w.limit()
		defer cancel()
		for msg, err := range s.Messages(ctx) {
			if err != nil {
				return err
			}
			got(msg)
			if n--; n == 0 {
				break
			}
		}
		return nil
	}},
	{"Receiver", false, func(w *worker, s *sock, n int, got func([][]byte)) error {
		ctx, cancel := w.limit()
		defer cancel()
		in := s.Receiver(ctx, w.r.IntN(10))
		for msg := range in.C {
			got(msg)
			if n--; n == 0 {
				cancel() // what is in the channel is still ours
			}
		}
		if rest := in.Rest(); rest != nil {
			got(rest)
		}
		return in.Err()
	}},
	{"Poll", false, func(w *worker, s *sock, n int, got func([][]byte)) error {
		for range n {
			ev, err := s.Poll(zmq.POLLIN, time.Duration(w.r.IntN(10_000))*time.Microsecond)
			if err != nil || ev == 0 {
				return err
			}
			msg, err := s.RecvMessageBytes(zmq.DONTWAIT)
			if err != nil {
				return err
			}
			got(msg)
		}
		return nil
	}},
	{"Poller", false, func(w *worker, s *sock, n int, got func([][]byte)) error {
		ctx, cancel := w.limit()
		defer cancel()
		p := zmq.NewPoller()
		p.Add(s.Socket, zmq.POLLIN)
		for range n {
			ready, err := p.PollContext(ctx)
			if err != nil {
				return err
			}
			if len(ready) != 1 || ready[0].Socket != s.Socket || ready[0].Events != zmq.POLLIN {
				w.fail("PollContext of one socket: %v", ready)
			}
			msg, err := s.RecvMessageBytes(zmq.DONTWAIT)
			if zmq.AsErrno(err).Timeout() {
				continue // somebody else got it
			} else if err != nil {
				return err
			}
			got(msg)
		}
		return nil
	}},
	{"Reactor", false, func(w *worker, s *sock, n int, got func([][]byte)) error {
		ctx, cancel := w.limit()
		defer cancel()
		enough := errors.New("enough")
		r := zmq.NewReactor()
		r.AddSocket(s.Socket, zmq.POLLIN, func(zmq.State) error {
			msg, err := s.RecvMessageBytes(zmq.DONTWAIT)
			if zmq.AsErrno(err).Timeout() {
				return nil
			} else if err != nil {
				return err
			}
			got(msg)
			if n--; n == 0 {
				return enough
			}
			return nil
		})
		if err := r.RunContext(ctx); err != enough {
			return err
		}
		return nil
	}},
}
