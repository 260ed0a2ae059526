// SPDX-License-Identifier: BSD-2-Clause

package clone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/ctest"
	"github.com/seed45097122/zmq4/examples/internal/kvmsg"
)

// patience is how long anything may take that should take no time.
const patience = time.Minute

func timeout(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

var names atomic.Int64

// fake runs a server until the test ends, or the function is called that it returns. It
// publishes updates as change returns them.
func fake(t *testing.T, change func(kvmsg.Message) kvmsg.Message) (Server, func()) {
	t.Helper()
	id := names.Add(1)
	s := Server{fmt.Sprintf("inproc://snapshot%d", id), fmt.Sprintf("inproc://publisher%d", id), fmt.Sprintf("inproc://collector%d", id)}
	open := func(kind zmq4.Type, options ...zmq4.OpenOption) *zmq4.Socket {
		soc, err := zmq4.OpenSocket(kind, options...)
		if err != nil {
			t.Fatal(err)
		}
		return soc
	}
	router := open(zmq4.ROUTER, zmq4.Bind(s.Snapshot))
	pub := open(zmq4.PUB, zmq4.Bind(s.Publisher))
	sub := open(zmq4.SUB, zmq4.Subscribe(""), zmq4.Bind(s.Collector))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		requests, updates := router.Receiver(ctx, 0), sub.Receiver(ctx, 0)
		hugz := time.NewTicker(10 * time.Millisecond)
		defer hugz.Stop()
		state, sequence := make(kvmsg.Map), uint64(0)
		done <- func() error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case msg, ok := <-requests.C:
					if !ok {
						continue
					}
					client, subtree, err := kvmsg.ParseRequest(msg)
					if err != nil {
						return err
					}
					for _, m := range state.Snapshot(subtree, sequence) {
						if err := m.Send(ctx, router, client); err != nil {
							return err
						}
					}
				case msg, ok := <-updates.C:
					if !ok {
						continue
					}
					m, err := kvmsg.ParseUpdate(msg)
					if err != nil {
						return err
					}
					sequence++
					m.Sequence = sequence
					m = change(m)
					state.Apply(m)
					if err := m.Send(ctx, pub); err != nil {
						return err
					}
				case <-hugz.C:
					if err := (kvmsg.Message{Key: kvmsg.Hugz}).Send(ctx, pub); err != nil {
						return err
					}
				}
			}
		}()
	}()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := errors.Join(<-done, router.Close(), pub.Close(), sub.Close()); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return s, stop
}

func same(m kvmsg.Message) kvmsg.Message { return m }

// eventually waits until a key has a value; "" is none.
func eventually(t *testing.T, c *Clone, key, want string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		value, ok := c.Get(key)
		if string(value) == want && ok == (want != "") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s is %q, not %q", key, value, want)
		}
	}
}

func TestMain(m *testing.M) { os.Exit(ctest.Main(m)) }

func TestParseServer(t *testing.T) {
	s, err := ParseServer("a,b,c")
	if err != nil || s != (Server{"a", "b", "c"}) || s.String() != "a,b,c" {
		t.Errorf("%v, %v", s, err)
	}
	for _, bad := range []string{"", "a", "a,b", "a,b,c,d", "a,,c", ",b,c", "a,b,"} {
		if s, err := ParseServer(bad); err == nil {
			t.Errorf("%q is %v", bad, s)
		}
	}
}

// nobody is a server that is not there. By inproc, libzmq would keep sockets that
// have waited for it until the context is terminated.
func nobody(t *testing.T) Server {
	dir := "ipc://" + t.TempDir()
	return Server{dir + "/snapshot", dir + "/publisher", dir + "/collector"}
}

func TestOpenErrors(t *testing.T) {
	short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	nobody := nobody(t)
	for _, c := range []struct {
		name   string
		config Config
		want   error
	}{
		{"no servers", Config{}, nil},
		{"subtree", Config{Servers: []Server{nobody}, Subtree: "a"}, kvmsg.ErrMalformed},
		{"bad collector", Config{Servers: []Server{nobody, {nobody.Snapshot, nobody.Publisher, "none://"}}}, syscall.EINVAL},
		{"bad publisher", Config{Servers: []Server{{nobody.Snapshot, "none://", nobody.Collector}}}, syscall.EINVAL},
		{"nobody there", Config{Servers: []Server{nobody}, Patience: time.Millisecond}, context.DeadlineExceeded},
	} {
		clone, err := Open(short, c.config)
		if clone != nil || err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, clone, err, c.want)
		}
	}
}

