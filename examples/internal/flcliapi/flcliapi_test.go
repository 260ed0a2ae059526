// SPDX-License-Identifier: BSD-2-Clause

package flcliapi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/ctest"
)

const (
	patience = 60 * time.Second
	ping     = 50 * time.Millisecond
)

// fake is a server. Until it is told to reply it only answers pings.
type fake struct {
	endpoint string
	requests chan string // what it was asked
	end      func()
}

func serve(t *testing.T, endpoint string, reply bool) *fake {
	t.Helper()
	soc, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Identity(endpoint), zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{endpoint: endpoint, requests: make(chan string, 10_000)}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for msg, err := range soc.Messages(ctx) {
			if err != nil {
				return
			}
			switch {
			case len(msg) == 2 && string(msg[1]) == "PING":
				_, err = soc.SendMessage(msg[0], "PONG")
			case len(msg) == 3:
				f.requests <- string(msg[2])
				if reply {
					_, err = soc.SendMessage(msg[0], msg[1], msg[2], endpoint)
				}
			default:
				err = fmt.Errorf("the server got %q", msg)
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	f.end = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		if err := soc.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(f.end)
	return f
}

func connect(t *testing.T, endpoints ...string) *Client {
	t.Helper()
	c, err := New(ping)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, e := range endpoints {
		if err := c.Connect(e); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// ask returns which server replied.
func ask(t *testing.T, c *Client, request string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	reply, err := c.Request(ctx, []byte(request))
	if err != nil || len(reply) != 2 || string(reply[0]) != request {
		t.Fatalf("reply %q to %q: %v", reply, request, err)
	}
	return string(reply[1])
}

func TestMain(m *testing.M) { os.Exit(ctest.Main(m)) }

func TestRequest(t *testing.T) {
	e := ctest.Endpoints(t, 1)
	c := connect(t, e...) // before there is a server
	serve(t, e[0], true)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 50 {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				request := fmt.Sprint(g, i)
				reply, err := c.Request(ctx, []byte(request))
				cancel()
				if err != nil || string(reply[0]) != request {
					t.Errorf("reply %q to %q: %v", reply, request, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// A request that a server has when it dies goes to the next one.
func TestServerDies(t *testing.T) {
	e := ctest.Endpoints(t, 2)
	first := serve(t, e[0], false)
	c := connect(t, e...)
	replied := make(chan string, 1)
	go func() {
		reply, err := c.Request(context.Background(), []byte("job"))
		replied <- fmt.Sprintf("%s %v", reply, err)
	}()
	if got := <-first.requests; got != "job" {
		t.Fatalf("got %q", got)
	}
	second := serve(t, e[1], true)
	first.end()
	select {
	case got := <-replied:
		if want := "[job " + e[1] + "] <nil>"; got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Fatal("no reply")
	}
	if got := <-second.requests; got != "job" {
		t.Fatalf("got %q", got)
	}
}

// The first server is used again when it is back.
func TestServerComesBack(t *testing.T) {
	e := ctest.Endpoints(t, 2)
	c := connect(t, e...)
	serve(t, e[1], true)
	if got := ask(t, c, "a"); got != e[1] {
		t.Fatalf("%s replied", got)
	}
	for range 2 {
		first := serve(t, e[0], true)
		askUntil(t, c, e[0])
		first.end()
		askUntil(t, c, e[1])
	}
}

func askUntil(t *testing.T, c *Client, server string) {
	t.Helper()
	for end := time.Now().Add(patience); ask(t, c, "x") != server; {
		if time.Now().After(end) {
			t.Fatalf("%s does not reply", server)
		}
	}
}

func TestErrors(t *testing.T) {
	e := ctest.Endpoints(t, 1)
	c := connect(t, e...)
	if _, err := c.Request(t.Context()); err == nil {
		t.Error("a request without a body")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := c.Request(ctx, []byte("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no server: %v", err)
	}
	if err := c.Connect(e[0]); err == nil {
		t.Error("the same server twice")
	}
	if err := c.Connect("nonsense"); err == nil {
		t.Error("a bad endpoint")
	}
	failed := make(chan error, 1)
	go func() {
		_, err := c.Request(context.Background(), []byte("x"))
		failed <- err
	}()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; err != ErrClosed {
		t.Errorf("after Close: %v", err)
	}
	if err := c.Connect(e[0]); err != ErrClosed {
		t.Errorf("Connect after Close: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}
