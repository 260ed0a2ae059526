// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	zmq "github.com/pebbe/zmq4"
)

// sayPolled prints what Poll, or PollAll, returns.
func sayPolled(label string, poller *zmq.Poller, names map[*zmq.Socket]string, all bool) {
	poll := poller.Poll
	if all {
		poll = poller.PollAll
	}
	try(label, func() []any {
		polled, err := poll(0)
		items := make([]string, len(polled))
		for i, item := range polled {
			items[i] = fmt.Sprintf("%s:%d", names[item.Socket], item.Events)
		}
		return v(items, polled == nil, err)
	})
}

func pollers() {
	poller := zmq.NewPoller()
	names := map[*zmq.Socket]string{}
	say("empty", poller.String())
	sayPolled("Poll, empty", poller, names, false)
	sayPolled("PollAll, empty", poller, names, true)

	a, b := pair(zmq.PAIR, zmq.PAIR)
	c := open(zmq.PULL)
	must(a.SetIdentity("a"))
	must(b.SetIdentity("b"))
	must(c.SetIdentity("c"))
	names[a], names[b], names[c] = "a", "b", "c"
	say("Add a", poller.Add(a, zmq.POLLIN))
	say("Add b", poller.Add(b, zmq.POLLIN|zmq.POLLOUT))
	say("Add c", poller.Add(c, zmq.POLLIN))
	say("String", poller.String(), fmt.Sprint(poller))
	sayPolled("Poll", poller, names, false)
	sayPolled("PollAll", poller, names, true)
	got(b.Send("x", 0))
	readable(a)
	sayPolled("Poll, a is readable", poller, names, false)
	sayPolled("Poll again", poller, names, false)
	sayPolled("PollAll, a is readable", poller, names, true)
	for _, events := range []zmq.State{0, zmq.POLLOUT, zmq.POLLIN | zmq.POLLOUT, 4, 8, 7, 64, 1 << 16, 1<<16 | 1, zmq.POLLIN} {
		label := fmt.Sprintf("Update a to %d", events)
		previous, err := poller.Update(0, events)
		say(label, previous, err)
		first, _, _ := strings.Cut(poller.String(), " ")
		say(label+", String", first)
		sayPolled(label+", Poll", poller, names, false)
		sayPolled(label+", PollAll", poller, names, true)
	}
	say("UpdateBySocket b", v(poller.UpdateBySocket(b, zmq.POLLIN))...)
	say("UpdateBySocket of another", v(poller.UpdateBySocket(open(zmq.PULL), zmq.POLLIN))...)
	say("UpdateBySocket of nil", v(poller.UpdateBySocket(nil, zmq.POLLIN))...)
	for _, id := range []int{-1, 3, 100} {
		say(fmt.Sprint("Update ", id), v(poller.Update(id, zmq.POLLIN))...)
		say(fmt.Sprint("Remove ", id), poller.Remove(id))
	}
	say("RemoveBySocket of another", poller.RemoveBySocket(open(zmq.PULL)))
	say("RemoveBySocket of nil", poller.RemoveBySocket(nil))
	say("RemoveBySocket c", poller.RemoveBySocket(c))
	say("RemoveBySocket c again", poller.RemoveBySocket(c))
	sayPolled("PollAll without c", poller, names, true)

	// One socket twice.
	say("Add a again", poller.Add(a, zmq.POLLOUT))
	sayPolled("Poll, a twice", poller, names, false)
	sayPolled("PollAll, a twice", poller, names, true)
	say("UpdateBySocket a, which is there twice", v(poller.UpdateBySocket(a, 0))...)
	sayPolled("Poll, the first a for nothing", poller, names, false)
	say("RemoveBySocket a, which is there twice", poller.RemoveBySocket(a))
	say("String with one a", poller.String())
	got(a.Recv(0))

	for _, timeout := range []time.Duration{0, 1, 500 * time.Microsecond, time.Millisecond} {
		must(poller.RemoveBySocket(a))
		polled, err := poller.Poll(timeout)
		say(fmt.Sprint("Poll for ", timeout), len(polled), err)
		poller.Add(a, zmq.POLLOUT)
	}
	for _, timeout := range []time.Duration{-1, -time.Second, time.Hour, 1 << 62} {
		polled, err := poller.Poll(timeout)
		say(fmt.Sprint("Poll, ready, for ", timeout), len(polled), err)
	}

	var zero zmq.Poller
	say("zero Poller", zero.String(), zero.Add(a, zmq.POLLOUT))
	sayPolled("zero Poller, Poll", &zero, names, false)
	var none *zmq.Poller
	try("nil Poller", func() []any { return v(none.Add(a, zmq.POLLIN)) })
	try("Add nil", func() []any { return v(zmq.NewPoller().Add(nil, zmq.POLLIN)) })
	say("Polled", raw(fmt.Sprintf("%v", zmq.Polled{Events: zmq.POLLIN}.Events)), zmq.Polled{Socket: a}.Socket == a,
		zmq.Polled{Socket: a, Events: 1} == zmq.Polled{Socket: a, Events: 1})
	for _, s := range []*zmq.Socket{a, b, c} {
		must(s.Close())
	}

	// Sockets in the middle of a message.
	rep, req := pair(zmq.REP, zmq.REQ)
	poller = zmq.NewPoller()
	names = map[*zmq.Socket]string{rep: "rep", req: "req"}
	poller.Add(rep, zmq.POLLIN|zmq.POLLOUT)
	poller.Add(req, zmq.POLLIN|zmq.POLLOUT)
	sayPolled("REQ and REP", poller, names, true)
	got(req.SendMessage("a", "b"))
	readable(rep)
	sayPolled("asked", poller, names, true)
	got(rep.Recv(0))
	sayPolled("half received", poller, names, true)
	got(rep.Recv(0))
	sayPolled("received", poller, names, true)
	got(rep.Send("x", zmq.SNDMORE))
	sayPolled("half answered", poller, names, true)
	got(rep.Send("x", 0))
	readable(req)
	sayPolled("answered", poller, names, true)
	got(req.Recv(0))
	sayPolled("half of the answer received", poller, names, true)
	got(req.Recv(0))
	sayPolled("answer received", poller, names, true)
	must(rep.Close())
	must(req.Close())
}

