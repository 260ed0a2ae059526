// SPDX-License-Identifier: BSD-2-Clause

// Lbbroker3 is a load-balancing broker on a Reactor, for clients and workers
// that are programs of their own. It stands for the Guide's lbbroker2 as well.
//
// It is the broker of lbbroker with a handler for each side. While no worker is
// free the reactor does not look at the frontend at all, so that requests wait
// in the queues of the sockets.
//
//	go run ./examples/lbbroker3
//	go run ./examples/lbworker
//	go run ./examples/lbclient -n 10
//
// with any number of workers and clients, in any order. It runs until Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	front := flag.String("frontend", "tcp://127.0.0.1:5672", "where the clients connect to")
	back := flag.String("backend", "tcp://127.0.0.1:5673", "where the workers connect to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *front, *back); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "lbbroker3:", err)
		os.Exit(1)
	}
}

type broker struct {
	reactor           *zmq4.Reactor
	frontend, backend *zmq4.Socket
	free              [][]byte // identities of workers, longest free first
	answered          int
}

func run(ctx context.Context, front, back string) (err error) {
	frontend, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(front))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, frontend.Close(), zmq4.Term()) }()
	backend, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(back))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	fmt.Fprintf(os.Stderr, "lbbroker3: listening on %s for clients, %s for workers\n", front, back)

	b := &broker{reactor: zmq4.NewReactor(), frontend: frontend, backend: backend}
	b.reactor.AddSocket(backend, zmq4.POLLIN, b.fromWorker)
	err = b.reactor.RunContext(ctx)
	fmt.Printf("%d requests answered, %d workers free\n", b.answered, len(b.free))
	return err
}

// fromWorker takes what a worker sends: its identity, an empty part, and READY
// or an answer with its address.
func (b *broker) fromWorker(zmq4.State) error {
	msg, err := b.backend.RecvMessageBytes(0)
	if err != nil {
		return err
	}
	b.free = append(b.free, msg[0])
	if len(b.free) == 1 {
		b.reactor.AddSocket(b.frontend, zmq4.POLLIN, b.fromClient)
	}
	if len(msg) <= 3 {
		fmt.Println("a worker is ready")
		return nil
	}
	b.answered++
	_, err = b.frontend.SendMessage(msg[2:])
	return err
}

// fromClient takes what a client sends: its identity, an empty part, and a
// request. It is called only while a worker is free.
func (b *broker) fromClient(zmq4.State) error {
	msg, err := b.frontend.RecvMessageBytes(0)
	if err != nil {
		return err
	}
	worker := b.free[0]
	b.free = b.free[1:]
	if len(b.free) == 0 {
		b.reactor.RemoveSocket(b.frontend)
	}
	_, err = b.backend.SendMessage(worker, "", msg)
	return err
}
