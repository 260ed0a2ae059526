// SPDX-License-Identifier: BSD-2-Clause

package main

import pebbe "github.com/pebbe/zmq4"

func init() { libraries["pebbe"] = &pebbeLibrary{} }

// pebbeLibrary is github.com/pebbe/zmq4.
type pebbeLibrary struct{ ctx *pebbe.Context }

type pebbeSocket struct {
	*pebbe.Socket
	public string
}

var pebbeTypes = map[string]pebbe.Type{
	"PAIR": pebbe.PAIR, "PUB": pebbe.PUB, "SUB": pebbe.SUB, "REQ": pebbe.REQ, "REP": pebbe.REP, "DEALER": pebbe.DEALER,
	"ROUTER": pebbe.ROUTER, "PULL": pebbe.PULL, "PUSH": pebbe.PUSH, "XPUB": pebbe.XPUB, "XSUB": pebbe.XSUB,
}

func (l *pebbeLibrary) open(typ string, o socketOptions) (*pebbeSocket, error) {
	if l.ctx == nil {
		ctx, err := pebbe.NewContext()
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
	soc, err := l.ctx.NewSocket(pebbeTypes[typ])
	if err != nil {
		return nil, err
	}
	s := &pebbeSocket{Socket: soc}
	var public, secret string
	if o.curve {
		if public, secret, err = pebbe.NewCurveKeypair(); err != nil {
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

func (l *pebbeLibrary) socket(typ string, o socketOptions) (socket, error) { return l.open(typ, o) }

func (s *pebbeSocket) bind(endpoint string) (string, error) {
	if err := s.Bind(endpoint); err != nil {
		return "", err
	}
	return s.GetLastEndpoint()
}

func (s *pebbeSocket) connect(endpoint string) error { return s.Connect(endpoint) }
func (s *pebbeSocket) key() string                   { return s.public }
func (s *pebbeSocket) close() error                  { return s.Close() }

func (s *pebbeSocket) send(parts [][]byte, n int) (err error) {
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

func (s *pebbeSocket) receive(want message, n int) error {
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

func (s *pebbeSocket) echo(n int) error {
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

func (s *pebbeSocket) ask(part []byte, n int) error {
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

func (l *pebbeLibrary) proxy(front, back socket) error {
	return pebbe.Proxy(front.(*pebbeSocket).Socket, back.(*pebbeSocket).Socket, nil)
}

// serve is a ROUTER behind a proxy: goroutines must not share a socket of pebbe's, so that each has
// one of its own.
func (l *pebbeLibrary) serve(front socket, workers int) error {
	back, err := l.open("DEALER", socketOptions{})
	if err != nil {
		return err
	}
	if err := back.Bind("inproc://workers"); err != nil {
		return err
	}
	failed := make(chan error, workers+1)
	for range workers {
		s, err := l.open("DEALER", socketOptions{})
		if err != nil {
			return err
		}
		if err := s.Connect("inproc://workers"); err != nil {
			return err
		}
		go func() {
			for {
				msg, err := s.RecvMessageBytes(0)
				if err == nil {
					_, err = s.SendMessage(msg)
				}
				if err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	go func() { failed <- l.proxy(front, back) }()
	return <-failed
}

func (l *pebbeLibrary) poll(sockets []socket, kept bool) (func() error, error) {
	newPoller := func() *pebbe.Poller {
		p := pebbe.NewPoller()
		for _, s := range sockets {
			p.Add(s.(*pebbeSocket).Socket, pebbe.POLLIN)
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
