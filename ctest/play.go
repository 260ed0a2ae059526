// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"fmt"
	"slices"
	"time"
)

// A Messenger sends and receives whole messages.
type Messenger interface {
	Send(parts [][]byte) error
	Recv() ([][]byte, error)
}

// A Player is one side of an exchange.
type Player struct {
	Messenger
	Type  string // of its socket, such as "REQ"
	Count int    // how many messages

	// A PUB does not know when it has a subscriber. It sends messages that are
	// only "m" until the other side, which calls Synced at the first of them,
	// has made Sync ready. Every other side skips them.
	Sync   <-chan struct{}
	Synced func()
}

// Other is the role that the other side has.
var Other = map[string]string{"echo": "request", "request": "echo", "send": "recv", "recv": "send"}

// Window is how many requests may be on their way.
const Window = 64

// Play plays a role:
//
//   - echo sends back what it receives;
//   - request sends messages, and checks that they come back in order;
//   - send sends messages. PUB and XPUB send others in between, which begin with
//     an 'n' and are not subscribed to;
//   - recv checks the messages of send.
func (p *Player) Play(role string) error {
	play := map[string]func() error{"echo": p.echo, "request": p.request, "send": p.send, "recv": p.recv}[role]
	if play == nil {
		return fmt.Errorf("no role %q", role)
	}
	if err := play(); err != nil {
		return fmt.Errorf("%s %s: %w", p.Type, role, err)
	}
	return nil
}

func (p *Player) echo() error {
	for i := range p.Count {
		parts, err := p.Recv()
		if err == nil {
			err = p.Send(parts)
		}
		if err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
	}
	return nil
}

// request sends and receives on two goroutines, but for REQ.
func (p *Player) request() error {
	if p.Type == "REQ" {
		for i := range p.Count {
			if err := p.Send(Message(i)); err != nil {
				return fmt.Errorf("message %d: %w", i, err)
			}
			if err := p.expect(i); err != nil {
				return err
			}
		}
		return nil
	}
	window := make(chan struct{}, Window)
	sent := make(chan error, 1)
	stop := make(chan struct{})
	go func() {
		for i := range p.Count {
			select {
			case window <- struct{}{}:
			case <-stop:
				return
			}
			if err := p.Send(Message(i)); err != nil {
				sent <- fmt.Errorf("message %d: %w", i, err)
				return
			}
		}
		sent <- nil
	}()
	defer close(stop)
	for i := range p.Count {
		if err := p.expect(i); err != nil {
			return err
		}
		<-window
	}
	return <-sent
}

// expect receives message i.
func (p *Player) expect(i int) error {
	parts, err := p.Recv()
	if err != nil {
		return fmt.Errorf("message %d: %w", i, err)
	}
	if p.Type == "ROUTER" {
		parts = parts[1:]
	}
	return Check(parts, i)
}

func (p *Player) send() error {
	switch p.Type {
	case "PUB":
		if err := p.sync(); err != nil {
			return err
		}
	case "XPUB":
		parts, err := p.Recv()
		if err != nil {
			return err
		}
		if len(parts) != 1 || string(parts[0]) != "\x01m" {
			return fmt.Errorf("not a subscription: %q", parts)
		}
	}
	publisher := p.Type == "PUB" || p.Type == "XPUB"
	for i := range p.Count {
		if publisher && i%100 == 0 {
			if err := p.Send([][]byte{[]byte("not subscribed")}); err != nil {
				return err
			}
		}
		if err := p.Send(Message(i)); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
	}
	return nil
}

func (p *Player) sync() error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.After(Limit); ; {
		if err := p.Send([][]byte{[]byte("m")}); err != nil {
			return err
		}
		select {
		case <-p.Sync:
			return nil
		case <-limit:
			return fmt.Errorf("nobody has subscribed within %v", Limit)
		case <-tick.C:
		}
	}
}

func (p *Player) recv() error {
	synced := false
	for i := 0; i < p.Count; {
		parts, err := p.Recv()
		if err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		if p.Type == "ROUTER" {
			parts = parts[1:]
		}
		if slices.EqualFunc(parts, []string{"m"}, func(b []byte, s string) bool { return string(b) == s }) {
			if !synced {
				synced = true
				p.Synced()
			}
			continue
		}
		if err := Check(parts, i); err != nil {
			return err
		}
		i++
	}
	return nil
}

// Limit is how long one step of an exchange may take that should take no time
// at all.
const Limit = 20 * time.Second
