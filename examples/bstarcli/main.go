// SPDX-License-Identifier: BSD-2-Clause

// Bstarcli is a client of a Binary Star pair, see bstarsrv.
//
// It sends its requests to the primary. If there is no reply in time, it turns
// to the other server, over a new connection, and so on until one of them replies.
// It waits for -settle before, since clients that are quicker than the servers
// would only go round.
//
//	go run ./examples/bstarcli -n 10
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/seed45097122/zmq4"
)

var (
	primary = flag.String("primary", "tcp://127.0.0.1:5001", "endpoint of the primary")
	backup  = flag.String("backup", "tcp://127.0.0.1:5002", "endpoint of the backup")
	timeout = flag.Duration("timeout", time.Second, "how long to wait for a reply")
	settle  = flag.Duration("settle", 2*time.Second, "how long to wait before turning to the other server")
	pause   = flag.Duration("pause", time.Second, "time between two requests")
	n       = flag.Int("n", 0, "number of requests; 0 is no end")
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := errors.Join(run(ctx), zmq4.Term()); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "bstarcli:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	for sequence, server := 1, 0; ; server++ {
		var err error
		if sequence, err = talk(ctx, []string{*primary, *backup}[server%2], sequence); err == nil {
			return nil
		}
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		log.Print("no response from server, failing over")
		if err := sleep(ctx, *settle); err != nil {
			return err
		}
	}
}

// talk sends requests to one server, from the one with this number on, and
// returns the number of the one that was not replied to.
func talk(ctx context.Context, server string, sequence int) (next int, err error) {
	log.Print("connecting to server at ", server)
	soc, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(100*time.Millisecond), zmq4.Connect(server))
	if err != nil {
		return sequence, err
	}
	defer func() { err = errors.Join(err, soc.Close()) }()
	for ; *n == 0 || sequence <= *n; sequence++ {
		if err := request(ctx, soc, sequence); err != nil {
			return sequence, err
		}
		log.Printf("server replied OK (%d)", sequence)
		if sequence == *n {
			continue
		}
		if err := sleep(ctx, *pause); err != nil {
			return sequence, err
		}
	}
	return sequence, nil
}

func request(ctx context.Context, soc *zmq4.Socket, sequence int) error {
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	text := strconv.Itoa(sequence)
	if _, err := soc.SendContext(ctx, text, 0); err != nil {
		return err
	}
	reply, err := soc.RecvContext(ctx, 0)
	if err == nil && reply != text {
		err = errors.New("reply " + reply + " to request " + text)
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
