// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	zmq "github.com/pebbe/zmq4"
)

// sends tries the flags and sizes of Send.
func sends() {
	a, b := pair(zmq.PAIR, zmq.PAIR)
	take := func(label string) {
		readable(b)
		say(label+": received", v(b.RecvMessage(zmq.DONTWAIT))...)
	}
	for _, flags := range []zmq.Flag{0, zmq.DONTWAIT, 4, 64, 1 << 20, 1 << 33} {
		say(fmt.Sprintf("Send(%d)", flags), v(a.Send("text", flags))...)
		take(fmt.Sprintf("Send(%d)", flags))
	}
	for _, flags := range []zmq.Flag{zmq.SNDMORE, zmq.SNDMORE | zmq.DONTWAIT, -1, zmq.SNDMORE | 64} {
		label := fmt.Sprintf("Send(%d)", flags)
		say(label, v(a.Send("first", flags))...)
		say(label+", then last", v(a.SendBytes([]byte("last"), 0))...)
		take(label)
	}
	for _, size := range []int{0, 1, 29, 30, 33, 34, 1 << 10, 1 << 16, 1 << 20} {
		say(fmt.Sprintf("SendBytes of %d", size), v(a.SendBytes(make([]byte, size), 0))...)
		readable(b)
		msg, err := b.RecvBytes(0)
		say(fmt.Sprintf("RecvBytes of %d", size), len(msg), msg == nil, err)
	}
	say("SendBytes(nil)", v(a.SendBytes(nil, 0))...)
	take("SendBytes(nil)")
	say("Send of no text", v(a.Send("", 0))...)
	take("Send of no text")
	say("Send of NUL", v(a.Send("a\x00b\xff", 0))...)
	take("Send of NUL")
	data := []byte("mine")
	say("SendBytes", v(a.SendBytes(data, 0))...)
	copy(data, "his!")
	take("SendBytes, changed later")
	must(a.Close())
	must(b.Close())

	// The high-water mark.
	push := open(zmq.PUSH)
	must(push.SetSndhwm(2))
	must(push.Connect("tcp://127.0.0.1:1"))
	for i := range 4 {
		say(fmt.Sprint("Send up to the limit ", i), v(push.Send("x", zmq.DONTWAIT))...)
	}
	say("SendMessageDontwait at the limit", v(push.SendMessageDontwait("x", "y"))...)
	must(push.SetSndtimeo(time.Millisecond))
	say("Send with a timeout", v(push.Send("x", 0))...)
	say("SendMessage with a timeout", v(push.SendMessage("x", "y"))...)
	must(push.Close())
}

type named string

type number int

func (number) String() string { return "a number" }

