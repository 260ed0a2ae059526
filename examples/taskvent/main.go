// SPDX-License-Identifier: BSD-2-Clause

// Taskvent hands out tasks to workers, which send their results to a sink.
//
// A PUSH socket gives each message to one of its peers, in turn. The first peer
// that connects would get many of the tasks before the others are there, so the
// program watches the connections of its socket, see [zmq4.Socket.Events], and
// begins when all workers have come. A task is a number of milliseconds, for
// which a worker does nothing.
//
// Run the three, in any order:
//
//	go run ./examples/tasksink
//	go run ./examples/taskwork & go run ./examples/taskwork
//	go run ./examples/taskvent -workers 2
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5557", "where to listen for workers")
	sink := flag.String("sink", "tcp://127.0.0.1:5558", `where the sink is; "" if there is none`)
	workers := flag.Int("workers", 1, "how many workers to wait for; 0 is none")
	n := flag.Int("n", 100, "how many tasks there are")
	longest := flag.Int("longest", 100, "how long a task takes at most, in milliseconds")
	seed := flag.Uint64("seed", 1, "of the random numbers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	tasks := make([]int, *n)
	random := rand.New(rand.NewPCG(*seed, 0))
	for i := range tasks {
		tasks[i] = 1 + random.IntN(*longest)
	}
	if err := run(ctx, *endpoint, *sink, *workers, tasks); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "taskvent:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, sink string, workers int, tasks []int) (err error) {
	vent, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Linger(10*time.Second))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, vent.Close(), zmq4.Term()) }()

	if err := await(ctx, vent, endpoint, workers); err != nil {
		return err
	}
	if sink != "" {
		if err := announce(ctx, sink, len(tasks)); err != nil {
			return err
		}
	}
	total := 0
	for _, ms := range tasks {
		if _, err := vent.SendContext(ctx, strconv.Itoa(ms), 0); err != nil {
			return err
		}
		total += ms
	}
	fmt.Printf("Sent %d tasks, total expected cost: %d ms\n", len(tasks), total)
	return nil
}

// await binds the socket and waits for as many peers to connect.
func await(ctx context.Context, vent *zmq4.Socket, endpoint string, workers int) error {
	connected := zmq4.EVENT_HANDSHAKE_SUCCEEDED
	if major, minor, _ := zmq4.Version(); major == 4 && minor < 3 {
		connected = zmq4.EVENT_ACCEPTED // libzmq 4.2 has nothing better
	}
	events := vent.Events(ctx, connected)
	if err := vent.Bind(endpoint); err != nil {
		return err
	}
	fmt.Printf("Waiting for %d workers on %s\n", workers, endpoint)
	if workers <= 0 {
		return nil
	}
	for _, err := range events {
		if err != nil {
			return err
		}
		if workers--; workers == 0 {
			break
		}
	}
	return nil
}

// announce tells the sink how many results there will be.
func announce(ctx context.Context, sink string, n int) (err error) {
	soc, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Linger(10*time.Second), zmq4.Connect(sink))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, soc.Close()) }()
	_, err = soc.SendContext(ctx, "start "+strconv.Itoa(n), 0)
	return err
}
