// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"math"
	"time"

	zmq "github.com/pebbe/zmq4"
)

var contextInts = []struct {
	name string
	set  func(*zmq.Context, int) error
	get  func(*zmq.Context) (int, error)
}{
	{"IoThreads", (*zmq.Context).SetIoThreads, (*zmq.Context).GetIoThreads},
	{"MaxSockets", (*zmq.Context).SetMaxSockets, (*zmq.Context).GetMaxSockets},
	{"MaxMsgsz", (*zmq.Context).SetMaxMsgsz, (*zmq.Context).GetMaxMsgsz},
	{"ThreadSchedPolicy", (*zmq.Context).SetThreadSchedPolicy, nil},
	{"ThreadPriority", (*zmq.Context).SetThreadPriority, nil},
}

var contextBools = []struct {
	name string
	set  func(*zmq.Context, bool) error
	get  func(*zmq.Context) (bool, error)
}{
	{"Ipv6", (*zmq.Context).SetIpv6, (*zmq.Context).GetIpv6},
	{"Blocky", (*zmq.Context).SetBlocky, (*zmq.Context).GetBlocky},
}

var odd = []int{
	0, 1, 2, 1023, 1024, 1025, 65535, 1 << 20, 1<<20 + 1, math.MaxInt32, 1 << 32, 1<<32 + 7, -1, -2, math.MinInt32, math.MinInt32 - 1,
}

func contexts() {
	for _, o := range contextInts {
		if o.get != nil {
			ctx := got(zmq.NewContext())
			say("Get"+o.name, v(o.get(ctx))...)
			must(ctx.Term())
		}
		for _, value := range odd {
			ctx := got(zmq.NewContext())
			label := fmt.Sprintf("Set%s(%d)", o.name, value)
			if o.get == nil {
				say(label, o.set(ctx, value))
			} else {
				before, err, after := got(o.get(ctx)), o.set(ctx, value), 0
				if after = got(o.get(ctx)); err == nil || after != before {
					say(label, raw(fmt.Sprint(text(err), " then ", after)))
				} else {
					say(label, err)
				}
			}
			must(ctx.Term())
		}
	}
	for _, o := range contextBools {
		ctx := got(zmq.NewContext())
		say("Get"+o.name, v(o.get(ctx))...)
		for i, value := range []bool{true, false, true} {
			say(fmt.Sprintf("Set%s(%v) %d", o.name, value, i), o.set(ctx, value))
			say(fmt.Sprintf("Get%s after %v %d", o.name, value, i), v(o.get(ctx))...)
			if i == 0 {
				soc := got(ctx.NewSocket(zmq.PULL))
				say("a socket after "+o.name, raw(fmt.Sprint(soc.GetIpv6())), raw(fmt.Sprint(soc.GetLinger())))
				must(soc.Close())
			}
		}
		must(ctx.Term())
	}
	ctx := got(zmq.NewContext())
	must(ctx.SetBlocky(false))
	soc := got(ctx.NewSocket(zmq.PULL))
	say("GetLinger without Blocky", v(soc.GetLinger())...)
	must(soc.Close())
	must(ctx.Term())

	// Options that come too late.
	ctx = got(zmq.NewContext())
	soc = got(ctx.NewSocket(zmq.PULL))
	for _, o := range contextInts {
		say("Set"+o.name+" late", o.set(ctx, 2))
		if o.get != nil {
			say("Get"+o.name+" late", v(o.get(ctx))...)
		}
	}
	must(soc.Close())

	say("GetRetryAfterEINTR", ctx.GetRetryAfterEINTR())
	ctx.SetRetryAfterEINTR(false)
	say("GetRetryAfterEINTR after false", ctx.GetRetryAfterEINTR())
	ctx.SetRetryAfterEINTR(true)
	say("GetRetryAfterEINTR after true", ctx.GetRetryAfterEINTR())
	must(ctx.Term())
}

