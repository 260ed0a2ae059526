// SPDX-License-Identifier: BSD-2-Clause

// Manysockets blocks ten thousand receives, prints how many threads that takes,
// and then sends something to each.
//
// A receive that waits parks its goroutine; it holds no thread. A socket that is
// waited on has two file descriptors, so that their limit, ulimit -n, says how
// many there can be. Receives need none: several may wait on one socket.
//
//	go run ./examples/manysockets -receives 10000 -sockets 5000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	receives := flag.Int("receives", 10_000, "how many receives there are")
	sockets := flag.Int("sockets", 5_000, "how many sockets they share")
	settle := flag.Duration("settle", time.Second, "how long they wait")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *receives, *sockets, *settle); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "manysockets:", err)
		os.Exit(1)
	}
}

const endpoint = "inproc://manysockets"

func run(ctx context.Context, receives, sockets int, settle time.Duration) (err error) {
	if sockets < 1 || receives < sockets {
		return fmt.Errorf("%d receives on %d sockets", receives, sockets)
	}
	zctx, err := zmq4.NewContext()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zctx.Term()) }()
	if err := zctx.SetMaxSockets(sockets + 10); err != nil {
		return err
	}
	router, err := zctx.OpenSocket(zmq4.ROUTER, zmq4.Bind(endpoint), zmq4.HighWaterMarks(0, 0),
		// To send to a client that is not there is an error.
		zmq4.Configure("mandatory", func(soc *zmq4.Socket) error { return soc.SetRouterMandatory(1) }))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, router.Close()) }()

	var clients []*zmq4.Socket
	defer func() {
		for _, c := range clients {
			err = errors.Join(err, c.Close())
		}
	}()
	for i := range sockets {
		c, err := zctx.OpenSocket(zmq4.DEALER, zmq4.Identity(fmt.Sprint(i)), zmq4.Connect(endpoint))
		if err != nil {
			return fmt.Errorf("socket %d: %w", i, err)
		}
		clients = append(clients, c)
	}

	ctx, end := context.WithCancel(ctx)
	defer end()
	var (
		wg     sync.WaitGroup
		count  atomic.Int64
		failed = make(chan error, receives)
	)
	for i := range receives {
		c := clients[i%sockets]
		wg.Go(func() {
			if _, err := c.RecvContext(ctx, 0); err != nil {
				failed <- err
				end() // the others, too
				return
			}
			count.Add(1)
		})
	}
	select {
	case <-time.After(settle): // all of them wait by then
		fmt.Printf("%d receives wait on %d sockets: %s\n", receives, sockets, threads())
	case <-ctx.Done():
	}
	for i := 0; i < receives && err == nil; i++ {
		_, err = router.SendMessageContext(ctx, i%sockets, "wake up")
	}
	if err != nil {
		end() // not all would end by themselves
	}
	wg.Wait()
	fmt.Printf("%d have received: %s\n", count.Load(), threads())
	close(failed)
	if e := <-failed; e != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = e // the first of them is why the others were canceled
	}
	return err
}

// threads tells how many threads the program has.
func threads() string {
	if tasks, err := os.ReadDir("/proc/self/task"); err == nil {
		return fmt.Sprintf("%d threads, with those of libzmq", len(tasks))
	}
	return fmt.Sprintf("%d threads of Go's", pprof.Lookup("threadcreate").Count())
}
