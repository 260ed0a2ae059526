// SPDX-License-Identifier: BSD-2-Clause

// Rtreq deals out tasks to REQ workers by a ROUTER socket.
//
// A worker asks for work as soon as it has none, and the ROUTER gives the next
// task to whoever asked first: those that work fast get more. PUSH, and DEALER
// to REP, would deal tasks out in turn, however long each takes.
//
// What the ROUTER receives from a REQ socket, and has to send to it, is the
// worker's identity, an empty part and the text.
//
//	go run ./examples/rtreq -workers 10 -n 100
//
// It ends when all tasks are done.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5671", "where the workers connect to")
	workers := flag.Int("workers", 10, "number of workers")
	n := flag.Int("n", 100, "number of tasks; with 0 or less the workers are fired at once")
	work := flag.Duration("work", 100*time.Millisecond, "the longest time that a task takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *workers, *n, *work); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "rtreq:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, workers, tasks int, work time.Duration) (err error) {
	broker, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Close(), zmq4.Term()) }()

	fmt.Printf("%d tasks for %d workers\n", max(tasks, 0), workers)
	// The first that fails ends all.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var crew sync.WaitGroup
	for i := range workers {
		crew.Go(func() {
			if err := worker(ctx, endpoint, i+1, work); err != nil {
				cancel(err)
			}
		})
	}
	if err := deal(ctx, broker, workers, tasks); err != nil {
		cancel(err)
	}
	crew.Wait()
	return context.Cause(ctx)
}

// deal gives a task to each worker that asks, and fires them all when there are
// no tasks left.
func deal(ctx context.Context, broker *zmq4.Socket, workers, tasks int) error {
	for workers > 0 {
		request, err := broker.RecvMessageBytesContext(ctx)
		if err != nil {
			return err
		}
		order := "Work harder"
		if tasks > 0 {
			tasks--
		} else {
			order = "Fired!"
			workers--
		}
		if _, err := broker.SendMessageContext(ctx, request[0], "", order); err != nil {
			return err
		}
	}
	return nil
}

func worker(ctx context.Context, endpoint string, id int, work time.Duration) (err error) {
	broker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Close()) }()
	for done := 0; ; done++ {
		if _, err := broker.SendContext(ctx, "Hi Boss", 0); err != nil {
			return err
		}
		order, err := broker.RecvContext(ctx, 0)
		if err != nil {
			return err
		}
		if order == "Fired!" {
			fmt.Printf("Worker %d completed %d tasks\n", id, done)
			return nil
		}
		select {
		case <-time.After(rand.N(max(work, 1))):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
