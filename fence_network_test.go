// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// A peer of ZMTP 1.0 or 2.0 may say who it is after Unbind and Disconnect: they end its
// connection, and do not leave that to the next use of the socket.
func TestOldPeer(t *testing.T) {
	version2 := func(typ byte) []byte { return []byte{0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, typ} }
	for _, c := range []struct {
		typ         Type
		hello, same []byte // same is what another peer says, who is answered
	}{
		{ROUTER, version2(byte(DEALER)), version2(byte(DEALER))},
		{REP, version2(byte(REQ)), version2(byte(REQ))},
		{PUB, []byte{1}, version2(byte(SUB))},
		{XPUB, []byte{1}, version2(byte(SUB))},
	} {
		for _, binds := range onOff {
			t.Run(fmt.Sprint(c.typ, binds), func(t *testing.T) {
				inChildren(t, "zmtp_engine.cpp", func(t *testing.T) { oldPeer(t, c.typ, c.hello, c.same, binds) })
			})
		}
	}
}

func oldPeer(t *testing.T, typ Type, hello, same []byte, binds bool) {
	soc := newSocket(t, newContext(t), typ)
	var endpoint string
	var meet func() net.Conn
	if binds {
		endpoint = bindOn(t, soc, "tcp")
		meet = func() net.Conn {
			conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
			must(t, err)
			return conn
		}
	} else {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer l.Close()
		endpoint = "tcp://" + l.Addr().String()
		meet = func() net.Conn {
			must(t, soc.Connect(endpoint))
			conn, err := l.Accept()
			must(t, err)
			return conn
		}
	}
	var conns []net.Conn
	for _, text := range [][]byte{hello, same} { // once the second is answered, the first was read
		if !binds && len(conns) > 0 && typ == PUB {
			break // it connects only once
		}
		conn := meet()
		defer conn.Close()
		_, err := conn.Write(text)
		must(t, err)
		conns = append(conns, conn)
		if len(text) > 1 {
			must(t, conn.SetReadDeadline(time.Now().Add(patience)))
			_, err = io.ReadFull(conn, make([]byte, len(text)))
			must(t, err)
		}
	}
	if binds {
		must(t, soc.Unbind(endpoint))
	} else {
		must(t, soc.Disconnect(endpoint))
	}
	for _, conn := range conns {
		must(t, conn.SetReadDeadline(time.Now().Add(patience/4)))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the connection has not ended")
			conn.Write([]byte{0, 0})
			must(t, conn.SetReadDeadline(time.Now().Add(time.Second)))
			io.Copy(io.Discard, conn)
		}
	}
}

// What is sent right after Connect arrives, though the socket is closed at once.
func TestConnectSendClose(t *testing.T) {
	ctx := newContext(t)
	for i := range 100 {
		pull, push := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
		endpoint := bindOn(t, pull, "tcp")
		must(t, push.SetLinger(-1))
		push.Send("x", DONTWAIT) // libzmq does not look at commands again for 1 ms
		must(t, push.Connect(endpoint))
		_, err := push.Send("hello", DONTWAIT)
		must(t, err)
		must(t, push.Close())
		must(t, pull.SetRcvtimeo(patience))
		if _, err := pull.Recv(0); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		must(t, pull.Close())
	}
}

// Term does not wait for an XSUB whose connection broke before it was closed.
func TestTermAfterBreak(t *testing.T) {
	inChild(t, func(t *testing.T) {
		ctx := newContext(t)
		xsub := bareSocket(t, ctx, XSUB)
		must(t, xsub.SetLinger(-1))
		must(t, xsub.SetReconnectIvl(time.Millisecond))
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		must(t, xsub.Connect("tcp://"+l.Addr().String()))
		conn, err := l.Accept()
		must(t, err)
		greetZmtp(t, conn, 0, "PUB")
		_, err = xsub.GetEvents()
		must(t, err)
		retried := happens(t, xsub, EVENT_CONNECT_RETRIED)
		must(t, l.Close())
		must(t, conn.(*net.TCPConn).SetLinger(0))
		must(t, conn.Close())
		within(t, patience, "end", func() { <-retried })
		must(t, xsub.Close()) // the context is terminated when the test is over
	})
}

// A conflating socket that a peer sends messages of several parts receives no more.
func TestConflateParts(t *testing.T) {
	peers := map[Type]string{PULL: "PUSH", SUB: "PUB", DEALER: "DEALER"}
	for name, receive := range map[string]func(soc *Socket) error{
		"Recv":        func(soc *Socket) error { _, err := soc.Recv(0); return err },
		"RecvMessage": func(soc *Socket) error { _, err := soc.RecvMessage(0); return err },
		"RecvMsg":     func(soc *Socket) error { _, err := soc.RecvMsg(new(Msg), 0); return err },
		"RecvBatch": func(soc *Socket) error {
			_, err := soc.RecvBatch(context.Background(), new(Batch), 10)
			return err
		},
		"Proxy": func(soc *Socket) error {
			to, err := soc.s.ctx.NewSocket(DEALER)
			if err != nil {
				return err
			}
			defer to.Close()
			return Proxy(soc, to, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inChild(t, func(t *testing.T) {
				ctx := newContext(t)
				for typ, peer := range peers {
					soc := newSocket(t, ctx, typ)
					must(t, soc.SetConflate(true))
					if typ == SUB {
						must(t, soc.SetSubscribe(""))
					}
					p := dialZmtp(t, bindOn(t, soc, "tcp"), peer)
					p.sendPart("part", true)
					poller := NewPoller()
					poller.Add(soc, POLLIN)
					within(t, patience, "receive", func() {
						for range 3 {
							if err := receive(soc); !errors.Is(err, ENOTSUP) {
								t.Errorf("%v: %v", typ, err)
							}
							p.sendPart("part", true)
							p.sendPart("part", false)
							if polled, err := poller.Poll(-1); len(polled) != 1 || err != nil {
								t.Errorf("%v: Poll: %v, %v", typ, polled, err)
							}
							if ev, err := soc.GetEvents(); ev&POLLIN == 0 || err != nil {
								t.Errorf("%v: GetEvents: %v, %v", typ, ev, err)
							}
						}
					})
					must(t, soc.Close())
				}
			})
		})
	}
}

