// SPDX-License-Identifier: BSD-2-Clause

// Counters is hwserver with an eye on it: how many messages and bytes have gone
// through its socket, how long it waited, how many clients there are and were.
//
// A socket counts by itself, see Stats. Package monitor adds its peers, and logs
// what happens to them. Both are variables of package expvar, which anything
// that can read JSON over HTTP can ask for while the program runs; at its end
// the program prints them.
//
//	go run ./examples/counters
//	go run ./examples/hwclient
//	curl http://127.0.0.1:8060/debug/vars
package main

import (
	"context"
	"errors"
	"expvar"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/monitor"
)

func main() {
	endpoint := flag.String("endpoint", "tcp://127.0.0.1:5555", "where to listen")
	web := flag.String("http", "127.0.0.1:8060", "where to serve the counters")
	n := flag.Int("n", 0, "how many requests to answer; 0 is no limit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *web, *n); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "counters:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, web string, n int) (err error) {
	server, err := zmq4.OpenSocket(zmq4.REP, zmq4.Linger(10*time.Second))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close(), zmq4.Term()) }()

	// Before Bind, so that no connection is missed.
	watch := monitor.Start(ctx, server, slog.New(slog.NewTextHandler(os.Stdout, nil)))
	expvar.Publish("server", watch)
	defer func() { fmt.Println("at the end:", watch) }()
	if err := server.Bind(endpoint); err != nil {
		return err
	}

	listener, err := net.Listen("tcp", web)
	if err != nil {
		return err
	}
	var site http.Server // of the default handlers, of which expvar has made one
	served := make(chan error, 1)
	go func() { served <- site.Serve(listener) }()
	defer func() {
		err = errors.Join(err, site.Close())
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}()
	fmt.Printf("counters at http://%s/debug/vars\n", listener.Addr())

	for i := 0; n == 0 || i < n; i++ {
		if _, err := server.RecvContext(ctx, 0); err != nil {
			return err
		}
		if _, err := server.SendContext(ctx, "World", 0); err != nil {
			return err
		}
	}
	return nil
}
