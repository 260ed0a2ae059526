// SPDX-License-Identifier: BSD-2-Clause

// Wuclient subscribes to the weather of one place and prints its average
// temperature.
//
// A SUB socket gets the messages that begin with what it has subscribed to,
// from the moment when the publisher has heard of that; earlier ones are gone.
// Publishers send nothing else to it, so that filtering saves the network.
//
// See wuserver:
//
//	go run ./examples/wuserver
//	go run ./examples/wuclient -zip 10001
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
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5556", "where the publisher is")
	zip := flag.String("zip", "10001", "the ZIP code")
	n := flag.Int("n", 100, "how many updates to collect; 0 is until Ctrl-C")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *zip, *n); err != nil {
		fmt.Fprintln(os.Stderr, "wuclient:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, zip string, n int) (err error) {
	// With the space, 1000 is not also 10001.
	sub, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Linger(time.Second), zmq4.Subscribe(zip+" "), zmq4.Connect(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sub.Close(), zmq4.Term()) }()

	total, count := 0, 0
	for n == 0 || count < n {
		update, err := sub.RecvContext(ctx, 0)
		if errors.Is(err, context.Canceled) {
			break // the average of what there is
		}
		if err != nil {
			return err
		}
		var place string
		var temperature, humidity int
		if _, err := fmt.Sscan(update, &place, &temperature, &humidity); err != nil {
			return fmt.Errorf("update %q: %w", update, err)
		}
		fmt.Printf("%s: %d °C, %d %%\n", place, temperature, humidity)
		total += temperature
		count++
	}
	if count > 0 {
		fmt.Printf("Average temperature of %s: %.2f °C, of %d updates\n", zip, float64(total)/float64(count), count)
	}
	return nil
}
