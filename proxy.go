// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"encoding/binary"
	"slices"
	"time"
	"unsafe"
)

// burst is how many messages a proxy moves in one direction before it looks
// at the other one and lets other goroutines use the sockets.
const burst = 256

// Proxy moves messages from frontend to backend and from backend to frontend,
// and sends a copy of each to capture, which may be nil. The sockets may be
// one and the same: then what it receives goes back out.
//
// It returns only with an error: [ErrorSocketClosed] when one of the sockets
// is closed, [ETERM] when its context is terminated, EINTR by
// [Context.SetRetryAfterEINTR], or what sending or receiving gave: [ENOTSUP] for a
// message of several parts to a socket that conflates. It holds one message of each
// direction at most, which is lost then. A subscription that is too long for an XSUB,
// see [Socket.SetSubscribe], is dropped.
//
// It does what zmq_proxy does, without a thread of its own.
func Proxy(frontend, backend, capture *Socket) error {
	return newProxy(frontend, backend, capture, nil).run(interruptible)
}

// ProxyContext is [Proxy] that also returns when ctx is done. The error is
// always an [*OpError], with ctx.Err() in it then.
func ProxyContext(ctx context.Context, frontend, backend, capture *Socket) error {
	return &OpError{Op: "proxy", Err: newProxy(frontend, backend, capture, nil).run(ctx)}
}

// ProxySteerable is [Proxy] with a control socket, on which it receives
// commands of one part: "PAUSE" stops the flow, "RESUME" lets it go on,
// "TERMINATE" makes ProxySteerable return nil, after messages that it has in
// hand are delivered. Anything else is ignored.
//
// The command "STATISTICS" is answered by a message of eight parts, each a
// uint64 in the order of this machine: messages received, bytes received,
// messages sent and bytes sent on the frontend, then the same of the backend.
// A message of several parts counts once.
//
// The control socket may be of any type that receives: of type [REP] it answers
// every other command with an empty message, so that it can receive the next;
// others, such as [PAIR], answer only STATISTICS; [PULL] and [SUB] answer
// nothing. A nil control makes it Proxy.
//
// It does what the documentation of zmq_proxy_steerable says, with every
// version of libzmq.
func ProxySteerable(frontend, backend, capture, control *Socket) error {
	return newProxy(frontend, backend, capture, control).run(context.Background())
}

type proxy struct {
	frontend, backend, capture, control *Socket

	flows  []*flow
	poller *Poller
	paused bool
	ending bool // TERMINATE was received
}

// flow is one direction of a proxy.
type flow struct {
	from, to *Socket
	mute     bool // from is of a type that never receives
	c        *C.zmq4_flow
}

func newProxy(frontend, backend, capture, control *Socket) *proxy {
	p := &proxy{frontend: frontend, backend: backend, capture: capture, control: control, poller: &Poller{bulk: true}}
	p.flows = []*flow{{from: frontend, to: backend}}
	if frontend != backend {
		p.flows = append(p.flows, &flow{from: backend, to: frontend})
	}
	return p
}

func (p *proxy) run(ctx context.Context) error {
	ctx = begin(ctx)
	born := limitOf(ctx, -1).born
	for _, soc := range p.sockets() {
		if _, err := soc.Context(); err != nil {
			return err
		}
		p.poller.Add(soc, 0)
		defer p.poller.RemoveBySocket(soc)
	}
	for _, f := range p.flows {
		f.mute = slices.Contains([]Type{PUSH, PUB, SCATTER, RADIO}, f.from.s.typ)
		f.c = C.zmq4_flow_new()
		if f.c == nil {
			return Errno(C.ENOMEM)
		}
		defer C.zmq4_flow_free(f.c)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if born < max(p.frontend.s.park.interrupted(), p.backend.s.park.interrupted()) {
			return eintr
		}
		moved, err := p.move()
		if err != nil {
			return err
		}
		timeout := time.Duration(0)
		if moved == 0 {
			if p.ending && !p.holding() {
				return nil
			}
			timeout = p.interest()
		}
		if moved == 0 || p.control != nil {
			if err := p.poll(ctx, timeout); err != nil {
				return err
			}
		}
	}
}

// sockets returns the sockets of the proxy, each once.
func (p *proxy) sockets() []*Socket {
	all := []*Socket{p.frontend}
	for i, soc := range []*Socket{p.backend, p.capture, p.control} {
		if (soc != nil || i == 0) && !slices.Contains(all, soc) {
			all = append(all, soc)
		}
	}
	return all
}

// holding reports whether a message that was received is not yet sent.
func (p *proxy) holding() bool {
	return slices.ContainsFunc(p.flows, func(f *flow) bool { return f.c.len > 0 })
}

// idle reports whether a flow is not to receive.
func (p *proxy) idle(f *flow) bool { return f.mute || p.paused || p.ending }

