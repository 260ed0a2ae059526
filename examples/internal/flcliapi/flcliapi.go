// SPDX-License-Identifier: BSD-2-Clause

// Package flcliapi is the client of the Freelance Protocol,
// https://rfc.zeromq.org/spec/10: requests go to one of several servers, without a
// broker. It pings the servers to know which of them live, sends a request to the
// first one that does, and to another one if that dies before it has replied.
// So a request may be executed more than once.
package flcliapi

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

// liveness is how many pings without an answer make a server dead.
const liveness = 3

// A Client sends requests. Its methods may be called from any goroutine.
type Client struct {
	soc   *zmq4.Socket
	end   context.CancelFunc
	parts sync.WaitGroup

	mu       sync.Mutex
	servers  []*server // in the order of Connect
	calls    map[string]*call
	sequence int
	err      error // why the client works no more
}

type server struct {
	endpoint string
	left     int // pings that may still go without an answer; if 0, it is dead
}

// call is a request without a reply.
type call struct {
	body    [][]byte
	server  *server       // that has it, or nil
	replied chan [][]byte // closed if the client ends
}

// ErrClosed is returned by requests after [Client.Close].
var ErrClosed = errors.New("flcliapi: client is closed")

// New returns a client without servers. It pings each server at this interval,
// and takes it for dead if it does not hear of it for three of them. An interval
// that is not positive is two seconds.
func New(ping time.Duration) (*Client, error) {
	if ping <= 0 {
		ping = 2 * time.Second
	}
	soc, err := zmq4.OpenSocket(zmq4.ROUTER, zmq4.Linger(100*time.Millisecond))
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	c := &Client{soc: soc, end: end, calls: make(map[string]*call)}
	c.parts.Go(func() { c.stop(c.receive(ctx)) })
	c.parts.Go(func() { c.stop(c.ping(ctx, ping)) })
	return c, nil
}

// Connect adds a server, at the endpoint that is also its identity. Servers
// that were added first are preferred.
func (c *Client) Connect(endpoint string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	// By its id, the server can be sent to before it was heard of.
	if err := c.soc.SetConnectRid(endpoint); err != nil {
		return err
	}
	if err := c.soc.Connect(endpoint); err != nil {
		return err
	}
	c.servers = append(c.servers, &server{endpoint: endpoint})
	_, err := c.soc.SendMessageDontwait(endpoint, "PING")
	return err
}

// Request sends a request and waits for the reply. If no server lives, it waits
// until one does, or ctx is done.
func (c *Client) Request(ctx context.Context, body ...[]byte) ([][]byte, error) {
	if len(body) == 0 {
		return nil, errors.New("flcliapi: a request needs a body of one part or more")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	q := &call{body: body, replied: make(chan [][]byte, 1)}
	c.mu.Lock()
	if c.err != nil {
		defer c.mu.Unlock()
		return nil, c.err
	}
	c.sequence++
	number := strconv.Itoa(c.sequence)
	c.calls[number] = q
	err := c.assign(number, q)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.calls, number)
	}()
	if err != nil {
		return nil, err
	}
	select {
	case reply, ok := <-q.replied:
		if !ok {
			c.mu.Lock()
			defer c.mu.Unlock()
			return nil, c.err
		}
		return reply, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends the client. Requests that wait return [ErrClosed].
func (c *Client) Close() error {
	c.stop(ErrClosed)
	c.parts.Wait()
	return c.soc.Close()
}

// stop makes the client work no more; only the first error counts.
func (c *Client) stop(err error) {
	c.end()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	for number, q := range c.calls {
		close(q.replied)
		delete(c.calls, number)
	}
}

// assign sends a request to the first server that lives, if any does. c is locked.
func (c *Client) assign(number string, q *call) error {
	q.server = nil
	for _, s := range c.servers {
		if s.left > 0 {
			q.server = s
			return c.send(s, number, q.body)
		}
	}
	return nil
}

// send sends to a server. A ROUTER drops what cannot be sent now; so it is
// with what comes while the server is dead.
func (c *Client) send(s *server, parts ...any) error {
	_, err := c.soc.SendMessageDontwait(append([]any{s.endpoint}, parts...)...)
	return err
}

// receive takes what servers send.
func (c *Client) receive(ctx context.Context) error {
	for msg, err := range c.soc.Messages(ctx) {
		if err == nil {
			err = c.handle(string(msg[0]), msg[1:])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) handle(from string, frames [][]byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.servers {
		if s.endpoint == from {
			s.left = liveness
		}
	}
	if len(frames) >= 2 {
		if q := c.calls[string(frames[0])]; q != nil { // else it is late
			delete(c.calls, string(frames[0]))
			q.replied <- frames[1:]
		}
	}
	return c.reassign()
}

// reassign sends requests that no living server has. c is locked.
func (c *Client) reassign() error {
	for number, q := range c.calls {
		if q.server == nil || q.server.left == 0 {
			if err := c.assign(number, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// ping pings all servers again and again, and notices which are dead.
func (c *Client) ping(ctx context.Context, interval time.Duration) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := c.pingAll(); err != nil {
			return err
		}
	}
}

func (c *Client) pingAll() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.servers {
		s.left = max(s.left-1, 0)
		if err := c.send(s, "PING"); err != nil {
			return err
		}
	}
	return c.reassign()
}
