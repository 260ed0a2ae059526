// SPDX-License-Identifier: BSD-2-Clause

// Monitoring watches the connections of a server and of its client, which
// connects before the server is there, and closes first.
//
// Events returns what happens to a socket as it happens, with the value that
// goes with it in a field of its own. It begins when it is called, before Bind
// and Connect here, so that nothing is missed, and events wait in memory until
// they are taken. The program takes them one by one, by iter.Pull2; most
// programs range over them in a goroutine.
//
// Needs libzmq 4.3 or newer, for the events of the handshake.
//
//	go run ./examples/monitoring
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5570", "where the server will listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "monitoring:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string) (err error) {
	server, err := zmq4.OpenSocket(zmq4.REP, zmq4.Linger(time.Second))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close(), zmq4.Term()) }()
	fromServer := newWatcher("server", server.Events(ctx, zmq4.EVENT_ALL))
	defer fromServer.stop()
	client, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	fromClient := newWatcher("client", client.Events(ctx, zmq4.EVENT_ALL))
	defer fromClient.stop()

	if err := client.Connect(endpoint); err != nil {
		return err
	}
	if err := fromClient.until(zmq4.EVENT_CONNECT_RETRIED); err != nil {
		return err
	}

	if err := server.Bind(endpoint); err != nil {
		return err
	}
	if err := fromServer.until(zmq4.EVENT_HANDSHAKE_SUCCEEDED); err != nil {
		return err
	}
	if err := fromClient.until(zmq4.EVENT_HANDSHAKE_SUCCEEDED); err != nil {
		return err
	}
	if err := client.Close(); err != nil {
		return err
	}
	return fromServer.until(zmq4.EVENT_DISCONNECTED)
}

// A watcher prints the events of a socket.
type watcher struct {
	name string
	next func() (zmq4.SocketEvent, error, bool)
	stop func()
}

func newWatcher(name string, events iter.Seq2[zmq4.SocketEvent, error]) watcher {
	next, stop := iter.Pull2(events)
	return watcher{name, next, stop}
}

// until prints events up to one of a kind.
func (w watcher) until(last zmq4.Event) error {
	for {
		event, err, ok := w.next()
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%s: no more events", w.name)
		}
		w.print(event)
		if event.Event == last {
			return nil
		}
	}
}

func (w watcher) print(e zmq4.SocketEvent) {
	what := e.String()
	switch e.Event {
	case zmq4.EVENT_LISTENING:
		what = fmt.Sprintf("listens on %s, descriptor %d", e.Endpoint, e.FD)
	case zmq4.EVENT_CONNECT_RETRIED:
		what = fmt.Sprintf("tries again in %v", e.RetryIn)
	case zmq4.EVENT_ACCEPTED:
		what = fmt.Sprintf("accepted descriptor %d", e.FD)
	case zmq4.EVENT_BIND_FAILED, zmq4.EVENT_ACCEPT_FAILED, zmq4.EVENT_CLOSE_FAILED, zmq4.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
		what = fmt.Sprintf("failed: %v", e.Err)
	case zmq4.EVENT_HANDSHAKE_FAILED_PROTOCOL:
		what = fmt.Sprintf("broken handshake: %v", e.ProtocolError)
	case zmq4.EVENT_HANDSHAKE_FAILED_AUTH:
		what = fmt.Sprintf("refused with status %d", e.ZAPStatus)
	case zmq4.EVENT_HANDSHAKE_SUCCEEDED:
		what = "is connected"
	case zmq4.EVENT_DISCONNECTED:
		what = fmt.Sprintf("lost descriptor %d", e.FD)
	}
	fmt.Printf("%s %s\n", w.name, what)
}
