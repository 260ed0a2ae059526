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
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
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

func (s *settings) endpoints(what string) []string {
	var list []string
	for _, peer := range s.peers {
		list = append(list, s.endpoint(peer, what))
	}
	return list
}

type broker struct {
	settings
	localfe, localbe, cloudfe, cloudbe *zmq4.Socket
	statefe, statebe                   *zmq4.Socket

	free      [][]byte       // identities of workers here, longest free first
	published int            // how many were free when that was last published
	peerFree  map[string]int // how many workers each peer has free, as far as we know
	held      [][]byte       // a request that nobody has taken yet

	worked, forPeers int
}

func run(ctx context.Context, s settings) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	b := &broker{settings: s, peerFree: make(map[string]int)}
	// A ROUTER drops what is over its high-water mark. Here it needs none, for a
	// client has one request at a time. To send to a peer that is not there is
	// an error.
	mandatory := zmq4.Configure("mandatory routing", func(soc *zmq4.Socket) error { return soc.SetRouterMandatory(1) })
	name := zmq4.Identity(s.self)
	for _, r := range []struct {
		soc     **zmq4.Socket
		kind    zmq4.Type
		options []zmq4.SocketOption
	}{
		{&b.localfe, zmq4.ROUTER, []zmq4.SocketOption{zmq4.Bind(s.endpoint(s.self, "localfe"))}},
		{&b.localbe, zmq4.ROUTER, []zmq4.SocketOption{zmq4.Bind(s.endpoint(s.self, "localbe"))}},
		{&b.cloudfe, zmq4.ROUTER, []zmq4.SocketOption{name, zmq4.Bind(s.endpoint(s.self, "cloud"))}},
		{&b.cloudbe, zmq4.ROUTER, []zmq4.SocketOption{name, mandatory, zmq4.Connect(s.endpoints("cloud")...)}},
		{&b.statebe, zmq4.PUB, []zmq4.SocketOption{zmq4.Bind(s.endpoint(s.self, "state"))}},
		{&b.statefe, zmq4.SUB, []zmq4.SocketOption{zmq4.Subscribe(""), zmq4.Connect(s.endpoints("state")...)}},
	} {
		soc, err := zmq4.OpenSocket(r.kind, append(r.options, zmq4.HighWaterMarks(0, 0), zmq4.Linger(time.Second))...)
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

// route passes requests and answers on, and tells the peers how many workers
// are free. It returns only with an error.
func (b *broker) route(ctx context.Context) error {
	localfe, localbe := b.localfe.Receiver(ctx, 0), b.localbe.Receiver(ctx, 0)
	cloudfe, cloudbe := b.cloudfe.Receiver(ctx, 0), b.cloudbe.Receiver(ctx, 0)
	states := b.statefe.Receiver(ctx, 0)
	tick := time.NewTicker(b.state)
	defer tick.Stop()
	for {
		if b.held != nil {
			if err := b.request(ctx, b.held); err != nil {
				return err
			}
		}
		local, cloud := localfe.C, cloudfe.C
		if len(b.free) == 0 {
			cloud = nil // requests wait where they are
		}
		if b.held != nil || len(b.free) == 0 && b.bestPeer() == "" {
			local = nil
		}
		var msg [][]byte
		var handle func(context.Context, [][]byte) error
		select {
		case <-tick.C:
			if err := b.publish(ctx); err != nil {
				return err
			}
			continue
		case msg = <-states.C:
			handle = b.peerState
		case msg = <-localbe.C:
			handle = b.fromWorker
		case msg = <-cloudbe.C:
			handle = b.fromPeer
		case msg = <-cloud:
			handle = b.work
		case msg = <-local:
			handle = b.request
		}
		if msg == nil { // the channel is closed
			if err := ctx.Err(); err != nil {
				return err
			}
			return errors.Join(states.Err(), localfe.Err(), localbe.Err(), cloudfe.Err(), cloudbe.Err())
		}
		if err := handle(ctx, msg); err != nil {
			return err
		}
		if len(b.free) != b.published {
			if err := b.publish(ctx); err != nil {
				return err
			}
		}
	}
}

func (b *broker) publish(ctx context.Context) error {
	b.published = len(b.free)
	_, err := b.statebe.SendMessageContext(ctx, b.self, b.published)
	return err
}

// bestPeer returns the peer that has most workers free, or "" if none has any.
func (b *broker) bestPeer() string {
	best := ""
	for _, peer := range b.peers {
		if b.peerFree[peer] > b.peerFree[best] {
			best = peer
		}
	}
	return best
}

// peerState takes a state: the name of a peer, and how many workers it has free.
func (b *broker) peerState(_ context.Context, msg [][]byte) error {
	if n, err := strconv.Atoi(string(msg[len(msg)-1])); err == nil && slices.Contains(b.peers, string(msg[0])) {
		b.peerFree[string(msg[0])] = n
	}
	return nil
}

// fromWorker takes what a worker here sends: worker, "", READY, or worker, "",
// [peer], client, "", answer.
func (b *broker) fromWorker(ctx context.Context, msg [][]byte) error {
	b.free = append(b.free, msg[0])
	if len(msg) <= 3 {
		return nil
	}
	return b.answer(ctx, msg[2:])
}

// fromPeer takes the answer of a peer: peer, client, "", answer.
func (b *broker) fromPeer(ctx context.Context, msg [][]byte) error {
	if len(msg) == 1 {
		return nil
	}
	return b.answer(ctx, msg[1:])
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

// request takes a request of a client here: client, "", task. It goes to a
// worker here, or else to a peer; if nobody can take it, it is held.
func (b *broker) request(ctx context.Context, msg [][]byte) error {
	b.held = nil
	if len(b.free) > 0 {
		return b.work(ctx, msg)
	}
	for peer := b.bestPeer(); peer != ""; peer = b.bestPeer() {
		_, err := b.cloudbe.SendMessageContext(ctx, peer, msg)
		if err == nil {
			b.peerFree[peer]-- // until the peer says so itself
			return nil
		}
		if !errors.Is(err, zmq4.EHOSTUNREACH) {
			return err
		}
		delete(b.peerFree, peer) // it is gone, or not connected yet
	}
	b.held = msg
	return nil
}

// work gives a request, [peer], client, "", task, to a worker here, of whom at
// least one must be free.
func (b *broker) work(ctx context.Context, msg [][]byte) error {
	b.worked++
	if slices.Contains(b.peers, string(msg[0])) {
		b.forPeers++
	}
	worker := b.free[0]
	b.free = b.free[1:]
	_, err := b.localbe.SendMessageContext(ctx, worker, "", msg)
	return err
}

// counts says where the tasks of clients were done.
type counts struct {
	mu                  sync.Mutex
	here, byPeers, lost int
}

func (c *counts) add(n *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

func (c *counts) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("%d tasks done here, %d by peers, %d lost", c.here, c.byPeers, c.lost)
}

// client sends tasks, each with a name of its own that has to come back.
func (s *settings) client(ctx context.Context, name string, stats *counts) error {
	broker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(s.endpoint(s.self, "localfe")))
	if err != nil {
		return err
	}
	defer broker.Close()
	tasks := 0
	for i := 0; i < s.n || s.n <= 0; i++ {
		select {
		case <-time.After(rand.N(max(s.pause, 1))):
		case <-ctx.Done():
			return ctx.Err()
		}
		for range 1 + rand.IntN(max(s.burst, 1)) {
			tasks++
			task := fmt.Sprintf("%s/task-%d", name, tasks)
			by, err := s.do(ctx, broker, task)
			switch {
			case errors.Is(err, context.DeadlineExceeded):
				// The REQ socket still waits for the answer, and is of no more use.
				fmt.Printf("%s is lost\n", task)
				stats.add(&stats.lost)
				return nil
			case err != nil:
				return err
			case by == s.self:
				stats.add(&stats.here)
			default:
				stats.add(&stats.byPeers)
			}
		}
	}
	return nil
}

// do has a task done and returns by which broker.
func (s *settings) do(ctx context.Context, broker *zmq4.Socket, task string) (by string, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if _, err := broker.SendContext(ctx, task, 0); err != nil {
		return "", err
	}
	answer, err := broker.RecvMessageContext(ctx)
	if err != nil {
		return "", err
	}
	if len(answer) != 2 || string(answer[0]) != task {
		return "", fmt.Errorf("%s: the answer is %q", task, answer)
	}
	return string(answer[1]), nil
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
	for msg, err := range broker.Messages(ctx) { // [peer], client, "", task
		if err != nil {
			return err
		}
		select {
		case <-time.After(rand.N(max(s.work, 1))):
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := broker.SendMessageContext(ctx, msg, s.self); err != nil {
			return err
		}
	}
	return nil
}