// sendMessages tries what SendMessage takes.
func sendMessages() {
	a, b := pair(zmq.PAIR, zmq.PAIR)
	x := 5
	for _, test := range []struct {
		label string
		parts []any
	}{
		{"string", []any{"a"}}, {"strings", []any{"a", "", "c"}}, {"bytes", []any{[]byte("a"), []byte{}, []byte(nil)}},
		{"[]string", []any{[]string{"a", "b"}}}, {"[][]byte", []any{[][]byte{[]byte("a"), nil}}},
		{"empty lists around", []any{[]string{}, "a", [][]byte{}}}, {"empty lists between", []any{"a", []string{}, "b", [][]byte(nil), "c"}},
		{"lists and strings", []any{"a", []string{"b", "c"}, [][]byte{[]byte("d")}, "e"}},
		{"list at the end", []any{"a", []string{"b", "c"}, []string{}, [][]byte{}}},
		{"int", []any{1, -2, int64(3), uint8(4)}}, {"float", []any{1.5, 1e100, float32(0.1)}}, {"bool", []any{true, false}},
		{"nil", []any{nil}}, {"nil between", []any{"a", nil, "b"}}, {"error", []any{errors.New("text")}}, {"rune", []any{'x'}},
		{"duration", []any{time.Second}}, {"Stringer", []any{number(1)}}, {"named string", []any{named("a")}},
		{"[]any", []any{[]any{"a", 1}}}, {"[]int", []any{[]int{1, 2}}}, {"[][]string", []any{[][]string{{"a"}, {"b", "c"}}}},
		{"struct", []any{struct{ A, B int }{1, 2}}}, {"map", []any{map[string]int{"a": 1}}}, {"array", []any{[2]byte{1, 2}}},
		{"nil pointer", []any{(*int)(nil)}}, {"nil []byte", []any{[]byte(nil)}}, {"Errno", []any{zmq.EFSM}}, {"type", []any{zmq.REQ}},
		{"pointer to string", []any{fmt.Sprint(*&x)}}, {"two next to each other", []any{1, 2}}, {"string and int", []any{"a", 1, "b", 2}},
		{"long", []any{strings.Repeat("x", 5000), strings.Repeat("y", 70000), "z"}},
	} {
		for name, call := range map[string]func(...any) (int, error){"SendMessage": a.SendMessage, "SendMessageDontwait": a.SendMessageDontwait} {
			label := name + " " + test.label
			try(label, func() []any { return v(call(test.parts...)) })
			readable(b)
			say(label+": received", v(b.RecvMessage(0))...)
		}
	}
	for _, test := range []struct {
		label string
		parts []any
	}{
		{"nothing", nil}, {"no strings", []any{[]string{}}}, {"nil list", []any{[]string(nil), [][]byte(nil)}},
	} {
		say("SendMessage "+test.label, v(a.SendMessage(test.parts...))...)
		say("SendMessageDontwait "+test.label, v(a.SendMessageDontwait(test.parts...))...)
	}
	say("nothing has come", v(b.RecvMessage(zmq.DONTWAIT))...)

	say("Send, more to come", v(a.Send("a", zmq.SNDMORE))...)
	say("SendMessage() then", v(a.SendMessage())...)
	say("SendMessage then", v(a.SendMessage("b", "c"))...)
	say("received", v(b.RecvMessage(0))...)
	must(a.Close())
	must(b.Close())

	router := open(zmq.ROUTER)
	must(router.SetRouterMandatory(1))
	bind(router)
	say("SendMessage to nobody", v(router.SendMessage("nobody", "x"))...)
	say("Send to nobody", v(router.Send("nobody", zmq.SNDMORE))...)
	say("SendMessage after it", v(router.SendMessage("nobody", "x"))...)
	must(router.SetRouterMandatory(0))
	say("SendMessage to nobody, not mandatory", v(router.SendMessage("nobody", "x"))...)
	say("SendMessage of an id alone", v(router.SendMessage("nobody"))...)
	must(router.Close())
}

// receives receives messages part by part and whole.
func receives() {
	a, b := pair(zmq.PAIR, zmq.PAIR)
	state := func(label string) {
		say(label+": state", raw(fmt.Sprint(b.GetRcvmore())), raw(fmt.Sprint(b.GetEvents())))
	}
	state("nothing")
	got(a.SendMessage("1", "", "3"))
	readable(b)
	state("three parts")
	say("Recv 1", v(b.Recv(0))...)
	state("one received")
	say("RecvBytes 2", v(b.RecvBytes(zmq.DONTWAIT))...)
	state("two received")
	say("Recv 3", v(b.Recv(zmq.SNDMORE))...)
	state("all received")
	say("Recv 4", v(b.Recv(zmq.DONTWAIT))...)
	state("after EAGAIN")

	for name, call := range map[string]func() []any{
		"RecvMessage":                  func() []any { return v(b.RecvMessage(0)) },
		"RecvMessageBytes":             func() []any { return v(b.RecvMessageBytes(0)) },
		"RecvMessageWithMetadata":      func() []any { return v(b.RecvMessageWithMetadata(0, "Socket-Type")) },
		"RecvMessageBytesWithMetadata": func() []any { return v(b.RecvMessageBytesWithMetadata(0, "Socket-Type")) },
		"RecvWithMetadata":             func() []any { return v(b.RecvWithMetadata(0, "Socket-Type")) },
		"RecvBytesWithMetadata":        func() []any { return v(b.RecvBytesWithMetadata(0, "Socket-Type")) },
		"RecvEvent":                    func() []any { return v(b.RecvEvent(0)) },
	} {
		got(a.SendMessage("a"))
		readable(b)
		if name != "RecvEvent" {
			say(name+" of one part", call()...)
		}
		got(a.SendMessage(""))
		readable(b)
		if name == "RecvEvent" {
			got(b.RecvMessage(0))
			got(b.RecvMessage(0))
			continue
		}
		say(name+" of an empty part", call()...)
		got(a.SendMessage("a", "", "c"))
		readable(b)
		got(b.Recv(0))
		say(name+" of the rest", call()...)
		for got(b.GetRcvmore()) {
			got(b.Recv(0))
		}
		state(name)
		must(b.SetRcvtimeo(0))
		say(name+" without waiting", call()...)
		must(b.SetRcvtimeo(time.Millisecond))
		say(name+" with a timeout", call()...)
		must(b.SetRcvtimeo(-1))
	}

	// Messages in a row.
	for i := range 3 {
		got(a.SendMessage("m", i))
	}
	for i := range 3 {
		readable(b)
		say(fmt.Sprint("RecvMessage ", i), v(b.RecvMessage(0))...)
		state(fmt.Sprint("RecvMessage ", i))
	}

	// What was received belongs to the caller.
	got(a.SendMessage("one", "two"))
	readable(b)
	parts := got(b.RecvMessageBytes(0))
	copy(parts[0], "ONE")
	say("changed part", parts, len(parts), cap(parts[0]) >= 3)
	_ = append(parts[0], "xyz"...)
	say("extended part", parts)

	// Peers that go.
	got(a.SendMessage("last", "words"))
	readable(b)
	must(a.Close())
	say("RecvMessage after the peer was closed", v(b.RecvMessage(0))...)
	say("Recv then", v(b.Recv(zmq.DONTWAIT))...)
	until("the end of the connection", func() bool { return got(b.GetEvents())&zmq.POLLOUT == 0 })
	say("Send then", v(b.Send("x", zmq.DONTWAIT))...)
	must(b.Close())
}

