// SPDX-License-Identifier: BSD-2-Clause

// Package bstar is the Binary Star pattern of the ZeroMQ Guide: a pair of
// servers, primary and backup, of which exactly one is active, and takes the
// requests of clients, at any time. The other one is passive, and takes over
// when two things come together: its peer has been silent for two heartbeats,
// and clients come to it with their requests. So a broken link between the
// servers alone changes nothing.
//
// Each server publishes its state, and subscribes to that of its peer. It does so
// at every heartbeat, when its state changes, and when its peer subscribes: two
// servers that start together agree as soon as they are connected. A server
// that uses a [Star] asks [Star.Vote] about each request of a client before it
// answers:
//
//	star := bstar.New(bstar.Config{
//		Primary:   true,
//		Local:     "tcp://*:5003",
//		Remote:    "tcp://backup:5004",
//		OnActive:  func() error { ... },
//		OnPassive: func() error { ... },
//	})
//	go func() { failed <- star.Run(ctx) }()
//	for msg, err := range frontend.Messages(ctx) {
//		...
//		if star.Vote() {
//			// answer
//		} // else drop it: the client will try the other server
//	}
//
// The primary that comes back after a failure is passive. To make it active
// again, stop the backup for as long as it takes clients to notice.
package bstar

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

// A State is what a server publishes: its number in decimal digits, in a
// message of one part.
type State int

const (
	StatePrimary State = iota + 1 // the primary, which has not heard its peer yet
	StateBackup                   // the backup, which has not heard its peer yet
	StateActive                   // serves clients
	StatePassive                  // leaves clients to its peer
)

// String returns "primary", "backup", "active" or "passive".
func (s State) String() string {
	switch s {
	case StatePrimary:
		return "primary"
	case StateBackup:
		return "backup"
	case StateActive:
		return "active"
	case StatePassive:
		return "passive"
	}
	return fmt.Sprintf("State(%d)", int(s))
}

// Errors of [Star.Run] after which nobody can tell which server has the truth:
// the program should end, and a human decide. The server that hears of it first
// has the error; the other one may go on, if it has not heard of it until then.
var (
	ErrBothActive  = errors.New("bstar: both servers are active")
	ErrBothPassive = errors.New("bstar: both servers are passive")
)

// Config says what one of the two servers is.
type Config struct {
	// Primary is true for the primary and false for the backup.
	Primary bool

	// Local is the endpoint that this server's state is published on, and
	// Remote the one of the other server.
	Local, Remote string

	// Heartbeat is the longest time from one publication of the state to the next.
	// Both servers need the same. If it is not positive, it is one second.
	Heartbeat time.Duration

	// OnActive is called when the server becomes active, before the [Star.Vote]
	// that made it so returns true. OnPassive is called when it becomes passive.
	// Both may be nil. Calls never overlap, but they come from the goroutine
	// of Run as well as from those of Vote, and must not call methods of the
	// Star. An error ends Run, which returns it.
	OnActive, OnPassive func() error
}

// A Star is one of the two servers. Its methods may be called from any goroutine.
type Star struct {
	config Config
	ctx    context.Context // done when Run has to end
	end    context.CancelCauseFunc
	news   chan struct{} // the state is to be published before the next heartbeat

	mu     sync.Mutex
	state  State
	expiry time.Time // when the peer counts as dead
}

// New returns a server that does not know its peer yet. It opens no socket:
// Run does.
func New(config Config) *Star {
	if config.Heartbeat <= 0 {
		config.Heartbeat = time.Second
	}
	s := &Star{config: config, state: StateBackup, news: make(chan struct{}, 1)}
	if config.Primary {
		s.state = StatePrimary
	}
	s.ctx, s.end = context.WithCancelCause(context.Background())
	s.heard()
	return s
}

// State returns the state that the server is in now.
func (s *Star) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Vote is called for each request of a client and says whether this server may
// serve it. A request may be what makes the server active.
func (s *Star) Vote() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	next, ok := s.state.request(!time.Now().Before(s.expiry))
	return ok && s.become(next)
}

