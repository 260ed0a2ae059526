// SPDX-License-Identifier: BSD-2-Clause

package mdp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

// A Client sends one request after another. It is for any number of goroutines,
// which take turns. Set its fields, then call Request, and Close in the end.
type Client struct {
	// Broker is the endpoint of the broker.
	Broker string

	// Timeout is how long the client waits for a reply before it sends the
	// request again, over a new connection. If it is not positive, it is 2.5 seconds.
	Timeout time.Duration

	// Tries is how often a request is sent. If it is not positive, it is 3.
	Tries int

	// Logf, if not nil, is told when a request is sent again.
	Logf func(format string, args ...any)

	mu  sync.Mutex
	soc *zmq4.Socket // nil if there is no connection
}

// Request sends a request and returns the reply. The error is [ErrNoReply] if
// none came, and that of ctx when ctx is done.
func (c *Client) Request(ctx context.Context, service string, body ...[]byte) ([][]byte, error) {
	if service == "" || len(body) == 0 {
		return nil, ErrIncomplete
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	tries := c.Tries
	if tries <= 0 {
		tries = 3
	}
	for try := 1; ; try++ {
		reply, err := c.try(ctx, service, body)
		if err == nil {
			return reply, nil
		}
		// Without the reply, the socket cannot send another request.
		err = errors.Join(err, c.close())
		switch {
		case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
			return nil, err
		case try >= tries:
			return nil, fmt.Errorf("%w from %s in %d tries", ErrNoReply, service, tries)
		}
		logTo(c.Logf)("no reply from %s, sending the request again", service)
	}
}

// try sends the request once.
func (c *Client) try(ctx context.Context, service string, body [][]byte) ([][]byte, error) {
	if c.soc == nil {
		var err error
		if c.soc, err = zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(c.Broker)); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, orDefault(c.Timeout, defaultTimeout))
	defer cancel()
	if _, err := c.soc.SendMessageContext(ctx, clientHeader, service, body); err != nil {
		return nil, err
	}
	msg, err := c.soc.RecvMessageBytesContext(ctx)
	if err != nil {
		return nil, err
	}
	from, reply, err := parseReply(msg)
	if err == nil && from != service {
		err = ErrMalformed
	}
	return reply, err
}

// Available asks the broker whether there is a worker for a service.
func (c *Client) Available(ctx context.Context, service string) (bool, error) {
	reply, err := c.Request(ctx, ServiceLookup, []byte(service))
	if err != nil {
		return false, err
	}
	switch string(reply[0]) {
	case "200":
		return true, nil
	case "404":
		return false, nil
	}
	return false, fmt.Errorf("mdp: %s replied %q", ServiceLookup, reply[0])
}

// Close closes the connection. A later Request opens another one.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.close()
}

func (c *Client) close() error {
	if c.soc == nil {
		return nil
	}
	soc := c.soc
	c.soc = nil
	return soc.Close()
}

// An AsyncClient sends requests without waiting for the replies, which may come
// in any order, or not at all: nothing is sent again. Its methods may be called
// from any goroutine.
type AsyncClient struct {
	soc *zmq4.Socket
}

// NewAsyncClient connects to the broker at an endpoint.
func NewAsyncClient(broker string) (*AsyncClient, error) {
	soc, err := zmq4.OpenSocket(zmq4.DEALER, zmq4.Linger(time.Second), zmq4.Connect(broker))
	if err != nil {
		return nil, err
	}
	return &AsyncClient{soc}, nil
}

// Send sends a request. It waits while too many are queued for the broker.
func (c *AsyncClient) Send(ctx context.Context, service string, body ...[]byte) error {
	if service == "" || len(body) == 0 {
		return ErrIncomplete
	}
	_, err := c.soc.SendMessageContext(ctx, "", clientHeader, service, body)
	return err
}

// Recv waits for the next reply to any request.
func (c *AsyncClient) Recv(ctx context.Context) (service string, body [][]byte, err error) {
	msg, err := c.soc.RecvMessageBytesContext(ctx)
	if err != nil {
		return "", nil, err
	}
	if len(msg[0]) != 0 {
		return "", nil, ErrMalformed
	}
	return parseReply(msg[1:])
}

// Close closes the connection.
func (c *AsyncClient) Close() error { return c.soc.Close() }
