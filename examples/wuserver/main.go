// SPDX-License-Identifier: BSD-2-Clause

// Wuserver publishes the weather, which is random, of a thousand places.
//
// A message is one line: a ZIP code of five digits, a temperature and a
// humidity. It begins with the ZIP code since subscribers choose messages by
// what these begin with. A PUB socket sends a message to those who have
// subscribed to it by then, and waits for nobody: if there is no subscriber,
// or one is too slow, the message is dropped.
//
// Run it with any number of subscribers:
//
//	go run ./examples/wuserver
//	go run ./examples/wuclient -zip 10001
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5556", "where to listen")
	first := flag.Int("first", 10000, "the first ZIP code")
	places := flag.Int("places", 1000, "how many ZIP codes there are")
	every := flag.Duration("every", 100*time.Millisecond, "time from one update of all places to the next")
	n := flag.Int("n", 0, "how many times to update all places; 0 is no limit")
	seed := flag.Uint64("seed", 1, "of the random numbers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	random := rand.New(rand.NewPCG(*seed, 0))
	if err := run(ctx, *endpoint, *first, *places, *n, *every, random); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "wuserver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, first, places, n int, every time.Duration, random *rand.Rand) (err error) {
	pub, err := zmq4.OpenSocket(zmq4.PUB, zmq4.Linger(10*time.Second), zmq4.Bind(endpoint))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pub.Close(), zmq4.Term()) }()
	fmt.Fprintln(os.Stderr, "wuserver: listening on", endpoint)

	for i := 0; n == 0 || i < n; i++ {
		for zip := first; zip < first+places; zip++ {
			temperature, humidity := random.IntN(45)-10, 10+random.IntN(50)
			if _, err := pub.SendContext(ctx, fmt.Sprintf("%05d %d %d", zip, temperature, humidity), 0); err != nil {
				return err
			}
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}