// Run publishes the state of this server and follows that of its peer, until
// ctx is done, which is no error. Otherwise the error is [ErrBothActive],
// [ErrBothPassive], one of the callbacks' or one of a socket. After Run, Vote is
// always false. Run may be called once.
func (s *Star) Run(ctx context.Context) (err error) {
	defer context.AfterFunc(ctx, func() { s.end(nil) })()
	defer s.end(nil)
	// Unlike a PUB it receives subscriptions, here each one.
	pub, err := zmq4.OpenSocket(zmq4.XPUB, zmq4.Linger(time.Second), zmq4.Bind(s.config.Local),
		zmq4.Configure("verbose", func(soc *zmq4.Socket) error { return soc.SetXpubVerbose(1) }))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pub.Close()) }()
	sub, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Subscribe(""), zmq4.Connect(s.config.Remote),
		// The peer has to be heard again before it counts as dead.
		zmq4.Configure("reconnect interval", func(soc *zmq4.Socket) error {
			return soc.SetReconnectIvl(min(s.config.Heartbeat/4, 100*time.Millisecond))
		}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sub.Close()) }()

	s.mu.Lock()
	s.heard() // the peer has its time from now on
	s.mu.Unlock()
	var others sync.WaitGroup
	others.Go(func() { s.end(s.publish(pub)) })
	others.Go(func() { s.end(s.greet(pub)) })
	s.end(s.follow(sub))
	others.Wait()
	if err := context.Cause(s.ctx); err != context.Canceled {
		return err
	}
	return nil
}

// publish sends the state at every heartbeat, and when there is news.
func (s *Star) publish(pub *zmq4.Socket) error {
	ticker := time.NewTicker(s.config.Heartbeat)
	defer ticker.Stop()
	for {
		if _, err := pub.SendContext(s.ctx, strconv.Itoa(int(s.State())), 0); err != nil {
			return unlessDone(s.ctx, err)
		}
		select {
		case <-ticker.C:
		case <-s.news:
		case <-s.ctx.Done():
			return nil
		}
	}
}

// greet has the state published for each peer that subscribes: what was published
// before is lost to it.
func (s *Star) greet(pub *zmq4.Socket) error {
	for _, err := range pub.Messages(s.ctx) {
		if err != nil {
			return unlessDone(s.ctx, err)
		}
		s.tell()
	}
	return nil
}

// tell has the state published.
func (s *Star) tell() {
	select {
	case s.news <- struct{}{}:
	default: // it will be
	}
}

// follow receives the state of the peer.
func (s *Star) follow(sub *zmq4.Socket) error {
	for msg, err := range sub.Messages(s.ctx) {
		if err != nil {
			return unlessDone(s.ctx, err)
		}
		peer, ok := parse(msg)
		if !ok {
			continue // it is no server of a binary star
		}
		if err := s.peer(peer); err != nil {
			return err
		}
	}
	return nil
}

// parse returns the state that a message tells.
func parse(msg [][]byte) (State, bool) {
	if len(msg) != 1 {
		return 0, false
	}
	n, err := strconv.Atoi(string(msg[0]))
	state := State(n)
	return state, err == nil && state >= StatePrimary && state <= StatePassive
}

// unlessDone returns err, unless it only says that ctx is done.
func unlessDone(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// peer is called with each state that the peer publishes.
func (s *Star) peer(peer State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard()
	next, err := s.state.hear(peer)
	if err == nil {
		s.become(next)
	}
	return err
}

// heard says that the peer lives, with s locked.
func (s *Star) heard() { s.expiry = time.Now().Add(2 * s.config.Heartbeat) }

// become changes the state, with s locked, and reports whether that went well.
func (s *Star) become(next State) bool {
	if s.state == next {
		return true
	}
	s.state = next
	s.tell()
	call := s.config.OnPassive
	if next == StateActive {
		call = s.config.OnActive
	}
	if call != nil {
		if err := call(); err != nil {
			s.end(err)
			return false
		}
	}
	return true
}

// hear returns the state after the peer has said that it is in state peer.
func (s State) hear(peer State) (State, error) {
	switch {
	case s == StateActive && peer == StateActive:
		return s, ErrBothActive
	case s == StatePassive && peer == StatePassive:
		return s, ErrBothPassive
	case s == StatePrimary && peer == StateBackup:
		return StateActive, nil // both have just started
	case (s == StatePrimary || s == StateBackup) && peer == StateActive:
		return StatePassive, nil
	case s == StatePassive && (peer == StatePrimary || peer == StateBackup):
		return StateActive, nil // the active one has started again, and waits
	}
	return s, nil
}

// request returns the state after a client's request, and whether to serve it.
// dead says that the peer has not been heard for two heartbeats.
func (s State) request(dead bool) (State, bool) {
	switch {
	case s == StateActive:
		return s, true
	case (s == StatePrimary || s == StatePassive) && dead:
		return StateActive, true
	}
	// A backup that has never heard its primary must not serve: the primary
	// may do so already, for clients that reach it.
	return s, false
}
