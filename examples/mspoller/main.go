// SPDX-License-Identifier: BSD-2-Clause

// Mspoller reads from two sockets with a Poller, which waits for both at once.
//
// That is how a program stays with one goroutine, or waits for very many
// sockets. Where there are few, a goroutine for each is simpler, see
// iterators, or a channel for each, see channels.
//
// Run it with what it reads from:
//
//	go run ./examples/taskvent -sink ""
//	go run ./examples/wuserver
//	go run ./examples/mspoller
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
	vent := flag.String("vent", "tcp://127.0.0.1:5557", "where the tasks come from")
	weather := flag.String("weather", "tcp://127.0.0.1:5556", "where the weather comes from")
	zip := flag.String("zip", "10001", "the ZIP code")
	n := flag.Int("n", 0, "end after as many of each; 0 is no limit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *vent, *weather, *zip, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "mspoller:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, vent, weather, zip string, n int) (err error) {
	tasks, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Connect(vent))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tasks.Close(), zmq4.Term()) }()
	updates, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Linger(time.Second), zmq4.Subscribe(zip+" "), zmq4.Connect(weather))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, updates.Close()) }()

	poller := zmq4.NewPoller()
	poller.Add(tasks, zmq4.POLLIN)
	poller.Add(updates, zmq4.POLLIN)
	for t, u := 0, 0; n == 0 || t < n || u < n; {
		ready, err := poller.PollContext(ctx)
		if err != nil {
			return err
		}
		for _, p := range ready {
			msg, err := p.Socket.RecvContext(ctx, 0)
			if err != nil {
				return err
			}
			switch p.Socket {
			case tasks:
				t++
				fmt.Printf("task: %s\n", msg)
			case updates:
				u++
				fmt.Printf("weather: %s\n", msg)
			}
		}
	}
	return nil
}