// When a connection ends that is not to be made again, libzmq drops all that has come by it:
// a message is received whole, or not at all.
func TestReconnectOff(t *testing.T) {
	peers := map[Type]string{PULL: "PUSH", SUB: "PUB", XSUB: "PUB", DEALER: "DEALER", ROUTER: "DEALER", REP: "REQ"}
	for typ, peer := range peers {
		for _, look := range onOff {
			t.Run(fmt.Sprint(typ, look), func(t *testing.T) {
				inChild(t, func(t *testing.T) {
					for range 5 {
						reconnectOff(t, typ, peer, look)
					}
				})
			})
		}
	}
}

func reconnectOff(t *testing.T, typ Type, peer string, look bool) {
	soc := newSocket(t, newContext(t), typ)
	must(t, soc.SetReconnectIvl(-1))
	if typ == SUB {
		must(t, soc.SetSubscribe(""))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	disconnected := happens(t, soc, EVENT_DISCONNECTED)
	must(t, soc.Connect("tcp://"+l.Addr().String()))
	conn, err := l.Accept()
	must(t, err)
	defer conn.Close()
	p := greetZmtp(t, conn, 0, peer)
	parts := make([]string, 300)
	p.send(parts...)
	if look {
		eventually(t, "message", func() bool { ev, err := soc.GetEvents(); must(t, err); return ev&POLLIN != 0 })
	} else {
		go io.Copy(io.Discard, conn)
	}
	must(t, conn.(*net.TCPConn).CloseWrite())
	within(t, patience, "end", func() { <-disconnected })
	push, pull := newSocket(t, soc.s.ctx, PUSH), newSocket(t, soc.s.ctx, PULL)
	must(t, push.Connect(bindOn(t, pull, "tcp")))
	handshake(t, push, pull) // by then the I/O thread has told the socket
	for range 2 {
		m, err := soc.RecvMessage(DONTWAIT)
		if err == nil && len(m) < len(parts)-1 { // REP has no empty part, ROUTER has one more
			t.Fatalf("%d parts", len(m))
		}
		if err != nil && err != eagain && err != EFSM {
			t.Fatal(err)
		}
		if ev, err := soc.GetEvents(); err != nil || !look && ev&POLLIN != 0 {
			t.Errorf("events %v, %v", ev, err)
		}
	}
}

// Connect with a routing id does not take any number of messages to find out whether a peer has it.
func TestConnectRidBusy(t *testing.T) {
	ctx := newContext(t)
	router, dealer, other := newSocket(t, ctx, ROUTER), newSocket(t, ctx, DEALER), newSocket(t, ctx, ROUTER)
	must(t, errors.Join(router.SetRcvhwm(0), dealer.SetSndhwm(0)))
	must(t, dealer.Connect(bindOn(t, router, "inproc")))
	endpoint := bindOn(t, other, "inproc")
	const n = 20_000
	for range n {
		send(t, dealer, "x")
	}
	must(t, router.SetConnectRid("id"))
	for range 3 {
		if err := router.Connect(endpoint); err != EADDRINUSE {
			t.Error(err)
		}
	}
	for range n {
		_, err := router.RecvMessage(DONTWAIT)
		must(t, err)
	}
	must(t, router.Connect(endpoint))
}

// Term does not wait for connections that their peers end just when the socket is closed.
func TestTermWhileBreaking(t *testing.T) {
	inChild(t, func(t *testing.T) {
		large := make([]byte, 1<<20)
		for range 10 { // without the fence one of them hangs
			ctx := newContext(t)
			push := bareSocket(t, ctx, PUSH)
			must(t, push.SetLinger(-1))
			must(t, push.SetSndhwm(5))
			endpoint := bindOn(t, push, "tcp")
			var conns []*net.TCPConn
			for range 30 {
				conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
				must(t, err)
				greetZmtp(t, conn, 0, "PULL")
				conns = append(conns, conn.(*net.TCPConn))
			}
			must(t, push.SetSndtimeo(50*time.Millisecond))
			var err error
			for err == nil {
				_, err = push.SendBytes(large, 0)
			}
			must(t, push.SetLinger(0))
			for _, conn := range conns {
				must(t, conn.SetLinger(0))
				must(t, conn.Close())
			}
			must(t, push.Close())
			within(t, patience, "Term", func() { ctx.Term() })
		}
	})
}
