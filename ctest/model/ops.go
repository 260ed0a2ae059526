// SPDX-License-Identifier: BSD-2-Clause

package model

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	zmq "github.com/seed45097122/zmq4"
)

// An op is one kind of call, with how often it is made in comparison to others.
type op struct {
	name   string
	weight int
	run    func(w *worker) error
}

// errNothing is the result of an operation that found nothing to operate on.
var errNothing = errors.New("nothing to do")

// ops are the operations of chaos.
var ops = func() []op {
	all := []op{
		{"open", 10, (*worker).open},
		{"close", 3, on((*worker).close)},
		{"lose", 1, (*worker).lose},
		{"bind", 12, on((*worker).bind)},
		{"connect", 16, on((*worker).connect)},
		{"unbind", 3, on((*worker).unbind)},
		{"rebind", 2, on((*worker).rebind)},
		{"disconnect", 3, on((*worker).disconnect)},
		{"hello", 3, on((*worker).listenAside)},

		{"get", 6, on((*worker).get)},
		{"set", 8, on((*worker).set)},
		{"get by number", 2, on((*worker).getNumber)},
		{"set by number", 4, on((*worker).setNumber)},
		{"linger", 2, on((*worker).linger)},
		{"ahead", 2, on((*worker).ahead)},
		{"subscribe", 4, on((*worker).subscribe)},
		{"look", 6, on((*worker).look)},

		{"poller add", 3, on((*worker).pollerAdd)},
		{"poller remove", 2, on((*worker).pollerRemove)},
		{"poller poll", 4, (*worker).pollerPoll},
		{"many pollers", 1, on((*worker).manyPollers)},
		{"reactor", 2, (*worker).reactor},

		{"monitor", 2, on((*worker).monitor)},
		{"events", 2, on((*worker).events)},
		{"pipes", 1, on(func(_ *worker, s *sock) error { return s.MonitorPipesStats() })},

		{"proxy", 3, (*worker).proxy},
		{"steerable", 2, (*worker).steerable},

		{"term", 1, (*worker).term},
		{"short context", 1, (*worker).shortContext},
		{"auth", 1, (*worker).auth},
		{"gc", 2, (*worker).collect},

		{"peer", 2, on((*worker).peer)},
	}
	for _, style := range sendStyles {
		all = append(all, op{"send/" + style.name, 10, func(w *worker) error { return w.send(style) }})
	}
	for _, style := range recvStyles {
		all = append(all, op{"recv/" + style.name, 10, func(w *worker) error { return w.recv(style) }})
	}
	return all
}()

// on makes an operation of one on some socket.
func on(f func(*worker, *sock) error) func(*worker) error {
	return func(w *worker) error {
		s := w.sock()
		if s == nil {
			return errNothing
		}
		return f(w, s)
	}
}

// sock returns some socket, which may be closed meanwhile, or nil.
func (w *worker) sock() *sock { return w.sockFor(func(*sock) bool { return true }) }

// sockFor returns some socket that is fit for something, if it finds one.
func (w *worker) sockFor(fit func(*sock) bool) *sock {
	for range 8 {
		if s := w.slots[w.r.IntN(len(w.slots))].Load(); s != nil && fit(s) {
			w.ring.note("%v.%d", s.typ, s.id)
			return s
		}
	}
	return nil
}

// --- sockets ---

func (w *worker) open() error {
	return w.openIn(w.r.IntN(len(w.slots)))
}

// openIn puts a new socket into a slot. Each slot has a type, so that there are
// some of each.
func (w *worker) openIn(slot int) error {
	c := w.contexts[w.r.IntN(len(w.contexts))].Load()
	g := w.groups[slot%len(w.groups)]
	s, err := w.newSock(c, g, g.types[slot/len(w.groups)%len(g.types)])
	if err != nil {
		return err
	}
	w.ring.note("%v.%d", s.typ, s.id)
	err = w.configure(s)
	if err == nil && w.r.IntN(4) > 0 {
		err = pick(w.r, (*worker).bind, (*worker).connect)(w, s)
	}
	if old := w.slots[slot].Swap(s); old != nil {
		err = errors.Join(err, old.close())
	}
	return err
}

