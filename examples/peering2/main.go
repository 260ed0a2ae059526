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
	err := run(ctx, s)
	if err == nil || errors.Is(err, context.Canceled) {
		err = zmq4.Term()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (s *settings) endpoint(broker, what string) string {
	return "ipc://" + filepath.Join(s.dir, broker+"-"+what+".ipc")
}

type broker struct {
	settings
	localfe, localbe, cloudfe, cloudbe *zmq4.Socket

	free             [][]byte // identities of workers here, longest free first
	dice             *rand.Rand
	worked, forPeers int
}

func run(ctx context.Context, s settings) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	b := &broker{settings: s, dice: rand.New(rand.NewPCG(s.seed, 0))}
	// A ROUTER drops what is over its high-water mark. Here it needs none, for a
	// client has one request at a time. To send to a peer that is not there is
	// an error.
	mandatory := zmq4.Configure("mandatory routing", func(soc *zmq4.Socket) error { return soc.SetRouterMandatory(1) })
	for _, r := range []struct {
		soc     **zmq4.Socket
		options []zmq4.SocketOption
	}{
		{&b.localfe, []zmq4.SocketOption{zmq4.Bind(s.endpoint(s.self, "localfe"))}},
		{&b.localbe, []zmq4.SocketOption{zmq4.Bind(s.endpoint(s.self, "localbe"))}},
		{&b.cloudfe, []zmq4.SocketOption{zmq4.Identity(s.self), zmq4.Bind(s.endpoint(s.self, "cloud"))}},
		{&b.cloudbe, []zmq4.SocketOption{zmq4.Identity(s.self), mandatory}},
	} {
		soc, err := zmq4.OpenSocket(zmq4.ROUTER, append(r.options, zmq4.HighWaterMarks(0, 0), zmq4.Linger(time.Second))...)
		if err != nil {
			return err
		}
		defer soc.Close()
		*r.soc = soc
	}

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

// connect connects to the peers and waits until they are all there.
func (b *broker) connect(ctx context.Context) error {
	missing := make(map[string]bool)
	events := b.cloudbe.Events(ctx, zmq4.EVENT_CONNECTED)
	for _, peer := range b.peers {
		endpoint := b.endpoint(peer, "cloud")
		missing[endpoint] = true
		if err := b.cloudbe.Connect(endpoint); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	fmt.Printf("%s: waiting for %d peers\n", b.self, len(missing))
	for ev, err := range events {
		if err != nil {
			return err
		}
		if delete(missing, ev.Endpoint); len(missing) == 0 {
			return nil
		}
	}
	return zmq4.ErrorSocketClosed
}

// route passes requests and answers on. It returns only with an error.
func (b *broker) route(ctx context.Context) error {
	localfe, localbe := b.localfe.Receiver(ctx, 0), b.localbe.Receiver(ctx, 0)
	cloudfe, cloudbe := b.cloudfe.Receiver(ctx, 0), b.cloudbe.Receiver(ctx, 0)
	for {
		local, cloud := localfe.C, cloudfe.C
		if len(b.free) == 0 {
			local, cloud = nil, nil // requests wait where they are
		}
		var msg [][]byte
		var err error
		select {
		case msg = <-localbe.C: // worker, "", READY, or worker, "", [peer], client, "", answer
			if len(msg) > 0 {
				b.free = append(b.free, msg[0])
			}
			if len(msg) > 3 {
				err = b.answer(ctx, msg[2:])
			}
		case msg = <-cloudbe.C: // peer, client, "", answer
			if len(msg) > 1 {
				err = b.answer(ctx, msg[1:])
			}
		case msg = <-cloud: // peer, client, "", request
			if msg != nil {
				b.forPeers++
				err = b.work(ctx, msg)
			}
		case msg = <-local: // client, "", request
			if msg != nil {
				err = b.request(ctx, msg)
			}
		}
		if err != nil {
			return err
		}
		if msg == nil { // the channel is closed
			if err := ctx.Err(); err != nil {
				return err
			}
			return errors.Join(localfe.Err(), localbe.Err(), cloudfe.Err(), cloudbe.Err())
		}
	}
}

// request decides where to work on a request of a client here.
func (b *broker) request(ctx context.Context, msg [][]byte) error {
	if len(b.peers) > 0 && b.dice.IntN(5) == 0 {
		_, err := b.cloudbe.SendMessageContext(ctx, b.peers[b.dice.IntN(len(b.peers))], msg)
		if !errors.Is(err, zmq4.EHOSTUNREACH) {
			return err
		}
		// The peer is gone: do it ourselves.
	}
	return b.work(ctx, msg)
}

// work gives a request to a worker here.
func (b *broker) work(ctx context.Context, msg [][]byte) error {
	b.worked++
	worker := b.free[0]
	b.free = b.free[1:]
	_, err := b.localbe.SendMessageContext(ctx, worker, "", msg)
	return err
}

// answer sends an answer to whoever its first part says, a peer or a client here.
func (b *broker) answer(ctx context.Context, msg [][]byte) error {
	to := b.localfe
	if slices.Contains(b.peers, string(msg[0])) {
		to = b.cloudfe
	}
	_, err := to.SendMessageContext(ctx, msg)
	return err
}

// client counts who has answered its requests.
func (s *settings) client(ctx context.Context, here, byPeers *atomic.Int64) error {
	broker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(s.endpoint(s.self, "localfe")))
	if err != nil {
		return err
	}
	defer broker.Close()
	for range s.n {
		if _, err := broker.SendContext(ctx, "HELLO", 0); err != nil {
			return err
		}
		answer, err := broker.RecvContext(ctx, 0)
		switch {
		case err != nil:
			return err
		case answer == "OK from "+s.self:
			here.Add(1)
		default:
			byPeers.Add(1)
		}
	}
	return nil
}

// worker returns only with an error.
func (s *settings) worker(ctx context.Context) error {
	broker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(s.endpoint(s.self, "localbe")))
	if err != nil {
		return err
	}
	defer broker.Close()
	if _, err := broker.SendContext(ctx, "READY", 0); err != nil {
		return err
	}
	for msg, err := range broker.Messages(ctx) { // [peer], client, "", request
		if err != nil {
			return err
		}
		msg[len(msg)-1] = []byte("OK from " + s.self)
		if _, err := broker.SendMessageContext(ctx, msg); err != nil {
			return err
		}
	}
	return nil
}
