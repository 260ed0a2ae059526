// SPDX-License-Identifier: BSD-2-Clause

// Rtdealer deals out tasks to DEALER workers by a ROUTER socket.
//
// It is rtreq with workers that need not ask and wait in turn: a worker may ask
// for several tasks ahead, here for -ahead of them, and so never waits for the
// next one. A DEALER sends and receives messages as they are. So the worker
// itself puts the empty part before each, that a REQ socket would add, and the
// ROUTER does not see a difference.
//
//	go run ./examples/rtdealer -workers 10 -n 100 -ahead 2
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
	ahead := flag.Int("ahead", 2, "number of tasks that a worker asks for at a time, at least 1")
	work := flag.Duration("work", 100*time.Millisecond, "the longest time that a task takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *workers, *n, max(*ahead, 1), *work); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "rtdealer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, workers, tasks, ahead int, work time.Duration) (err error) {
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
			if err := worker(ctx, endpoint, i+1, ahead, work); err != nil {
				cancel(err)
			}
		})
	}
	if err := deal(ctx, broker, workers*ahead, tasks); err != nil {
		cancel(err)
	}
	crew.Wait()
	return context.Cause(ctx)
}

// deal answers each request: with a task while there are some, and else with
// the end of work, until nobody waits for an answer.
func deal(ctx context.Context, broker *zmq4.Socket, waiting, tasks int) error {
	for waiting > 0 {
		request, err := broker.RecvMessageBytesContext(ctx)
		if err != nil {
			return err
		}
		order := "Work harder"
		if tasks > 0 {
			tasks--
		} else {
			order = "Fired!"
			waiting--
		}
		if _, err := broker.SendMessageContext(ctx, request[0], "", order); err != nil {
			return err
		}
	}
	return nil
}

func worker(ctx context.Context, endpoint string, id, ahead int, work time.Duration) (err error) {
	broker, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(time.Second), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Close()) }()
	ask := func() error {
		_, err := broker.SendMessageContext(ctx, "", "Hi Boss")
		return err
	}
	for range ahead {
		if err := ask(); err != nil {
			return err
		}
	}
	done := 0
	for asked := ahead; asked > 0; {
		order, err := broker.RecvMessageBytesContext(ctx)
		if err != nil {
			return err
		}
		if len(order) != 2 {
			return fmt.Errorf("an order of %d parts", len(order))
		}
		if string(order[1]) == "Fired!" {
			asked--
			continue
		}
		select {
		case <-time.After(rand.N(max(work, 1))):
		case <-ctx.Done():
			return ctx.Err()
		}
		done++
		if err := ask(); err != nil {
			return err
		}
	}
	fmt.Printf("Worker %d completed %d tasks\n", id, done)
	return nil
}
