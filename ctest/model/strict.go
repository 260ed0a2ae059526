// SPDX-License-Identifier: BSD-2-Clause

package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	zmq "github.com/seed45097122/zmq4"
)

// An exchange is a pattern by which every message gets where it should.
type exchange struct {
	name  string
	draft bool
	run   func(x *strict) error
}

var exchanges = []exchange{
	{"pipeline", false, func(x *strict) error { return x.pipeline(zmq.PUSH, zmq.PULL, shape{}, false) }},
	{"pipeline through a proxy", false, func(x *strict) error { return x.pipeline(zmq.PUSH, zmq.PULL, shape{}, true) }},
	{"dealers", false, func(x *strict) error { return x.both(zmq.DEALER, zmq.DEALER, shape{}) }},
	{"pair", false, func(x *strict) error { return x.both(zmq.PAIR, zmq.PAIR, shape{}) }},
	{"receivers that come and go", false, (*strict).comeAndGo},
	{"publishers", false, (*strict).publish},
	{"requests", false, func(x *strict) error { return x.requests(zmq.REQ, zmq.REP, false) }},
	{"requests to a router", false, func(x *strict) error { return x.requests(zmq.REQ, zmq.ROUTER, false) }},
	{"requests of dealers", false, func(x *strict) error { return x.requests(zmq.DEALER, zmq.ROUTER, false) }},
	{"requests of dealers to a REP", false, func(x *strict) error { return x.requests(zmq.DEALER, zmq.REP, false) }},
	{"requests through a proxy", false, func(x *strict) error { return x.requests(zmq.REQ, zmq.REP, true) }},
	{"scatter", true, func(x *strict) error { return x.pipeline(zmq.SCATTER, zmq.GATHER, shape{single: true}, false) }},
	{"channel", true, func(x *strict) error { return x.both(zmq.CHANNEL, zmq.CHANNEL, shape{single: true}) }},
}

// bulk is how many messages are sent in one direction for one that is answered.
const bulk = 4

// A strict is an exchange under way.
type strict struct {
	*world
	c          *zcontext
	transports []string
	working    sync.WaitGroup // those that send, and end by themselves
	receiving  sync.WaitGroup // those that end when their socket is closed
}

// strictly does one exchange.
func (w *world) strictly() error {
	all := slices.DeleteFunc(slices.Clone(exchanges), func(e exchange) bool {
		return e.draft && !zmq.HasDraft() || w.families != nil && !w.families.MatchString(e.name)
	})
	if len(all) == 0 {
		return errNothing
	}
	e := pick(w.r, all...)
	c, err := newContext()
	if err != nil {
		return err
	}
	w.contexts = make([]atomic.Pointer[zcontext], 1)
	w.contexts[0].Store(c)
	x := &strict{world: w, c: c, transports: usual}
	if w.r.IntN(2) == 0 {
		x.transports = []string{pick(w.r, usual...)}
	}
	fmt.Printf("model: %s over %v\n", e.name, x.transports)
	if err := e.run(x); err != nil {
		w.fail("%s: %v", e.name, err)
	}
	w.end()
	w.ledger.check(true)
	return nil
}

// socket makes a socket that keeps what it has sent until it is delivered.
func (x *strict) socket(typ zmq.Type) (*sock, error) {
	soc, err := x.c.NewSocket(typ)
	if err != nil {
		return nil, err
	}
	s := &sock{Socket: soc, id: x.ids.Add(1), typ: typ, group: x.group(), ctx: x.c, sender: anyone, receiver: anyone}
	x.c.mu.Lock()
	x.c.socks[s] = true
	x.c.mu.Unlock()
	return s, errors.Join(
		soc.SetLinger(-1),
		soc.SetSndhwm(pick(x.r, 0, 1, 2, 10, 100, 1000)),
		soc.SetRcvhwm(pick(x.r, 0, 1, 2, 10, 100, 1000)),
	)
}