// states uses REQ and REP out of turn.
func states() {
	rep, req := pair(zmq.REP, zmq.REQ)
	events := func(label string) {
		say(label+": events", raw(fmt.Sprint(rep.GetEvents())), raw(fmt.Sprint(req.GetEvents())))
	}
	events("new")
	say("REP sends", v(rep.Send("x", zmq.DONTWAIT))...)
	say("REP sends a message", v(rep.SendMessage("x", "y"))...)
	say("REQ receives", v(req.Recv(zmq.DONTWAIT))...)
	say("REQ receives a message", v(req.RecvMessage(0))...)
	say("REQ sends", v(req.Send("question", 0))...)
	readable(rep)
	events("sent")
	say("REQ sends again", v(req.Send("question", zmq.DONTWAIT))...)
	say("REQ sends a message again", v(req.SendMessage("question", 2))...)
	say("REQ has no answer", v(req.Recv(zmq.DONTWAIT))...)
	say("REP receives", v(rep.Recv(0))...)
	events("received")
	say("REP receives again", v(rep.Recv(zmq.DONTWAIT))...)
	say("REP receives a message again", v(rep.RecvMessage(0))...)
	say("REP answers", v(rep.SendMessage("an", "swer"))...)
	readable(req)
	events("answered")
	say("REP answers again", v(rep.Send("x", 0))...)
	say("REQ receives one part", v(req.Recv(0))...)
	events("half received")
	say("REQ sends in the middle", v(req.Send("x", zmq.DONTWAIT))...)
	say("REQ receives the rest", v(req.Recv(0))...)
	events("done")

	say("REQ sends two parts", v(req.SendMessage("a", "b"))...)
	readable(rep)
	say("REP receives half", v(rep.Recv(0))...)
	events("half of a request")
	say("REP sends in the middle", v(rep.Send("x", zmq.DONTWAIT))...)
	say("REP receives the rest", v(rep.RecvMessage(0))...)
	say("REP sends half", v(rep.Send("a", zmq.SNDMORE))...)
	events("half of an answer")
	say("REP receives in the middle", v(rep.Recv(zmq.DONTWAIT))...)
	say("REP sends the rest", v(rep.Send("b", 0))...)
	readable(req)
	say("REQ receives all", v(req.RecvMessage(0))...)
	must(req.Close())
	must(rep.Close())

	rep, req = open(zmq.REP), open(zmq.REQ)
	must(req.SetReqRelaxed(1))
	must(req.SetReqCorrelate(1))
	must(req.Connect(bind(rep)))
	say("relaxed 1", v(req.Send("one", 0))...)
	readable(rep)
	say("relaxed: REP", v(rep.RecvMessage(0))...)
	say("relaxed 2", v(req.Send("two", 0))...)
	say("relaxed: late answer", v(rep.Send("answer to one", 0))...)
	readable(rep)
	say("relaxed: REP again", v(rep.RecvMessage(0))...)
	say("relaxed: answer", v(rep.Send("answer to two", 0))...)
	say("relaxed: received", v(req.RecvMessage(0))...)
	must(req.Close())
	must(rep.Close())
}