// newSock makes a socket that lingers for a short time only.
func (w *worker) newSock(c *zcontext, g *group, typ zmq.Type) (*sock, error) {
	soc, err := c.NewSocket(typ)
	if err != nil {
		return nil, err
	}
	s := &sock{Socket: soc, id: w.ids.Add(1), typ: typ, group: g, ctx: c, sender: anyone, receiver: anyone}
	for _, who := range []*int{&s.sender, &s.receiver} {
		switch w.r.IntN(8) {
		case 0, 1:
			*who = w.n
		case 2:
			*who = mixed
		}
	}
	if typ == zmq.REQ || typ == zmq.REP { // a receive and a send are one exchange
		s.receiver = s.sender
	}
	c.mu.Lock()
	c.socks[s] = true
	c.mu.Unlock()
	if err := soc.SetLinger(w.lingerTime()); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (w *worker) lingerTime() time.Duration {
	return pick(w.r, 0, 0, time.Millisecond, 20*time.Millisecond, 100*time.Millisecond)
}

// configure sets options that belong before Bind and Connect.
func (w *worker) configure(s *sock) (err error) {
	try := func(err2 error) { err = errors.Join(err, err2) }
	if w.r.IntN(2) == 0 {
		try(s.SetSndhwm(pick(w.r, 0, 1, 2, 10, 1000)))
	}
	if w.r.IntN(2) == 0 {
		try(s.SetRcvhwm(pick(w.r, 0, 1, 2, 10, 1000)))
	}
	if w.r.IntN(8) > 0 { // the others are closed by whoever has to wait
		try(s.SetSndtimeo(pick(w.r, 0, time.Millisecond, 10*time.Millisecond)))
	}
	if w.r.IntN(8) > 0 {
		try(s.SetRcvtimeo(pick(w.r, 0, time.Millisecond, 10*time.Millisecond)))
	}
	if w.r.IntN(3) == 0 {
		try(s.SetReconnectIvl(pick(w.r, time.Millisecond, 10*time.Millisecond, -1)))
	}
	if s.group.conflate && w.r.IntN(2) == 0 {
		try(s.SetConflate(true))
	}
	switch s.typ {
	case zmq.SUB:
		for range 1 + w.r.IntN(2) {
			try(s.SetSubscribe(pick(w.r, filters...)))
		}
	case zmq.DISH:
		try(s.Join(pick(w.r, radioGroups...)))
	case zmq.ROUTER:
		if w.r.IntN(2) == 0 {
			try(s.SetRouterMandatory(1))
		}
		if w.r.IntN(4) == 0 {
			try(s.SetRouterHandover(true))
		}
		if w.r.IntN(8) == 0 {
			//lint:ignore SA1019 it is there
			try(s.SetRouterRaw(1))
		}
	case zmq.XPUB:
		if w.r.IntN(2) == 0 {
			try(s.SetXpubNodrop(true))
		}
	case zmq.REQ:
		if w.r.IntN(3) == 0 {
			try(s.SetReqRelaxed(1))
		}
		if w.r.IntN(3) == 0 {
			try(s.SetReqCorrelate(1))
		}
	}
	if w.r.IntN(4) == 0 && slices.Contains([]zmq.Type{zmq.REQ, zmq.REP, zmq.DEALER, zmq.ROUTER}, s.typ) {
		try(s.SetIdentity(pick(w.r, "a", "b", "c")))
	}
	return err
}

var filters = []string{"", "M", magic[:4], "x"}

func (w *worker) close(s *sock) error { return s.close() }

// lose leaves a socket to the garbage collector.
func (w *worker) lose() error {
	s := w.slots[w.r.IntN(len(w.slots))].Swap(nil)
	if s == nil {
		return errNothing
	}
	w.ring.note("%v.%d", s.typ, s.id)
	w.lost.Store(true)
	s.ctx.forget(s)
	return nil
}

// place returns an endpoint where sockets of a family meet.
func (w *worker) place(g *group, bind bool) string {
	if w.r.IntN(30) == 0 {
		g = pick(w.r, w.groups...)
	}
	if len(g.fixed) > 0 && w.r.IntN(len(g.transports)) > 0 {
		return g.fixed[w.r.IntN(1+w.r.IntN(len(g.fixed)))] // the first ones more often
	}
	known := g.resolved[w.r.IntN(len(g.resolved))].Load()
	if known != nil && (!bind || w.r.IntN(3) == 0) {
		return *known
	}
	if slices.Contains(g.transports, "udp") && w.r.IntN(2) == 0 || g.transports[0] == "udp" && len(g.transports) == 1 {
		if bind {
			return "udp://127.0.0.1:*"
		}
		return "udp://127.0.0.1:9"
	}
	if bind {
		return "tcp://127.0.0.1:*"
	}
	return "tcp://127.0.0.1:1" // where nobody is
}

// most is at how many places a socket is, of either kind.
const most = 3

func (w *worker) bind(s *sock) error {
	if s.places(&s.bound) >= most {
		return errNothing
	}
	endpoint := w.place(s.group, true)
	w.ring.note("%s", endpoint)
	if err := s.Bind(endpoint); err != nil {
		return err
	}
	if strings.HasSuffix(endpoint, "*") {
		last, err := s.GetLastEndpoint()
		if err != nil {
			return err
		}
		w.ring.note("%s", last)
		endpoint = last
		s.group.resolved[w.r.IntN(len(s.group.resolved))].Store(&last)
	}
	s.mu.Lock()
	s.bound = append(s.bound, endpoint)
	s.mu.Unlock()
	return nil
}

func (w *worker) connect(s *sock) error {
	if s.places(&s.connected) >= most {
		return errNothing
	}
	endpoint := w.place(s.group, false)
	w.ring.note("%s", endpoint)
	if s.typ == zmq.ROUTER && w.r.IntN(4) == 0 {
		if err := s.SetConnectRid(pick(w.r, "a", "b", "z")); err != nil {
			return err
		}
	}
	if err := s.Connect(endpoint); err != nil {
		return err
	}
	s.mu.Lock()
	s.connected = append(s.connected, endpoint)
	s.mu.Unlock()
	return nil
}

// some returns one of the places where the socket is.
func (w *worker) some(s *sock, places *[]string, take bool) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*places) == 0 {
		return "", false
	}
	i := w.r.IntN(len(*places))
	place := (*places)[i]
	if take {
		*places = slices.Delete(*places, i, i+1)
	}
	w.ring.note("%s", place)
	return place, true
}

