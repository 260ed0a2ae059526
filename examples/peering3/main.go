// SPDX-License-Identifier: BSD-2-Clause

// Peering3 is the whole simulation of brokers that share their work: a broker
// whose workers are all busy sends requests to peers that have free ones.
//
// The flows of requests are those of peering2, and brokers tell each other how
// many workers they have free, as in peering1: whenever that changes, and once
// in a while for those who came later. A broker takes requests of peers only
// when a worker is free, and those of its own clients also when a peer has one.
// Clients send tasks in bursts with pauses in between, and give up when one is
// lost; the broker counts where tasks were done.
//
// Start one for each data centre, with its own name first, in any order:
//
//	go run ./examples/peering3 DC1 DC2 DC3
//	go run ./examples/peering3 DC2 DC1 DC3
//	go run ./examples/peering3 DC3 DC1 DC2
//
// When the clients are done the broker goes on to serve its peers, until Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

type settings struct {
	dir              string
	self             string
	peers            []string
	clients, workers int
	n, burst         int
	pause, work      time.Duration
	timeout, state   time.Duration
}

func main() {
	var s settings
	flag.StringVar(&s.dir, "dir", filepath.Join(os.TempDir(), "zmq4-peering"), "directory for the ipc endpoints")
	flag.IntVar(&s.clients, "clients", 10, "number of clients here")
	flag.IntVar(&s.workers, "workers", 5, "number of workers here")
	flag.IntVar(&s.n, "n", 0, "number of bursts of each client; with 0 or less they go on until Ctrl-C")
	flag.IntVar(&s.burst, "burst", 15, "number of tasks in a burst, at least 1")
	flag.DurationVar(&s.pause, "pause", 5*time.Second, "the longest pause between two bursts")
	flag.DurationVar(&s.work, "work", time.Second, "the longest time that a task takes")
	flag.DurationVar(&s.timeout, "timeout", 10*time.Second, "when a client takes a task for lost")
	flag.DurationVar(&s.state, "state", time.Second, "how often the state is published even if it is the same")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: peering3 [flags] NAME PEER...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 || slices.Contains(flag.Args()[1:], flag.Arg(0)) || s.state <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	s.self, s.peers = flag.Arg(0), flag.Args()[1:]
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "peering3:", err)
		os.Exit(1)
	}
}

func (s *settings) endpoint(broker, what string) string {
	return "ipc://" + filepath.Join(s.dir, broker+"-"+what+".ipc")
}

func (s *settings) endpoints(what string) []string {
	var list []string
	for _, peer := range s.peers {
		list = append(list, s.endpoint(peer, what))
	}
	return list
}

func run(ctx context.Context, s settings) (err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	var sockets []*zmq4.Socket
	defer func() {
		for _, soc := range sockets {
			err = errors.Join(err, soc.Close())
		}
		err = errors.Join(err, zmq4.Term())
	}()
	b := &broker{settings: s, peerFree: make(map[string]int)}
	// A ROUTER drops what is over its high-water mark. Here it needs none, for a
	// client has one request at a time.
	unlimited := zmq4.HighWaterMarks(0, 0)
	// To send to a peer that is not there is an error.
	mandatory := zmq4.Configure("mandatory routing", func(soc *zmq4.Socket) error { return soc.SetRouterMandatory(1) })
	for _, r := range []struct {
		soc     **zmq4.Socket
		kind    zmq4.Type
		options []zmq4.OpenOption
	}{
		{&b.localfe, zmq4.ROUTER, []zmq4.OpenOption{unlimited, zmq4.Bind(s.endpoint(s.self, "localfe"))}},
		{&b.localbe, zmq4.ROUTER, []zmq4.OpenOption{unlimited, zmq4.Bind(s.endpoint(s.self, "localbe"))}},
		{&b.cloudfe, zmq4.ROUTER, []zmq4.OpenOption{unlimited, zmq4.Identity(s.self), zmq4.Bind(s.endpoint(s.self, "cloud"))}},
		{&b.cloudbe, zmq4.ROUTER, []zmq4.OpenOption{unlimited, zmq4.Identity(s.self), mandatory, zmq4.Connect(s.endpoints("cloud")...)}},
		{&b.statebe, zmq4.PUB, []zmq4.OpenOption{zmq4.Bind(s.endpoint(s.self, "state"))}},
		{&b.statefe, zmq4.SUB, []zmq4.OpenOption{zmq4.Subscribe(""), zmq4.Connect(s.endpoints("state")...)}},
	} {
		soc, err := zmq4.OpenSocket(r.kind, append(r.options, zmq4.Linger(time.Second))...)
		if err != nil {
			return err
		}
		sockets = append(sockets, soc)
		*r.soc = soc
	}
	fmt.Fprintf(os.Stderr, "peering3: listening on %s for tasks, %s for subscribers\n", s.endpoint(s.self, "cloud"), s.endpoint(s.self, "state"))

	// The first that fails ends all.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var serving, asking sync.WaitGroup
	serving.Go(func() { cancel(b.route(ctx)) })
	for range s.workers {
		serving.Go(func() { cancel(s.worker(ctx)) })
	}
	var stats counts
	for i := range s.clients {
		asking.Go(func() {
			if err := s.client(ctx, fmt.Sprintf("%s/client-%d", s.self, i+1), &stats); err != nil {
				cancel(err)
			}
		})
	}
	asking.Wait()
	fmt.Printf("%s: clients are done: %v\n", s.self, &stats)
	serving.Wait()
	fmt.Printf("%s: worked on %d tasks, %d of them for peers\n", s.self, b.worked, b.forPeers)
	return context.Cause(ctx)
}