// patterns uses the other types, each with its options.
func patterns() {
	push, pull := pair(zmq.PUSH, zmq.PULL)
	say("PUSH receives", v(push.Recv(0))...)
	say("PULL sends", v(pull.Send("x", 0))...)
	say("PULL sends a message", v(pull.SendMessage("x", "y"))...)
	say("PUSH sends", v(push.SendMessage("x", "y"))...)
	say("PULL receives", v(pull.RecvMessage(0))...)
	must(push.Close())
	must(pull.Close())

	pub, sub := pair(zmq.XPUB, zmq.SUB)
	must(sub.SetSubscribe("a"))
	readable(pub)
	say("XPUB receives", v(pub.RecvMessageBytes(0))...)
	must(sub.SetSubscribe("a"))
	must(sub.SetSubscribe("b"))
	readable(pub)
	say("XPUB receives the next", v(pub.RecvMessageBytes(0))...)
	for _, msg := range []string{"apple", "pear", "banana"} {
		say("XPUB sends "+msg, v(pub.SendMessage(msg, "part"))...)
	}
	readable(sub)
	say("SUB receives 1", v(sub.RecvMessage(0))...)
	readable(sub)
	say("SUB receives 2", v(sub.RecvMessage(0))...)
	say("SUB receives no more", v(sub.RecvMessage(zmq.DONTWAIT))...)
	must(sub.SetUnsubscribe("a"))
	must(sub.SetUnsubscribe("a"))
	readable(pub)
	say("XPUB receives unsubscribe", v(pub.RecvMessageBytes(0))...)
	say("SUB sends", v(sub.Send("x", 0))...)
	must(sub.Close())
	must(pub.Close())

	pub = open(zmq.XPUB)
	must(pub.SetXpubWelcomeMsg("welcome"))
	must(pub.SetXpubVerboser(1))
	must(pub.SetXpubNodrop(true))
	endpoint := bind(pub)
	xsub := open(zmq.XSUB)
	must(xsub.Connect(endpoint))
	writable(xsub)
	say("XSUB subscribes", v(xsub.Send("\x01welcome", 0))...)
	say("XPUB verbose", v(pub.RecvBytes(0))...)
	say("XSUB is welcome", v(xsub.RecvMessage(0))...)
	say("XSUB subscribes again", v(xsub.SendBytes([]byte("\x01welcome"), 0))...)
	say("XPUB verbose again", v(pub.RecvBytes(0))...)
	say("XSUB sends a message", v(xsub.SendMessage("user", "message"))...)
	say("XPUB receives the message", v(pub.RecvMessage(0))...)
	must(xsub.Close())
	must(pub.Close())

	pub = open(zmq.XPUB)
	must(pub.SetXpubManual(1))
	sub = open(zmq.XSUB)
	must(sub.Connect(bind(pub)))
	writable(sub)
	got(sub.Send("\x01asked", 0))
	say("XPUB manual", v(pub.RecvBytes(0))...)
	say("SetSubscribe on XPUB", pub.SetSubscribe("given"))
	say("XPUB sends asked", v(pub.Send("asked", 0))...)
	say("XPUB sends given", v(pub.Send("given", 0))...)
	say("XSUB receives given", v(sub.RecvMessage(0))...)
	must(sub.Close())
	must(pub.Close())

	pub, sub = open(zmq.XPUB), open(zmq.SUB)
	must(pub.SetInvertMatching(1))
	must(sub.SetInvertMatching(1))
	must(sub.SetSubscribe("a"))
	must(sub.Connect(bind(pub)))
	say("XPUB inverted", v(pub.RecvBytes(0))...)
	got(pub.Send("apple", 0))
	got(pub.Send("pear", 0))
	say("SUB inverted", v(sub.RecvMessage(0))...)
	must(sub.Close())
	must(pub.Close())

	router, dealer := open(zmq.ROUTER), open(zmq.DEALER)
	endpoint = bind(router)
	must(dealer.SetIdentity("dealer\x00"))
	must(dealer.SetProbeRouter(1))
	must(dealer.Connect(endpoint))
	say("ROUTER is probed", v(router.RecvMessageBytes(0))...)
	say("DEALER sends", v(dealer.SendMessage("", "hello"))...)
	say("ROUTER receives", v(router.RecvMessageBytes(0))...)
	say("ROUTER sends", v(router.SendMessage("dealer\x00", "a", "b"))...)
	say("DEALER receives", v(dealer.RecvMessage(0))...)
	say("String of DEALER", dealer.String())
	must(router.SetRouterMandatory(1))
	say("ROUTER sends nowhere", v(router.Send("nobody", zmq.SNDMORE))...)
	must(router.SetRouterHandover(true))
	second := open(zmq.DEALER)
	must(second.SetIdentity("dealer\x00"))
	must(second.Connect(endpoint))
	got(second.Send("mine now", 0))
	say("ROUTER receives from the second", v(router.RecvMessageBytes(0))...)
	got(router.SendMessage("dealer\x00", "yours"))
	say("second DEALER receives", v(second.RecvMessage(0))...)
	must(second.Close())
	must(dealer.Close())
	must(router.Close())

	dealer, peer := pair(zmq.DEALER, zmq.DEALER)
	say("DEALER to DEALER", v(dealer.SendMessage("x"))...)
	say("DEALER from DEALER", v(peer.RecvMessage(0))...)
	must(dealer.Close())
	must(peer.Close())

	server, client := open(zmq.STREAM), open(zmq.STREAM)
	must(client.SetStreamNotify(1))
	must(client.Connect(bind(server)))
	say("server is notified", raw(streamMessage(server.RecvMessageBytes(0))))
	msg := got(client.RecvMessageBytes(0))
	say("client is notified", raw(streamMessage(msg, nil)))
	say("client sends", v(client.SendMessage(msg[0], "raw data"))...)
	reply, err := server.RecvMessageBytes(0)
	say("server receives", raw(streamMessage(reply, err)))
	say("server closes", v(server.SendMessage(reply[0], ""))...)
	readable(client, server)
	say("client sees it", raw(streamMessage(client.RecvMessageBytes(0))))
	say("server sends nowhere", v(server.SendMessage("nobody", "x"))...)
	must(server.Close())
	must(client.Close())

	raw1, req := open(zmq.ROUTER), open(zmq.STREAM)
	say("SetRouterRaw", raw1.SetRouterRaw(1))
	say("GetType raw", v(raw1.GetType())...)
	must(raw1.Close())
	must(req.Close())
}

