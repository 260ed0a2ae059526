// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// threadSafe are the draft types that libzmq gives no ZMQ_FD.
var threadSafe = []Type{CLIENT, SERVER, RADIO, DISH, GATHER, SCATTER, PEER, CHANNEL}

func init() {
	if HasDraft() {
		blockedCalls = append(blockedCalls,
			blockedCall{"Recv", GATHER, SCATTER, func(s *Socket) error { _, err := s.Recv(0); return err }, nil},
			blockedCall{"RecvMsg", SERVER, CLIENT, func(s *Socket) error { _, err := s.RecvMsg(&Msg{}, 0); return err }, nil},
			blockedCall{"RecvMessage", CLIENT, SERVER, func(s *Socket) error { _, err := s.RecvMessage(0); return err }, nil},
			blockedCall{"RecvBytes", PEER, PEER, func(s *Socket) error { _, err := s.RecvBytes(0); return err }, nil},
			blockedCall{"Send", SCATTER, GATHER, func(s *Socket) error { _, err := s.Send("x", 0); return err }, sends(large)},
			blockedCall{"Send", CHANNEL, CHANNEL, func(s *Socket) error { _, err := s.Send("x", 0); return err }, sends(large)},
		)
	}
}

// TestNoDraft: without the draft API what needs it says so.
func TestNoDraft(t *testing.T) {
	if HasDraft() {
		t.Skip("this libzmq has the draft API")
	}
	ctx := newContext(t)
	for _, typ := range threadSafe {
		if soc, err := ctx.NewSocket(typ); err != ErrorNotImplemented42draft || soc != nil {
			t.Errorf("NewSocket(%v) = %v, %v", typ, soc, err)
		}
	}
	router := newSocket(t, ctx, ROUTER)
	m, err := NewMsg(1)
	must(t, err)
	defer m.Close()
	for name, call := range map[string]func() error{
		"Join":                      func() error { return router.Join("g") },
		"Leave":                     func() error { return router.Leave("g") },
		"ConnectPeer":               func() error { _, err := router.ConnectPeer("inproc://x"); return err },
		"DisconnectPeer":            func() error { return router.DisconnectPeer(1) },
		"PeerState":                 func() error { _, err := router.PeerState("x"); return err },
		"SendWithOpts":              func() error { _, err := router.SendWithOpts("x", 0, OptGroup("g")); return err },
		"SendBytesWithOpts":         func() error { _, err := router.SendBytesWithOpts(nil, 0, OptRoutingId(1)); return err },
		"RecvWithOpts":              func() error { _, _, err := router.RecvWithOpts(DONTWAIT, OptGroup("")); return err },
		"RecvBytesWithOpts":         func() error { _, _, err := router.RecvBytesWithOpts(DONTWAIT, OptRoutingId(0)); return err },
		"SetRoutingID":              func() error { return m.SetRoutingID(1) },
		"SetGroup":                  func() error { return m.SetGroup("g") },
		"MonitorPipesStats":         router.MonitorPipesStats,
		"SetThreadNamePrefixString": func() error { return ctx.SetThreadNamePrefixString("x") },
		"GetThreadNamePrefixString": func() error { _, err := ctx.GetThreadNamePrefixString(); return err },
	} {
		if err := call(); err != ErrorNotImplemented42draft {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, err := range router.Events(t.Context(), EVENT_PIPES_STATS) {
		if !errors.Is(err, ErrorNotImplemented42draft) {
			t.Errorf("Events: %v", err)
		}
	}
	if m.Group() != "" || m.RoutingID() != 0 {
		t.Errorf("group %q, routing id %d", m.Group(), m.RoutingID())
	}
	for _, o := range newerOptionTests() {
		if o.since.draft {
			soc := newSocket(t, ctx, o.typ)
			for method, errs := range calls(soc) {
				if method[3:] == o.name && slices.ContainsFunc(errs, func(err error) bool { return err != ErrorNotImplemented42draft }) {
					t.Errorf("%s: %v", method, errs)
				}
			}
		}
	}
}

// Each pattern carries messages by each transport, and back if it can.
func TestDraftPatterns(t *testing.T) {
	needDraft(t)
	tests := []struct {
		bound, connected Type
		from, to         string // which of them sends
		udp              bool
	}{
		{GATHER, SCATTER, "connected", "bound", false},
		{SCATTER, GATHER, "bound", "connected", false},
		{CHANNEL, CHANNEL, "connected", "bound", false},
		{SERVER, CLIENT, "connected", "bound", false},
		{PEER, PEER, "connected", "bound", false},
		{DISH, RADIO, "connected", "bound", true},
		{RADIO, DISH, "bound", "connected", false},
	}
	for _, tt := range tests {
		for _, transport := range []string{"inproc", "ipc", "tcp", "udp"} {
			if transport == "udp" && !tt.udp {
				continue
			}
			t.Run(fmt.Sprintf("%v-%v/%s", tt.bound, tt.connected, transport), func(t *testing.T) {
				ctx := newContext(t)
				b, c := newSocket(t, ctx, tt.bound), newSocket(t, ctx, tt.connected)
				for _, soc := range []*Socket{b, c} {
					if soc.s.typ == DISH {
						must(t, soc.Join("news"))
					}
					if safe, err := soc.GetThreadSafe(); !safe || err != nil {
						t.Errorf("GetThreadSafe = %v, %v", safe, err)
					}
				}
				endpoint := ""
				if transport == "udp" {
					endpoint = freeUdp(t)
					must(t, b.Bind(endpoint))
				} else {
					endpoint = bindOn(t, b, transport)
				}
				id := uint32(0)
				if tt.connected == PEER {
					var err error
					id, err = c.ConnectPeer(endpoint)
					must(t, err)
				} else {
					must(t, c.Connect(endpoint))
				}
				from, to := c, b
				if tt.from == "bound" {
					from, to = b, c
				}
				stop := make(chan struct{})
				var sending sync.WaitGroup
				defer sending.Wait()
				defer close(stop)
				switch {
				case from.s.typ == RADIO: // the subscription may come later, datagrams may be lost
					sending.Go(func() {
						pace := time.NewTicker(time.Millisecond)
						defer pace.Stop()
						for i := 0; ; i++ {
							group := []string{"news", "other"}[i%2]
							if _, err := from.SendWithOpts("to "+group, 0, OptGroup(group)); err != nil {
								t.Error(err)
								return
							}
							select {
							case <-stop:
								return
							case <-pace.C:
							}
						}
					})
					for range 3 {
						msg, opts, err := recvWithOpts(t, to, OptGroup(""))
						if msg != "to news" || err != nil || opts[0] != OptGroup("news") {
							t.Fatalf("got %q of %v, %v", msg, opts, err)
						}
					}
				case from.s.typ == PEER:
					_, err := from.SendBytesWithOpts([]byte("hello"), 0, OptRoutingId(id))
					must(t, err)
				default:
					_, err := from.Send("hello", 0)
					must(t, err)
				}
				switch to.s.typ {
				case SERVER, PEER:
					msg, opts, err := recvWithOpts(t, to, OptRoutingId(0))
					if msg != "hello" || err != nil || opts[0] == OptRoutingId(0) {
						t.Fatalf("got %q of %v, %v", msg, opts, err)
					}
					_, err = to.SendWithOpts("back", 0, opts[0])
					must(t, err)
					expect(t, from, "back")
				case DISH:
				default:
					expect(t, to, "hello")
				}
			})
		}
	}
}

func recvWithOpts(t *testing.T, soc *Socket, options ...interface{}) (msg string, opts []interface{}, err error) {
	within(t, patience, "receive", func() { msg, opts, err = soc.RecvWithOpts(0, options...) })
	return msg, opts, err
}

// freeUdp returns an endpoint of a port that was free just now.
func freeUdp(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	must(t, err)
	defer conn.Close()
	return "udp://" + conn.LocalAddr().String()
}

// Groups of all lengths arrive, and those that are too long are refused.
func TestGroups(t *testing.T) {
	needDraft(t)
	radio, dish := socketPair(t, "inproc", RADIO, DISH)
	for _, n := range []int{0, 1, 13, 14, 15, 16, 254, 255} {
		group := strings.Repeat("g", n)
		must(t, dish.Join(group))
		if err := dish.Join(group); err != einval {
			t.Errorf("join %d again: %v", n, err)
		}
		if _, err := radio.GetEvents(); err != nil { // takes the subscription
			t.Error(err)
		}
		m, err := NewMsg(4)
		must(t, err)
		copy(m.Bytes(), "body")
		must(t, m.SetGroup(strings.Repeat("x", 200))) // replaced, and freed
		must(t, m.SetGroup(group))
		if m.Group() != group || string(m.Bytes()) != "body" {
			t.Errorf("group %q of %q", m.Group(), m.Bytes())
		}
		if _, err = radio.SendMsg(m, 0); n > 14 {
			if err != einval {
				t.Errorf("send to a group of %d bytes: %v, want EINVAL", n, err)
			}
			m.Close()
			must(t, dish.Leave(group))
			continue
		}
		must(t, err)
		within(t, patience, "receive", func() { _, err = dish.RecvMsg(m, 0) })
		if m.Group() != group || string(m.Bytes()) != "body" || err != nil {
			t.Errorf("got %q in %q, %v", m.Bytes(), m.Group(), err)
		}
		must(t, m.SetGroup("again")) // on what was received
		m.Close()
		must(t, dish.Leave(group))
		if err := dish.Leave(group); err != einval {
			t.Errorf("leave %d again: %v", n, err)
		}
	}
	m, err := NewMsg(0)
	must(t, err)
	defer m.Close()
	for _, bad := range []string{strings.Repeat("g", 256), "a\x00b"} {
		for name, err := range map[string]error{"Join": dish.Join(bad), "Leave": dish.Leave(bad), "SetGroup": m.SetGroup(bad)} {
			if err != einval {
				t.Errorf("%s of %d bytes: %v, want EINVAL", name, len(bad), err)
			}
		}
	}
	for name, err := range map[string]error{"Join": radio.Join("g"), "Leave": radio.Leave("g")} {
		if err != ENOTSUP {
			t.Errorf("%s of a RADIO: %v, want ENOTSUP", name, err)
		}
	}
	m.Close()
	if err := m.SetGroup("g"); err != ErrMsgClosed {
		t.Errorf("SetGroup of a closed Msg: %v", err)
	}
}

func TestRoutingIDs(t *testing.T) {
	needDraft(t)
	server, client := socketPair(t, "tcp", SERVER, CLIENT)
	send(t, client, "a")
	m := &Msg{}
	within(t, patience, "receive", func() {
		if _, err := server.RecvMsg(m, 0); err != nil {
			t.Error(err)
		}
	})
	id := m.RoutingID()
	if id == 0 {
		t.Error("no routing id")
	}
	if _, err := server.SendMsg(m, 0); err != nil { // back to where it came from
		t.Error(err)
	}
	expect(t, client, "a")

	// A message without data has the same properties.
	send(t, client, "")
	msg, opts, err := recvWithOpts(t, server, OptRoutingId(0))
	if msg != "" || err != nil || len(opts) != 1 || opts[0] != OptRoutingId(id) {
		t.Fatalf("an empty message: %q, %v, %v", msg, opts, err)
	}
	if _, err := server.SendBytesWithOpts(nil, 0, opts[0]); err != nil {
		t.Error(err)
	}
	expect(t, client, "")

	m, err = NewMsg(1)
	must(t, err)
	defer m.Close()
	if err := m.SetRoutingID(0); err != einval {
		t.Errorf("SetRoutingID(0): %v", err)
	}
	must(t, m.SetRoutingID(id+1))
	if _, err := server.SendMsg(m, 0); err != EHOSTUNREACH || m.Size() != 1 {
		t.Errorf("to nobody: %v, %d bytes left", err, m.Size())
	}
	if _, err := server.Send("x", 0); err != EHOSTUNREACH {
		t.Errorf("without a routing id: %v", err)
	}
	if _, err := server.SendWithOpts("x", 0, id); err != einval {
		t.Errorf("with a plain number: %v", err)
	}
	if _, _, err := server.RecvWithOpts(0, 1); err != einval {
		t.Errorf("RecvWithOpts of a plain number: %v", err)
	}
	if _, err := server.PeerState("x"); err != ENOTSUP {
		t.Errorf("PeerState of SERVER: %v", err)
	}
	if _, err := server.ConnectPeer("inproc://x"); err != ENOTSUP {
		t.Errorf("ConnectPeer of SERVER: %v", err)
	}
}

// Messages of several parts are refused whole.
func TestSinglePart(t *testing.T) {
	needDraft(t)
	a, b := socketPair(t, "inproc", CHANNEL, CHANNEL)
	batch := &Batch{}
	batch.Append([]byte("1"), []byte("2"))
	m, err := NewMsg(1)
	must(t, err)
	defer m.Close()
	for name, call := range map[string]func() error{
		"SendMessage": func() error { _, err := a.SendMessage("1", "2"); return err },
		"SNDMORE":     func() error { _, err := a.Send("1", SNDMORE); return err },
		"SendMsg":     func() error { _, err := a.SendMsg(m, SNDMORE); return err },
		"SendBatch":   func() error { _, err := a.SendBatch(t.Context(), batch); return err },
	} {
		if err := call(); !errors.Is(err, ErrSinglePart) || !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if m.Size() != 1 {
		t.Error("the Msg was taken")
	}
	send(t, a, "whole")
	expect(t, b, "whole")
	batch.Reset()
	for i := range 100 {
		batch.Append([]byte(fmt.Sprint(i)))
	}
	if n, err := a.SendBatch(t.Context(), batch); n != 100 || err != nil {
		t.Errorf("SendBatch = %d, %v", n, err)
	}
	got := &Batch{}
	for got.Len() < 100 {
		_, err := b.RecvBatch(t.Context(), got, 0)
		must(t, err)
	}
	for i, msg := range got.All() {
		if string(msg.Part(0)) != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, msg.Part(0))
		}
	}
}

// Many goroutines wait on thread-safe sockets, without threads.
func TestDraftParking(t *testing.T) {
	needDraft(t)
	ctx := newContext(t)
	const sockets, each = 20, 20
	before := procCount(t, "task")
	type peer struct {
		server *Socket
		client *Socket
	}
	var peers []peer
	var waiting sync.WaitGroup
	results := make(chan error, sockets*each)
	cancelled, cancel := context.WithCancel(t.Context())
	for range sockets {
		p := peer{newSocket(t, ctx, SERVER), newSocket(t, ctx, CLIENT)}
		must(t, p.client.Connect(bindOn(t, p.server, "inproc")))
		peers = append(peers, p)
		for range each {
			waiting.Go(func() {
				_, err := p.server.RecvBytesContext(cancelled, 0)
				results <- err
			})
		}
		waitParked(t, p.server, each)
	}
	if n := procCount(t, "task") - before; n > 40 {
		t.Errorf("%d goroutines that wait take %d threads", sockets*each, n)
	}
	for _, p := range peers {
		for range each / 2 {
			send(t, p.client, "x")
		}
	}
	within(t, patience, "half of them", func() {
		for range sockets * each / 2 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
	cancel()
	within(t, patience, "the others", func() {
		for range sockets * each / 2 {
			if err := <-results; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		waiting.Wait()
	})
	soc := peers[0].client
	must(t, soc.SetRcvtimeo(20*time.Millisecond))
	within(t, patience, "timeout", func() {
		if _, err := soc.Recv(0); err != eagain {
			t.Errorf("%v, want EAGAIN", err)
		}
	})
}

// A waiting goroutine does not spin, even if there were many signals before.
func TestDraftNoSpin(t *testing.T) {
	needDraft(t)
	a, b := socketPair(t, "inproc", CHANNEL, CHANNEL)
	for range 2 {
		go func() { b.Recv(0) }()
	}
	waitParked(t, b, 2)
	for range 1000 { // each makes a signal
		send(t, a, "x")
		for {
			if _, err := b.Recv(DONTWAIT); err != nil {
				break
			}
		}
	}
	scans := 0
	scan := b.s.park.scan
	b.s.park.mu.Lock()
	b.s.park.scan = func(signalled bool) State { scans++; return scan(signalled) }
	b.s.park.mu.Unlock()
	must(t, b.SetRcvtimeo(50*time.Millisecond))
	b.Recv(0)
	if scans > 20 {
		t.Errorf("looked %d times for nothing", scans)
	}
}

// SERVER gets EAGAIN for a client that is full though it says it is writable.
func TestServerFull(t *testing.T) {
	needDraft(t)
	ctx := newContext(t)
	server, client := newSocket(t, ctx, SERVER), newSocket(t, ctx, CLIENT)
	for _, soc := range []*Socket{server, client} {
		must(t, soc.SetSndhwm(1))
		must(t, soc.SetRcvhwm(1))
	}
	must(t, client.Connect(bindOn(t, server, "inproc")))
	send(t, client, "hello")
	_, opts, err := recvWithOpts(t, server, OptRoutingId(0))
	must(t, err)
	const n = 1000
	go func() {
		for i := range n {
			if _, err := server.SendWithOpts(fmt.Sprint(i), 0, opts[0]); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for i := range n {
		expect(t, client, fmt.Sprint(i))
	}
}

func TestDraftPoller(t *testing.T) {
	needDraft(t)
	ctx := newContext(t)
	p := NewPoller()
	var ends []*Socket
	for i := range 5 {
		typ := []Type{CHANNEL, PAIR}[i%2]
		a, b := newSocket(t, ctx, typ), newSocket(t, ctx, typ)
		must(t, a.Connect(bindOn(t, b, "inproc")))
		p.Add(b, POLLIN)
		ends = append(ends, a)
	}
	for round := range 20 {
		a := ends[round%len(ends)]
		go a.Send("x", 0)
		var polled []Polled
		within(t, patience, "Poll", func() {
			var err error
			if polled, err = p.Poll(-1); err != nil {
				t.Error(err)
			}
		})
		if len(polled) != 1 {
			t.Fatalf("%d sockets are ready", len(polled))
		}
		expect(t, polled[0].Socket, "x")
	}
	soc := newSocket(t, ctx, CLIENT)
	if ev, err := soc.Poll(POLLIN, time.Millisecond); ev != 0 || err != nil {
		t.Errorf("Poll = %v, %v", ev, err)
	}
	id := p.Add(soc, POLLIN)
	soc.Close()
	if _, err := p.Poll(0); err != ErrorSocketClosed {
		t.Errorf("Poll of a closed CLIENT (%d): %v", id, err)
	}
}

func TestDraftProxy(t *testing.T) {
	needDraft(t)
	ctx := newContext(t)
	gather, scatter := newSocket(t, ctx, GATHER), newSocket(t, ctx, SCATTER)
	in, out := newSocket(t, ctx, SCATTER), newSocket(t, ctx, GATHER)
	must(t, in.Connect(bindOn(t, gather, "inproc")))
	must(t, out.Connect(bindOn(t, scatter, "inproc")))
	done := make(chan error, 1)
	go func() { done <- Proxy(gather, scatter, nil) }()
	for i := range 100 {
		send(t, in, fmt.Sprint(i))
		expect(t, out, fmt.Sprint(i))
	}
	gather.Close()
	within(t, patience, "Proxy", func() { <-done })

	// What the other side cannot send ends it.
	pull, channel := newSocket(t, ctx, PULL), newSocket(t, ctx, CHANNEL)
	push := newSocket(t, ctx, PUSH)
	other := newSocket(t, ctx, CHANNEL)
	must(t, push.Connect(bindOn(t, pull, "inproc")))
	must(t, other.Connect(bindOn(t, channel, "inproc")))
	go func() { done <- Proxy(pull, channel, nil) }()
	send(t, push, "two", "parts")
	within(t, patience, "Proxy", func() {
		if err := <-done; !errors.Is(err, syscall.EINVAL) {
			t.Errorf("Proxy: %v, want EINVAL", err)
		}
	})
}

func TestPeerState(t *testing.T) {
	needDraft(t)
	ctx := newContext(t)
	router, dealer := newSocket(t, ctx, ROUTER), newSocket(t, ctx, DEALER)
	must(t, router.SetSndhwm(1))
	must(t, dealer.SetRcvhwm(1))
	must(t, router.SetRouterMandatory(1))
	must(t, dealer.SetIdentity("peer"))
	if _, err := router.PeerState("peer"); err != EHOSTUNREACH {
		t.Errorf("nobody: %v", err)
	}
	must(t, dealer.Connect(bindOn(t, router, "inproc")))
	if s, err := router.PeerState("peer"); s != POLLOUT || err != nil {
		t.Errorf("PeerState = %v, %v", s, err)
	}
	for {
		if _, err := router.SendMessageDontwait("peer", "x"); err == eagain {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if s, err := router.PeerState("peer"); s != 0 || err != nil {
		t.Errorf("PeerState when full = %v, %v", s, err)
	}
	for _, id := range []string{"", "other", strings.Repeat("x", 1000)} {
		if _, err := router.PeerState(id); err != EHOSTUNREACH {
			t.Errorf("PeerState(%q): %v", short(id), err)
		}
	}
}

func TestConnectPeer(t *testing.T) {
	needDraft(t)
	ctx := newContext(t)
	a := newSocket(t, ctx, PEER)
	for _, bad := range []string{"", "nonsense", "tcp://", "a\x00b", "xyz://a"} {
		if id, err := a.ConnectPeer(bad); id != 0 || err == nil {
			t.Errorf("ConnectPeer(%q) = %d, %v", bad, id, err)
		}
	}
	b := newSocket(t, ctx, PEER)
	id, err := a.ConnectPeer(bindOn(t, b, "tcp"))
	must(t, err)
	_, err = a.SendWithOpts("x", 0, OptRoutingId(id)) // before it is connected
	must(t, err)
	expect(t, b, "x")
	switch err := a.DisconnectPeer(id); {
	case (feature{3, 6, true}).missing() != nil:
		if err != ENOTSUP {
			t.Errorf("DisconnectPeer: %v", err)
		}
	case err != nil:
		t.Error(err)
	default:
		if _, err := a.SendWithOpts("x", 0, OptRoutingId(id)); err != EHOSTUNREACH {
			t.Errorf("after DisconnectPeer: %v", err)
		}
	}
	must(t, a.SetImmediate(true))
	if _, err := a.ConnectPeer("inproc://x"); err != Errno(syscall.EFAULT) {
		t.Errorf("with immediate: %v", err)
	}
}

// DGRAM needs no draft API.
func TestDgram(t *testing.T) {
	ctx := newContext(t)
	a, b := newSocket(t, ctx, DGRAM), newSocket(t, ctx, DGRAM)
	if _, err := a.SendMessageDontwait("127.0.0.1:9", "x"); err != eagain {
		t.Errorf("not bound: %v, want EAGAIN", err)
	}
	m, err := NewMsg(1)
	must(t, err)
	if _, err := a.SendMsg(m, SNDMORE|DONTWAIT); err != eagain || m.Size() != 1 {
		t.Errorf("not bound: %v, %d bytes left", err, m.Size())
	}
	m.Close()
	ends := []string{freeUdp(t), freeUdp(t)}
	must(t, a.Bind(ends[0]))
	must(t, b.Bind(ends[1]))
	to := strings.TrimPrefix(ends[1], "udp://")
	for _, bad := range [][]any{{"x"}, {to, "x", "y"}, {to, "x", "y", "z"}} {
		if _, err := a.SendMessage(bad...); err != einval {
			t.Errorf("%d parts: %v, want EINVAL", len(bad), err)
		}
	}
	if _, err := a.SendMessage(to, make([]byte, 8193)); err != EMSGSIZE {
		t.Errorf("8193 bytes: %v", err)
	}
	for _, nowhere := range []string{"", "x", "127.0.0.1", "127.0.0.1:0", "1:2:3"} { // dropped
		if _, err := a.SendMessage(nowhere, "x"); err != nil {
			t.Errorf("to %q: %v", nowhere, err)
		}
	}
	for _, size := range []int{0, 1, 1000, 8192} {
		body := strings.Repeat("x", size)
		var got []string
		for range 10 { // a datagram may be lost
			send(t, a, to, body)
			must(t, b.SetRcvtimeo(time.Second))
			if got, err = b.RecvMessage(0); err == nil {
				break
			}
		}
		if len(got) != 2 || strings.TrimSuffix(got[0], "\x00") != strings.TrimPrefix(ends[0], "udp://") || got[1] != body {
			t.Errorf("%d bytes: got %s, %v", size, short(got), err)
		}
	}
	if _, err := a.Send(to, SNDMORE); err != nil { // part by part
		t.Error(err)
	}
	if _, err := a.Send("x", SNDMORE); err != einval {
		t.Errorf("a third part: %v", err)
	}
	if _, err := a.Send("x", 0); err != nil {
		t.Error(err)
	}
}

func TestUdpBind(t *testing.T) {
	needDraft(t)
	ctx := newContext(t)
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	must(t, err)
	defer conn.Close()
	for _, typ := range []Type{DISH, DGRAM} {
		soc := newSocket(t, ctx, typ)
		if err := soc.Bind("udp://" + conn.LocalAddr().String()); err != EADDRINUSE {
			t.Errorf("%v: a port in use: %v", typ, err)
		}
		if err := soc.Bind("udp://192.0.2.1:5555"); err != EADDRNOTAVAIL {
			t.Errorf("%v: an address of somebody else: %v", typ, err)
		}
		for _, bad := range []string{"udp://", "udp://x", "udp://127.0.0.1", "udp://127.0.0.1:x"} {
			if err := soc.Bind(bad); err == nil {
				t.Errorf("%v: Bind(%q) succeeds", typ, bad)
			}
		}
	}
	radio := newSocket(t, ctx, RADIO)
	must(t, radio.Connect(freeUdp(t)))
	if _, err := radio.SendBytesWithOpts(make([]byte, 8000), 0, OptGroup("g")); err != EMSGSIZE {
		t.Errorf("8000 bytes: %v", err)
	}
	if _, err := radio.SendBytesWithOpts(make([]byte, 7936), 0, OptGroup(strings.Repeat("g", 14))); err != nil {
		t.Errorf("7936 bytes: %v", err)
	}
}
