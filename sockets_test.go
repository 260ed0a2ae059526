// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// infoOf returns what the context tells of a socket.
func infoOf(t testing.TB, soc *Socket) (info SocketInfo) {
	t.Helper()
	for _, info = range soc.s.ctx.Sockets() {
		if *info.Socket == *soc {
			return info
		}
	}
	t.Fatalf("%v is not among the open sockets", soc)
	return info
}

func TestSockets(t *testing.T) {
	ctx := newContext(t)
	if list := ctx.Sockets(); len(list) != 0 {
		t.Errorf("%v in a new context", list)
	}
	before := time.Now()
	pull, err := ctx.OpenSocket(PULL, Linger(0), HighWaterMarks(7, 8), Timeouts(-1, time.Second), Identity("me"))
	must(t, err)
	defer pull.Close()
	push := newSocket(t, ctx, PUSH)
	must(t, push.SetLinger(-1))
	endpoint := bindOn(t, pull, "tcp")
	must(t, push.Connect(endpoint))
	must(t, push.Connect("inproc://later"))
	send(t, push, "12345")
	expect(t, pull, "12345")

	list := ctx.Sockets()
	if len(list) != 2 || *list[0].Socket != *pull || *list[1].Socket != *push || list[0].ID >= list[1].ID {
		t.Fatalf("%v", list)
	}
	in, out := list[0], list[1]
	if in.Type != PULL || !slices.Equal(in.Bound, []string{endpoint}) || in.Connected != nil || in.Origin != nil {
		t.Errorf("%+v", in)
	}
	if in.Created.Before(before) || in.Created.After(time.Now()) {
		t.Errorf("created at %v", in.Created)
	}
	if !slices.Equal(out.Connected, []string{endpoint, "inproc://later"}) || out.Bound != nil {
		t.Errorf("%+v", out)
	}
	want := "map[identity:me linger:0s rcvhwm:8 rcvtimeo:1s security:NULL sndhwm:7 sndtimeo:-1]"
	if got := fmt.Sprint(in.Options); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if out.Options["linger"] != "-1" {
		t.Errorf("%v", out.Options)
	}
	if in.Stats.BytesReceived != 5 || out.Stats.BytesSent != 5 {
		t.Errorf("%v, %v", in.Stats, out.Stats)
	}
	if got, want := in.String(), "PULL bound "+endpoint; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	must(t, push.Close())
	if list := ctx.Sockets(); len(list) != 1 {
		t.Errorf("%v", list)
	}
	for _, ctx := range []*Context{nil, {}} {
		if list := ctx.Sockets(); list != nil {
			t.Errorf("%v", list)
		}
	}
}

// Endpoints come and go.
func TestSocketsEndpoints(t *testing.T) {
	ctx := newContext(t)
	soc := newSocket(t, ctx, DEALER)
	check := func(bound, connected string) {
		t.Helper()
		info := infoOf(t, soc)
		if got := strings.Join(info.Bound, " "); got != bound {
			t.Errorf("bound to %q, want %q", got, bound)
		}
		if got := strings.Join(info.Connected, " "); got != connected {
			t.Errorf("connected to %q, want %q", got, connected)
		}
	}
	must(t, soc.Bind("tcp://127.0.0.1:*"))
	endpoint, err := soc.GetLastEndpoint()
	must(t, err)
	check(endpoint, "")
	must(t, soc.Bind("tcp://*:*"))
	all, err := soc.GetLastEndpoint()
	must(t, err)
	must(t, soc.Bind("inproc://a"))
	check(endpoint+" "+all+" inproc://a", "")
	must(t, soc.Connect("inproc://b"))
	must(t, soc.Connect("tcp://127.0.0.1:1"))
	must(t, soc.Connect("tcp://127.0.0.1:1")) // does nothing
	check(endpoint+" "+all+" inproc://a", "inproc://b tcp://127.0.0.1:1")
	if err := soc.Connect("nonsense"); err == nil {
		t.Error("nonsense")
	}
	if err := soc.Disconnect("tcp://127.0.0.1:2"); err == nil {
		t.Error("disconnected")
	}
	must(t, soc.Disconnect("tcp://127.0.0.1:1"))
	must(t, soc.Disconnect("inproc://b"))
	must(t, soc.Unbind(endpoint))
	check(all+" inproc://a", "")
	must(t, soc.Unbind(all))
	must(t, soc.Unbind("inproc://a"))
	check("", "")

	// Connections over inproc end without that the socket is told.
	for i := range mostUses + 10 {
		soc.s.mu.Lock()
		soc.s.noteUse(fmt.Sprint("inproc://", i), false)
		soc.s.mu.Unlock()
	}
	info := infoOf(t, soc)
	if n := len(info.Connected); n != mostUses || info.Connected[n-1] != fmt.Sprint("inproc://", mostUses+9) {
		t.Errorf("%d endpoints", n)
	}
	if want := "DEALER connected inproc://10 inproc://11 inproc://12 and 1997 more"; info.String() != want {
		t.Errorf("%v, want %s", info, want)
	}
}

