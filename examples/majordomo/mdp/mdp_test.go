// SPDX-License-Identifier: BSD-2-Clause

package mdp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/ctest"
)

const (
	patience = 60 * time.Second
	beat     = 50 * time.Millisecond
)

// ipc returns an endpoint that nobody else uses.
func ipc(t *testing.T) string { return ctest.Endpoints(t, 1)[0] }

// background runs f until the test ends, or until the function returned is called.
func background(t *testing.T, f func(ctx context.Context) error) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	once := false
	end = func() {
		if once {
			return
		}
		once = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("it does not end")
		}
	}
	t.Cleanup(end)
	return end
}

// broker runs a broker and returns its endpoint.
func broker(t *testing.T, b Broker) string {
	t.Helper()
	b.Endpoint = ipc(t)
	b.Logf = t.Logf
	background(t, b.Run)
	return b.Endpoint
}

// peer is a socket whose messages a test writes and reads frame by frame.
type peer struct {
	t   *testing.T
	soc *zmq4.Socket
}

func newPeer(t *testing.T, typ zmq4.Type, option zmq4.OpenOption) *peer {
	t.Helper()
	soc, err := zmq4.OpenSocket(typ, option, zmq4.Linger(time.Second), zmq4.Timeouts(patience, patience))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { soc.Close() })
	return &peer{t, soc}
}

func (p *peer) send(frames ...string) {
	p.t.Helper()
	if _, err := p.soc.SendMessage(frames); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) recv() []string {
	p.t.Helper()
	msg, err := p.soc.RecvMessage(0)
	if err != nil {
		p.t.Fatal(err)
	}
	return msg
}

// expect receives a message, and passes over heartbeats.
func (p *peer) expect(want ...string) {
	p.t.Helper()
	for {
		got := p.recv()
		if slices.Equal(got, []string{"", "MDPW01", "\x04"}) && !slices.Equal(got, want) {
			continue
		}
		if !slices.Equal(got, want) {
			p.t.Fatalf("got %q, want %q", got, want)
		}
		return
	}
}

// availability waits until the lookup of a service gives the status.
func availability(t *testing.T, endpoint, service string, want bool) {
	t.Helper()
	client := &Client{Broker: endpoint, Timeout: patience}
	defer client.Close()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		got, err := client.Available(t.Context(), service)
		if err != nil {
			t.Fatal(err)
		}
		if got == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: available is %v", service, got)
		}
	}
}

func echo(_ context.Context, request [][]byte) [][]byte { return request }

func TestMain(m *testing.M) { os.Exit(ctest.Main(m)) }

