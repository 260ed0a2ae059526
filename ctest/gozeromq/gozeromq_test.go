// SPDX-License-Identifier: BSD-2-Clause

// Package gozeromq tests zmq4 against github.com/go-zeromq/zmq4, which is
// written in Go, without libzmq. It is a module of its own so that nobody else
// needs that one.
package gozeromq

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	pure "github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/security/plain"
	zmq "github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/ctest"
)

// ours is a ctest.Messenger over a socket of ours.
type ours struct{ *zmq.Socket }

func (m ours) Recv() ([][]byte, error) { return m.RecvMessageBytes(0) }

func (m ours) Send(parts [][]byte) error {
	_, err := m.SendMessage(parts)
	return err
}

// theirs is a ctest.Messenger over a socket of go-zeromq.
type theirs struct{ pure.Socket }

func (m theirs) Recv() ([][]byte, error) {
	msg, err := m.Socket.Recv()
	return msg.Frames, err
}

func (m theirs) Send(parts [][]byte) error { return m.SendMulti(pure.NewMsgFrom(parts...)) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newOurs makes a socket, in a context of its own, that ends with the test. The tests of
// package ctest have the same, which another module cannot import.
func newOurs(t *testing.T, typ zmq.Type) *zmq.Socket {
	ctx, err := zmq.NewContext()
	must(t, err)
	soc, err := ctx.NewSocket(typ)
	must(t, err)
	t.Cleanup(func() {
		soc.SetLinger(0)
		soc.Close()
		must(t, ctx.Term())
	})
	must(t, soc.SetRcvtimeo(ctest.Limit))
	must(t, soc.SetSndtimeo(ctest.Limit))
	return soc
}

// newTheirs makes a socket that ends with the test, and after a while.
func newTheirs(t *testing.T, typ string, opts ...pure.Option) pure.Socket {
	ctx, cancel := context.WithTimeout(context.Background(), ctest.Limit)
	t.Cleanup(cancel)
	makers := map[string]func(context.Context, ...pure.Option) pure.Socket{
		"REQ": pure.NewReq, "REP": pure.NewRep, "DEALER": pure.NewDealer, "ROUTER": pure.NewRouter,
		"PUB": pure.NewPub, "SUB": pure.NewSub, "XPUB": pure.NewXPub, "XSUB": pure.NewXSub,
		"PUSH": pure.NewPush, "PULL": pure.NewPull, "PAIR": pure.NewPair,
	}
	soc := makers[typ](ctx, opts...)
	t.Cleanup(func() { soc.Close() })
	return soc
}

// link connects two sockets.
func link(t *testing.T, a *zmq.Socket, b pure.Socket, transport string, theyBind bool) {
	endpoint := map[string]string{"tcp": "tcp://127.0.0.1:*", "ipc": "ipc://" + tempFile(t)}[transport]
	if theyBind {
		must(t, b.Listen(endpoint))
		if transport == "tcp" {
			endpoint = "tcp://" + b.Addr().String()
		}
		must(t, a.Connect(endpoint))
		return
	}
	must(t, a.Bind(endpoint))
	endpoint, err := a.GetLastEndpoint()
	must(t, err)
	must(t, b.Dial(endpoint))
}

// tempFile returns a short path: an ipc socket's has a limit.
func tempFile(t *testing.T) string {
	dir, err := os.MkdirTemp("", "ctest")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// exchange plays both sides.
func exchange(t *testing.T, a *zmq.Socket, b pure.Socket, role string, count int) {
	t.Helper()
	synced := make(chan struct{})
	sync := func() { close(synced) }
	typ, err := a.GetType()
	must(t, err)
	theirType := string(b.Type())
	if theirType == "XPUB" {
		theirType = "PUB" // its Recv does not return subscriptions
	}
	us := &ctest.Player{Messenger: ours{a}, Type: typ.String(), Count: count, Sync: synced, Synced: sync}
	them := &ctest.Player{Messenger: theirs{b}, Type: theirType, Count: count, Sync: synced, Synced: sync}
	errs := make(chan error, 2)
	go func() { errs <- us.Play(ctest.Other[role]) }()
	go func() { errs <- them.Play(role) }()
	for range 2 {
		select {
		case err = <-errs:
		case <-time.After(2 * ctest.Limit): // by then the sockets have given up
			err = errors.New("not done in time")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestPatterns has a list of its own, beside that of package ctest: go-zeromq cannot do all
// that libzmq can, and this is another module.
func TestPatterns(t *testing.T) {
	for _, transport := range []string{"tcp", "ipc"} {
		for _, theyBind := range []bool{true, false} {
			for _, p := range []struct {
				theirs string
				ours   zmq.Type
				role   string
			}{
				{"REQ", zmq.REP, "request"},
				{"REP", zmq.REQ, "echo"},
				{"REQ", zmq.ROUTER, "request"},
				{"ROUTER", zmq.REQ, "echo"},
				{"DEALER", zmq.ROUTER, "request"},
				{"ROUTER", zmq.DEALER, "echo"},
				{"DEALER", zmq.DEALER, "request"},
				{"DEALER", zmq.DEALER, "echo"},
				{"PUSH", zmq.PULL, "send"},
				{"PULL", zmq.PUSH, "recv"},
				{"PUB", zmq.SUB, "send"},
				{"SUB", zmq.PUB, "recv"},
				{"XPUB", zmq.SUB, "send"},
				{"XSUB", zmq.PUB, "recv"},
				{"PAIR", zmq.PAIR, "request"},
				{"PAIR", zmq.PAIR, "echo"},
				{"PAIR", zmq.PAIR, "send"},
				{"PAIR", zmq.PAIR, "recv"},
			} {
				t.Run(fmt.Sprintf("%s/theyBind=%v/%s-%v-%s", transport, theyBind, p.theirs, p.ours, p.role), func(t *testing.T) {
					if theyBind && (p.theirs == "REQ" || p.theirs == "XSUB") {
						t.Skip("it does not wait until it is connected")
					}
					a, b := newOurs(t, p.ours), newTheirs(t, p.theirs)
					switch p.ours {
					case zmq.SUB:
						must(t, a.SetSubscribe("m"))
						fallthrough
					case zmq.PUB:
						must(t, a.SetSndhwm(0))
						must(t, a.SetRcvhwm(0))
					}
					if p.theirs == "SUB" {
						must(t, b.SetOption(pure.OptionSubscribe, "m"))
					}
					link(t, a, b, transport, theyBind)
					if p.theirs == "XSUB" {
						must(t, b.Send(pure.NewMsgString("\x01m")))
					}
					count := 1000
					if p.ours == zmq.PULL || p.ours == zmq.PUSH {
						count = 25_000 // 50,000 by each transport
						if testing.Short() {
							count = 1000
						}
					}
					exchange(t, a, b, p.role, count)
				})
			}
		}
	}
}

func TestPlain(t *testing.T) {
	must(t, zmq.AuthStart())
	t.Cleanup(zmq.AuthStop)
	zmq.AuthPlainAdd("gozeromq", "user", "password")
	t.Run("our server", func(t *testing.T) {
		a, b := newOurs(t, zmq.REP), newTheirs(t, "REQ", pure.WithSecurity(plain.Security("user", "password")))
		must(t, a.ServerAuthPlain("gozeromq"))
		link(t, a, b, "tcp", false)
		exchange(t, a, b, "request", 1000)
	})
	t.Run("refused", func(t *testing.T) {
		a, b := newOurs(t, zmq.REP), newTheirs(t, "REQ", pure.WithSecurity(plain.Security("user", "wrong")), pure.WithDialerMaxRetries(1))
		must(t, a.ServerAuthPlain("gozeromq"))
		must(t, a.Bind("tcp://127.0.0.1:*"))
		endpoint, err := a.GetLastEndpoint()
		must(t, err)
		if err := b.Dial(endpoint); err == nil {
			t.Error("Dial with a wrong password: no error")
		}
	})
}
