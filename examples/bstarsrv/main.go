// SPDX-License-Identifier: BSD-2-Clause

// Bstarsrv is one server of a Binary Star pair: a primary and a backup, of which
// exactly one serves clients. If it fails, the other one takes over.
//
// Package internal/bstar decides which one is active: each server publishes its
// state and subscribes to the other's. Here the service is to send back what a
// client, see bstarcli, has sent. If both servers are active, because they could
// not hear each other for a while, the one that notices ends with status 1.
//
//	go run ./examples/bstarsrv
//	go run ./examples/bstarsrv -backup
//	go run ./examples/bstarcli
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/internal/bstar"
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	backup := flag.Bool("backup", false, "be the backup, not the primary")
	frontend := flag.String("bind", "", "where clients connect to (default port 5001, of the backup 5002)")
	local := flag.String("local", "", "where to publish the state (default port 5003, of the backup 5004)")
	remote := flag.String("remote", "", "where the other server does so (default port 5004, of the backup 5003)")
	heartbeat := flag.Duration("heartbeat", time.Second, "time between heartbeats; twice that, and the other one is dead")
	flag.Parse()
	defaults := []string{"tcp://127.0.0.1:5001", "tcp://127.0.0.1:5003", "tcp://127.0.0.1:5004"}
	if *backup {
		defaults = []string{"tcp://127.0.0.1:5002", "tcp://127.0.0.1:5004", "tcp://127.0.0.1:5003"}
	}
	for i, endpoint := range []*string{frontend, local, remote} {
		if *endpoint == "" {
			*endpoint = defaults[i]
		}
	}
	star := bstar.New(bstar.Config{
		Primary: !*backup, Local: *local, Remote: *remote, Heartbeat: *heartbeat,
		OnActive:  func() error { log.Print("active"); return nil },
		OnPassive: func() error { log.Print("passive"); return nil },
	})

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	log.Print(star.State(), " waits for the other server")
	if err := errors.Join(run(ctx, star, *frontend), zmq4.Term()); err != nil {
		fmt.Fprintln(os.Stderr, "bstarsrv:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, star *bstar.Star, frontend string) (err error) {
	front, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(time.Second), zmq4.Bind(frontend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, front.Close()) }()
	fmt.Fprintln(os.Stderr, "bstarsrv: listening on", frontend)

	// When one of the two ends, so does the other.
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- star.Run(inner)
		cancel()
	}()
	served := serve(inner, star, front)
	if inner.Err() != nil {
		served = nil // it was told to end
	}
	cancel()
	return errors.Join(served, <-ended)
}

func serve(ctx context.Context, star *bstar.Star, front *zmq4.Socket) error {
	for msg, err := range front.Messages(ctx) {
		if err != nil {
			return err
		}
		if !star.Vote() {
			continue // the client will try the other server
		}
		if _, err := front.SendMessageContext(ctx, msg); err != nil {
			return err
		}
	}
	return nil
}
