// SPDX-License-Identifier: BSD-2-Clause

package main

import "github.com/seed45097122/zmq4"

func init() { libraries["zmq4"] = &zmq4Library{} }

// zmq4Library is this project, one part or one message per call.
type zmq4Library struct{ ctx *zmq4.Context }

type zmq4Socket struct {
	*zmq4.Socket
	public string
}

var zmq4Types = map[string]zmq4.Type{
	"PAIR": zmq4.PAIR, "PUB": zmq4.PUB, "SUB": zmq4.SUB, "REQ": zmq4.REQ, "REP": zmq4.REP, "DEALER": zmq4.DEALER,
	"ROUTER": zmq4.ROUTER, "PULL": zmq4.PULL, "PUSH": zmq4.PUSH, "XPUB": zmq4.XPUB, "XSUB": zmq4.XSUB,
}

// open makes a socket. Other variants of this library use it too.
func (l *zmq4Library) open(typ string, o socketOptions) (*zmq4Socket, error) {
	if l.ctx == nil {
		ctx, err := zmq4.NewContext()
		if err != nil {
			return nil, err
		}
		if o.sockets > 0 {
			if err := ctx.SetMaxSockets(o.sockets); err != nil {
				return nil, err
			}
		}
		l.ctx = ctx
	}
	soc, err := l.ctx.NewSocket(zmq4Types[typ])
	if err != nil {
		return nil, err
	}
	s := &zmq4Socket{Socket: soc}
	var public, secret string
	if o.curve {
		if public, secret, err = zmq4.NewCurveKeypair(); err != nil {
			return nil, err
		}
	}
	return s, first(
		func() error { return soc.SetLinger(0) },
		when(typ == "PUB", func() error { return soc.SetXpubNodrop(true) }),
		when(typ == "SUB", func() error { return soc.SetSubscribe("") }),
		when(o.binds && o.conns > 1, func() error { return soc.SetBacklog(o.conns) }),
		when(o.noHWM, func() error { return soc.SetSndhwm(0) }),
		when(o.noHWM, func() error { return soc.SetRcvhwm(0) }),
		when(o.curve && o.binds, func() error { s.public = public; return soc.ServerAuthCurve("perf", secret) }),
		when(o.curve && !o.binds, func() error { return soc.ClientAuthCurve(o.serverKey, public, secret) }),
	)
}

func (l *zmq4Library) socket(typ string, o socketOptions) (socket, error) { return l.open(typ, o) }

func (s *zmq4Socket) bind(endpoint string) (string, error) {
	if err := s.Bind(endpoint); err != nil {
		return "", err
	}
	return s.GetLastEndpoint()
}

func (s *zmq4Socket) connect(endpoint string) error { return s.Connect(endpoint) }
func (s *zmq4Socket) key() string                   { return s.public }
func (s *zmq4Socket) close() error                  { return s.Close() }

func (s *zmq4Socket) send(parts [][]byte, n int) (err error) {
	for ; n > 0 && err == nil; n-- {
		switch len(parts) {
		case 1:
			_, err = s.SendBytes(parts[0], 0)
		case 3:
			_, err = s.SendMessage(parts[0], parts[1], parts[2])
		default:
			_, err = s.SendMessage(parts)
		}
	}
	return err
}

func (s *zmq4Socket) receive(want message, n int) error {
	for n > 0 {
		parts, size := 1, 0
		if want.parts == 1 {
			b, err := s.RecvBytes(0)
			if err != nil {
				return err
			}
			size = len(b)
		} else {
			msg, err := s.RecvMessageBytes(0)
			if err != nil {
				return err
			}
			parts, size = len(msg), len(msg[len(msg)-1])
		}
		ok, err := want.check(parts, size)
		if err != nil {
			return err
		}
		if ok {
			n--
		}
	}
	return nil
}

func (s *zmq4Socket) echo(n int) error {
	for ; n > 0; n-- {
		b, err := s.RecvBytes(0)
		if err != nil {
			return err
		}
		if _, err := s.SendBytes(b, 0); err != nil {
			return err
		}
	}
	return nil
}

func (s *zmq4Socket) ask(part []byte, n int) error {
	for ; n > 0; n-- {
		if _, err := s.SendBytes(part, 0); err != nil {
			return err
		}
		b, err := s.RecvBytes(0)
		if err != nil {
			return err
		}
		if _, err := (message{1, len(part)}).check(1, len(b)); err != nil {
			return err
		}
	}
	return nil
}

func (l *zmq4Library) proxy(front, back socket) error {
	return zmq4.Proxy(front.(*zmq4Socket).Socket, back.(*zmq4Socket).Socket, nil)
}

func (l *zmq4Library) serve(front socket, workers int) error {
	soc := front.(*zmq4Socket).Socket
	requests, failed := make(chan [][]byte, workers), make(chan error, workers+1)
	for range workers {
		go func() {
			for msg := range requests {
				if _, err := soc.SendMessage(msg); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	go func() {
		for {
			msg, err := soc.RecvMessageBytes(0)
			if err != nil {
				failed <- err
				return
			}
			requests <- msg
		}
	}()
	return <-failed
}

func (l *zmq4Library) poll(sockets []socket, kept bool) (func() error, error) {
	newPoller := func() *zmq4.Poller {
		p := zmq4.NewPoller()
		for _, s := range sockets {
			p.Add(s.(*zmq4Socket).Socket, zmq4.POLLIN)
		}
		return p
	}
	p := newPoller()
	return func() error {
		if !kept {
			p = newPoller()
		}
		polled, err := p.Poll(-1)
		if err != nil {
			return err
		}
		for _, item := range polled {
			if _, err := item.Socket.RecvBytes(0); err != nil {
				return err
			}
		}
		return nil
	}, nil
}