// pollerIDs adds and removes.
func pollerIDs() {
	var s []*zmq.Socket
	names := map[*zmq.Socket]string{}
	for i := range 6 {
		s = append(s, open(zmq.PUB))
		names[s[i]] = fmt.Sprint(i)
		must(s[i].SetIdentity(names[s[i]]))
	}
	index := func(label string, poller *zmq.Poller, id int, want *zmq.Socket) {
		try(label, func() []any {
			polled, err := poller.PollAll(0)
			must(err)
			return v(id, polled[id].Socket == want)
		})
	}
	poller := zmq.NewPoller()
	for i := range 4 {
		index(fmt.Sprint("one at a time ", i), poller, poller.Add(s[i], zmq.POLLOUT), s[i])
		must(poller.RemoveBySocket(s[i]))
	}
	poller = zmq.NewPoller()
	for i := range 4 {
		poller.Add(s[i], zmq.POLLOUT)
	}
	must(poller.Remove(3))
	index("Add after the last was removed", poller, poller.Add(s[4], zmq.POLLOUT), s[4])
	must(poller.RemoveBySocket(s[4]))
	must(poller.RemoveBySocket(s[2]))
	index("Add after the last two were removed", poller, poller.Add(s[5], zmq.POLLOUT), s[5])
	sayPolled("PollAll", poller, names, true)

	poller = zmq.NewPoller()
	for i := range 4 {
		poller.Add(s[i], zmq.POLLOUT)
	}
	say("Remove 1 of 4", poller.Remove(1))
	sayPolled("PollAll after Remove", poller, names, true)
	for id := range 5 {
		previous, err := poller.Update(id, zmq.POLLIN|zmq.POLLOUT)
		say(fmt.Sprintf("Update %d after Remove", id), previous, err)
		say(fmt.Sprintf("String after Update %d", id), poller.String())
		poller.Update(id, zmq.POLLOUT)
	}
	index("Add after the second was removed", poller, poller.Add(s[4], zmq.POLLOUT), s[4])
	say("Remove 1 again", poller.Remove(1))
	sayPolled("PollAll after Remove again", poller, names, true)
}