func TestFollowSilent(t *testing.T) {
	err := Follow(timeout(t), nobody(t), "", time.Millisecond,
		func(kvmsg.Map, uint64) { t.Error("snapshot") }, func(kvmsg.Message) { t.Error("update") })
	if !errors.Is(err, ErrSilent) {
		t.Error(err)
	}
}

// A client sees what it and others set in its subtree, and nothing else.
func TestSetGet(t *testing.T) {
	ctx := timeout(t)
	server, _ := fake(t, same)
	var clients []*Clone
	for _, subtree := range []string{"", "/a/"} {
		c, err := Open(ctx, Config{Servers: []Server{server}, Subtree: subtree, Patience: patience})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
		clients = append(clients, c)
	}
	all, part := clients[0], clients[1]
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(all.Set(ctx, "/b/1", []byte("other"), 0))
	must(all.Set(ctx, "/a/1", []byte("one"), 1500*time.Millisecond))
	eventually(t, all, "/b/1", "other")
	eventually(t, all, "/a/1", "one")
	eventually(t, part, "/a/1", "one")
	state, sequence := part.State()
	if len(state) != 1 || sequence != 2 || state["/a/1"].Properties["ttl"] != "2" || state["/a/1"].UUID == (kvmsg.UUID{}) {
		t.Errorf("state %v at %d", state["/a/1"], sequence)
	}
	must(part.Set(ctx, "/a/1", nil, 0))
	eventually(t, all, "/a/1", "")

	for _, key := range []string{"", kvmsg.Hugz, kvmsg.KthxBai} {
		if err := all.Set(ctx, key, []byte("v"), 0); !errors.Is(err, kvmsg.ErrMalformed) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if err := all.Set(ctx, "/a/1", []byte("v"), 1<<63-1); !errors.Is(err, kvmsg.ErrMalformed) {
		t.Errorf("longest ttl: %v", err)
	}
	must(part.Close())
	select {
	case <-part.Done():
	default:
		t.Error("not done after Close")
	}
	if err := part.Set(ctx, "/a/1", []byte("v"), 0); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Set after Close: %v", err)
	}
}

// A client goes on with another server, and keeps its copy until then.
func TestFailover(t *testing.T) {
	ctx := timeout(t)
	first, stop := fake(t, same)
	second, _ := fake(t, same)
	silent, synced := make(chan Server, 100), make(chan Server, 100)
	c, err := Open(ctx, Config{
		Servers:    []Server{first, second},
		Patience:   500 * time.Millisecond,
		OnSnapshot: func(s Server, _ uint64) { synced <- s },
		OnSilent: func(s Server) {
			select {
			case silent <- s:
			default:
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := <-synced; got != first {
		t.Fatalf("snapshot from %v", got)
	}
	if err := c.Set(ctx, "/k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, c, "/k", "v")
	stop()
	for _, want := range []struct {
		from chan Server
		is   Server
	}{{silent, first}, {synced, second}} {
		select {
		case got := <-want.from:
			if got != want.is {
				t.Errorf("%v, not %v", got, want.is)
			}
		case <-ctx.Done():
			t.Fatalf("nothing about %v", want.is)
		}
	}
	eventually(t, c, "/k", "v") // the second server was told, too
	if err := c.Set(ctx, "/k", []byte("w"), 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, c, "/k", "w")
}

// A message that is against the protocol ends the client, with an error.
func TestMalformedServer(t *testing.T) {
	ctx := timeout(t)
	zctx, err := zmq4.NewContext()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := zctx.Term(); err != nil {
			t.Error(err)
		}
	}()
	router, err := zctx.OpenSocket(zmq4.ROUTER, zmq4.Bind("tcp://127.0.0.1:*"))
	if err != nil {
		t.Fatal(err)
	}
	defer router.Close()
	address, err := router.GetLastEndpoint()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if msg, err := router.RecvMessageBytesContext(ctx); err == nil {
			_, _ = router.SendMessageContext(ctx, msg[0], "no snapshot")
		}
	}()
	nobody := nobody(t)
	_, err = Open(ctx, Config{Servers: []Server{{address, nobody.Publisher, nobody.Collector}}, Patience: patience})
	if !errors.Is(err, kvmsg.ErrMalformed) {
		t.Error(err)
	}
}