func (w *worker) unbind(s *sock) error {
	endpoint, ok := w.some(s, &s.bound, true)
	if !ok {
		return errNothing
	}
	return s.Unbind(endpoint)
}

func (w *worker) rebind(s *sock) error {
	endpoint, ok := w.some(s, &s.bound, false)
	if !ok {
		return errNothing
	}
	if err := s.Unbind(endpoint); err != nil {
		return err
	}
	return s.Bind(endpoint)
}

func (w *worker) disconnect(s *sock) error {
	endpoint, ok := w.some(s, &s.connected, true)
	if !ok {
		return errNothing
	}
	return s.Disconnect(endpoint)
}

// listenAside binds and connects the socket where nobody else comes.
func (w *worker) listenAside(s *sock) error {
	endpoint := fmt.Sprintf("inproc://aside-%d", w.ids.Add(1))
	if w.r.IntN(2) == 0 {
		endpoint = fmt.Sprintf("ipc://%s/aside-%d", w.dir, w.ids.Add(1))
	}
	if w.r.IntN(3) == 0 && slices.Contains([]zmq.Type{zmq.PULL, zmq.SUB, zmq.XSUB, zmq.REP}, s.typ) {
		if err := s.Connect(endpoint); err != nil {
			return err
		}
		return s.Disconnect(endpoint)
	}
	if err := s.Bind(endpoint); err != nil {
		return err
	}
	return s.Unbind(endpoint)
}

// --- messages ---

// may reports whether a worker may send or receive in some way, where who does so.
func (w *worker) may(who int, parts bool) bool {
	return who == w.n || who == mixed || who == anyone && !parts
}

// halfSent reports whether messages of several parts are to be sent by one call only.
func (w *worker) halfSent(g *group) bool {
	return !g.shape.single && (w.avoid("half sent") || w.avoid("wrong peer"))
}

func (w *worker) send(style sendStyle) error {
	deaf := w.r.IntN(20) == 0 // a type that does not send
	s := w.sockFor(func(s *sock) bool {
		if style.parts && w.halfSent(s.group) {
			return false
		}
		return w.may(s.sender, style.parts) && (deaf || !slices.Contains([]zmq.Type{zmq.PULL, zmq.SUB, zmq.DISH, zmq.GATHER}, s.typ))
	})
	if s == nil {
		return errNothing
	}
	source := w.source[s.group]
	if s.sender == mixed {
		source = w.mixed[s.group]
	}
	msgs := source.messages(w.r, pick(w.r, 1, 1, 2, 10, 40))
	whole := make([][][]byte, len(msgs))
	for i := range msgs {
		whole[i] = slices.Concat(s.envelope(w.r), msgs[i])
	}
	send := style.send
	if s.group.draft && s.group.shape.single && s.typ != zmq.DGRAM && (s.typ == zmq.SERVER || s.typ == zmq.PEER || s.typ == zmq.RADIO) {
		send = (*worker).sendSingle
	}
	n, err := send(w, s, whole)
	w.ring.note("%d of %d by %d from %d", n, len(msgs), source.id, source.next-uint32(len(msgs)))
	w.ledger.sent(msgs, n, false)
	return err
}

