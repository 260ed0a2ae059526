// SPDX-License-Identifier: BSD-2-Clause

// Peering2 is the flow of requests between brokers that share their work.
//
// Each broker has clients and workers of its own, at its local frontend and
// backend, and sockets for its peers: it binds a cloud frontend, to which
// their cloud backends connect. All are ROUTERs, and those of the cloud have the
// broker's name for identity, by which a message finds its broker and back.
// A request goes to a worker here, or, one in five, to a peer that is chosen at
// random. One that came from a peer stays here. Whoever works on it keeps the
// addresses in front of it, so that the answer goes back the same way.
//
// Start one for each data centre, with its own name first, in any order:
//
//	go run ./examples/peering2 DC1 DC2 DC3
//	go run ./examples/peering2 DC2 DC1 DC3
//	go run ./examples/peering2 DC3 DC1 DC2
//
// The clients begin when all peers are there. When they are done the broker
// goes on to serve its peers, until Ctrl-C.
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
	"sync/atomic"
	"time"

	"github.com/seed45097122/zmq4"
)

type settings struct {
	dir              string
	self             string
	peers            []string
	clients, workers int
	n                int
	seed             uint64
}

func main() {
	var s settings
	flag.StringVar(&s.dir, "dir", filepath.Join(os.TempDir(), "zmq4-peering"), "directory for the ipc endpoints")
	flag.IntVar(&s.clients, "clients", 10, "number of clients here")
	flag.IntVar(&s.workers, "workers", 3, "number of workers here")
	flag.IntVar(&s.n, "n", 10, "number of requests of each client")
	flag.Uint64Var(&s.seed, "seed", 1, "for the choice of requests that go to peers")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: peering2 [flags] NAME PEER...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 || slices.Contains(flag.Args()[1:], flag.Arg(0)) {
		flag.Usage()
		os.Exit(2)
	}
	s.self, s.peers = flag.Arg(0), flag.Args()[1:]
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "peering2:", err)
		os.Exit(1)
	}
}

func (s *settings) endpoint(broker, what string) string {
	return "ipc://" + filepath.Join(s.dir, broker+"-"+what+".ipc")
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
	b := &broker{settings: s, dice: rand.New(rand.NewPCG(s.seed, 0))}
	// A ROUTER drops what is over its high-water mark. Here it needs none, for a
	// client has one request at a time.
	unlimited := zmq4.HighWaterMarks(0, 0)
	// To send to a peer that is not there is an error.
	mandatory := zmq4.Configure("mandatory routing", func(soc *zmq4.Socket) error { return soc.SetRouterMandatory(1) })
	for _, r := range []struct {
		soc     **zmq4.Socket
		options []zmq4.OpenOption
	}{
		{&b.localfe, []zmq4.OpenOption{zmq4.Bind(s.endpoint(s.self, "localfe"))}},
		{&b.localbe, []zmq4.OpenOption{zmq4.Bind(s.endpoint(s.self, "localbe"))}},
		{&b.cloudfe, []zmq4.OpenOption{zmq4.Identity(s.self), zmq4.Bind(s.endpoint(s.self, "cloud"))}},
		{&b.cloudbe, []zmq4.OpenOption{zmq4.Identity(s.self), mandatory}},
	} {
		soc, err := zmq4.OpenSocket(zmq4.ROUTER, append(r.options, unlimited, zmq4.Linger(time.Second))...)
		if err != nil {
			return err
		}
		sockets = append(sockets, soc)
		*r.soc = soc
	}
	fmt.Fprintln(os.Stderr, "peering2: listening on", s.endpoint(s.self, "cloud"))

	// The first that fails ends all.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var serving, asking sync.WaitGroup
	serving.Go(func() { cancel(b.route(ctx)) })
	for range s.workers {
		serving.Go(func() { cancel(s.worker(ctx)) })
	}
	if err := b.connect(ctx); err != nil {
		cancel(err)
	}
	var here, byPeers atomic.Int64
	for range s.clients {
		asking.Go(func() {
			if err := s.client(ctx, &here, &byPeers); err != nil {
				cancel(err)
			}
		})
	}
	asking.Wait()
	fmt.Printf("%s: clients are done: %d requests answered here, %d by peers\n", s.self, here.Load(), byPeers.Load())
	serving.Wait()
	fmt.Printf("%s: worked on %d requests, %d of them for peers\n", s.self, b.worked, b.forPeers)
	return context.Cause(ctx)
}