func defaultContext() {
	say("GetIoThreads", v(zmq.GetIoThreads())...)
	say("GetMaxSockets", v(zmq.GetMaxSockets())...)
	say("GetMaxMsgsz", v(zmq.GetMaxMsgsz())...)
	say("GetIpv6", v(zmq.GetIpv6())...)
	say("GetBlocky", v(zmq.GetBlocky())...)
	say("GetRetryAfterEINTR", zmq.GetRetryAfterEINTR())
	set := func() {
		say("SetIoThreads(2)", zmq.SetIoThreads(2), raw(fmt.Sprint(zmq.GetIoThreads())))
		say("SetIoThreads(-1)", zmq.SetIoThreads(-1), raw(fmt.Sprint(zmq.GetIoThreads())))
		say("SetMaxSockets(20)", zmq.SetMaxSockets(20), raw(fmt.Sprint(zmq.GetMaxSockets())))
		say("SetMaxSockets(0)", zmq.SetMaxSockets(0), raw(fmt.Sprint(zmq.GetMaxSockets())))
		say("SetMaxMsgsz(100)", zmq.SetMaxMsgsz(100), raw(fmt.Sprint(zmq.GetMaxMsgsz())))
		say("SetIpv6(true)", zmq.SetIpv6(true), raw(fmt.Sprint(zmq.GetIpv6())))
		say("SetBlocky(false)", zmq.SetBlocky(false), raw(fmt.Sprint(zmq.GetBlocky())))
		say("SetThreadSchedPolicy(-1)", zmq.SetThreadSchedPolicy(-1))
		say("SetThreadPriority(-1)", zmq.SetThreadPriority(-1))
		zmq.SetRetryAfterEINTR(false)
		say("SetRetryAfterEINTR(false)", zmq.GetRetryAfterEINTR())
		zmq.SetRetryAfterEINTR(true)
	}
	set()
	soc := got(zmq.NewSocket(zmq.PULL))
	say("a socket", raw(fmt.Sprint(soc.GetIpv6())), raw(fmt.Sprint(soc.GetLinger())))
	ctx := got(soc.Context())
	say("its context", raw(fmt.Sprint(ctx.GetIoThreads())), raw(fmt.Sprint(ctx.GetMaxSockets())))
	must(soc.Close())
	say("Term", zmq.Term())
	say("Term again", zmq.Term())
	relabel("after Term: ", set)
	say("NewSocket after Term", v(zmq.NewSocket(zmq.PULL))...)
	say("GetMaxMsgsz after Term", v(zmq.GetMaxMsgsz())...)
	say("AuthStart after Term", zmq.AuthStart())
	fresh := got(zmq.NewContext())
	soc, err := fresh.NewSocket(zmq.PULL)
	say("another context", soc, err)
	must(soc.Close())
	must(fresh.Term())
}

// contextThreads has threads that cannot be made as wanted.
func contextThreads() {
	for _, test := range []struct{ policy, priority int }{{-1, -1}, {0, -1}, {3, -1}, {-1, 0}, {0, 0}} {
		label := fmt.Sprintf("NewSocket with policy %d, priority %d", test.policy, test.priority)
		ctx := got(zmq.NewContext())
		say(label, ctx.SetThreadSchedPolicy(test.policy), ctx.SetThreadPriority(test.priority))
		soc, err := ctx.NewSocket(zmq.PULL)
		say(label+", socket", soc, err)
		must(soc.Close())
		must(ctx.Term())
	}
	ctx := got(zmq.NewContext())
	must(ctx.SetIoThreads(0))
	soc := got(ctx.NewSocket(zmq.PULL))
	say("Bind without I/O threads", soc.Bind("tcp://127.0.0.1:*"), soc.Bind("inproc://here"), soc.Connect("tcp://127.0.0.1:1"))
	must(soc.Close())
	must(ctx.Term())
}

// contextPolicy asks for threads of a kind that there is not.
func contextPolicy() {
	ctx := got(zmq.NewContext())
	say("SetThreadSchedPolicy(99)", ctx.SetThreadSchedPolicy(99))
	soc, err := ctx.NewSocket(zmq.PULL)
	if soc != nil {
		must(soc.Close())
	}
	term := ctx.Term() // by now libzmq has aborted
	say("NewSocket", soc, err, term)
}

func useContext(ctx *zmq.Context) {
	for _, o := range contextInts {
		try("Set"+o.name, func() []any { return v(o.set(ctx, 1)) })
		if o.get != nil {
			try("Get"+o.name, func() []any { return v(o.get(ctx)) })
		}
	}
	for _, o := range contextBools {
		try("Set"+o.name, func() []any { return v(o.set(ctx, true)) })
		try("Get"+o.name, func() []any { return v(o.get(ctx)) })
	}
	try("NewSocket", func() []any {
		soc, err := ctx.NewSocket(zmq.PULL)
		return v(soc, err)
	})
	try("SetRetryAfterEINTR", func() []any {
		ctx.SetRetryAfterEINTR(false)
		return nil
	})
	try("GetRetryAfterEINTR", func() []any { return v(ctx.GetRetryAfterEINTR()) })
	try("Term", func() []any { return v(ctx.Term()) })
}

func closedContexts() {
	ctx := got(zmq.NewContext())
	say("Term", ctx.Term())
	relabel("then ", func() { useContext(ctx) })
}

func zeroContext() {
	relabel("zero ", func() { useContext(&zmq.Context{}) })
	relabel("nil ", func() { useContext(nil) })
}

