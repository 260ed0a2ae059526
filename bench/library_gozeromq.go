// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	gozeromq "github.com/go-zeromq/zmq4"
)

func init() { libraries["go-zeromq"] = goZeromqLibrary{} }

// goZeromqLibrary is github.com/go-zeromq/zmq4, which does not use libzmq.
type goZeromqLibrary struct{}

type goZeromqSocket struct{ gozeromq.Socket }

var goZeromqTypes = map[string]func(context.Context, ...gozeromq.Option) gozeromq.Socket{
	"PAIR": gozeromq.NewPair, "PUB": gozeromq.NewPub, "SUB": gozeromq.NewSub, "REQ": gozeromq.NewReq, "REP": gozeromq.NewRep,
	"DEALER": gozeromq.NewDealer, "ROUTER": gozeromq.NewRouter, "PULL": gozeromq.NewPull, "PUSH": gozeromq.NewPush,
	"XPUB": gozeromq.NewXPub, "XSUB": gozeromq.NewXSub,
}

func (goZeromqLibrary) socket(typ string, o socketOptions) (socket, error) {
	if o.curve {
		return nil, errors.New("no CURVE")
	}
	s := goZeromqSocket{goZeromqTypes[typ](context.Background())}
	if typ == "SUB" {
		return s, s.SetOption(gozeromq.OptionSubscribe, "")
	}
	return s, nil
}

func (s goZeromqSocket) bind(endpoint string) (string, error) {
	endpoint = strings.Replace(endpoint, ":*", ":0", 1)
	if err := s.Listen(endpoint); err != nil {
		return "", err
	}
	if strings.HasPrefix(endpoint, "tcp:") {
		endpoint = fmt.Sprint("tcp://", s.Addr())
	}
	return endpoint, nil
}

func (s goZeromqSocket) connect(endpoint string) error { return s.Dial(endpoint) }
func (s goZeromqSocket) key() string                   { return "" }
func (s goZeromqSocket) close() error                  { return s.Close() }

func (s goZeromqSocket) send(parts [][]byte, n int) (err error) {
	for ; n > 0 && err == nil; n-- {
		if len(parts) == 1 {
			err = s.Send(gozeromq.NewMsg(parts[0]))
		} else {
			err = s.SendMulti(gozeromq.NewMsgFrom(parts...))
		}
	}
	return err
}

func (s goZeromqSocket) receive(want message, n int) error {
	for n > 0 {
		msg, err := s.Recv()
		if err != nil {
			return err
		}
		ok, err := want.check(len(msg.Frames), len(msg.Frames[len(msg.Frames)-1]))
		if err != nil {
			return err
		}
		if ok {
			n--
		}
	}
	return nil
}

func (s goZeromqSocket) echo(n int) error {
	for ; n > 0; n-- {
		msg, err := s.Recv()
		if err != nil {
			return err
		}
		if err := s.Send(msg); err != nil {
			return err
		}
	}
	return nil
}

func (s goZeromqSocket) ask(part []byte, n int) error {
	for ; n > 0; n-- {
		if err := s.Send(gozeromq.NewMsg(part)); err != nil {
			return err
		}
		msg, err := s.Recv()
		if err != nil {
			return err
		}
		if _, err := (message{1, len(part)}).check(1, len(msg.Bytes())); err != nil {
			return err
		}
	}
	return nil
}

func (goZeromqLibrary) proxy(front, back socket) error {
	return gozeromq.NewProxy(context.Background(), front.(goZeromqSocket).Socket, back.(goZeromqSocket).Socket, nil).Run()
}

func (goZeromqLibrary) serve(socket, int) error { return errors.New("not measured") }

func (goZeromqLibrary) poll([]socket, bool) (func() error, error) {
	return nil, errors.New("no poller")
}
