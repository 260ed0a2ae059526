// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestOpenSocket(t *testing.T) {
	ctx := newContext(t)
	open := func(typ Type, options ...SocketOption) *Socket {
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
	if m, _ := open(REQ, PlainClient("u", "p"), SocketOption{}).GetMechanism(); m != PLAIN {
		t.Errorf("%v", m)
	}
}

func TestOpenSocketErrors(t *testing.T) {
	ctx := newContext(t)
	odd := errors.New("odd")
	for want, options := range map[string][]SocketOption{
		"zmq4: bind nonsense PUB: ":        {Bind("nonsense")},
		"zmq4: connect tcp://a:1, x PUB: ": {Connect("tcp://a:1", "x")},
		"zmq4: identity PUB: ":             {Identity(strings.Repeat("x", 256)), Bind("nonsense")},
		"zmq4: high-water marks PUB: ":     {HighWaterMarks(-1, 0)},
		"zmq4: subscribe PUB: ":            {Subscribe("")},
		"zmq4: CURVE server PUB: ":         {CurveServer("", "bad")},
		"zmq4: mine PUB: odd":              {Configure("mine", func(*Socket) error { return odd })},
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

func TestOptionByNumber(t *testing.T) {
	soc := newSocket(t, newContext(t), DEALER)
	const affinity, identity, maxmsgsize, linger, ipv6, backlog, plainUsername = 4, 5, 22, 17, 42, 19, 45
	for _, tt := range []struct {
		option     int
		value, got any
		want       string
	}{
		{backlog, 7, new(int), "7"},
		{ipv6, true, new(bool), "true"},
		{linger, 1500 * time.Microsecond, new(time.Duration), "2ms"},
		{linger, -time.Hour, new(time.Duration), "-1ns"},
		{maxmsgsize, int64(1) << 40, new(int64), fmt.Sprint(1 << 40)},
		{affinity, uint64(1)<<40 + 1, new(uint64), fmt.Sprint(1<<40 + 1)},
		{identity, "a\x00b", new(string), "a\x00b"},
		{identity, []byte("bytes"), new([]byte), "[98 121 116 101 115]"},
		{plainUsername, "user", new(string), "user\x00"},
	} {
		if err := soc.SetOption(tt.option, tt.value); err != nil {
			t.Errorf("option %d = %v: %v", tt.option, tt.value, err)
		}
		if err := soc.GetOption(tt.option, tt.got); err != nil {
			t.Errorf("option %d: %v", tt.option, err)
		}
		var got string
		switch v := tt.got.(type) {
		case *int:
			got = fmt.Sprint(*v)
		case *bool:
			got = fmt.Sprint(*v)
		case *time.Duration:
			got = fmt.Sprint(*v)
		case *int64:
			got = fmt.Sprint(*v)
		case *uint64:
			got = fmt.Sprint(*v)
		case *string:
			got = *v
		case *[]byte:
			got = fmt.Sprint(*v)
		}
		if got != tt.want {
			t.Errorf("option %d: %q, want %q", tt.option, got, tt.want)
		}
	}
	for _, bad := range []struct {
		option int
		value  any
	}{{backlog, "texts"}, {backlog, int64(1)}, {backlog, 1 << 40}, {-1, 1}, {1 << 40, 1}, {100000, 1}, {backlog, 1.5}, {backlog, nil}} {
		if err := soc.SetOption(bad.option, bad.value); !errors.Is(err, einval) {
			t.Errorf("set option %d = %v: %v", bad.option, bad.value, err)
		}
		if err := soc.GetOption(bad.option, bad.value); !errors.Is(err, einval) {
			t.Errorf("get option %d: %v", bad.option, err)
		}
	}
	// What the package itself goes by is noticed.
	must(t, soc.SetOption(27, time.Millisecond)) // ZMQ_RCVTIMEO
	within(t, patience, "Recv", func() {
		if _, err := soc.Recv(0); err != eagain {
			t.Error(err)
		}
	})
}

func TestSocketPoll(t *testing.T) {
	x, y := socketPair(t, "inproc", PAIR, PAIR)
	for _, timeout := range []time.Duration{0, time.Millisecond} {
		if ev, err := x.Poll(POLLIN, timeout); ev != 0 || err != nil {
			t.Errorf("Poll(%v) = %v, %v", timeout, ev, err)
		}
	}
	if ev, err := x.Poll(POLLIN|POLLOUT, -1); ev != POLLOUT || err != nil {
		t.Errorf("Poll = %v, %v", ev, err)
	}
	const pollers = 4
	done := make(chan error, pollers)
	for range pollers { // one message wakes them all: none of them takes it
		go func() {
			ev, err := x.Poll(POLLIN, -1)
			if err == nil && ev != POLLIN {
				err = fmt.Errorf("polled %v", ev)
			}
			done <- err
		}()
	}
	waitParked(t, x, pollers)
	send(t, y, "m")
	within(t, patience, "Poll", func() {
		for range pollers {
			must(t, <-done)
		}
	})
	if m, err := x.RecvMessageBytesContext(context.Background()); len(m) != 1 || err != nil {
		t.Errorf("%q, %v", m, err)
	}
	go func() { _, err := x.Poll(POLLIN, -1); done <- err }()
	waitParked(t, x, 1)
	must(t, x.Close())
	within(t, patience, "Close", func() {
		err := <-done
		var op *OpError
		if !errors.As(err, &op) || op.Op != "poll" || op.Err != ErrorSocketClosed {
			t.Error(err)
		}
	})
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
	// Output: zmq4: connect no endpoint SUB: invalid argument
}
