// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestOpenSocket(t *testing.T) {
	ctx := newContext(t)
	open := func(typ Type, options ...OpenOption) *Socket {
		t.Helper()
		soc, err := ctx.OpenSocket(typ, options...)
		must(t, err)
		t.Cleanup(func() { soc.Close() })
		return soc
	}
	// Bind comes first here, but is done last: high-water marks count.
	pub := open(XPUB, Bind("inproc://open-a", "inproc://open-b"), Linger(0), HighWaterMarks(5, 6), Timeouts(time.Second, 2*time.Second))
	sub := open(SUB, Connect("inproc://open-a", "inproc://open-b"), Subscribe("x", "y"), Linger(0), Identity("me"))
	for range 4 { // two filters by two connections; XPUB passes on what is new
		if m, err := pub.Recv(DONTWAIT); err == nil && m != "\x01x" && m != "\x01y" {
			t.Errorf("subscription %q", m)
		}
	}
	send(t, pub, "x1")
	if m, err := sub.Recv(0); m != "x1" || err != nil {
		t.Errorf("%q, %v", m, err)
	}
	sndhwm, _ := pub.GetSndhwm()
	rcvhwm, _ := pub.GetRcvhwm()
	sndtimeo, _ := pub.GetSndtimeo()
	rcvtimeo, _ := pub.GetRcvtimeo()
	id, _ := sub.GetIdentity()
	if got, want := fmt.Sprint(sndhwm, " ", rcvhwm, " ", sndtimeo, " ", rcvtimeo, " ", id), "5 6 1s 2s me"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}

	public, secret, err := NewCurveKeypair()
	must(t, err)
	server := open(REP, CurveServer("global", secret), Bind("tcp://127.0.0.1:*"))
	if m, err := server.GetMechanism(); m != CURVE || err != nil {
		t.Errorf("%v, %v", m, err)
	}
	client := open(REQ, CurveClient(public, public, secret))
	if m, err := client.GetMechanism(); m != CURVE || err != nil {
		t.Errorf("%v, %v", m, err)
	}
	if m, _ := open(REP, PlainServer("d")).GetMechanism(); m != PLAIN {
		t.Errorf("%v", m)
	}
	if m, _ := open(REQ, PlainClient("u", "p"), OpenOption{}).GetMechanism(); m != PLAIN {
		t.Errorf("%v", m)
	}
}

func TestOpenSocketErrors(t *testing.T) {
	ctx := newContext(t)
	odd := errors.New("odd")
	for want, options := range map[string][]OpenOption{
		"zmq4: bind PUB: nonsense: no transport":                            {Bind("nonsense")},
		"zmq4: connect PUB: x: no transport":                                {Connect("tcp://a:1", "x")},
		"zmq4: identity PUB: ":                                              {Identity(strings.Repeat("x", 256)), Bind("nonsense")},
		"zmq4: high-water marks PUB: ":                                      {HighWaterMarks(-1, 0)},
		"zmq4: subscribe PUB: ":                                             {Subscribe("")},
		"zmq4: CURVE server PUB: the secret key has 3 characters, not 40: ": {CurveServer("", "bad")},
		"zmq4: mine PUB: odd":                                               {Configure("mine", func(*Socket) error { return odd })},
	} {
		soc, err := ctx.OpenSocket(PUB, options...)
		var op *OpError
		if soc != nil || !errors.As(err, &op) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, %v, want %q", soc, err, want)
		}
	}
	if _, err := ctx.OpenSocket(Type(1000)); !errors.Is(err, einval) {
		t.Error(err)
	}
	must(t, ctx.Shutdown())
	if _, err := ctx.OpenSocket(PUB); !errors.Is(err, ErrorContextClosed) {
		t.Error(err)
	}
}

func ExampleOpenSocket() {
	server, err := OpenSocket(REP, Bind("inproc://open"), Linger(0))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	_, err = OpenSocket(SUB, Subscribe("weather"), Connect("no endpoint"))
	fmt.Println(err)
	// Output: zmq4: connect SUB: "no endpoint": no transport, such as tcp:// or ipc://: invalid argument
}
