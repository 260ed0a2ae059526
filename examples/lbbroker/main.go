// SPDX-License-Identifier: BSD-2-Clause

// Lbbroker is a load-balancing broker, with its clients and workers as
// goroutines of the same program.
//
// Clients and workers are REQ sockets, the broker has a ROUTER for each side. A
// worker says READY once; from then on each of its answers says that it is
// free again. The broker takes a request only when a worker is free, and gives
// it to the one that has been so for longest; until then requests wait in the
// queues of the sockets. A worker gets the client's identity before the
// request and puts it before its answer, by which the broker finds the client.
//
//	go run ./examples/lbbroker -clients 10 -workers 3 -n 5
//
// It ends when all clients have had their answers. See lbbroker3 for a broker
// whose clients and workers are programs of their own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	front := flag.String("frontend", "inproc://clients", "where the clients connect to")
	back := flag.String("backend", "inproc://workers", "where the workers connect to")
	clients := flag.Int("clients", 10, "number of clients")
	workers := flag.Int("workers", 3, "number of workers, at least 1")
	n := flag.Int("n", 1, "number of requests of each client")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *front, *back, *clients, max(*workers, 1), *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "lbbroker:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, front, back string, clients, workers, n int) (err error) {
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

	// The first that fails ends all, and so do clients that are all content.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var asking, serving sync.WaitGroup
	serving.Go(func() { cancel(broker(ctx, frontend, backend)) })
	for i := range workers {
		serving.Go(func() { cancel(worker(ctx, back, fmt.Sprintf("worker-%d", i+1))) })
	}
	for i := range clients {
		asking.Go(func() {
			if err := client(ctx, front, fmt.Sprintf("client-%d", i+1), n); err != nil {
				cancel(err)
			}
		})
	}
	asking.Wait()
	cancel(nil)
	serving.Wait()
	return context.Cause(ctx)
}

// broker passes requests to workers that are free, and answers to clients.
func broker(ctx context.Context, frontend, backend *zmq4.Socket) error {
	requests, answers := frontend.Receiver(ctx, 0), backend.Receiver(ctx, 0)
	var free [][]byte // identities of workers, longest free first
	for {
		waiting := requests.C
		if len(free) == 0 {
			waiting = nil // nobody to give a request to
		}
		select {
		case msg, ok := <-answers.C: // worker, "", READY, or worker, "", client, "", answer
			if !ok {
				return answers.Err()
			}
			free = append(free, msg[0])
			if len(msg) > 3 {
				if _, err := frontend.SendMessageContext(ctx, msg[2:]); err != nil {
					return err
				}
			}
		case msg, ok := <-waiting: // client, "", request
			if !ok {
				return requests.Err()
			}
			if _, err := backend.SendMessageContext(ctx, free[0], "", msg); err != nil {
				return err
			}
			free = free[1:]
		}
	}
}

func client(ctx context.Context, endpoint, name string, n int) (err error) {
	broker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Close()) }()
	for range n {
		if _, err := broker.SendContext(ctx, "HELLO from "+name, 0); err != nil {
			return err
		}
		answer, err := broker.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s\n", name, answer)
	}
	return nil
}

// worker returns only with an error.
func worker(ctx context.Context, endpoint, name string) (err error) {
	broker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Close()) }()
	if _, err := broker.SendContext(ctx, "READY", 0); err != nil {
		return err
	}
	for msg, err := range broker.Messages(ctx) { // client, "", request
		if err != nil {
			return err
		}
		last := len(msg) - 1
		fmt.Printf("%s: %s\n", name, msg[last])
		msg[last] = []byte("OK from " + name)
		if _, err := broker.SendMessageContext(ctx, msg); err != nil {
			return err
		}
	}
	return nil
}
