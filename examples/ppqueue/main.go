// SPDX-License-Identifier: BSD-2-Clause

// Ppqueue is the queue of the Paranoid Pirate pattern: like spqueue, but it and
// its workers, see ppworker, send each other heartbeats, so that each notices
// when the other one is gone (https://rfc.zeromq.org/spec/6).
//
// A worker starts with a message "\x01" and sends "\x02" as a heartbeat; anything
// else is a reply. The queue gives requests only to workers that it has heard of
// within three heartbeats. A request that a worker had when it died is sent
// again by the client.
//
//	go run ./examples/ppqueue
//	go run ./examples/ppworker -id A -crash 3
//	go run ./examples/ppworker -id B
//	go run ./examples/lpclient -n 10
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/seed45097122/zmq4"
)

const (
	ready     = "\x01"
	heartbeat = "\x02"

	liveness = 3 // heartbeats that may be missing before a peer counts as dead
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	frontend := flag.String("frontend", "tcp://127.0.0.1:5555", "where clients connect to")
	backend := flag.String("backend", "tcp://127.0.0.1:5556", "where workers connect to")
	interval := flag.Duration("heartbeat", time.Second, "time between heartbeats, the same as the workers'")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := errors.Join(run(ctx, *frontend, *backend, *interval), zmq4.Term())
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "ppqueue:", err)
		os.Exit(1)
	}
}

// idle is a worker without a request.
type idle struct {
	id   []byte
	left int // heartbeats that may still be missing
}

func run(ctx context.Context, frontend, backend string, interval time.Duration) (err error) {
	front, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(frontend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, front.Close()) }()
	back, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(backend),
		// A worker that connects again takes the place of its old connection.
		zmq4.Configure("handover", func(soc *zmq4.Socket) error { return soc.SetRouterHandover(true) }))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, back.Close()) }()
	fmt.Fprintf(os.Stderr, "ppqueue: listening on %s for clients, %s for workers\n", frontend, backend)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	clients, workers := front.Receiver(ctx, 0), back.Receiver(ctx, 0)
	beat := time.NewTicker(interval)
	defer beat.Stop()

	var queue []idle // the one that waits longest first
	for {
		requests := clients.C
		if len(queue) == 0 {
			requests = nil // which never has anything
		}
		select {
		case msg, ok := <-requests:
			if !ok {
				return clients.Err()
			}
			if _, err := back.SendMessageContext(ctx, queue[0].id, msg); err != nil {
				return err
			}
			queue = queue[1:]

		case msg, ok := <-workers.C: // id, and then one of the three
			if !ok {
				return workers.Err()
			}
			id, frames := msg[0], msg[1:]
			at := slices.IndexFunc(queue, func(w idle) bool { return string(w.id) == string(id) })
			switch {
			case len(frames) == 1 && string(frames[0]) == heartbeat:
				if at >= 0 { // one that works, or was given up, gets no request
					queue[at].left = liveness
				}
				continue
			case len(frames) == 1 && string(frames[0]) == ready:
				log.Printf("worker %s is ready", id)
			case len(frames) >= 3: // client, empty, reply
				if _, err := front.SendMessageContext(ctx, frames); err != nil {
					return err
				}
			default:
				continue
			}
			if at >= 0 {
				queue = slices.Delete(queue, at, at+1)
			}
			queue = append(queue, idle{id, liveness})

		case <-beat.C:
			for i := range queue {
				if queue[i].left--; queue[i].left <= 0 {
					log.Printf("worker %s is lost", queue[i].id)
				} else if _, err := back.SendMessageContext(ctx, queue[i].id, heartbeat); err != nil {
					return err
				}
			}
			queue = slices.DeleteFunc(queue, func(w idle) bool { return w.left <= 0 })
		}
	}
}
