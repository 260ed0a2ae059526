// SPDX-License-Identifier: BSD-2-Clause

// Channels waits for two sockets, a timer and Ctrl-C in one select, and sends
// to a third socket by a channel. Compare msreader and mspoller.
//
// A Receiver receives into a channel. When it has ended the channel is closed,
// and Err tells why. A Sender sends from a channel. When it has ended nobody
// takes from that any more: so whoever sends to it also waits for Done. To
// close the channel says that nothing more will come; Err then waits until
// everything is sent.
//
// It is a worker of taskvent that also looks at the weather:
//
//	go run ./examples/tasksink
//	go run ./examples/wuserver
//	go run ./examples/channels
//	go run ./examples/taskvent
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
	sink := flag.String("sink", "tcp://127.0.0.1:5558", "where the results go to")
	zip := flag.String("zip", "10001", "the ZIP code")
	every := flag.Duration("every", time.Second, "how often to tell what came")
	n := flag.Int("n", 0, "how many tasks to do; 0 is no limit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *vent, *weather, *sink, *zip, *every, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "channels:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, vent, weather, sink, zip string, every time.Duration, n int) (err error) {
	pull, err := zmq4.OpenSocket(zmq4.PULL, zmq4.Connect(vent))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pull.Close(), zmq4.Term()) }()
	sub, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Linger(time.Second), zmq4.Subscribe(zip+" "), zmq4.Connect(weather))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sub.Close()) }()
	push, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Linger(10*time.Second), zmq4.Connect(sink))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, push.Close()) }()

	// A Receiver takes one message in advance, and as many more as it is told:
	// no more tasks than that, for there are other workers.
	tasks, updates, results := pull.Receiver(ctx, 0), sub.Receiver(ctx, 10), push.Sender(ctx, 10)
	tick := time.NewTicker(every)
	defer tick.Stop()
	last, count := "unknown", 0
	for done := 0; n == 0 || done < n; {
		select {
		case msg, ok := <-tasks.C:
			if !ok {
				return tasks.Err()
			}
			fmt.Printf("Task %s, weather %s\n", msg[0], last)
			select {
			case results.C <- msg:
			case <-results.Done():
				return results.Err()
			}
			done++
		case msg, ok := <-updates.C:
			if !ok {
				return updates.Err()
			}
			last = string(msg[0])
			count++
		case <-tick.C:
			fmt.Printf("%d tasks, %d updates\n", done, count)
		}
	}
	close(results.C)
	return results.Err()
}