// pollerClosed has a closed socket in a Poller.
func pollerClosed() {
	a, b := open(zmq.PUB), open(zmq.PUB)
	names := map[*zmq.Socket]string{a: "a", b: "b"}
	poller := zmq.NewPoller()
	poller.Add(a, zmq.POLLOUT)
	poller.Add(b, zmq.POLLOUT)
	must(a.Close())
	for i := range 3 {
		sayPolled(fmt.Sprint("Poll ", i), poller, names, false)
	}
	must(b.SetIdentity("b"))
	say("String", poller.String())
	say("Add a closed one", zmq.NewPoller().Add(a, zmq.POLLIN))
	poller = zmq.NewPoller()
	poller.Add(a, zmq.POLLIN)
	sayPolled("PollAll of a closed one", poller, names, true)
	sayPolled("PollAll again", poller, names, true)
	say("RemoveBySocket", poller.RemoveBySocket(a))
	poller = zmq.NewPoller()
	poller.Add(&zmq.Socket{}, zmq.POLLIN)
	sayPolled("Poll of a zero Socket", poller, names, false)
	must(b.Close())
}

// reactors runs handlers.
func reactors() {
	reactor := zmq.NewReactor()
	say("Run with nothing", reactor.Run(time.Millisecond))

	a, b := pair(zmq.PAIR, zmq.PAIR)
	got(b.Send("x", 0))
	reactor.AddSocket(a, zmq.POLLIN, func(events zmq.State) error {
		say("handler", events)
		say("handler receives", v(a.Recv(0))...)
		return anError
	})
	say("Run", reactor.Run(-1))
	must(a.Close())
	must(b.Close())
}

// reactorChanges goes on with what v1.4.0 can do only in a process that ends.
func reactorChanges() {
	a, b := pair(zmq.PAIR, zmq.PAIR)
	reactor := zmq.NewReactor()
	reactor.AddSocket(a, zmq.POLLIN|zmq.POLLOUT, func(zmq.State) error { return errors.New("the first") })
	reactor.AddSocket(a, zmq.POLLIN|zmq.POLLOUT, func(events zmq.State) error {
		say("the second handler", events)
		return anError
	})
	say("Run", reactor.Run(-1))
	reactor.RemoveSocket(a)
	reactor.RemoveSocket(b)
	say("Run without sockets", reactor.Run(-1))

	channel := make(chan any, 5)
	for i := range 5 {
		channel <- i
	}
	var order []string
	count := 0
	say("AddChannel", reactor.AddChannel(channel, 2, func(x any) error {
		order = append(order, fmt.Sprint(x))
		if count++; count == 5 {
			close(channel)
		}
		return nil
	}))
	say("Run until the channel is closed", reactor.Run(time.Millisecond), raw(fmt.Sprint(order)))

	channel = make(chan any, 2)
	channel <- nil
	reactor.AddChannel(channel, 0, func(x any) error {
		say("a nil from the channel", x)
		return anError
	})
	say("Run, nil", reactor.Run(time.Millisecond))
	times := make(chan time.Time, 1)
	when := time.Unix(1, 0).UTC()
	times <- when
	id := reactor.AddChannelTime(times, 1, func(x any) error {
		say("a time from the channel", x.(time.Time).Equal(when))
		return io.EOF
	})
	say("AddChannelTime", id)
	say("Run, time", reactor.Run(time.Millisecond))
	reactor.RemoveChannel(id)
	reactor.RemoveChannel(2)
	reactor.RemoveChannel(99)
	say("Run without channels", reactor.Run(time.Millisecond))

	reactor = zmq.NewReactor()
	endless := make(chan any)
	reactor.AddChannel(endless, 1, func(any) error { return nil })
	within("Run(-1) with a channel", time.Second, func() []any { return v(reactor.Run(-1)) })

	reactor = zmq.NewReactor()
	closed := make(chan any)
	close(closed)
	reactor.AddChannel(closed, 1, func(any) error { return nil })
	say("Run(-1) with a closed channel", reactor.Run(-1))

	// What it prints.
	r, w, err := os.Pipe()
	must(err)
	stdout := os.Stdout
	os.Stdout = w
	log.SetOutput(w)
	log.SetFlags(0)
	reactor = zmq.NewReactor()
	reactor.SetVerbose(true)
	must(a.SetIdentity("a"))
	reactor.AddSocket(a, zmq.POLLOUT, func(events zmq.State) error { return anError })
	verbose := reactor.Run(time.Millisecond)
	closed = make(chan any, 1)
	closed <- "item"
	close(closed)
	reactor.RemoveSocket(a)
	reactor.AddChannel(closed, 0, func(any) error { return nil })
	say("Run, verbose", verbose, reactor.Run(time.Millisecond))
	os.Stdout = stdout
	log.SetOutput(os.Stderr)
	must(w.Close())
	for i, line := range strings.Split(strings.TrimSpace(string(got(io.ReadAll(r)))), "\n") {
		say(fmt.Sprint("verbose ", i), raw(strings.ReplaceAll(line, "<nil>", "nil")))
	}

	// Sockets that are closed.
	reactor = zmq.NewReactor()
	reactor.AddSocket(a, zmq.POLLIN, func(zmq.State) error { return nil })
	must(a.Close())
	say("Run with a closed socket", reactor.Run(time.Millisecond))
	say("Run with a closed socket again", reactor.Run(time.Millisecond))
	must(b.Close())

	// Nil handlers and panics.
	c := open(zmq.PUB)
	reactor = zmq.NewReactor()
	reactor.AddSocket(c, zmq.POLLOUT, nil)
	try("Run with a nil handler", func() []any { return v(reactor.Run(-1)) })
	reactor = zmq.NewReactor()
	reactor.AddSocket(c, zmq.POLLOUT, func(zmq.State) error { panic("in a handler") })
	try("Run with a panic", func() []any { return v(reactor.Run(-1)) })
	must(c.Close())
	try("AddSocket of nil", func() []any {
		zmq.NewReactor().AddSocket(nil, zmq.POLLIN, func(zmq.State) error { return nil })
		return nil
	})
	reactor = zmq.NewReactor()
	reactor.AddChannel(nil, 1, func(any) error { return nil })
	within("Run with a nil channel", 200*time.Millisecond, func() []any { return v(reactor.Run(time.Millisecond)) })
}

