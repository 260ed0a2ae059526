// SPDX-License-Identifier: BSD-2-Clause

// Titanic keeps requests and replies on disk for clients and workers that are not
// there at the same time: the Titanic Service Protocol,
// https://rfc.zeromq.org/spec/9, on top of the Majordomo Protocol, see mdbroker.
//
// To the broker it is a worker for three services: titanic.request stores a
// request for another service and replies with an id; titanic.reply gives the
// reply to the request of an id, if there is one; titanic.close forgets it. And
// it is a client, which executes what is stored as soon as there is a worker.
// What a client was given an id for survives a crash, and is executed at least
// once. Run it with a broker, a worker at any time, and a client:
//
//	go run ./examples/mdbroker
//	go run ./examples/titanic -dir /var/tmp/titanic
//	go run ./examples/ticlient
//	go run ./examples/mdworker -service echo
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/majordomo/mdp"
)

// Status frames.
const (
	statusOK      = "200 OK"
	statusPending = "300 PENDING"
	statusUnknown = "400 UNKNOWN"
	statusError   = "500 ERROR"
)

var (
	broker    = flag.String("broker", "tcp://127.0.0.1:5555", "endpoint of the broker")
	dir       = flag.String("dir", "titanic", "folder for requests and replies, made if there is none")
	heartbeat = flag.Duration("heartbeat", 2500*time.Millisecond, "time between heartbeats, the same as the broker's")
	timeout   = flag.Duration("timeout", 2500*time.Millisecond, "how long a worker may take for a request")
	retry     = flag.Duration("retry", time.Second, "how often to look for workers for what is stored")
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := errors.Join(run(ctx), zmq4.Term()); err != nil {
		fmt.Fprintln(os.Stderr, "titanic:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	s, err := openStore(*dir)
	if err != nil {
		return err
	}
	log.Printf("%d requests to execute in %s", len(s.unanswered()), *dir)
	t := &titanic{store: s, stored: make(chan struct{}, 1)}

	// All parts end when one of them fails.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts sync.WaitGroup
	failed := make(chan error, 4)
	start := func(part func(context.Context) error) {
		parts.Go(func() {
			failed <- part(ctx)
			cancel()
		})
	}
	for service, handle := range map[string]mdp.Handler{
		"titanic.request": t.request, "titanic.reply": t.reply, "titanic.close": t.close,
	} {
		worker := mdp.Worker{Broker: *broker, Service: service, Heartbeat: *heartbeat, Reconnect: *heartbeat, Logf: log.Printf}
		start(func(ctx context.Context) error { return worker.Run(ctx, handle) })
	}
	start(t.execute)
	parts.Wait()
	return errors.Join(<-failed, <-failed, <-failed, <-failed)
}

type titanic struct {
	store  *store
	stored chan struct{} // has something when there is a new request
}

func status(s string, frames ...[]byte) [][]byte { return append([][]byte{[]byte(s)}, frames...) }

// failure returns the status for an error of the store with an id.
func failure(err error) [][]byte {
	if errors.Is(err, fs.ErrNotExist) {
		return status(statusUnknown)
	}
	log.Print(err)
	return status(statusError)
}

// request is the service titanic.request: service and body, of which it is an
// error that repeating does not cure to have none.
func (t *titanic) request(_ context.Context, msg [][]byte) [][]byte {
	if len(msg) < 2 || len(msg[0]) == 0 {
		return status(statusUnknown)
	}
	id, err := t.store.add(msg)
	if err != nil {
		log.Print(err)
		return status(statusError)
	}
	log.Printf("%s: stored for %s", id, msg[0])
	select {
	case t.stored <- struct{}{}:
	default:
	}
	return status(statusOK, []byte(id))
}

// reply is the service titanic.reply.
func (t *titanic) reply(_ context.Context, msg [][]byte) [][]byte {
	id := string(msg[0])
	reply, err := t.store.reply(id)
	if err == nil {
		return status(statusOK, reply...)
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, err = t.store.request(id); err == nil {
			return status(statusPending)
		}
	}
	return failure(err)
}

// close is the service titanic.close.
func (t *titanic) close(_ context.Context, msg [][]byte) [][]byte {
	if err := t.store.remove(string(msg[0])); err != nil {
		return failure(err)
	}
	return status(statusOK)
}

// execute sends requests to the workers, those that were stored first first.
func (t *titanic) execute(ctx context.Context) (err error) {
	client := &mdp.Client{Broker: *broker, Timeout: *timeout, Tries: 1}
	defer func() { err = errors.Join(err, client.Close()) }()
	for {
		available := make(map[string]bool) // services, as far as asked for
		for _, id := range t.store.unanswered() {
			err := t.executeOne(ctx, client, id, available)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				log.Printf("%s: %v", id, err)
			}
		}
		select {
		case <-t.stored:
		case <-time.After(*retry):
		case <-ctx.Done():
			return nil
		}
	}
}

// executeOne executes a request if there is a worker. With an error it stays
// in the store, to be tried again, unless it cannot be read.
func (t *titanic) executeOne(ctx context.Context, client *mdp.Client, id string, available map[string]bool) error {
	request, err := t.store.request(id)
	switch {
	case errors.Is(err, fs.ErrNotExist): // closed meanwhile
		return nil
	case err != nil:
		t.store.skip(id)
		return err
	}
	service := string(request[0])
	yes, known := available[service]
	if !known {
		yes, err = client.Available(ctx, service)
		available[service] = yes && err == nil
	}
	if err != nil || !yes {
		return err
	}
	reply, err := client.Request(ctx, service, request[1:]...)
	if err != nil {
		available[service] = false // do not wait for it again in this round
		return err
	}
	log.Printf("%s: replied by %s", id, service)
	return t.store.answer(id, reply)
}
