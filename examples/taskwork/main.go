// SPDX-License-Identifier: BSD-2-Clause

// Taskwork does tasks: it receives a number of milliseconds, waits for as long,
// and sends the number to the sink. Any number of workers share the tasks. It
// is the Guide's taskwork and taskwork2.
//
// It ends when the sink publishes "KILL". The Guide polls the sockets for tasks
// and for control; here a goroutine waits for control and cancels the context
// of the one that works.
//
// A subscription takes a while to get to the publisher, and what that sends
// before is lost. So the sink publishes "READY" for each subscription, and no
// work begins before that: then "KILL" cannot be missed either.
//
// See taskvent for how to run it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	vent := flag.String("vent", "tcp://127.0.0.1:5557", "where the tasks come from")
	sink := flag.String("sink", "tcp://127.0.0.1:5558", "where the results go to")
	control := flag.String("control", "tcp://127.0.0.1:5559", `where the sink says when to end; "" for nowhere`)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *vent, *sink, *control); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "taskwork:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, vent, sink, control string) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	if control == "" {
		return work(ctx, vent, sink)
	}
	controller, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Linger(time.Second), zmq4.Subscribe(""), zmq4.Connect(control))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, controller.Close()) }()
	if _, err := controller.RecvContext(ctx, 0); err != nil { // READY
		return err
	}

	ctx, end := context.WithCancel(ctx)
	defer end()
	killed := make(chan error, 1)
	go func() {
		killed <- awaitKill(ctx, controller)
		end()
	}()
	err = work(ctx, vent, sink)
	end()
	return errors.Join(err, <-killed)
}

// awaitKill returns when the sink has sent KILL, or when ctx is done.
func awaitKill(ctx context.Context, controller *zmq4.Socket) error {
	for {
		command, err := controller.RecvContext(ctx, 0)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		if command == "KILL" {
			fmt.Println("Killed by the sink")
			return nil
		}
	}
}

// work does tasks until ctx is done.
func work(ctx context.Context, vent, sink string) (err error) {
	tasks, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Connect(vent))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tasks.Close()) }()
	results, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Linger(10*time.Second), zmq4.Connect(sink))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, results.Close()) }()

	for n := 0; ; n++ {
		task, err := tasks.RecvContext(ctx, 0)
		if errors.Is(err, context.Canceled) {
			fmt.Printf("Did %d tasks\n", n)
			return nil
		}
		if err != nil {
			return err
		}
		ms, err := strconv.Atoi(task)
		if err != nil {
			return err
		}
		select {
		case <-time.After(time.Duration(ms) * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := results.SendContext(ctx, task, 0); err != nil {
			return err
		}
	}
}