// The frames are those of RFC 7, on both sides of the broker.
func TestBrokerFrames(t *testing.T) {
	endpoint := broker(t, Broker{Heartbeat: patience})
	worker, client := newPeer(t, zmq4.DEALER, zmq4.Connect(endpoint)), newPeer(t, zmq4.REQ, zmq4.Connect(endpoint))
	worker.send("", "MDPW01", "\x01", "echo")
	client.send("MDPC01", "echo", "Hello", "", "world")
	got := worker.recv()
	if len(got) < 4 {
		t.Fatalf("got %q", got)
	}
	address := got[3]
	if want := []string{"", "MDPW01", "\x02", address, "", "Hello", "", "world"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	worker.send("", "MDPW01", "\x03", address, "", "Hi", "")
	client.expect("MDPC01", "echo", "Hi", "")
}

func TestManagementServices(t *testing.T) {
	endpoint := broker(t, Broker{Heartbeat: patience})
	client := newPeer(t, zmq4.REQ, zmq4.Connect(endpoint))
	ask := func(service, name, want string) {
		t.Helper()
		client.send("MDPC01", service, name)
		client.expect("MDPC01", service, want)
	}
	ask("mmi.service", "echo", "404")
	end := background(t, func(ctx context.Context) error {
		return (&Worker{Broker: endpoint, Service: "echo", Heartbeat: patience}).Run(ctx, echo)
	})
	availability(t, endpoint, "echo", true)
	ask("mmi.service", "echo", "200")
	ask("mmi.service", "", "404")
	ask("mmi.workers", "echo", "501")
	end()
	availability(t, endpoint, "echo", false)
	ask("mmi.service", "echo", "404")
}

// A worker that breaks the rules is told to disconnect, and gets no request.
func TestBrokerDisconnects(t *testing.T) {
	endpoint := broker(t, Broker{Heartbeat: patience})
	tests := []struct {
		name string
		say  [][]string
	}{
		{"heartbeat before ready", [][]string{{"\x04"}}},
		{"reply before ready", [][]string{{"\x03", "somebody", "", "body"}}},
		{"ready twice", [][]string{{"\x01", "twice"}, {"\x01", "twice"}}},
		{"reply without request", [][]string{{"\x01", "idle"}, {"\x03", "somebody", "", "body"}}},
		{"management service", [][]string{{"\x01", "mmi.service"}}},
		{"no service", [][]string{{"\x01", ""}}},
		{"no service frame", [][]string{{"\x01"}}},
		{"broker's command", [][]string{{"\x02", "somebody", "", "body"}}},
		{"unknown command", [][]string{{"\x06"}}},
		{"empty command", [][]string{{""}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			worker := newPeer(t, zmq4.DEALER, zmq4.Connect(endpoint))
			for _, frames := range test.say {
				worker.send(append([]string{"", "MDPW01"}, frames...)...)
			}
			worker.expect("", "MDPW01", "\x05")
		})
	}
	for _, service := range []string{"twice", "idle"} {
		availability(t, endpoint, service, false)
	}
}

// What is no message of the protocol does no harm.
func TestBrokerMalformed(t *testing.T) {
	endpoint := broker(t, Broker{Heartbeat: patience})
	p := newPeer(t, zmq4.DEALER, zmq4.Connect(endpoint))
	for _, frames := range [][]string{
		{""}, {"x"}, {"", ""}, {"", "MDPC01"}, {"", "MDPC01", "echo"}, {"", "MDPC01", "", "body"}, {"", "MDPW01"},
		{"", "MDPC02", "echo", "body"}, {"x", "MDPC01", "echo", "body"}, {"MDPC01", "echo", "body"}, {"", "MDPC01", "mmi.service"},
	} {
		p.send(frames...)
	}
	p.send("", "MDPC01", "mmi.service", "echo")
	p.expect("", "MDPC01", "mmi.service", "404")
}

// The worker that has waited longest gets the next request.
func TestLeastRecentlyUsed(t *testing.T) {
	endpoint := broker(t, Broker{Heartbeat: patience})
	client := newPeer(t, zmq4.REQ, zmq4.Connect(endpoint))
	var workers []*peer
	for range 3 {
		w := newPeer(t, zmq4.DEALER, zmq4.Connect(endpoint))
		w.send("", "MDPW01", "\x01", "lru")
		workers = append(workers, w)
	}
	// When each has had a request, all are registered.
	for used := make(map[int]bool); len(used) < len(workers); {
		client.send("MDPC01", "lru", "first")
		used[serve(t, workers, "first")] = true
		client.expect("MDPC01", "lru", "first")
	}
	var order []int
	for range 6 {
		client.send("MDPC01", "lru", "next")
		order = append(order, serve(t, workers, "next"))
		client.expect("MDPC01", "lru", "next")
	}
	if !slices.Equal(order[:3], order[3:]) || order[0] == order[1] || order[1] == order[2] || order[0] == order[2] {
		t.Fatalf("workers were used in the order %v", order)
	}
}

// serve answers the request that comes to one of the workers and returns which.
func serve(t *testing.T, workers []*peer, want string) int {
	t.Helper()
	poller := zmq4.NewPoller()
	for _, w := range workers {
		poller.Add(w.soc, zmq4.POLLIN)
	}
	ready, err := poller.Poll(patience)
	if err != nil || len(ready) != 1 {
		t.Fatalf("ready: %v, %v", ready, err)
	}
	i := slices.IndexFunc(workers, func(w *peer) bool { return w.soc == ready[0].Socket })
	msg := workers[i].recv()
	if len(msg) != 6 || msg[2] != "\x02" || msg[5] != want {
		t.Fatalf("got %q", msg)
	}
	workers[i].send("", "MDPW01", "\x03", msg[3], "", msg[5])
	return i
}

// A worker that falls silent loses its request to another one.
func TestWorkerLost(t *testing.T) {
	endpoint := broker(t, Broker{Heartbeat: beat})
	silent := newPeer(t, zmq4.DEALER, zmq4.Connect(endpoint))
	silent.send("", "MDPW01", "\x01", "echo")
	client := newPeer(t, zmq4.REQ, zmq4.Connect(endpoint))
	client.send("MDPC01", "echo", "job")
	for msg := silent.recv(); msg[2] != "\x02"; msg = silent.recv() {
	}
	background(t, func(ctx context.Context) error {
		return (&Worker{Broker: endpoint, Service: "echo", Heartbeat: beat, Reconnect: beat}).Run(ctx, echo)
	})
	client.expect("MDPC01", "echo", "job")
	// It is told when it comes back.
	silent.send("", "MDPW01", "\x04")
	silent.expect("", "MDPW01", "\x05")
}

// A worker that leaves with a request, too.
func TestWorkerLeaves(t *testing.T) {
	endpoint := broker(t, Broker{Heartbeat: patience})
	first := newPeer(t, zmq4.DEALER, zmq4.Connect(endpoint))
	first.send("", "MDPW01", "\x01", "echo")
	client := newPeer(t, zmq4.REQ, zmq4.Connect(endpoint))
	client.send("MDPC01", "echo", "job")
	msg := first.recv()
	second := newPeer(t, zmq4.DEALER, zmq4.Connect(endpoint))
	second.send("", "MDPW01", "\x01", "echo")
	first.send("", "MDPW01", "\x05")
	second.expect(msg...)
	second.send("", "MDPW01", "\x03", msg[3], "", "done")
	client.expect("MDPC01", "echo", "done")
}

func TestRequestExpires(t *testing.T) {
	expired := make(chan string, 10)
	b := Broker{Endpoint: ipc(t), Heartbeat: beat, Expiry: 200 * time.Millisecond, Logf: func(format string, args ...any) {
		if s := fmt.Sprintf(format, args...); strings.Contains(s, "expired") {
			expired <- s
		}
	}}
	background(t, b.Run)
	client := newPeer(t, zmq4.DEALER, zmq4.Connect(b.Endpoint))
	client.send("", "MDPC01", "echo", "late")
	select {
	case got := <-expired:
		if want := "requests for echo expired: 1"; got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Fatal("the request does not expire")
	}
	background(t, func(ctx context.Context) error {
		return (&Worker{Broker: b.Endpoint, Service: "echo", Heartbeat: beat, Reconnect: beat}).Run(ctx, echo)
	})
	availability(t, b.Endpoint, "echo", true)
	client.send("", "MDPC01", "echo", "in time")
	client.expect("", "MDPC01", "echo", "in time")
}

// A broker that ends tells its workers.
func TestBrokerEnds(t *testing.T) {
	b := Broker{Endpoint: ipc(t), Heartbeat: patience}
	end := background(t, b.Run)
	worker := newPeer(t, zmq4.DEALER, zmq4.Connect(b.Endpoint))
	worker.send("", "MDPW01", "\x01", "echo")
	availability(t, b.Endpoint, "echo", true)
	end()
	worker.expect("", "MDPW01", "\x05")
}

// routed receives a message of a worker, and returns its id and the rest.
func (p *peer) routed() (id string, frames []string) {
	p.t.Helper()
	msg := p.recv()
	return msg[0], msg[1:]
}

// The frames that a worker sends are those of RFC 7, and heartbeats go on while it works.
func TestWorkerFrames(t *testing.T) {
	endpoint := ipc(t)
	b := newPeer(t, zmq4.ROUTER, zmq4.Bind(endpoint))
	finish := make(chan struct{})
	end := background(t, func(ctx context.Context) error {
		w := &Worker{Broker: endpoint, Service: "slow", Heartbeat: 500 * time.Millisecond}
		return w.Run(ctx, func(ctx context.Context, request [][]byte) [][]byte {
			<-finish
			return append(request, []byte("done"))
		})
	})
	id, frames := b.routed()
	if want := []string{"", "MDPW01", "\x01", "slow"}; !slices.Equal(frames, want) {
		t.Fatalf("got %q, want %q", frames, want)
	}
	b.send(id, "", "MDPW01", "\x02", "client", "", "a", "", "b")
	for range 2 {
		_, frames := b.routed()
		if want := []string{"", "MDPW01", "\x04"}; !slices.Equal(frames, want) {
			t.Fatalf("got %q, want %q", frames, want)
		}
		b.send(id, "", "MDPW01", "\x04")
	}
	close(finish)
	next := func() []string {
		for {
			_, frames := b.routed()
			if len(frames) != 3 || frames[2] != "\x04" {
				return frames
			}
		}
	}
	if got, want := next(), []string{"", "MDPW01", "\x03", "client", "", "a", "", "b", "done"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	end()
	if got, want := next(), []string{"", "MDPW01", "\x05"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

// A worker registers again, over a new connection, when the broker says so and
// when it is silent.
func TestWorkerReconnects(t *testing.T) {
	endpoint := ipc(t)
	b := newPeer(t, zmq4.ROUTER, zmq4.Bind(endpoint))
	background(t, func(ctx context.Context) error {
		w := &Worker{Broker: endpoint, Service: "echo", Heartbeat: beat, Reconnect: time.Millisecond, Logf: t.Logf}
		return w.Run(ctx, echo)
	})
	ids := make(map[string]bool)
	for len(ids) < 4 {
		id, frames := b.routed()
		if !ids[id] {
			if want := []string{"", "MDPW01", "\x01", "echo"}; !slices.Equal(frames, want) {
				t.Fatalf("got %q, want %q", frames, want)
			}
			ids[id] = true
			if len(ids)%2 == 0 {
				b.send(id, "", "MDPW01", "\x05")
			}
		} else if len(frames) < 3 || frames[2] != "\x04" {
			t.Fatalf("got %q", frames)
		}
	}
}

func TestWorkerService(t *testing.T) {
	for _, name := range []string{"", "mmi.service"} {
		if err := (&Worker{Broker: "inproc://nobody", Service: name}).Run(t.Context(), echo); err == nil {
			t.Errorf("a worker offers %q", name)
		}
	}
}

// A reply without parts is one empty part, not a hang of the client.
func TestEmptyReply(t *testing.T) {
	endpoint := broker(t, Broker{Heartbeat: patience})
	background(t, func(ctx context.Context) error {
		w := &Worker{Broker: endpoint, Service: "nothing", Heartbeat: patience}
		return w.Run(ctx, func(context.Context, [][]byte) [][]byte { return nil })
	})
	client := &Client{Broker: endpoint, Timeout: patience}
	defer client.Close()
	reply, err := client.Request(t.Context(), "nothing", nil)
	if err != nil || len(reply) != 1 || len(reply[0]) != 0 {
		t.Fatalf("got %q, %v", reply, err)
	}
}

// A client sends its request again until there is a broker.
func TestClientTriesAgain(t *testing.T) {
	endpoint := ipc(t)
	again := make(chan struct{}, 100)
	client := &Client{Broker: endpoint, Timeout: beat, Tries: 1_000_000, Logf: func(string, ...any) { again <- struct{}{} }}
	defer client.Close()
	replied := make(chan error, 1)
	go func() {
		reply, err := client.Request(context.Background(), ServiceLookup, []byte("echo"))
		if err == nil && string(reply[0]) != "404" {
			err = fmt.Errorf("reply %q", reply)
		}
		replied <- err
	}()
	<-again
	<-again
	b := Broker{Endpoint: endpoint}
	background(t, b.Run)
	for {
		select {
		case <-again:
		case err := <-replied:
			if err != nil {
				t.Fatal(err)
			}
			return
		case <-time.After(patience):
			t.Fatal("no reply")
		}
	}
}

func TestClientErrors(t *testing.T) {
	client := &Client{Broker: ipc(t), Timeout: time.Millisecond}
	if _, err := client.Request(t.Context(), "echo", []byte("x")); !errors.Is(err, ErrNoReply) {
		t.Errorf("nobody replies: %v", err)
	}
	if _, err := client.Request(t.Context(), "echo"); err != ErrIncomplete {
		t.Errorf("no body: %v", err)
	}
	if _, err := client.Request(t.Context(), "", []byte("x")); err != ErrIncomplete {
		t.Errorf("no service: %v", err)
	}
	client.Timeout = patience
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := client.Request(ctx, "echo", []byte("x")); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrNoReply) {
		t.Errorf("deadline: %v", err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
}

// Replies that are not of the protocol are errors.
func TestClientMalformedReply(t *testing.T) {
	for _, reply := range [][]string{{"nonsense"}, {"MDPC01", "echo"}, {"MDPW01", "echo", "x"}, {"MDPC01", "other", "x"}} {
		endpoint := ipc(t)
		b := newPeer(t, zmq4.REP, zmq4.Bind(endpoint))
		client := &Client{Broker: endpoint, Timeout: patience}
		failed := make(chan error, 1)
		go func() {
			_, err := client.Request(context.Background(), "echo", []byte("x"))
			failed <- errors.Join(err, client.Close())
		}()
		b.expect("MDPC01", "echo", "x")
		b.send(reply...)
		if err := <-failed; !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", reply, err)
		}
	}
}

// Many requests of one client are on their way at once, and each is answered once.
func TestAsyncClient(t *testing.T) {
	const workers, requests = 3, 500
	endpoint := broker(t, Broker{Heartbeat: patience})
	client, err := NewAsyncClient(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i := range requests {
		if err := client.Send(ctx, "echo", fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	for range workers {
		background(t, func(ctx context.Context) error {
			return (&Worker{Broker: endpoint, Service: "echo", Heartbeat: patience}).Run(ctx, echo)
		})
	}
	seen := make(map[string]bool)
	for range requests {
		service, body, err := client.Recv(ctx)
		if err != nil || service != "echo" || len(body) != 1 {
			t.Fatalf("got %q, %q, %v", service, body, err)
		}
		seen[string(body[0])] = true
	}
	if len(seen) != requests {
		t.Fatalf("%d of %d requests were answered", len(seen), requests)
	}
	if err := client.Send(ctx, "echo"); err != ErrIncomplete {
		t.Errorf("no body: %v", err)
	}
}
