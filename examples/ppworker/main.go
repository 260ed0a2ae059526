// SPDX-License-Identifier: BSD-2-Clause

// Ppworker is a worker of the Paranoid Pirate pattern: it replies to the requests
// that ppqueue, which see, gives it, and exchanges heartbeats with the queue.
//
// If it hears nothing from the queue for three heartbeats, it connects again,
// over a new socket, and starts anew: first after -reconnect, then after twice
// that, and so on up to -reconnect-max. It can be made slow, and crash.
//
//	go run ./examples/ppworker -id A -crash 3
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
)

const (
	ready     = "\x01"
	heartbeat = "\x02"

	liveness = 3 // heartbeats that may be missing before a peer counts as dead
)

var (
	queue        = flag.String("queue", "tcp://127.0.0.1:5556", "endpoint of the queue")
	id           = flag.String("id", "A", "name of the worker, another one for each")
	interval     = flag.Duration("heartbeat", time.Second, "time between heartbeats, the same as the queue's")
	reconnect    = flag.Duration("reconnect", time.Second, "how long to wait before connecting again")
	reconnectMax = flag.Duration("reconnect-max", 32*time.Second, "the most that this grows to")
	slow         = flag.Int("slow", 0, "number of the request that takes long; 0 is none")
	delay        = flag.Duration("delay", 4*time.Second, "how long it takes")
	crash        = flag.Int("crash", 0, "number of the request at which to crash; 0 is none")
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	w := &worker{pause: *reconnect}
	err := errors.Join(w.run(ctx), zmq4.Term())
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "ppworker:", err)
		os.Exit(1)
	}
}

type worker struct {
	cycle int           // number of the request
	pause time.Duration // before the next connection
}

func (w *worker) run(ctx context.Context) error {
	for {
		if err := w.session(ctx); err != nil {
			return err
		}
		log.Printf("heartbeat failure, reconnecting in %v", w.pause)
		select {
		case <-time.After(w.pause):
		case <-ctx.Done():
			return nil
		}
		w.pause = min(2*w.pause, *reconnectMax)
	}
}

// session is one connection. It ends without an error when the queue is dead.
func (w *worker) session(ctx context.Context) (err error) {
	soc, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(100*time.Millisecond), zmq4.Identity(*id), zmq4.Connect(*queue))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, soc.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in := soc.Receiver(ctx, 0)
	log.Printf("worker %s ready", *id)
	if _, err := soc.SendContext(ctx, ready, 0); err != nil {
		return err
	}
	beat := time.NewTicker(*interval)
	defer beat.Stop()
	for left := liveness; left > 0; {
		select {
		case msg, ok := <-in.C:
			if !ok {
				return in.Err()
			}
			if len(msg) >= 3 { // client, empty, request
				if err := w.work(ctx, msg); err != nil {
					return err
				}
				if _, err := soc.SendMessageContext(ctx, msg); err != nil {
					return err
				}
			} else if len(msg) != 1 || string(msg[0]) != heartbeat {
				continue
			}
			left = liveness
			w.pause = *reconnect

		case <-beat.C:
			left--
			if _, err := soc.SendContext(ctx, heartbeat, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// work does what the request asks for, which is to be sent back.
func (w *worker) work(ctx context.Context, msg [][]byte) error {
	log.Printf("request (%s)", msg[len(msg)-1])
	w.cycle++
	switch w.cycle {
	case *crash:
		log.Print("simulating a crash")
		os.Exit(1)
	case *slow:
		log.Print("simulating CPU overload")
		select {
		case <-time.After(*delay):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