// reactorRemoves has handlers that remove each other.
func reactorRemoves() {
	a, b := open(zmq.PUB), open(zmq.PUB)
	reactor := zmq.NewReactor()
	calls := 0
	remove := func(other *zmq.Socket) func(zmq.State) error {
		return func(zmq.State) error {
			reactor.RemoveSocket(other)
			if calls++; calls == 3 {
				return anError
			}
			return nil
		}
	}
	reactor.AddSocket(a, zmq.POLLOUT, remove(b))
	reactor.AddSocket(b, zmq.POLLOUT, remove(a))
	try("Run", func() []any { return v(reactor.Run(-1), calls) })
}

func reactorZero() {
	try("Run", func() []any { return v((&zmq.Reactor{}).Run(time.Millisecond)) })
	try("SetVerbose", func() []any {
		(&zmq.Reactor{}).SetVerbose(true)
		return nil
	})
	try("RemoveChannel", func() []any {
		(&zmq.Reactor{}).RemoveChannel(1)
		return nil
	})
	try("RemoveSocket", func() []any {
		(&zmq.Reactor{}).RemoveSocket(nil)
		return nil
	})
	try("AddChannel", func() []any { return v((&zmq.Reactor{}).AddChannel(nil, 1, nil)) })
	try("AddSocket", func() []any {
		(&zmq.Reactor{}).AddSocket(open(zmq.PULL), zmq.POLLIN, nil)
		return nil
	})
}