// streamMessage leaves out the routing id.
func streamMessage(msg [][]byte, err error) string {
	if err != nil {
		return errorText(err)
	}
	return fmt.Sprintf("%d %q", len(msg[0]), msg[1:])
}

// metadata asks for properties of messages over tcp and inproc.
func metadata() {
	names := []string{"Socket-Type", "Identity", "Routing-Id", "Peer-Address", "User-Id", "Nonsense", "", "socket-type", "Socket-Type\x00", "Socket-Type\x00x", "__fd"}
	for label, make := range map[string]func(zmq.Type, zmq.Type) (*zmq.Socket, *zmq.Socket){"tcp": tcpPair, "inproc": pair} {
		for _, id := range []string{"", "client"} {
			a, b := open(zmq.DEALER), open(zmq.DEALER)
			must(a.Close())
			must(b.Close())
			a, b = make(zmq.ROUTER, zmq.DEALER)
			if id != "" {
				must(b.Close())
				b = open(zmq.DEALER)
				must(b.SetIdentity(id))
				must(b.Connect(got(a.GetLastEndpoint())))
			}
			for _, name := range names {
				got(b.Send("x", 0))
				readable(a)
				_, properties, err := a.RecvMessageWithMetadata(0, name)
				if name == "__fd" {
					say(label+" "+id+" "+name, len(properties), err)
					continue
				}
				say(label+" "+id+" "+fmt.Sprintf("%q", name), properties, err)
			}
			got(b.Send("x", 0))
			readable(a)
			say(label+" "+id+" part", raw(metadataOf(a.RecvBytesWithMetadata(0, names[:6]...))))
			say(label+" "+id+" second part", raw(metadataOf(a.RecvBytesWithMetadata(0, names[:6]...))))
			got(b.Send("x", 0))
			readable(a)
			_, properties, err := a.RecvWithMetadata(0)
			say(label+" "+id+" none asked", properties, err)
			got(a.Recv(0))
			got(b.SendMessage("x", "y"))
			readable(a)
			_, properties, err = a.RecvMessageBytesWithMetadata(0, "Socket-Type", "Socket-Type")
			say(label+" "+id+" asked twice", properties, err)
			msg, properties, err := a.RecvWithMetadata(zmq.DONTWAIT, "Socket-Type")
			say(label+" "+id+" nothing there", msg, properties, err)
			must(a.Close())
			must(b.Close())
		}
	}
}