// It tells who waits.
func TestSocketsWaiting(t *testing.T) {
	ctx := newContext(t)
	soc, other := newSocket(t, ctx, DEALER), newSocket(t, ctx, DEALER)
	bindOn(t, soc, "inproc")
	bindOn(t, other, "inproc")
	c, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error)
	waits := func(receiving, sending, polling int) func() bool {
		return func() bool {
			info := infoOf(t, soc)
			return info.Receiving == receiving && info.Sending == sending && info.Polling == polling
		}
	}
	wait := func(f func() error) { go func() { done <- f() }() }
	wait(func() error { _, err := soc.RecvMessageContext(c); return err })
	eventually(t, "a receiver", waits(1, 0, 0))
	wait(func() error { _, err := soc.SendMessageContext(c, "x"); return err }) // no peer
	eventually(t, "a sender", waits(1, 1, 0))
	p := NewPoller()
	p.Add(soc, POLLIN)
	wait(func() error { _, err := p.PollContext(c); return err })
	eventually(t, "a poll of one socket", waits(1, 1, 1))
	q := NewPoller()
	q.Add(soc, POLLIN)
	q.Add(other, POLLIN)
	wait(func() error { _, err := q.PollContext(c); return err })
	eventually(t, "a poll of two", waits(1, 1, 2))
	if s := infoOf(t, soc).String(); !strings.HasSuffix(s, ", 4 waiting") {
		t.Error(s)
	}
	cancel()
	for range 4 {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	eventually(t, "nobody", waits(0, 0, 0))
}

// What the package uses itself is left out.
func TestSocketsInternal(t *testing.T) {
	ctx := newContext(t)
	soc := newSocket(t, ctx, PULL)
	auth, err := NewAuthenticator(ctx, nil)
	must(t, err)
	defer auth.Close()
	must(t, soc.Monitor("inproc://monitor", EVENT_ALL))
	other := newSocket(t, ctx, PUSH)
	logEvents(t.Context(), other, EVENT_ALL)
	if list := ctx.Sockets(); len(list) != 2 || ctx.c.sockets.count() < 5 {
		t.Errorf("%v of %d", list, ctx.c.sockets.count())
	}
}

