// SPDX-License-Identifier: BSD-2-Clause

// Peering1 is the state flow between brokers that share their work: each tells
// the others how many of its workers are free.
//
// A broker publishes its state, by a PUB socket that it binds, and subscribes
// to that of all others. Here the number is made up; peering3 has the real one.
//
// Start one for each data centre, with its own name first, in any order:
//
//	go run ./examples/peering1 DC1 DC2 DC3
//	go run ./examples/peering1 DC2 DC1 DC3
//	go run ./examples/peering1 DC3 DC1 DC2
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	dir := flag.String("dir", filepath.Join(os.TempDir(), "zmq4-peering"), "directory for the ipc endpoints")
	n := flag.Int("n", 0, "number of states to receive; with 0 or less it goes on until Ctrl-C")
	interval := flag.Duration("interval", time.Second, "how often the state is published")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: peering1 [flags] NAME PEER...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 || slices.Contains(flag.Args()[1:], flag.Arg(0)) || *interval <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, flag.Arg(0), flag.Args()[1:], *n, *interval); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "peering1:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, self string, peers []string, n int, interval time.Duration) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	endpoint := func(broker string) string { return "ipc://" + filepath.Join(dir, broker+"-state.ipc") }
	mine, err := zmq4.OpenSocket(zmq4.PUB, zmq4.Linger(time.Second), zmq4.Bind(endpoint(self)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mine.Close(), zmq4.Term()) }()
	fmt.Fprintln(os.Stderr, "peering1: listening on", endpoint(self))
	theirs, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Subscribe(""))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, theirs.Close()) }()
	for _, peer := range peers {
		if err := theirs.Connect(endpoint(peer)); err != nil {
			return err
		}
	}

	// The first that fails ends both.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var publishing sync.WaitGroup
	publishing.Go(func() { cancel(publish(ctx, mine, self, interval)) })
	cancel(follow(ctx, theirs, self, n))
	publishing.Wait()
	return context.Cause(ctx)
}

// follow prints the states of the peers.
func follow(ctx context.Context, theirs *zmq4.Socket, self string, n int) error {
	for i := 0; i < n || n <= 0; i++ {
		state, err := theirs.RecvMessageBytesContext(ctx)
		if err != nil {
			return err
		}
		if len(state) == 2 {
			fmt.Printf("%s: %s has %s workers free\n", self, state[0], state[1])
		}
	}
	return nil
}

// publish returns only with an error.
func publish(ctx context.Context, mine *zmq4.Socket, self string, interval time.Duration) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if _, err := mine.SendMessageContext(ctx, self, rand.IntN(10)); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
