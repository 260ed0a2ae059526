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

// Start moves messages from frontend to backend and from backend to frontend,
// and sends a copy of each to capture, which may be nil. Frontend and backend
// may be the same socket. The Proxy owns the sockets from then on: nobody
// else should send or receive on them, or close them. If Start returns an
// error, the caller still owns them.
//
// The Proxy ends with [Proxy.Stop], when its context is terminated, or when a
// socket fails. It uses two more sockets of the frontend's context, see
// [zmq4.Context.SetMaxSockets].
//
// The error is a [*zmq4.OpError]: [zmq4.ErrorSocketClosed] for a socket that
// is nil or closed, EMFILE, or [zmq4.ETERM].
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

// Pause stops the flow: when it has returned, the Proxy receives no more
// messages. They wait in the sockets. None is lost unless the sender's type
// drops messages for which it has no room, as PUB does. A second Pause does
// nothing.
//
// It returns a [*zmq4.OpError] if the Proxy has ended, see [Proxy.Err].
func (p *Proxy) Pause() error { return opError("pause", p.command("PAUSE")) }

// Resume lets the flow go on after [Proxy.Pause]. It returns the same errors.
func (p *Proxy) Resume() error { return opError("resume", p.command("RESUME")) }

// Stop ends the Proxy and waits until its sockets are closed. A message that
// the Proxy has received is still sent. Messages that wait in the sockets to
// be received are lost, unless their peers can send them again. Sent messages
// linger, see [zmq4.Socket.SetLinger].
//
// If the last message cannot be sent because no peer takes it, it is dropped
// when ctx is done, and Stop returns ctx.Err() in a [*zmq4.OpError].
// Otherwise Stop returns the error of [Proxy.Err]. A second Stop only waits.
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

// Err waits until the Proxy has ended and returns the reason: nil if it was
// stopped, and otherwise, in a [*zmq4.OpError], the error of the context that
// was given to [Proxy.Stop], [zmq4.ETERM], [zmq4.ErrorSocketClosed], or the
// error of a send or a receive.
func (p *Proxy) Err() error {
	<-p.done
	return p.err
}

// Stats is what each side of a [Proxy] has received and sent.
type Stats struct {
	Frontend, Backend, Capture zmq4.SocketStats
}

// Stats returns what the sockets have done so far, see [zmq4.Socket.Stats].
// It can be called after the Proxy has ended. To publish it with package
// expvar:
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