func fullContext() {
	ctx := got(zmq.NewContext())
	must(ctx.SetMaxSockets(2))
	a := got(ctx.NewSocket(zmq.PULL))
	b := got(ctx.NewSocket(zmq.PULL))
	c, err := ctx.NewSocket(zmq.PULL)
	say("one socket too many", c, err)
	say("Monitor then", a.Monitor("inproc://monitor", zmq.EVENT_ALL))
	say("Bind then", a.Bind("tcp://127.0.0.1:*"))
	must(a.Close())
	must(b.Close())
	must(ctx.Term())
	for _, t := range []zmq.Type{-1, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 1 << 20, 1<<32 | zmq.PULL} {
		soc, err := zmq.NewSocket(t)
		say(fmt.Sprintf("NewSocket(%d)", int(t)), soc, err)
		try(fmt.Sprintf("NewSocket(%d), Close", int(t)), func() []any { return v(soc.Close()) })
		try(fmt.Sprintf("NewSocket(%d), Recv", int(t)), func() []any { return v(soc.Recv(zmq.DONTWAIT)) })
		if soc != nil {
			say(fmt.Sprintf("NewSocket(%d), String", int(t)), soc.String())
		}
	}
}

// termWakes terminates a context while its sockets are open. They are used by
// one goroutine, and the context by another.
func termWakes() {
	ctx := got(zmq.NewContext())
	soc := openIn(ctx, zmq.PAIR)
	must(soc.Bind("inproc://here"))
	term := make(chan error, 1)
	go func() {
		meanwhile(20 * time.Millisecond) // Recv begins to wait
		term <- ctx.Term()
	}()
	say("Recv", v(soc.Recv(0))...)
	say("Recv again", v(soc.Recv(zmq.DONTWAIT))...)
	say("RecvBytes", v(soc.RecvBytes(zmq.DONTWAIT))...)
	say("RecvMessage", v(soc.RecvMessage(zmq.DONTWAIT))...)
	say("RecvMessageBytes", v(soc.RecvMessageBytes(zmq.DONTWAIT))...)
	say("RecvWithMetadata", v(soc.RecvWithMetadata(zmq.DONTWAIT))...)
	say("RecvMessageWithMetadata", v(soc.RecvMessageWithMetadata(zmq.DONTWAIT))...)
	say("RecvEvent", v(soc.RecvEvent(zmq.DONTWAIT))...)
	say("Send", v(soc.Send("x", 0))...)
	say("SendBytes", v(soc.SendBytes(nil, zmq.DONTWAIT))...)
	say("SendMessage", v(soc.SendMessage("x", 1))...)
	say("SendMessage()", v(soc.SendMessage())...)
	say("Bind", soc.Bind("inproc://there"))
	say("Unbind", soc.Unbind("inproc://here"))
	say("Connect", soc.Connect("inproc://there"))
	say("Disconnect", soc.Disconnect("inproc://there"))
	say("Monitor", soc.Monitor("inproc://monitor", zmq.EVENT_ALL))
	say("Monitor none", soc.Monitor("", 0))
	say("String", soc.String())
	_, err := soc.Context()
	say("Context", err)
	other, err := ctx.NewSocket(zmq.PULL)
	say("NewSocket", other, err)
	say("GetIoThreads of the context", v(ctx.GetIoThreads())...)
	poller := zmq.NewPoller()
	poller.Add(soc, zmq.POLLIN)
	sayPolled("Poll", poller, map[*zmq.Socket]string{soc: "soc"}, false)
	say("Proxy", zmq.Proxy(soc, soc, nil))
	optionLines(soc)
	say("Close", soc.Close())
	say("Term", <-term)
	say("Close again", soc.Close())
}

// termPending terminates a context that has something to deliver.
func termPending() {
	ctx := got(zmq.NewContext())
	soc := got(ctx.NewSocket(zmq.PUSH))
	must(soc.Connect("tcp://127.0.0.1:1"))
	say("Send", v(soc.Send("x", 0))...)
	must(soc.Close())
	within("Term with linger -1", time.Second, func() []any { return v(ctx.Term()) })

	ctx = got(zmq.NewContext())
	soc = got(ctx.NewSocket(zmq.PUSH))
	must(soc.SetLinger(10 * time.Millisecond))
	must(soc.Connect("tcp://127.0.0.1:1"))
	say("Send, linger 10 ms", v(soc.Send("x", 0))...)
	must(soc.Close())
	say("Term with linger 10 ms", ctx.Term())

	ctx = got(zmq.NewContext())
	soc = got(ctx.NewSocket(zmq.PUSH))
	within("Term with an open socket", time.Second, func() []any { return v(ctx.Term()) })
	say("its Close", soc.Close())
}
