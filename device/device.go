// SPDX-License-Identifier: BSD-2-Clause

/*
Package device runs proxies in the background. A device is what ZeroMQ's older
manuals call a program that stands between sockets: a queue, a forwarder, a
streamer.

	p, err := device.Start(router, dealer, nil)
	if err != nil {
		return err
	}
	defer p.Stop(ctx)
*/
package device

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/seed45097122/zmq4"
)

// A Proxy moves messages between two sockets, as [zmq4.ProxySteerable] does, in
// a goroutine of its own. It owns its sockets and closes them when it ends.
//
// All methods may be called from any goroutine at any time, also after it has ended.
type Proxy struct {
	frontend, backend, capture *zmq4.Socket

	mu       sync.Mutex // for one command at a time
	control  *zmq4.Socket
	stopping bool
	givenUp  error // why Stop did not wait any longer

	done chan struct{} // closed after err is set
	err  error
}

// count makes the endpoints of the control sockets.
var count atomic.Int64

// Start begins to move messages from frontend to backend and from backend to
// frontend, which may be one and the same, and to send a copy of each to
// capture, which may be nil. The sockets are the Proxy's from then on: nobody
// else should send or receive on them, or close them. With an error they are
// still the caller's.
//
// It ends by [Proxy.Stop], when its context is terminated, or when a socket
// fails. It takes two more sockets of the frontend's context, see
// [zmq4.Context.SetMaxSockets].
//
// The error is [zmq4.ErrorSocketClosed] for a socket that is nil or closed,
// EMFILE, or [zmq4.ETERM], in a [*zmq4.OpError].
func Start(frontend, backend, capture *zmq4.Socket) (*Proxy, error) {
	p := &Proxy{frontend: frontend, backend: backend, capture: capture, done: make(chan struct{})}
	remote, err := p.steer()
	if err != nil {
		return nil, opError("start", err)
	}
	go func() {
		err := zmq4.ProxySteerable(frontend, backend, capture, remote)
		p.close()
		remote.Close()
		p.control.Close() // ends a command that waits for its answer
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil && p.givenUp != nil {
			err = p.givenUp
		}
		p.err = opError("proxy", err)
		close(p.done)
	}()
	return p, nil
}

// steer makes p.control and the socket that takes its commands.
func (p *Proxy) steer() (remote *zmq4.Socket, err error) {
	ctx, err := p.frontend.Context()
	if err == nil {
		_, err = p.backend.Context()
	}
	if err == nil && p.capture != nil {
		_, err = p.capture.Context()
	}
	if err != nil {
		return nil, err
	}
	endpoint := fmt.Sprintf("inproc://zmq4.device.%d", count.Add(1))
	if remote, err = ctx.OpenSocket(zmq4.REP, zmq4.Linger(0), zmq4.Bind(endpoint)); err != nil {
		return nil, err
	}
	p.control, err = ctx.OpenSocket(zmq4.REQ, zmq4.Linger(0), zmq4.Connect(endpoint))
	if err != nil {
		remote.Close()
		return nil, err
	}
	return remote, nil
}

// close closes the sockets.
func (p *Proxy) close() {
	p.frontend.Close()
	p.backend.Close()
	if p.capture != nil {
		p.capture.Close()
	}
}

// command waits until the proxy obeys.
func (p *Proxy) command(cmd string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return zmq4.ErrorSocketClosed
	}
	p.stopping = cmd == "TERMINATE" // it obeys nothing after that
	_, err := p.control.Send(cmd, 0)
	if err == nil {
		_, err = p.control.Recv(0)
	}
	return err
}

// Pause stops the flow: once it returns, the Proxy receives no more messages.
// They wait in the sockets, and none is lost unless the sender's type drops
// what it has no room for, as PUB does. A second Pause does nothing.
//
// With an error, a [*zmq4.OpError], the Proxy has ended, and [Proxy.Err] tells
// why, or it was stopped.
func (p *Proxy) Pause() error { return opError("pause", p.command("PAUSE")) }

// Resume lets the flow go on after [Proxy.Pause]. Its errors are the same.
func (p *Proxy) Resume() error { return opError("resume", p.command("RESUME")) }

// Stop ends the Proxy and waits until its sockets are closed. A message that
// it has received is still sent; what waits in the sockets to be received is
// lost, unless their peers can send it again elsewhere. What was sent lingers,
// see [zmq4.Socket.SetLinger].
//
// If the message in hand cannot be sent, because there is no peer to take it,
// it is given up when ctx is done: the error is then ctx.Err() in a
// [*zmq4.OpError]. In any case the error is that of [Proxy.Err], nil if all went
// well. A second Stop does nothing but wait.
func (p *Proxy) Stop(ctx context.Context) error {
	p.command("TERMINATE") // fails only if it has ended, or is about to
	select {
	case <-p.done:
	case <-ctx.Done():
		p.mu.Lock()
		p.givenUp = ctx.Err()
		p.mu.Unlock()
		p.close()
	}
	return p.Err()
}

// Done returns a channel that is closed when the Proxy has ended.
func (p *Proxy) Done() <-chan struct{} { return p.done }

// Err waits until the Proxy has ended and returns why: nil if it was stopped,
// the error of the context that was given to [Proxy.Stop], [zmq4.ETERM], [zmq4.ErrorSocketClosed], or what sending or receiving gave,
// in a [*zmq4.OpError].
func (p *Proxy) Err() error {
	<-p.done
	return p.err
}

// Stats is what each side of a [Proxy] has received and sent.
type Stats struct {
	Frontend, Backend, Capture zmq4.SocketStats
}

// Stats returns what the sockets have done so far, see [zmq4.Socket.Stats]. It
// can still be asked for after the Proxy has ended. To publish it:
//
//	expvar.Publish("broker", expvar.Func(func() any { return p.Stats() }))
func (p *Proxy) Stats() Stats {
	return Stats{p.frontend.Stats(), p.backend.Stats(), p.capture.Stats()}
}

func opError(op string, err error) error {
	if _, wrapped := err.(*zmq4.OpError); wrapped || err == nil {
		return err
	}
	return &zmq4.OpError{Op: op, Err: err}
}