func (w *worker) recv(style recvStyle) error {
	deaf := w.r.IntN(20) == 0
	s := w.sockFor(func(s *sock) bool {
		return w.may(s.receiver, style.parts) && (deaf || !slices.Contains([]zmq.Type{zmq.PUSH, zmq.PUB, zmq.RADIO, zmq.SCATTER}, s.typ))
	})
	if s == nil {
		return errNothing
	}
	recv := style.recv
	if s.group.draft && s.typ != zmq.DGRAM && w.r.IntN(2) == 0 {
		recv = (*worker).recvSingle
	}
	n := 0
	err := recv(w, s, pick(w.r, 1, 1, 5, 50), func(msg [][]byte) {
		n++
		w.got(s, msg)
	})
	w.ring.note("%d", n)
	return err
}

// got is what becomes of a message that was received.
func (w *worker) got(s *sock, msg [][]byte) {
	if s.receiver == mixed || s.typ == zmq.STREAM {
		if s.typ == zmq.STREAM && len(msg) > 0 {
			s.reply(msg[:1])
		}
		return
	}
	if envelope := envelopeOf(msg); len(envelope) > 0 {
		s.reply(envelope)
	}
	if s.group.conflate && len(msg) == 1 {
		if _, own, err := checkMessage(msg); own && err != nil {
			return // of a sender of another family, the last part is kept
		}
	}
	w.ledger.received(s.id, msg)
}

// --- options ---

var getters, setters = methods("Get", 0), methods("Set", 1)

// methods returns the methods of a socket whose name begins so, with so many
// arguments.
func methods(prefix string, args int) (list []reflect.Method) {
	t := reflect.TypeFor[*zmq.Socket]()
	for i := range t.NumMethod() {
		m := t.Method(i)
		if strings.HasPrefix(m.Name, prefix) && m.Type.NumIn() == 1+args && !m.Type.IsVariadic() {
			list = append(list, m)
		}
	}
	return list
}

func (w *worker) get(s *sock) error {
	m := pick(w.r, getters...)
	w.ring.note("%s", m.Name)
	out := m.Func.Call([]reflect.Value{reflect.ValueOf(s.Socket)})
	err, _ := out[len(out)-1].Interface().(error)
	return err
}

// notSet are setters that are not called at random: they have a fault that
// cannot be mended, or what they do is done elsewhere.
var notSet = map[string]bool{
	"SetUseFd":          true, // the number would be that of somebody else's descriptor
	"SetLinger":         true, // -1 keeps Term waiting: see linger
	"SetConflate":       true, // aborts if the peer sends several parts: see configure
	"SetSocksProxy":     true, // aborts, see docs/troubleshooting.md
	"SetXpubWelcomeMsg": true, // the same
	"SetReceiveAhead":   true, // see ahead
	"SetConnectRid":     true, // see connect
	"SetRouterRaw":      true, // see configure
	"SetOption":         true, // see setNumber
	"SetSubscribe":      true, // see subscribe
	"SetUnsubscribe":    true,
}

// lateMark reports whether a new high-water mark is to be avoided.
func (w *worker) lateMark(s *sock) bool { return s.group.draft && w.avoid("high-water mark") }