func (x *strict) group() *group {
	if len(x.groups) == 0 {
		x.addFamily(family{name: "strict", transports: usual})
	}
	return x.groups[0]
}

// sockets makes n of them.
func (x *strict) sockets(n int, typ zmq.Type) (list []*sock, err error) {
	for range n {
		s, err := x.socket(typ)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// join connects two sockets, whichever of them binds, and in whichever order.
func (x *strict) join(a, b *sock) error {
	if x.r.IntN(2) == 0 {
		a, b = b, a
	}
	n := x.ids.Add(1)
	switch transport := pick(x.r, x.transports...); transport {
	case "tcp":
		if err := a.Bind("tcp://127.0.0.1:*"); err != nil {
			return err
		}
		endpoint, err := a.GetLastEndpoint()
		if err != nil {
			return err
		}
		return b.Connect(endpoint)
	default:
		endpoint := fmt.Sprintf("inproc://strict-%d", n)
		if transport == "ipc" {
			endpoint = fmt.Sprintf("ipc://%s/strict-%d", x.dir, n)
		}
		if x.r.IntN(2) == 0 {
			return errors.Join(a.Bind(endpoint), b.Connect(endpoint))
		}
		return errors.Join(b.Connect(endpoint), a.Bind(endpoint))
	}
}

// send has a worker send messages on a socket.
func (x *strict) send(s *sock, src *source, n int, envelope [][]byte) {
	work, alone := x.newWorker(), s.sender != anyone
	x.working.Go(func() {
		for i := 0; n > 0; i++ {
			work.step(i)
			work.distract(s)
			msgs := src.messages(work.r, min(n, pick(work.r, 1, 1, 2, 10, 50)))
			n -= len(msgs)
			if err := work.sendAll(s, src, msgs, envelope, alone); err != nil {
				x.fail("%v: send: %v", s.typ, err)
				return
			}
		}
	})
}

// sendAll sends messages, in several ways if it has to wait.
func (w *worker) sendAll(s *sock, src *source, msgs [][][]byte, envelope [][]byte, alone bool) error {
	for len(msgs) > 0 {
		style := pick(w.r, sendStyles...)
		if style.parts && !alone || !w.enabled("send/"+style.name) {
			continue
		}
		whole := make([][][]byte, len(msgs))
		for i := range msgs {
			whole[i] = slices.Concat(envelope, msgs[i])
		}
		// It waits for as long as nobody receives: finish sees whether anything moves.
		w.ring.begin("%v.%d send/%s %d/%d", s.typ, s.id, style.name, src.id, src.next-uint32(len(msgs)))
		n, err := style.send(w, s, whole)
		w.ring.note("%d of %d", n, len(msgs))
		w.ring.end(err)
		w.ledger.sent(msgs[:n], n, true)
		msgs = msgs[n:]
		if err != nil && !passes(err) {
			return err
		}
	}
	return nil
}

// passes reports whether a call gave up because of its time or its context.
func passes(err error) bool {
	return zmq.AsErrno(err).Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// receive has a worker receive from a socket until that is closed.
func (x *strict) receive(s *sock, alone bool) {
	work := x.newWorker()
	if alone {
		x.ledger.inOrder(s.id)
	}
	x.receiving.Go(func() {
		for i := 0; ; i++ {
			work.step(i)
			work.distract(s)
			err := work.recvSome(s, pick(work.r, 1, 1, 5, 100), alone, func(msg [][]byte) { x.ledger.received(s.id, msg) })
			if errors.Is(err, zmq.ErrorSocketClosed) {
				return
			} else if err != nil && !passes(err) {
				x.fail("%v: receive: %v", s.typ, err)
				return
			}
		}
	})
}

// recvSome receives up to n messages in one way.
func (w *worker) recvSome(s *sock, n int, alone bool, got func([][]byte)) (err error) {
	style := pick(w.r, recvStyles...)
	for style.parts && !alone || !w.enabled("recv/"+style.name) {
		style = pick(w.r, recvStyles...)
	}
	// It waits for as long as nobody sends: the same.
	w.ring.begin("%v.%d recv/%s", s.typ, s.id, style.name)
	k := 0
	err = style.recv(w, s, n, func(msg [][]byte) {
		k++
		got(msg)
	})
	w.ring.note("%d", k)
	w.ring.end(err)
	if !sane(err) {
		w.fail("odd error: recv/%s: %v", style.name, err)
	}
	return err
}

// step begins the next round of a worker.
func (w *worker) step(i int) {
	w.r = rand.New(rand.NewPCG(w.seed, uint64(w.n+1)<<32|uint64(i)))
}

// distract does something that should disturb nobody, now and then.
func (w *worker) distract(s *sock) {
	if w.r.IntN(4) > 0 {
		return
	}
	var list []func() error
	for _, d := range distractions {
		if w.enabled(d.name) {
			list = append(list, func() error { return w.do(d.name, func() error { return d.run(w, s) }) })
		}
	}
	if len(list) > 0 {
		_ = pick(w.r, list...)()
	}
}

// distractions lose no messages.
var distractions = []struct {
	name string
	run  func(*worker, *sock) error
}{
	{"look", (*worker).look},
	{"get", (*worker).get},
	{"get by number", (*worker).getNumber},
	{"ahead", func(w *worker, s *sock) error {
		if s.receiver == mixed { // a REQ or REP
			return errNothing
		}
		return w.ahead(s)
	}},
	{"hello", (*worker).listenAside},
	{"poller add", (*worker).pollerAdd},
	{"poller remove", (*worker).pollerRemove},
	{"poller poll", func(w *worker, _ *sock) error { return w.pollerPoll() }},
	{"many pollers", (*worker).manyPollers},
	{"monitor", (*worker).monitor},
	{"events", (*worker).events},
	{"gc", func(w *worker, _ *sock) error { return w.collect() }},
}

// finish waits until all is sent and delivered, or nothing moves any more.
func (x *strict) finish() {
	sent := make(chan struct{})
	go func() {
		x.working.Wait()
		close(sent)
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	before, since := uint64(0), time.Now()
	wait := func(ch <-chan struct{}, what string) {
		for {
			select {
			case <-ch:
				return
			case <-tick.C:
			}
			if x.failures.Load() > 0 { // nobody may be left to receive
				for _, s := range x.c.open() {
					s.close()
				}
			}
			if now := x.ledger.moves.Load(); now != before {
				before, since = now, time.Now()
			} else if time.Since(since) > x.hang {
				x.ledger.check(true)
				x.hung("%s: nothing moves", what)
			}
		}
	}
	wait(sent, "sending")
	if x.failures.Load() == 0 {
		wait(x.ledger.delivered(), "delivering")
	}
	x.ending.Store(true)
	for _, s := range x.c.open() {
		if err := s.close(); err != nil {
			x.fail("Close: %v", err)
		}
	}
	x.within("the end of receivers", x.receiving.Wait)
}

// pipeline sends in one direction.
func (x *strict) pipeline(from, to zmq.Type, sh shape, proxy bool) error {
	froms, err := x.sockets(1+x.r.IntN(3), from)
	if err != nil {
		return err
	}
	tos, err := x.sockets(1+x.r.IntN(3), to)
	if err != nil {
		return err
	}
	in, out := tos, froms // who is joined to froms, and to tos
	if proxy {
		front, err := x.socket(to)
		if err != nil {
			return err
		}
		back, err := x.socket(from)
		if err != nil {
			return err
		}
		in, out = []*sock{front}, []*sock{back}
		x.receiving.Go(func() {
			if err := zmq.Proxy(front.Socket, back.Socket, nil); err != zmq.ErrorSocketClosed {
				x.fail("Proxy: %v", err)
			}
		})
	}
	for _, a := range froms {
		for _, b := range in {
			if err := x.join(a, b); err != nil {
				return err
			}
		}
	}
	if proxy {
		for _, b := range tos {
			if err := x.join(out[0], b); err != nil {
				return err
			}
		}
	}
	for _, s := range tos {
		n := 1 + x.r.IntN(3)
		for range n {
			x.receive(s, n == 1)
		}
	}
	for _, s := range froms {
		n := 1 + x.r.IntN(3)
		if n == 1 {
			s.sender = 0
		}
		for range n {
			x.send(s, x.ledger.source(sh), bulk*x.ops, nil)
		}
	}
	x.finish()
	return nil
}

// comeAndGo sends to receivers of which one ends now and then. What it has not
// received is lost then, but no message is torn.
func (x *strict) comeAndGo() error {
	from, err := x.socket(zmq.PUSH)
	if err != nil {
		return err
	}
	if err := from.Bind("inproc://hub"); err != nil {
		return err
	}
	for range 3 + x.r.IntN(3) {
		work := x.newWorker()
		x.receiving.Go(func() {
			for i := 0; !x.ending.Load(); i++ {
				work.step(i)
				if err := work.visit(x); err != nil {
					x.fail("a receiver: %v", err)
					return
				}
			}
		})
	}
	src := x.ledger.source(shape{single: x.avoid("wrong peer")})
	src.fan = 0
	x.send(from, src, 2*bulk*x.ops, nil)
	x.finish()
	return nil
}

// visit receives some messages by a socket that is closed then.
func (w *worker) visit(x *strict) error {
	soc, err := x.c.NewSocket(zmq.PULL)
	if err != nil {
		return err
	}
	defer soc.Close()
	if err := errors.Join(soc.SetRcvtimeo(10*time.Millisecond), soc.Connect("inproc://hub")); err != nil {
		return err
	}
	for range w.r.IntN(200) {
		msg, err := soc.RecvMessageBytes(0)
		if zmq.AsErrno(err).Timeout() {
			break
		} else if err != nil {
			return err
		}
		x.ledger.received(0, msg)
	}
	return nil
}

// both sends in both directions between two sockets.
func (x *strict) both(a, b zmq.Type, sh shape) error {
	one, err := x.socket(a)
	if err != nil {
		return err
	}
	other, err := x.socket(b)
	if err != nil {
		return err
	}
	if err := x.join(one, other); err != nil {
		return err
	}
	for _, s := range []*sock{one, other} {
		n := 1 + x.r.IntN(2)
		for range n {
			x.receive(s, n == 1)
		}
		s.sender = pick(x.r, 0, anyone)
		x.send(s, x.ledger.source(sh), bulk*x.ops, nil)
		if s.sender == anyone {
			x.send(s, x.ledger.source(sh), bulk*x.ops, nil)
		}
	}
	x.finish()
	return nil
}

// publish sends to subscribers that are there, by publishers that wait for them.
func (x *strict) publish() error {
	pub, err := x.socket(zmq.XPUB)
	if err != nil {
		return err
	}
	if err := pub.SetXpubNodrop(true); err != nil {
		return err
	}
	subs := 1 + x.r.IntN(3)
	for range subs {
		s, err := x.socket(zmq.SUB)
		if err != nil {
			return err
		}
		// The topic is one that nobody else has, so that each subscription is told of.
		if err := errors.Join(s.SetSubscribe(magic[:4]), s.SetSubscribe(fmt.Sprint("topic", s.id)), x.join(pub, s)); err != nil {
			return err
		}
		x.receive(s, true)
	}
	ctx, cancel := context.WithTimeout(context.Background(), x.hang)
	defer cancel()
	for topics := 0; topics < subs; {
		msg, err := pub.RecvMessageBytesContext(ctx)
		if err != nil {
			return fmt.Errorf("subscriptions: %w", err)
		}
		if string(msg[0]) != "\x01"+magic[:4] {
			topics++
		}
	}
	// The subscription of magic came before that of the topic.
	for range 1 + x.r.IntN(2) {
		src := x.ledger.source(shape{})
		src.fan = subs
		x.send(pub, src, bulk*x.ops, nil)
	}
	x.finish()
	return nil
}

// requests are answered, each by one reply to who has asked.
func (x *strict) requests(client, server zmq.Type, proxy bool) error {
	answering, err := x.socket(server)
	if err != nil {
		return err
	}
	if x.avoid("replies") && server == zmq.REP {
		if err := answering.SetSndhwm(0); err != nil {
			return err
		}
	}
	to := answering
	if proxy {
		front, err := x.socket(zmq.ROUTER)
		if err != nil {
			return err
		}
		back, err := x.socket(zmq.DEALER)
		if err != nil {
			return err
		}
		if err := errors.Join(front.SetRouterMandatory(1), x.join(back, answering)); err != nil {
			return err
		}
		to = front
		x.receiving.Go(func() {
			if err := zmq.Proxy(front.Socket, back.Socket, nil); err != zmq.ErrorSocketClosed {
				x.fail("Proxy: %v", err)
			}
		})
	}
	servers := 1
	if server == zmq.ROUTER {
		servers += x.r.IntN(2)
		if err := answering.SetRouterMandatory(1); err != nil { // it waits, instead of dropping replies
			return err
		}
	} else {
		answering.receiver = mixed
	}
	for range servers {
		x.answer(answering, servers == 1)
	}
	for range 1 + x.r.IntN(4) {
		s, err := x.socket(client)
		if err != nil {
			return err
		}
		if client == zmq.REQ {
			s.receiver = mixed
		}
		if err := x.join(s, to); err != nil {
			return err
		}
		x.ask(s, client == zmq.DEALER && server == zmq.REP)
	}
	x.finish()
	return nil
}

// answer has a worker answer requests, until its socket is closed.
func (x *strict) answer(s *sock, alone bool) {
	work, src := x.newWorker(), x.ledger.source(shape{})
	x.receiving.Go(func() {
		for i := 0; ; i++ {
			work.step(i)
			work.distract(s)
			var requests [][][]byte // a Receiver may have taken more than one
			err := work.recvSome(s, 1, alone, func(msg [][]byte) {
				x.ledger.received(s.id, msg)
				requests = append(requests, msg)
			})
			if errors.Is(err, zmq.ErrorSocketClosed) {
				return
			} else if err != nil && !passes(err) && !ahead(err, len(requests)) {
				x.fail("%v: receive: %v", s.typ, err)
				return
			}
			for _, request := range requests {
				if err := work.sendAll(s, src, src.messages(work.r, 1), envelopeOf(request), alone); err != nil {
					x.fail("%v: reply: %v", s.typ, err)
					return
				}
			}
		}
	})
}

// ahead reports whether an error is that of a Receiver which has received a
// message of a REQ or REP, and tries to receive the next one.
func ahead(err error, received int) bool { return received > 0 && errors.Is(err, zmq.EFSM) }

// envelopeOf returns what precedes the tester's own parts.
func envelopeOf(msg [][]byte) [][]byte {
	for i, part := range msg {
		if _, own, _ := parsePart(part); own {
			return msg[:i]
		}
	}
	return nil
}

// ask has a worker ask and wait for each reply.
func (x *strict) ask(s *sock, delimit bool) {
	work, src := x.newWorker(), x.ledger.source(shape{})
	var envelope [][]byte
	if delimit {
		envelope = [][]byte{{}}
	}
	x.working.Go(func() {
		for i := range x.ops {
			work.step(i)
			work.distract(s)
			if err := work.sendAll(s, src, src.messages(work.r, 1), envelope, true); err != nil {
				x.fail("%v: request: %v", s.typ, err)
				return
			}
			for replied := false; !replied; {
				err := work.recvSome(s, 1, true, func(msg [][]byte) {
					replied = true
					x.ledger.received(s.id, msg)
				})
				if err != nil && !passes(err) && (!replied || !ahead(err, 1)) {
					x.fail("%v: reply: %v", s.typ, err)
					return
				}
			}
		}
	})
}
