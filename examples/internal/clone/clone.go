// SPDX-License-Identifier: BSD-2-Clause

// Package clone is the client of a map that servers and clients share by the
// Clustered Hashmap Protocol (ZeroMQ RFC 12/CHP), with a second server that
// takes over when the first one fails.
package clone

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/examples/internal/kvmsg"
)

// ErrSilent is the error of [Follow] when nothing comes from the server.
var ErrSilent = errors.New("clone: the server is silent")

// A Server is where a server of the protocol can be reached.
type Server struct {
	Snapshot  string // ROUTER: requests for snapshots
	Publisher string // PUB: updates and heartbeats
	Collector string // SUB: updates from clients
}

// ParseServer makes a Server of its three endpoints with commas between them.
func ParseServer(s string) (Server, error) {
	list := strings.Split(s, ",")
	if len(list) != 3 || list[0] == "" || list[1] == "" || list[2] == "" {
		return Server{}, fmt.Errorf("clone: %q is not snapshot,publisher,collector", s)
	}
	return Server{list[0], list[1], list[2]}, nil
}

// String is the opposite of [ParseServer].
func (s Server) String() string { return s.Snapshot + "," + s.Publisher + "," + s.Collector }

// Follow calls snapshot with the state of a subtree and the number of its last
// update, and then update with each later update. It returns an error when ctx
// is done, and [ErrSilent] when the server has sent nothing, not even a
// heartbeat, for the time of patience, which may be a server that is passive.
func Follow(ctx context.Context, server Server, subtree string, patience time.Duration,
	snapshot func(state kvmsg.Map, sequence uint64), update func(kvmsg.Message)) (err error) {
	subscriber, err := zmq4.OpenSocket(zmq4.SUB, zmq4.Timeouts(patience, patience), zmq4.Linger(0),
		zmq4.Subscribe(subtree, kvmsg.Hugz), zmq4.Connect(server.Publisher))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, subscriber.Close()) }()
	dealer, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Timeouts(patience, patience), zmq4.Linger(100*time.Millisecond),
		zmq4.Connect(server.Snapshot))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dealer.Close()) }()

	// The first request may be what makes the server active, so that it has
	// something to publish. What comes of that shows that the subscription is in
	// effect, so that nothing can be missing after the second one.
	_, _, err = kvmsg.Fetch(ctx, dealer, subtree)
	if err != nil {
		return silence(err)
	}
	m, err := kvmsg.Recv(ctx, subscriber)
	if err != nil {
		return silence(err)
	}
	state, sequence, err := kvmsg.Fetch(ctx, dealer, subtree)
	if err != nil {
		return silence(err)
	}
	snapshot(state, sequence)
	for {
		if m.Key != kvmsg.Hugz && m.Sequence > sequence {
			sequence = m.Sequence
			update(m)
		}
		if m, err = kvmsg.Recv(ctx, subscriber); err != nil {
			return silence(err)
		}
	}
}

// silence makes an ErrSilent of the error after a timeout.
func silence(err error) error {
	if errors.Is(err, syscall.EAGAIN) {
		return ErrSilent
	}
	return err
}

// Config says what a [Clone] is connected to.
type Config struct {
	// Servers are those that have the map, the one to try first at the front.
	Servers []Server

	// Subtree is the part of the map to follow, with a slash at both ends. If
	// it is empty, it is everything.
	Subtree string

	// Patience is how long a server may be silent before the next one is tried.
	// It is several times the heartbeat of the servers. If it is not positive,
	// it is 5 seconds.
	Patience time.Duration

	// OnSnapshot is called after a snapshot has come from a server, OnUpdate
	// after an update, and OnSilent when a server is given up. They may be nil.
	// Calls do not overlap.
	OnSnapshot func(server Server, sequence uint64)
	OnUpdate   func(kvmsg.Message)
	OnSilent   func(server Server)
}

// A Clone is a copy of the map, or of a subtree, which follows the active
// server. Its methods may be called from any goroutine.
type Clone struct {
	config     Config
	publishers []*zmq4.Socket
	subscribed []chan struct{} // closed when the server takes updates
	cancel     context.CancelFunc
	done       chan struct{} // closed, after err is set, when the server is not followed any more
	err        error
	synced     chan int // has the server, once there is a snapshot

	mu       sync.Mutex
	state    kvmsg.Map
	sequence uint64
}