func (w *worker) set(s *sock) error {
	m := pick(w.r, setters...)
	if notSet[m.Name] || (m.Name == "SetSndhwm" || m.Name == "SetRcvhwm") && w.lateMark(s) {
		return errNothing
	}
	arg := reflect.New(m.Type.In(1)).Elem()
	switch {
	case arg.Type() == reflect.TypeFor[time.Duration]():
		arg.SetInt(int64(pick(w.r, -1, 0, time.Millisecond, 20*time.Millisecond, time.Second)))
		if m.Name == "SetRcvtimeo" || m.Name == "SetSndtimeo" {
			arg.SetInt(int64(pick(w.r, 0, time.Millisecond, 20*time.Millisecond)))
		}
	case arg.Kind() == reflect.Bool:
		arg.SetBool(w.r.IntN(2) == 0)
	case arg.Kind() == reflect.String:
		arg.SetString(pick(w.r, texts...))
	case arg.CanInt():
		arg.SetInt(pick(w.r, numbers...))
	case arg.CanUint():
		arg.SetUint(uint64(pick(w.r, numbers...)))
	default:
		return errNothing
	}
	w.ring.note("%s(%v)", m.Name, arg)
	out := m.Func.Call([]reflect.Value{reflect.ValueOf(s.Socket), arg})
	err, _ := out[0].Interface().(error)
	return err
}

var (
	texts   = []string{"", "a", "lo", "global", "X-key:value", "127.0.0.1", strings.Repeat("k", 40), strings.Repeat("long", 100)}
	numbers = []int64{-1, 0, 1, 1, 2, 3, 7, 64, 100, 1000, 65536, 1 << 30, 1 << 40}
)

// optionNumbers are those of zmq.h.
const optionNumbers = 120

func (w *worker) getNumber(s *sock) error {
	number := w.r.IntN(optionNumbers)
	value := pick[any](w.r, new(int), new(int64), new(uint64), new(string), new([]byte), new(bool), new(time.Duration))
	w.ring.note("%d %T", number, value)
	return s.GetOption(number, value)
}

// notSetNumber are the numbers of notSet, and of timeouts.
var notSetNumber = []int{17, 27, 28, 54, 41, 61, 68, 72, 89, 6, 7}

func (w *worker) setNumber(s *sock) error {
	number := w.r.IntN(optionNumbers)
	if slices.Contains(notSetNumber, number) || (number == 23 || number == 24) && w.lateMark(s) {
		return errNothing
	}
	var value any
	switch w.r.IntN(5) {
	case 0:
		value = int(pick(w.r, numbers...))
	case 1:
		value = pick(w.r, numbers...)
	case 2:
		value = pick(w.r, texts...)
	case 3:
		value = pick(w.r, 0, 1, 2)
	}
	w.ring.note("%d %T %.50v", number, value, value)
	return s.SetOption(number, value)
}

func (w *worker) linger(s *sock) error { return s.SetLinger(w.lingerTime()) }

func (w *worker) ahead(s *sock) error { return s.SetReceiveAhead(pick(w.r, 0, 1, 2, 10, 100)) }

func (w *worker) subscribe(s *sock) error {
	switch s.typ {
	case zmq.SUB:
		if w.r.IntN(2) == 0 {
			return s.SetSubscribe(pick(w.r, filters...))
		}
		return s.SetUnsubscribe(pick(w.r, filters...))
	case zmq.XSUB:
		if s.sender != anyone {
			return errNothing
		}
		_, err := s.SendMessageDontwait(pick(w.r, "\x00", "\x01") + pick(w.r, filters...))
		return err
	case zmq.DISH:
		if w.r.IntN(2) == 0 {
			return s.Join(pick(w.r, radioGroups...))
		}
		return s.Leave(pick(w.r, radioGroups...))
	}
	return errNothing
}

func (w *worker) look(s *sock) error {
	switch w.r.IntN(5) {
	case 0:
		_ = s.Stats()
	case 1:
		_ = s.String()
	case 2:
		_, err := s.Context()
		return err
	case 3:
		_, err := s.GetEvents()
		return err
	case 4:
		_, err := s.Poll(pick(w.r, zmq.POLLIN, zmq.POLLOUT, zmq.POLLIN|zmq.POLLOUT), time.Duration(w.r.IntN(3000))*time.Microsecond)
		return err
	}
	return nil
}

// --- waiting for many ---

func (w *worker) pollerAdd(s *sock) error {
	p := w.pollers[w.r.IntN(len(w.pollers))].Load()
	if w.r.IntN(2) == 0 {
		_, err := p.UpdateBySocket(s.Socket, pick(w.r, 0, zmq.POLLIN, zmq.POLLOUT))
		return err
	}
	p.AddData(s.Socket, pick(w.r, 0, zmq.POLLIN, zmq.POLLOUT, zmq.POLLIN|zmq.POLLOUT), s.id)
	return nil
}

