// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"

	"github.com/seed45097122/zmq4"
)

func init() {
	libraries["zmq4-batch"] = &zmq4Variant{wrap: func(s *zmq4Socket) socket { return &batchSocket{zmq4Socket: s} }}
	libraries["zmq4-msg"] = &zmq4Variant{wrap: func(s *zmq4Socket) socket { return msgSocket{s} }}
	libraries["zmq4-into"] = &zmq4Variant{wrap: func(s *zmq4Socket) socket { return intoSocket{s, make([]byte, 1<<20)} }}
}

// batchSize is how many messages are sent or received in one call.
const batchSize = 256

// zmq4Variant is this project with other calls to send and receive.
type zmq4Variant struct {
	zmq4Library
	wrap func(*zmq4Socket) socket
}

func (l *zmq4Variant) socket(typ string, o socketOptions) (socket, error) {
	s, err := l.open(typ, o)
	if err != nil {
		return nil, err
	}
	return l.wrap(s), nil
}

// batchSocket uses SendBatch and RecvBatch.
type batchSocket struct {
	*zmq4Socket
	in, out zmq4.Batch
}

// send fills the batch anew each time, as a program would.
func (s *batchSocket) send(parts [][]byte, n int) error {
	for n > 0 {
		s.out.Reset()
		for range min(n, batchSize) {
			s.out.Append(parts...)
		}
		sent, err := s.SendBatch(context.Background(), &s.out)
		if err != nil {
			return err
		}
		n -= sent
	}
	return nil
}

func (s *batchSocket) receive(want message, n int) error {
	for n > 0 {
		s.in.Reset()
		if _, err := s.RecvBatch(context.Background(), &s.in, min(n, batchSize)); err != nil {
			return err
		}
		for _, msg := range s.in.All() {
			ok, err := want.check(msg.Len(), len(msg.Part(msg.Len()-1)))
			if err != nil {
				return err
			}
			if ok {
				n--
			}
		}
	}
	return nil
}

// msgSocket uses SendMsg and RecvMsg, for messages of one part.
type msgSocket struct{ *zmq4Socket }

func (s msgSocket) send(parts [][]byte, n int) error {
	for ; n > 0; n-- {
		m, err := zmq4.NewMsg(len(parts[0]))
		if err != nil {
			return err
		}
		if _, err := s.SendMsg(m, 0); err != nil {
			return err
		}
	}
	return nil
}

func (s msgSocket) receive(want message, n int) error {
	var m zmq4.Msg
	defer m.Close()
	for n > 0 {
		size, err := s.RecvMsg(&m, 0)
		if err != nil {
			return err
		}
		ok, err := want.check(1, size)
		if err != nil {
			return err
		}
		if ok {
			n--
		}
	}
	return nil
}

// intoSocket uses RecvInto, for messages of one part.
type intoSocket struct {
	*zmq4Socket
	buf []byte
}

func (s intoSocket) receive(want message, n int) error {
	for n > 0 {
		size, _, err := s.RecvInto(s.buf, 0)
		if err != nil {
			return err
		}
		ok, err := want.check(1, size)
		if err != nil {
			return err
		}
		if ok {
			n--
		}
	}
	return nil
}

func (s intoSocket) echo(n int) error {
	for ; n > 0; n-- {
		size, _, err := s.RecvInto(s.buf, 0)
		if err != nil {
			return err
		}
		if _, err := s.SendBytes(s.buf[:size], 0); err != nil {
			return err
		}
	}
	return nil
}

func (s intoSocket) ask(part []byte, n int) error {
	for ; n > 0; n-- {
		if _, err := s.SendBytes(part, 0); err != nil {
			return err
		}
		size, _, err := s.RecvInto(s.buf, 0)
		if err != nil {
			return err
		}
		if _, err := (message{1, len(part)}).check(1, size); err != nil {
			return err
		}
	}
	return nil
}
