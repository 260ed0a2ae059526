// SPDX-License-Identifier: BSD-2-Clause

// Spworker is a worker of the Simple Pirate pattern: it replies to the requests
// that spqueue, which see, gives it, and can be made slow, and crash.
//
// It connects a REQ socket to the queue, says by a message "\x01" that it is
// ready, and gets a request as the answer. The reply says that it is ready again.
//
//	go run ./examples/spworker -id A -crash 3
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

const ready = "\x01"

var (
	queue = flag.String("queue", "tcp://127.0.0.1:5556", "endpoint of the queue")
	id    = flag.String("id", "A", "name of the worker, another one for each")
	slow  = flag.Int("slow", 0, "number of the request that takes long; 0 is none")
	delay = flag.Duration("delay", 4*time.Second, "how long it takes")
	crash = flag.Int("crash", 0, "number of the request at which to crash; 0 is none")
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := errors.Join(run(ctx), zmq4.Term())
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "spworker:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	worker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Identity(*id), zmq4.Connect(*queue))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, worker.Close()) }()
	log.Printf("worker %s ready", *id)
	if _, err := worker.SendContext(ctx, ready, 0); err != nil {
		return err
	}
	for cycle := 1; ; cycle++ {
		msg, err := worker.RecvMessageBytesContext(ctx) // client, empty, request
		if err != nil {
			return err
		}
		log.Printf("request (%s)", msg[len(msg)-1])
		switch cycle {
		case *crash:
			log.Print("simulating a crash")
			os.Exit(1)
		case *slow:
			log.Print("simulating CPU overload")
			select {
			case <-time.After(*delay):
			case <-ctx.Done():
				return nil
			}
		}
		if _, err := worker.SendMessageContext(ctx, msg); err != nil {
			return err
		}
	}
}