// proxies ends each Proxy by terminating its context.
func proxies() {
	ctx := got(zmq.NewContext())
	front, back, capture := openIn(ctx, zmq.ROUTER), openIn(ctx, zmq.DEALER), openIn(ctx, zmq.PAIR)
	watch := openIn(ctx, zmq.PAIR)
	must(capture.Bind("inproc://capture"))
	must(watch.Connect("inproc://capture"))
	req, rep := openIn(ctx, zmq.REQ), openIn(ctx, zmq.REP)
	must(front.Bind("inproc://front"))
	must(back.Bind("inproc://back"))
	must(req.Connect("inproc://front"))
	must(rep.Connect("inproc://back"))
	done := make(chan error)
	go func() {
		err := zmq.Proxy(front, back, capture)
		must(front.Close())
		must(back.Close())
		must(capture.Close())
		done <- err
	}()
	say("request", v(req.SendMessage("a", "b"))...)
	say("REP", v(rep.RecvMessage(0))...)
	say("reply", v(rep.SendMessage("c"))...)
	say("REQ", v(req.RecvMessage(0))...)
	for i := range 2 {
		msg := got(watch.RecvMessage(0))
		say(fmt.Sprint("captured ", i), len(msg), msg[1:])
	}
	term := make(chan error)
	go func() { term <- ctx.Term() }()
	say("Proxy", <-done)
	for _, s := range []*zmq.Socket{watch, req, rep} {
		must(s.Close())
	}
	say("Term", <-term)

	soc, closed := open(zmq.PULL), open(zmq.PULL)
	push := open(zmq.PUSH)
	must(closed.Close())
	for label, call := range map[string]func() error{
		"closed frontend":       func() error { return zmq.Proxy(closed, push, nil) },
		"closed backend":        func() error { return zmq.Proxy(soc, closed, nil) },
		"closed capture":        func() error { return zmq.Proxy(soc, push, closed) },
		"nil frontend":          func() error { return zmq.Proxy(nil, push, nil) },
		"nil backend":           func() error { return zmq.Proxy(soc, nil, nil) },
		"steered, closed":       func() error { return zmq.ProxySteerable(closed, push, nil, nil) },
		"steered, closed also":  func() error { return zmq.ProxySteerable(soc, push, nil, closed) },
		"steered, nil frontend": func() error { return zmq.ProxySteerable(nil, push, nil, nil) },
	} {
		try("Proxy, "+label, func() []any { return v(call()) })
	}
	must(soc.Close())
	must(push.Close())
}

// steer starts a proxy, and returns what steers it, sends, and receives.
func steer(control zmq.Type) (steering, push, pull *zmq.Socket, done chan error) {
	front, back := open(zmq.PULL), open(zmq.PUSH)
	frontName, backName, controlName := inproc(), inproc(), inproc()
	must(front.Bind(frontName))
	must(back.Bind(backName))
	controlled := open(control)
	must(controlled.Bind(controlName))
	steering = open(zmq.PAIR)
	if control == zmq.REP {
		must(steering.Close())
		steering = open(zmq.REQ)
	}
	must(steering.Connect(controlName))
	push, pull = open(zmq.PUSH), open(zmq.PULL)
	must(push.Connect(frontName))
	must(pull.Connect(backName))
	done = make(chan error, 1)
	go func() {
		err := zmq.ProxySteerable(front, back, nil, controlled)
		for _, s := range []*zmq.Socket{front, back, controlled} {
			must(s.Close())
		}
		done <- err
	}()
	return steering, push, pull, done
}

func steerable() {
	steering, push, pull, done := steer(zmq.PAIR)
	got(push.Send("one", 0))
	say("Recv", v(pull.Recv(0))...)
	say("PAUSE", v(steering.Send("PAUSE", 0))...)
	meanwhile(50 * time.Millisecond) // the proxy obeys
	got(push.Send("two", 0))
	must(pull.SetRcvtimeo(100 * time.Millisecond))
	say("Recv, paused", v(pull.Recv(0))...)
	must(pull.SetRcvtimeo(-1))
	say("RESUME", v(steering.Send("RESUME", 0))...)
	within("Recv, resumed", 5*time.Second, func() []any { return v(pull.Recv(0)) })
	say("TERMINATE", v(steering.Send("TERMINATE", 0))...)
	say("ProxySteerable", <-done)
}

// steerableUnknown is fatal with v1.4.0 and libzmq 4.3.4.
func steerableUnknown() {
	steering, push, pull, done := steer(zmq.PAIR)
	got(steering.Send("NONSENSE", 0))
	got(push.Send("one", 0))
	say("Recv", v(pull.Recv(0))...)
	got(steering.Send("TERMINATE", 0))
	say("ProxySteerable", <-done)
}
