// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"strings"
	"time"

	zmq "github.com/pebbe/zmq4"
)

// monitors tries addresses.
func monitors() {
	for _, addr := range []string{
		"", "inproc://", "inproc://m1", "inproc://m\x00x", "m", "://", "tcp://127.0.0.1:*", "ipc://x", "nosuch://x", "inproc://" + strings.Repeat("m", 300), "INPROC://m",
	} {
		soc := open(zmq.PULL)
		say("Monitor "+quoted(addr), soc.Monitor(addr, zmq.EVENT_ALL))
		must(soc.Close())
	}
	for _, events := range []zmq.Event{0, zmq.EVENT_LISTENING, -1, 1 << 16, 1<<32 | 1} {
		soc := open(zmq.PULL)
		say(fmt.Sprintf("Monitor events %d", events), soc.Monitor(inproc(), events))
		must(soc.Close())
	}
	var r results
	for _, t := range types {
		soc := open(t)
		r.add(t.String(), soc.Monitor("", 0), soc.Monitor(inproc(), zmq.EVENT_LISTENING), soc.Monitor("", 0), soc.Monitor("", 0))
		must(soc.Close())
	}
	say("Monitor of types", &r)

	a, b := open(zmq.PULL), open(zmq.PULL)
	first, second := inproc(), inproc()
	say("first", a.Monitor(first, zmq.EVENT_LISTENING))
	say("the same address again", a.Monitor(first, zmq.EVENT_LISTENING))
	say("another address", a.Monitor(second, zmq.EVENT_LISTENING))
	say("an address that is taken", b.Monitor(second, zmq.EVENT_LISTENING))
	say("no monitor", a.Monitor("", 0))
	pair := open(zmq.PAIR)
	third := inproc()
	must(pair.Bind(third))
	say("an address that the program has bound", b.Monitor(third, zmq.EVENT_ALL))
	for _, s := range []*zmq.Socket{a, b, pair} {
		must(s.Close())
	}
}

// monitorAlone ends a monitor that nobody listens to.
func monitorAlone() {
	soc := open(zmq.PULL)
	must(soc.Monitor(inproc(), zmq.EVENT_ALL))
	within("Monitor none", time.Second, func() []any { return v(soc.Monitor("", 0)) })
}

// watch starts a monitor that somebody receives from.
func watch(soc *zmq.Socket, events zmq.Event) *zmq.Socket {
	name := inproc()
	must(soc.Monitor(name, events))
	peer := open(zmq.PAIR)
	must(peer.Connect(name))
	return peer
}

// event prints an event. The value of some is a descriptor.
func event(label string, monitor *zmq.Socket) zmq.Event {
	what, addr, value, err := monitor.RecvEvent(0)
	switch what {
	case zmq.EVENT_LISTENING, zmq.EVENT_ACCEPTED, zmq.EVENT_CONNECTED, zmq.EVENT_CLOSED, zmq.EVENT_DISCONNECTED:
		say(label, raw(what.String()), addr, value > 2, err)
	case zmq.EVENT_CONNECT_RETRIED:
		say(label, raw(what.String()), addr, value >= 0, err)
	default:
		say(label, raw(what.String()), addr, value, err)
	}
	return what
}

func monitorEvents() {
	server, client := open(zmq.PULL), open(zmq.PUSH)
	monitor := watch(server, zmq.EVENT_ALL)
	say("nothing yet", v(monitor.RecvEvent(zmq.DONTWAIT))...)
	endpoint := bind(server)
	event("Bind", monitor)
	say("GetRcvmore", v(monitor.GetRcvmore())...)
	clientMonitor := watch(client, zmq.EVENT_ALL)
	must(client.Connect(endpoint))
	event("client 1", clientMonitor)
	event("client 2", clientMonitor)
	event("client 3", clientMonitor)
	event("server 1", monitor)
	event("server 2", monitor)
	must(client.Disconnect(endpoint))
	readable(monitor, client)
	event("server after Disconnect", monitor)
	must(server.Unbind(endpoint))
	event("Unbind", monitor)
	must(server.Close())
	event("Close", monitor)
	must(client.Close())
	must(monitor.Close())
	must(clientMonitor.Close())

	client = open(zmq.PUSH)
	clientMonitor = watch(client, zmq.EVENT_CONNECT_DELAYED|zmq.EVENT_CLOSED|zmq.EVENT_CONNECT_RETRIED)
	must(client.Connect("tcp://127.0.0.1:1"))
	for i := range 3 {
		event(fmt.Sprint("refused ", i), clientMonitor)
	}
	must(client.Close())
	must(clientMonitor.Close())

	server = open(zmq.PULL)
	monitor = watch(server, zmq.EVENT_MONITOR_STOPPED)
	must(server.Monitor("", 0))
	event("Monitor ended", monitor)
	must(server.Close())
	must(monitor.Close())

	server = open(zmq.PULL)
	monitor = watch(server, zmq.EVENT_LISTENING|zmq.EVENT_BIND_FAILED)
	other := open(zmq.PULL)
	endpoint = bind(other)
	server.Bind(endpoint)
	event("Bind fails", monitor)
	bind(server)
	event("Bind elsewhere", monitor)
	say("no more", v(monitor.RecvMessageBytes(zmq.DONTWAIT))...)
	must(server.Close())
}

// monitorMessages receives events from what is no monitor.
func monitorMessages() {
	a, b := pair(zmq.PAIR, zmq.PAIR)
	for label, parts := range map[string][]any{
		"an event":         {"\x08\x00\x05\x00\x00\x00", "tcp://127.0.0.1:1"},
		"a negative value": {"\x08\x00\xff\xff\xff\xff", "there"},
		"no address":       {"\x08\x00\x05\x00\x00\x00", ""},
		"one part":         {"\x08\x00\x05\x00\x00\x00"},
	} {
		got(a.SendMessage(parts...))
		readable(b)
		say("RecvEvent of "+label, v(b.RecvEvent(0))...)
		say("left by "+label, v(b.RecvMessage(zmq.DONTWAIT))...)
	}
	got(a.SendMessage("\x08\x00\x05\x00\x00\x00", "there", "more"))
	readable(b)
	say("RecvEvent of three parts", v(b.RecvEvent(0))...)
	say("left by three parts", v(b.RecvMessage(zmq.DONTWAIT))...)
	got(a.SendMessage("\x08\x00\x05\x00\x00\x00x", "there"))
	readable(b)
	say("RecvEvent of seven bytes", v(b.RecvEvent(0))...)
	say("left by seven bytes", v(b.RecvMessage(zmq.DONTWAIT))...)
	must(a.Close())
	must(b.Close())
}