// The setting is for the sockets that are made after it.
func TestSocketsOrigin(t *testing.T) {
	ctx := newContext(t)
	before := newSocket(t, ctx, PULL)
	RecordOrigins.Store(true)
	defer RecordOrigins.Store(false)
	made, err := ctx.NewSocket(PULL)
	must(t, err)
	defer made.Close()
	opened, err := ctx.OpenSocket(PULL)
	must(t, err)
	defer opened.Close()
	global, err := OpenSocket(PULL)
	must(t, err)
	defer global.Close()
	_, file, line, _ := runtime.Caller(0)
	if o := infoOf(t, before).Origin; o != nil {
		t.Errorf("%v before", o)
	}
	for i, soc := range []*Socket{made, opened, global} {
		info := infoOf(t, soc)
		if len(info.Origin) < 2 || !strings.HasSuffix(info.Origin[0].Function, ".TestSocketsOrigin") || info.Origin[0].File != file {
			t.Fatalf("%d: %v", i, info.Origin)
		}
		if n := info.Origin[0].Line; n != line-9+3*i {
			t.Errorf("%d: line %d", i, n)
		}
		if s := info.String(); !strings.HasSuffix(s, fmt.Sprintf(", made at %s:%d", file, info.Origin[0].Line)) {
			t.Error(s)
		}
	}
	if list := Sockets(); !slices.ContainsFunc(list, func(i SocketInfo) bool { return *i.Socket == *global }) {
		t.Errorf("%v in the default context", list)
	}
}

// The error of a TermContext whose time is over says what it waits for.
func TestTermContextNames(t *testing.T) {
	for _, test := range []struct {
		name string
		open func(t *testing.T, ctx *Context) []*Socket
		want string
	}{
		{"one", func(t *testing.T, ctx *Context) []*Socket {
			soc := newSocket(t, ctx, PULL)
			must(t, soc.Bind("inproc://a"))
			return []*Socket{soc}
		}, "1 socket is open: PULL bound inproc://a"},
		{"two", func(t *testing.T, ctx *Context) []*Socket {
			return []*Socket{newSocket(t, ctx, PUB), newSocket(t, ctx, SUB)}
		}, "2 sockets are open: PUB; SUB"},
		{"many", func(t *testing.T, ctx *Context) (list []*Socket) {
			for range 12 {
				list = append(list, newSocket(t, ctx, PUB))
			}
			return list
		}, "12 sockets are open: " + strings.Repeat("PUB; ", 10) + "and 2 more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx := newContext(t)
			list := test.open(t, ctx)
			want := "zmq4: term: context canceled: " + test.want
			over, cancel := context.WithCancel(t.Context())
			cancel()
			err := ctx.TermContext(over)
			var op *OpError
			if err == nil || err.Error() != want || !errors.Is(err, context.Canceled) || !errors.As(err, &op) {
				t.Errorf("%v\nwant %s", err, want)
			}
			eventually(t, "the end", func() bool { return ctx.Shutdown() == nil && ctx.c.ended.Load() })
			for _, soc := range list {
				soc.GetEvents() // notices the end
			}
			if infos := ctx.Sockets(); len(infos) != len(list) || infos[0].Options != nil {
				t.Errorf("%+v", infos)
			}
			for _, soc := range list {
				soc.Close()
			}
		})
	}
	t.Run("linger", func(t *testing.T) {
		ctx := newContext(t)
		push := bareSocket(t, ctx, PUSH)
		l, err := net.Listen("tcp", "127.0.0.1:0") // which answers nobody at first
		must(t, err)
		defer l.Close()
		must(t, push.Connect("tcp://"+l.Addr().String()))
		send(t, push, "x")
		must(t, push.Close())
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if err := ctx.TermContext(over); err == nil || !strings.Contains(err.Error(), "all sockets are closed, but some linger") {
			t.Error(err)
		}
		// Somebody takes the message, so that the context ends.
		rest := newSocket(t, newContext(t), PULL)
		front, err := l.Accept()
		must(t, err)
		back, err := net.Dial("tcp", strings.TrimPrefix(bindOn(t, rest, "tcp"), "tcp://"))
		must(t, err)
		var copies sync.WaitGroup
		defer copies.Wait()
		defer front.Close()
		defer back.Close()
		copies.Go(func() { io.Copy(back, front) })
		copies.Go(func() { io.Copy(front, back) })
		expect(t, rest, "x")
	})
}
