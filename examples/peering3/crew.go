// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/seed45097122/zmq4"
)

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
func (s *settings) client(ctx context.Context, name string, stats *counts) (err error) {
	broker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(s.endpoint(s.self, "localfe")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Close()) }()
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
	answer, err := broker.RecvMessageBytesContext(ctx)
	if err != nil {
		return "", err
	}
	if len(answer) != 2 || string(answer[0]) != task {
		return "", fmt.Errorf("%s: the answer is %q", task, answer)
	}
	return string(answer[1]), nil
}

// worker returns only with an error.
func (s *settings) worker(ctx context.Context) (err error) {
	broker, err := zmq4.OpenSocket(zmq4.REQ, zmq4.Linger(time.Second), zmq4.Connect(s.endpoint(s.self, "localbe")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Close()) }()
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