func (w *worker) pollerRemove(s *sock) error {
	p := w.pollers[w.r.IntN(len(w.pollers))].Load()
	if w.r.IntN(2) == 0 {
		return p.Remove(w.r.IntN(10))
	}
	return p.RemoveBySocket(s.Socket)
}

func (w *worker) pollerPoll() error {
	p := w.pollers[w.r.IntN(len(w.pollers))].Load()
	var err error
	switch w.r.IntN(3) {
	case 0:
		_, err = p.Poll(time.Duration(w.r.IntN(5000)) * time.Microsecond)
	case 1:
		_, err = p.PollAll(time.Duration(w.r.IntN(5000)) * time.Microsecond)
	case 2:
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(w.r.IntN(5000))*time.Microsecond)
		defer cancel()
		_, err = p.PollContext(ctx)
	}
	return err
}

// manyPollers polls by many Pollers, each of them new.
func (w *worker) manyPollers(s *sock) error {
	n := pick(w.r, 20, 20, 600)
	var kept []*zmq.Poller
	for range n {
		p := zmq.NewPoller()
		p.Add(s.Socket, zmq.POLLIN)
		if r, _, err := os.Pipe(); err == nil && w.r.IntN(10) == 0 {
			p.AddFD(r.Fd(), zmq.POLLIN, nil)
			defer r.Close()
		}
		if _, err := p.Poll(0); err != nil {
			return err
		}
		kept = append(kept, p)
	}
	runtime.KeepAlive(kept)
	return nil
}

func (w *worker) reactor() error {
	r := zmq.NewReactor()
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(w.r.IntN(10_000))*time.Microsecond)
	defer cancel()
	ticks := make(chan any)
	r.AddChannel(ticks, 1, func(any) error { return nil })
	defer close(ticks)
	for range 1 + w.r.IntN(3) {
		if s := w.sock(); s != nil {
			r.AddSocket(s.Socket, pick(w.r, zmq.POLLIN, zmq.POLLOUT), func(zmq.State) error {
				if w.r.IntN(4) == 0 {
					r.RemoveSocket(s.Socket)
				}
				_, err := s.GetEvents()
				return err
			})
		}
	}
	return r.RunContext(ctx)
}

// --- monitors ---

// monitor replaces the monitor of a socket by one that is read for a while, or not at all.
func (w *worker) monitor(s *sock) error {
	addr := fmt.Sprintf("inproc://monitor-%d", w.ids.Add(1))
	if w.r.IntN(4) == 0 {
		addr = ""
	}
	err := s.Monitor(addr, pick(w.r, zmq.EVENT_ALL, zmq.EVENT_CONNECTED, zmq.EVENT_CLOSED|zmq.EVENT_DISCONNECTED))
	if err != nil || addr == "" || w.r.IntN(3) == 0 {
		return err
	}
	pair, err := s.ctx.NewSocket(zmq.PAIR)
	if err != nil {
		return err
	}
	defer pair.Close()
	if err := errors.Join(pair.SetLinger(0), pair.SetRcvtimeo(time.Duration(w.r.IntN(3))*time.Millisecond), pair.Connect(addr)); err != nil {
		return err
	}
	for range w.r.IntN(5) {
		if _, _, _, err := pair.RecvEvent(0); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) events(s *sock) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(w.r.IntN(10_000))*time.Microsecond)
	defer cancel()
	events := s.Events(ctx, pick(w.r, zmq.EVENT_ALL, zmq.EVENT_CONNECTED|zmq.EVENT_DISCONNECTED))
	if w.r.IntN(4) == 0 {
		return nil // ctx ends it
	}
	n := w.r.IntN(10)
	for ev, err := range events {
		if err != nil {
			return err
		}
		_ = ev.String()
		if n--; n < 0 {
			break
		}
	}
	return nil
}

// --- proxies ---

// sameFamily returns sockets of one family that any worker may use by whole
// messages, so that a message is not copied where none is expected.
func (w *worker) sameFamily(n int) (socks []*sock) {
	for range 4 * n {
		if s := w.sock(); s != nil && s.sender == anyone && s.receiver == anyone && (len(socks) == 0 || s.group == socks[0].group) {
			if socks = append(socks, s); len(socks) == n {
				return socks
			}
		}
	}
	return nil
}