// move moves what can be moved now, up to a burst in each direction.
func (p *proxy) move() (moved int, err error) {
	for _, f := range p.flows {
		limit := burst
		if p.idle(f) {
			if f.c.len == 0 {
				continue
			}
			limit = 1 // what is in hand
		}
		n, err := f.pump(p.capture, limit)
		if err != nil {
			return moved, err
		}
		moved += n
	}
	return moved, nil
}

// pump moves up to limit messages.
func (f *flow) pump(capture *Socket, limit int) (int, error) {
	sockets, err := lockAll(f.from, f.to, capture)
	if err != nil {
		return 0, err
	}
	var handle C.uintptr_t
	if capture != nil {
		handle = capture.s.h()
	}
	n := C.zmq4_pump(f.c, f.from.s.h(), f.to.s.h(), handle, C.int(limit))
	for _, s := range sockets {
		if s != nil {
			s.unlock()
		}
	}
	return max(int(n), 0), check(n)
}

// lockAll locks up to three sockets, each once, in an order that is the same
// everywhere.
func lockAll(socs ...*Socket) (locked [3]*socket, err error) {
	for i, soc := range socs {
		if soc != nil && !slices.Contains(locked[:], soc.s) {
			locked[i] = soc.s
		}
	}
	slices.SortFunc(locked[:], func(a, b *socket) int {
		return int(uintptr(unsafe.Pointer(a))>>1) - int(uintptr(unsafe.Pointer(b))>>1)
	})
	for i, s := range locked {
		if s == nil {
			continue
		}
		if _, err := s.lock(); err != nil {
			for _, s := range locked[:i] {
				if s != nil {
					s.unlock()
				}
			}
			return locked, err
		}
	}
	return locked, nil
}

// interest tells the poller what the proxy has to wait for, and returns for
// how long.
func (p *proxy) interest() (timeout time.Duration) {
	want := make(map[*Socket]State, 4)
	timeout = -1
	for _, f := range p.flows {
		switch f.c.blocked {
		case C.ZMQ4_BLOCKED_TO:
			if State(f.to.s.lastEvents())&POLLOUT != 0 {
				timeout = retryAny // writable, but not for this message: see transmit
			} else {
				want[f.to] |= POLLOUT
			}
		case C.ZMQ4_BLOCKED_CAPTURE:
			want[p.capture] |= POLLOUT
		default:
			if !p.idle(f) {
				want[f.from] |= POLLIN
			}
		}
	}
	if p.control != nil && !p.ending {
		want[p.control] |= POLLIN
	}
	for _, soc := range p.sockets() {
		p.poller.UpdateBySocket(soc, want[soc])
	}
	return timeout
}

// lastEvents returns what the socket was ready for when a send gave EAGAIN.
func (s *socket) lastEvents() C.int {
	if _, err := s.lock(); err != nil {
		return 0
	}
	defer s.mu.Unlock()
	return s.c.events
}

// poll waits for what interest has told, and obeys what is on the control socket.
func (p *proxy) poll(ctx context.Context, timeout time.Duration) error {
	polled, err := p.poller.poll(ctx, timeout, false)
	if err != nil {
		return err
	}
	for _, item := range polled {
		if item.Socket == p.control && item.Events&POLLIN != 0 && !p.ending {
			if err := p.obey(); err != nil {
				return err
			}
		}
	}
	return nil
}

// obey receives one command and carries it out.
func (p *proxy) obey() error {
	cmd, err := p.control.RecvMessage(DONTWAIT)
	if err == eagain {
		return nil // somebody else got it
	}
	if err != nil {
		return err
	}
	t, err := p.control.GetType()
	if err != nil {
		return err
	}
	if len(cmd) == 1 {
		switch cmd[0] {
		case "PAUSE":
			p.paused = true
		case "RESUME":
			p.paused = false
		case "TERMINATE":
			p.ending = true
		case "STATISTICS":
			_, err := p.control.SendMessageDontwait(p.statistics())
			return ignore(err, ENOTSUP, eagain)
		}
	}
	if t != REP {
		return nil
	}
	_, err = p.control.SendMessageDontwait("")
	return ignore(err, eagain)
}

// ignore returns nil for the errors to ignore.
func ignore(err error, errnos ...Errno) error {
	if errno, ok := err.(Errno); ok && slices.Contains(errnos, errno) {
		return nil
	}
	return err
}

// statistics returns the eight parts of the answer to STATISTICS.
func (p *proxy) statistics() [][]byte {
	there := p.flows[0].c
	back := there
	if len(p.flows) > 1 {
		back = p.flows[1].c
	}
	var parts [][]byte
	for _, n := range []C.uint64_t{
		there.count, there.bytes, back.count, back.bytes, // frontend
		back.count, back.bytes, there.count, there.bytes, // backend
	} {
		parts = append(parts, binary.NativeEndian.AppendUint64(nil, uint64(n)))
	}
	return parts
}