func metadataOf(_ []byte, properties map[string]string, err error) string {
	return text(properties) + ", " + text(err)
}

// conflate keeps the last message only.
func conflate() {
	pull, push := open(zmq.PULL), open(zmq.PUSH)
	must(pull.SetConflate(true))
	must(push.SetConflate(true))
	must(push.Connect(bind(pull)))
	writable(push)
	say("Send", v(push.Send("one", 0))...)
	say("Recv", v(pull.Recv(0))...)
	must(push.Close())
	must(pull.Close())
	push = open(zmq.PUSH)
	must(push.SetConflate(true))
	must(push.Connect("tcp://127.0.0.1:1"))
	say("SendMessage of one part", v(push.SendMessage("a"))...)
	say("SendMessage", v(push.SendMessage("a", "b"))...)
	say("Send, more to come", v(push.Send("a", zmq.SNDMORE))...)
	say("Send, last", v(push.Send("b", 0))...)
	must(push.Close())
}

// timeouts looks at how long calls wait, roughly.
func timeouts() {
	pull := open(zmq.PULL)
	waits := func(label string, call func() []any) {
		start := time.Now()
		r := call()
		took := "at once"
		if d := time.Since(start); d > 40*time.Millisecond {
			took = "waited"
		}
		say(label, append(r, raw(took))...)
	}
	for _, d := range []time.Duration{0, 50 * time.Millisecond} {
		must(pull.SetRcvtimeo(d))
		waits(fmt.Sprint("Recv, timeout ", d), func() []any { return v(pull.Recv(0)) })
		waits(fmt.Sprint("RecvMessage, timeout ", d), func() []any { return v(pull.RecvMessage(0)) })
		waits(fmt.Sprint("Recv, DONTWAIT, timeout ", d), func() []any { return v(pull.Recv(zmq.DONTWAIT)) })
	}
	push := open(zmq.PUSH)
	for _, d := range []time.Duration{0, 50 * time.Millisecond} {
		must(push.SetSndtimeo(d))
		waits(fmt.Sprint("Send, timeout ", d), func() []any { return v(push.Send("x", 0)) })
		waits(fmt.Sprint("SendMessageDontwait, timeout ", d), func() []any { return v(push.SendMessageDontwait("x")) })
	}
	poller := zmq.NewPoller()
	poller.Add(pull, zmq.POLLIN)
	for _, d := range []time.Duration{0, 50 * time.Millisecond} {
		waits(fmt.Sprint("Poll, timeout ", d), func() []any {
			polled, err := poller.Poll(d)
			return v(len(polled), err)
		})
	}
	waits("Poll of an empty Poller", func() []any {
		polled, err := zmq.NewPoller().Poll(50 * time.Millisecond)
		return v(len(polled), err)
	})
	within("Poll(-1) of an empty Poller", time.Second, func() []any {
		polled, err := zmq.NewPoller().Poll(-1)
		return v(len(polled), err)
	})
	within("Recv without a limit", time.Second, func() []any {
		must(pull.SetRcvtimeo(-1))
		return v(pull.Recv(0))
	})
}