func (w *worker) proxy() error {
	socks := w.sameFamily(3)
	if socks == nil {
		return errNothing
	}
	var capture *zmq.Socket
	if socks[0].group.fans && w.r.IntN(2) == 0 {
		capture = socks[2].Socket
	}
	if w.r.IntN(3) == 0 {
		defer w.rescue(socks[w.r.IntN(2)])()
		return zmq.Proxy(socks[0].Socket, socks[1].Socket, capture)
	}
	ctx, cancel := w.limit()
	defer cancel()
	return zmq.ProxyContext(ctx, socks[0].Socket, socks[1].Socket, capture)
}

func (w *worker) steerable() error {
	socks := w.sameFamily(2)
	if socks == nil {
		return errNothing
	}
	// The commands come by a pair of sockets of this worker.
	steer, err := w.newSock(socks[0].ctx, socks[0].group, zmq.PAIR)
	if err != nil {
		return err
	}
	defer steer.close()
	control, err := w.newSock(socks[0].ctx, socks[0].group, pick(w.r, zmq.PAIR, zmq.PULL))
	if err != nil {
		return err
	}
	defer control.close()
	if control.typ == zmq.PULL {
		steer.close()
		if steer, err = w.newSock(socks[0].ctx, socks[0].group, zmq.PUSH); err != nil {
			return err
		}
		defer steer.close()
	}
	place := fmt.Sprintf("inproc://steer-%d", w.ids.Add(1))
	if err := errors.Join(control.Bind(place), steer.Connect(place)); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- zmq.ProxySteerable(socks[0].Socket, socks[1].Socket, nil, control.Socket) }()
	for range w.r.IntN(5) {
		if _, err := steer.SendMessageDontwait(pick(w.r, "PAUSE", "RESUME", "STATISTICS", "nonsense")); err != nil {
			break
		}
	}
	switch w.r.IntN(3) {
	case 0:
		control.close()
	case 1:
		socks[0].close()
	case 2:
		// It first delivers what it has in hand, which may be impossible.
		_, _ = steer.SendMessageDontwait("TERMINATE")
		defer time.AfterFunc(10*time.Millisecond, func() { control.close() }).Stop()
	}
	return <-done
}

// --- contexts ---

// term puts another context in the place of one, and ends that.
func (w *worker) term() error {
	fresh, err := newContext()
	if err != nil {
		return err
	}
	old := w.contexts[w.r.IntN(len(w.contexts))].Swap(fresh)
	w.ring.note("%d sockets", len(old.open()))
	switch w.r.IntN(3) {
	case 0:
		return w.terminate(old, old.Term)
	case 1:
		if err := old.Shutdown(); err != nil {
			return err
		}
		return w.terminate(old, old.Term)
	}
	ctx, cancel := w.limit()
	defer cancel()
	if err := old.TermContext(ctx); !zmq.AsErrno(err).Timeout() {
		w.ring.note("%v", err)
	}
	return w.terminate(old, old.Term)
}

func (w *worker) shortContext() error {
	c, err := newContext()
	if err != nil {
		return err
	}
	for range w.r.IntN(3) {
		g := pick(w.r, w.groups...)
		s, err := w.newSock(c, g, pick(w.r, g.types...))
		if err != nil {
			return errors.Join(err, c.Term())
		}
		if w.r.IntN(2) == 0 {
			_ = s.Connect("inproc://nobody")
			_ = s.Connect("tcp://127.0.0.1:1")
			_, _ = s.SendMessageDontwait("lost")
		}
	}
	return w.terminate(c, c.Term)
}

// auth starts and ends an authenticator.
func (w *worker) auth() error {
	c := w.contexts[w.r.IntN(len(w.contexts))].Load()
	a, err := zmq.NewAuthenticator(c.Context, &zmq.AuthConfig{Users: map[string]string{"a": "b"}})
	if err != nil {
		return err
	}
	a.AddUser("global", "c", "d")
	return a.Close()
}

func (w *worker) collect() error {
	runtime.GC()
	return nil
}

// --- drafts ---

func (w *worker) peer(s *sock) error {
	if !zmq.HasDraft() {
		return errNothing
	}
	switch s.typ {
	case zmq.PEER:
		id, err := s.ConnectPeer(w.place(s.group, false))
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.peers = append(s.peers, id)
		s.mu.Unlock()
		if w.r.IntN(4) == 0 {
			return s.DisconnectPeer(id)
		}
		return nil
	case zmq.ROUTER:
		_, err := s.PeerState(pick(w.r, "a", "nobody"))
		return err
	}
	return errNothing
}
