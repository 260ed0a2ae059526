// SPDX-License-Identifier: BSD-2-Clause

// Iterators ranges over messages. Two workers, each a goroutine with one loop,
// serve two sockets: no poller is needed, for a loop that waits costs no thread.
//
// A loop may be left at any message, and another one goes on with the next:
// nothing is received in advance. Messages is for messages one at a time; see
// batches for many.
//
//	go run ./examples/iterators
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"

	"github.com/seed45097122/zmq4"
)

func main() {
	n := flag.Int("n", 10, "how many messages to send to each socket")
	flag.Parse()
	if err := run(context.Background(), *n); err != nil {
		fmt.Fprintln(os.Stderr, "iterators:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int) (err error) {
	defer func() { err = errors.Join(err, zmq4.Term()) }()
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, name := range []string{"odd", "even"} {
		pull, push, err := pipe("inproc://" + name)
		if err != nil {
			return err
		}
		defer pull.Close()
		defer push.Close()
		wg.Go(func() { errs[i] = receive(ctx, name, pull) })
		for number := range n {
			if _, err := push.SendMessageContext(ctx, name, 2*number+1-i); err != nil {
				return err
			}
		}
		if _, err := push.SendMessageContext(ctx, "end"); err != nil {
			return err
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

// pipe returns two sockets that are connected.
func pipe(endpoint string) (pull, push *zmq4.Socket, err error) {
	if pull, err = zmq4.OpenSocket(zmq4.PULL, zmq4.Bind(endpoint)); err != nil {
		return nil, nil, err
	}
	if push, err = zmq4.OpenSocket(zmq4.PUSH, zmq4.Connect(endpoint)); err != nil {
		return nil, nil, errors.Join(err, pull.Close())
	}
	return pull, push, nil
}

// receive prints the first message, and how many came after that.
func receive(ctx context.Context, name string, pull *zmq4.Socket) error {
	for msg, err := range pull.Messages(ctx) {
		if err != nil {
			return err
		}
		fmt.Printf("%s: the first is %q\n", name, msg)
		break
	}
	rest := 0
	for msg, err := range pull.Messages(ctx) {
		if err != nil {
			return err
		}
		if string(msg[0]) == "end" {
			break
		}
		rest++
	}
	fmt.Printf("%s: %d after that\n", name, rest)
	return nil
}
