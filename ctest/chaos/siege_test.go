// SPDX-License-Identifier: BSD-2-Clause

package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	zmq "github.com/seed45097122/zmq4"
)

// A world is a context with security of one kind.
type world struct {
	t                  *testing.T
	ctx                *zmq.Context
	mechanism          string // NULL, ZAP (which is NULL with a domain), PLAIN or CURVE
	serverKey, goodKey zmq.CurveKeypair
	places             int

	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func newWorld(t *testing.T, r *rand.Rand) *world {
	w := &world{t: t, mechanism: pick(r, "NULL", "NULL", "ZAP", "PLAIN", "CURVE")}
	var err error
	w.ctx, err = zmq.NewContext()
	must(t, err)
	must(t, w.ctx.SetIoThreads(1+r.IntN(2)))
	w.serverKey, err = zmq.GenerateCurveKeypair()
	must(t, err)
	w.goodKey, err = zmq.GenerateCurveKeypair()
	must(t, err)
	auth, err := zmq.NewAuthenticator(w.ctx, &zmq.AuthConfig{
		Users: map[string]string{"good": "secret"}, Keys: []string{w.goodKey.Public}, Logger: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	t.Cleanup(func() {
		within(t, 2*patience, "the end", func() {
			cancel()
			w.wg.Wait()
			must(t, auth.Close())
			must(t, w.ctx.Term())
		})
	})
	_ = ctx
	return w
}

// socket makes a socket that is secured, as a server or as a good client.
func (w *world) socket(typ zmq.Type, server bool) *zmq.Socket {
	s, err := w.ctx.NewSocket(typ)
	must(w.t, err)
	must(w.t, s.SetLinger(100*time.Millisecond))
	switch {
	case w.mechanism == "ZAP" && server:
		err = s.ServerAuthNull("any")
	case w.mechanism == "PLAIN" && server:
		err = s.ServerAuthPlain("any")
	case w.mechanism == "PLAIN":
		err = s.ClientAuthPlain("good", "secret")
	case w.mechanism == "CURVE" && server:
		err = s.ServerAuthCurve("any", w.serverKey.Secret)
	case w.mechanism == "CURVE":
		err = s.ClientAuthCurve(w.serverKey.Public, w.goodKey.Public, w.goodKey.Secret)
	}
	must(w.t, err)
	return s
}

// bind binds a server and returns where.
func (w *world) bind(s *zmq.Socket, transport string) string {
	w.t.Helper()
	w.places++
	endpoint := transport + "://127.0.0.1:*"
	if transport == "ipc" {
		endpoint = "ipc://" + filepath.Join(w.t.TempDir(), fmt.Sprint(w.places))
	}
	must(w.t, s.Bind(endpoint))
	endpoint, err := s.GetLastEndpoint()
	must(w.t, err)
	return endpoint
}

// watch ranges over the events of a socket until it is closed.
func (w *world) watch(s *zmq.Socket) {
	events := s.Events(context.Background(), zmq.EVENT_ALL)
	w.wg.Go(func() {
		for _, err := range events {
			if err != nil && !errors.Is(err, zmq.ETERM) && !errors.Is(err, zmq.ErrorSocketClosed) {
				w.t.Error("events:", err)
			}
		}
	})
}

// A service is what a socket is asked for. serve runs until its socket is closed; ask is one
// request by a new good client.
type service struct {
	typ   zmq.Type
	serve func(w *world, s *zmq.Socket, got chan []byte)
	ask   func(ctx context.Context, w *world, endpoint string, got chan []byte) error
}

var services = map[string]service{
	"ROUTER": {zmq.ROUTER, echo, request(zmq.DEALER)},
	"REP":    {zmq.REP, echo, request(zmq.REQ)},
	"PULL":   {zmq.PULL, collect, deliver(zmq.PUSH)},
	"DEALER": {zmq.DEALER, collect, deliver(zmq.DEALER)},
	"SUB":    {zmq.SUB, collect, deliver(zmq.PUB)},
	"XSUB":   {zmq.XSUB, collect, deliver(zmq.XPUB)},
	"PUB":    {zmq.PUB, publish, listenTo(zmq.SUB)},
	"XPUB":   {zmq.XPUB, publish, listenTo(zmq.SUB)},
	"PUSH":   {zmq.PUSH, publish, listenTo(zmq.PULL)},
	"STREAM": {zmq.STREAM, echo, func(ctx context.Context, w *world, endpoint string, _ chan []byte) error {
		return rawEcho(ctx, endpoint)
	}},
	"PAIR": {zmq.PAIR, collect, nil}, // has one peer only, which may be a stranger

	// Of the draft API.
	"SERVER": {zmq.SERVER, collect, deliver(zmq.CLIENT)},
	"GATHER": {zmq.GATHER, collect, deliver(zmq.SCATTER)},
	"RADIO":  {zmq.RADIO, publish, nil},
	"DISH":   {zmq.DISH, collect, nil},
	"PEER":   {zmq.PEER, collect, nil},
}

var draftServices = []string{"SERVER", "GATHER", "RADIO", "DISH", "PEER"}

func ended(err error) bool {
	return errors.Is(err, zmq.ErrorSocketClosed) || errors.Is(err, zmq.ETERM)
}

// next receives a message for a service, or nil when that is to end.
func (w *world) next(s *zmq.Socket) [][]byte {
	msg, err := s.RecvMessageBytes(0)
	if err != nil && !ended(err) {
		w.t.Error("receive:", err)
	}
	if err != nil {
		return nil
	}
	return msg
}

func echo(w *world, s *zmq.Socket, _ chan []byte) {
	for msg := w.next(s); msg != nil; msg = w.next(s) {
		if typ, _ := s.GetType(); typ == zmq.STREAM && len(msg[1]) == 0 {
			continue // it is the begin or the end of a connection
		}
		// A STREAM, and a ROUTER with mandatory routing, would wait for a client that does not read.
		_, err := s.SendMessageDontwait(msg)
		if ended(err) {
			return
		} else if err != nil && !errors.Is(err, zmq.EHOSTUNREACH) && !errors.Is(err, zmq.AsErrno(syscall.EAGAIN)) {
			w.t.Error("reply:", err)
			return
		}
	}
}

func collect(w *world, s *zmq.Socket, got chan []byte) {
	for msg := w.next(s); msg != nil; msg = w.next(s) {
		if b := msg[len(msg)-1]; bytes.HasPrefix(b, []byte("tag ")) {
			select {
			case got <- b:
			default:
			}
		}
	}
}

func publish(w *world, s *zmq.Socket, _ chan []byte) {
	for i := 0; ; i++ {
		if s.SetSndtimeo(10*time.Millisecond) != nil {
			return
		}
		msg := [][]byte{[]byte("news"), make([]byte, i%5000), []byte("end")}
		if typ, _ := s.GetType(); typ == zmq.RADIO {
			msg = msg[:1]
		}
		if _, err := s.SendMessage(msg); ended(err) {
			return
		}
		for {
			if _, err := s.RecvMessageBytes(zmq.DONTWAIT); err != nil {
				break
			}
		}
	}
}

func (w *world) client(typ zmq.Type, endpoint string) (*zmq.Socket, error) {
	s := w.socket(typ, false)
	if err := s.Connect(endpoint); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func request(typ zmq.Type) func(context.Context, *world, string, chan []byte) error {
	return func(ctx context.Context, w *world, endpoint string, _ chan []byte) error {
		for {
			s, err := w.client(typ, endpoint)
			if err != nil {
				return err
			}
			once := ctx
			if typ == zmq.REQ { // libzmq loses the reply after a malformed request
				var cancel context.CancelFunc
				once, cancel = context.WithTimeout(ctx, patience/10)
				defer cancel()
			}
			_, err = s.SendMessageContext(once, "hello", "", "you")
			if err == nil {
				var msg [][]byte
				for msg, err = s.RecvMessageBytesContext(once); err == nil && len(msg) == 1 && len(msg[0]) == 0; {
					msg, err = s.RecvMessageBytesContext(once) // that was the probe of a ROUTER
				}
				if err == nil && string(bytes.Join(msg, []byte("|"))) != "hello||you" {
					err = fmt.Errorf("reply %q", msg)
				}
			}
			s.Close()
			if err == nil || ctx.Err() != nil || once.Err() == nil {
				return err
			}
		}
	}
}

func deliver(typ zmq.Type) func(context.Context, *world, string, chan []byte) error {
	return func(ctx context.Context, w *world, endpoint string, got chan []byte) error {
		s, err := w.client(typ, endpoint)
		if err != nil {
			return err
		}
		defer s.Close()
		tag := fmt.Sprintf("tag %d", time.Now().UnixNano())
		again := time.NewTicker(20 * time.Millisecond) // a publisher has no subscriber at first
		defer again.Stop()
		for {
			if typ == zmq.CLIENT || typ == zmq.SCATTER {
				_, err = s.SendContext(ctx, tag, 0)
			} else {
				_, err = s.SendMessageContext(ctx, "topic", tag)
			}
			if err != nil {
				return err
			}
			for waiting := true; waiting; {
				select {
				case b := <-got:
					if string(b) == tag {
						return nil
					}
				case <-again.C:
					waiting = false
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
	}
}

func listenTo(typ zmq.Type) func(context.Context, *world, string, chan []byte) error {
	return func(ctx context.Context, w *world, endpoint string, _ chan []byte) error {
		s, err := w.client(typ, endpoint)
		if err != nil {
			return err
		}
		defer s.Close()
		if typ == zmq.SUB {
			if err := s.SetSubscribe("news"); err != nil {
				return err
			}
		}
		for range 3 {
			msg, err := s.RecvMessageBytesContext(ctx)
			if err != nil {
				return err
			}
			if len(msg) != 3 || string(msg[0]) != "news" || string(msg[2]) != "end" {
				return fmt.Errorf("torn message of %d parts", len(msg))
			}
		}
		return nil
	}
}

func rawEcho(ctx context.Context, endpoint string) error {
	network, addr := address(endpoint)
	c, err := net.Dial(network, addr)
	if err != nil {
		return err
	}
	defer c.Close()
	end, _ := ctx.Deadline()
	c.SetDeadline(end)
	if _, err := c.Write([]byte("hello")); err != nil {
		return err
	}
	b := make([]byte, 5)
	_, err = io.ReadFull(c, b)
	return err
}

// A target is a socket with a service.
type target struct {
	name, endpoint string
	socket         *zmq.Socket
	got            chan []byte
}

// besieged has sockets of a few types attacked.
func besieged(t *testing.T, r *rand.Rand) {
	w := newWorld(t, r)
	names := slices.Sorted(maps.Keys(services))
	if !zmq.HasDraft() {
		names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(draftServices, name) })
	}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	transport := pick(r, "tcp", "tcp", "tcp", "ipc", "ws")
	if transport == "ws" && !zmq.Has("WS") {
		transport = "tcp"
	}
	var targets []*target
	for _, name := range names[:3] {
		targets = append(targets, w.open(r, name, transport))
	}
	t.Logf("%s over %s, %v", w.mechanism, transport, names[:3])
	defer func() {
		t.Log("all end")
		within(t, patience, "Close", func() {
			for _, target := range targets {
				must(t, target.socket.Close())
			}
		})
	}()
	kinds := slices.Sorted(maps.Keys(attacks))
	for range 8 {
		victim := targets[r.IntN(len(targets))]
		name := kinds[r.IntN(len(kinds))]
		many := pick(r, 1, 1, 3, 20)
		var wg sync.WaitGroup
		for range many {
			own := rand.New(rand.NewPCG(r.Uint64(), 2))
			wg.Go(func() { attack(own, name, victim.name, victim.endpoint) })
		}
		if r.IntN(2) == 0 { // do not wait for the end of it
			defer wg.Wait()
		} else {
			wg.Wait()
		}
		for _, target := range targets {
			ask := services[target.name].ask
			if ask == nil {
				continue
			}
			within(t, 2*patience, target.name, func() {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				if err := ask(ctx, w, target.endpoint, target.got); err != nil {
					t.Fatalf("%s after %d times %q to %s: %v", target.name, many, name, victim.name, err)
				}
			})
		}
		if r.IntN(4) == 0 { // attacks go on while sockets come and go
			i := r.IntN(len(targets))
			within(t, 2*patience, "Unbind and Close", func() {
				unbind := r.IntN(2) == 0
				t.Logf("%s ends, Unbind: %v", targets[i].name, unbind)
				if unbind {
					must(t, targets[i].socket.Unbind(targets[i].endpoint))
				}
				must(t, targets[i].socket.Close())
				targets[i] = w.open(r, targets[i].name, transport)
			})
		}
	}
}

func (w *world) open(r *rand.Rand, name, transport string) *target {
	if transport == "ws" && (name == "STREAM" || w.mechanism == "CURVE" && strings.HasSuffix(name, "UB")) {
		transport = "tcp" // ws has no STREAM, and loses the subscriptions of CURVE clients
	}
	tg := &target{name: name, socket: w.socket(services[name].typ, true), got: make(chan []byte, 100)}
	s := tg.socket
	must(w.t, s.SetHandshakeIvl(pick(r, 300*time.Millisecond, 30*time.Second)*slow))
	must(w.t, s.SetMaxmsgsize(pick[int64](r, -1, 70_000, 1_000_000)))
	if r.IntN(2) == 0 {
		must(w.t, s.SetRcvhwm(10))
		must(w.t, s.SetSndhwm(10))
	}
	switch name {
	case "ROUTER":
		must(w.t, s.SetRouterHandover(r.IntN(2) == 0))
		must(w.t, s.SetRouterMandatory(r.IntN(2)))
		if r.IntN(2) == 0 {
			must(w.t, s.SetProbeRouter(1))
		}
	case "SUB":
		must(w.t, s.SetSubscribe("topic"))
	case "XSUB":
		_, err := s.SendBytes([]byte("\x01topic"), 0)
		must(w.t, err)
	case "XPUB":
		must(w.t, s.SetXpubVerbose(r.IntN(2)))
	case "DISH":
		must(w.t, s.Join("group"))
	}
	if r.IntN(2) == 0 {
		w.watch(s)
	}
	tg.endpoint = w.bind(s, transport)
	w.wg.Go(func() { services[name].serve(w, s, tg.got) })
	return tg
}