// Open returns a Clone when it has the state of one of the servers, and that
// server takes its updates. For the other servers it waits at most the time of
// patience. The error is that of ctx when it is done before.
func Open(ctx context.Context, config Config) (_ *Clone, err error) {
	if len(config.Servers) == 0 {
		return nil, errors.New("clone: no servers")
	}
	if err := kvmsg.CheckSubtree(config.Subtree); err != nil {
		return nil, err
	}
	if config.Patience <= 0 {
		config.Patience = 5 * time.Second
	}
	agent, cancel := context.WithCancel(context.Background())
	c := &Clone{config: config, cancel: cancel, done: make(chan struct{}), synced: make(chan int, 1)}
	// One publisher for each server, of a kind that sees who subscribes. No
	// high-water mark: it would drop updates behind it.
	for _, s := range config.Servers {
		pub, err := zmq4.OpenSocket(zmq4.XPUB, zmq4.HighWaterMarks(0, 0), zmq4.Linger(time.Second), zmq4.Connect(s.Collector))
		if err != nil {
			cancel()
			return nil, errors.Join(err, c.closePublishers())
		}
		subscribed := make(chan struct{})
		c.publishers, c.subscribed = append(c.publishers, pub), append(c.subscribed, subscribed)
		go func() {
			var first sync.Once
			for _, err := range pub.Messages(agent) {
				if err == nil {
					first.Do(func() { close(subscribed) })
				}
			}
		}()
	}
	go func() {
		defer close(c.done)
		c.err = c.follow(agent)
	}()
	if err := c.ready(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// ready waits for what [Open] waits for.
func (c *Clone) ready(ctx context.Context) error {
	var current int
	select {
	case current = <-c.synced:
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-c.subscribed[current]:
	case <-ctx.Done():
		return ctx.Err()
	}
	patience := time.After(c.config.Patience)
	for _, subscribed := range c.subscribed {
		select {
		case <-subscribed:
		case <-patience:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// follow follows one server after the other.
func (c *Clone) follow(ctx context.Context) error {
	for i := 0; ; i = (i + 1) % len(c.config.Servers) {
		server := c.config.Servers[i]
		err := Follow(ctx, server, c.config.Subtree, c.config.Patience,
			func(state kvmsg.Map, sequence uint64) {
				c.mu.Lock()
				c.state, c.sequence = state, sequence
				c.mu.Unlock()
				if c.config.OnSnapshot != nil {
					c.config.OnSnapshot(server, sequence)
				}
				select {
				case c.synced <- i:
				default: // only Open waits for it
				}
			},
			func(m kvmsg.Message) {
				c.mu.Lock()
				c.state.Apply(m)
				c.sequence = m.Sequence
				c.mu.Unlock()
				if c.config.OnUpdate != nil {
					c.config.OnUpdate(m)
				}
			})
		if !errors.Is(err, ErrSilent) {
			return err
		}
		if c.config.OnSilent != nil {
			c.config.OnSilent(server)
		}
	}
}

// Set sends an update to all servers, of which the active one will publish it:
// only then it is in this copy, too. An empty value deletes the key. With a ttl,
// rounded up to seconds, the value is deleted after that time; if it is not
// positive, the value stays.
func (c *Clone) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	m := kvmsg.Message{Key: key, UUID: kvmsg.NewUUID(), Body: value}
	if ttl > 0 {
		seconds := int64((ttl + time.Second - 1) / time.Second)
		m.Properties = map[string]string{"ttl": strconv.FormatInt(seconds, 10)}
	}
	if err := m.CheckUpdate(); err != nil {
		return err
	}
	for _, pub := range c.publishers {
		if err := m.Send(ctx, pub); err != nil {
			return err
		}
	}
	return nil
}

// Get returns a value, which must not be changed, and whether there is one.
func (c *Clone) Get(key string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.state[key]
	return m.Body, ok
}

// State returns a copy of the map and the number of its last update.
func (c *Clone) State() (kvmsg.Map, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.state), c.sequence
}

// Done returns a channel that is closed when the servers are not followed any
// more: after Close, or after an error, which Close returns.
func (c *Clone) Done() <-chan struct{} { return c.done }

// Close ends the connections. The copy stays as it is.
func (c *Clone) Close() error {
	c.cancel()
	<-c.done
	err := c.err
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, c.closePublishers())
}

func (c *Clone) closePublishers() (err error) {
	for _, pub := range c.publishers {
		err = errors.Join(err, pub.Close())
	}
	return err
}
