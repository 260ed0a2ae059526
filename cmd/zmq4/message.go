// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"slices"

	"github.com/seed45097122/zmq4"
)

// largePart is the smallest size of a part that is sent without a copy.
const largePart = 64 << 10

// send sends one message. Large parts must not be changed afterwards.
func (s *session) send(soc *zmq4.Socket, msg [][]byte) error {
	large := false
	parts := make([]any, len(msg))
	for i, p := range msg {
		parts[i] = p
		large = large || len(p) >= largePart
	}
	if !large {
		_, err := soc.SendMessageContext(s.ctx, parts...)
		return err
	}
	m := make(message, len(msg))
	for i, p := range msg {
		part, err := zmq4.NewMsgBytes(p, nil)
		if err != nil {
			return err
		}
		m[i] = part
	}
	return m.send(s, soc)
}

// A message has its parts in libzmq's memory.
type message []*zmq4.Msg

// send sends the message, which is empty then.
func (m message) send(s *session, soc *zmq4.Socket) error {
	for i, part := range m {
		flags := zmq4.SNDMORE
		if i == len(m)-1 {
			flags = 0
		}
		if _, err := soc.SendMsgContext(s.ctx, part, flags); err != nil {
			return err
		}
	}
	return nil
}

// receive waits for a message, which replaces m.
func (m *message) receive(s *session, soc *zmq4.Socket) error {
	return m.fill(func(part *zmq4.Msg) error {
		_, err := soc.RecvMsgContext(s.ctx, part, 0)
		return err
	})
}

// receiveNow is receive without waiting. It returns EAGAIN if there is no message.
func (m *message) receiveNow(soc *zmq4.Socket) error {
	return m.fill(func(part *zmq4.Msg) error {
		_, err := soc.RecvMsg(part, zmq4.DONTWAIT)
		return err
	})
}

func (m *message) fill(receive func(*zmq4.Msg) error) error {
	*m = (*m)[:0]
	for more := true; more; {
		n := len(*m)
		*m = slices.Grow(*m, 1)[:n+1]
		if (*m)[n] == nil { // or it is used again
			(*m)[n] = &zmq4.Msg{}
		}
		part := (*m)[n]
		if err := receive(part); err != nil {
			return err
		}
		more = part.More()
	}
	return nil
}

// bytes returns the parts, which are valid until the message is freed, or replaced.
func (m message) bytes() [][]byte {
	parts := make([][]byte, len(m))
	for i, part := range m {
		parts[i] = part.Bytes()
	}
	return parts
}

// free frees large parts, which are kept until they are replaced otherwise.
func (m message) free() {
	for _, part := range m {
		if part.Size() >= largePart {
			part.Close()
		}
	}
}
