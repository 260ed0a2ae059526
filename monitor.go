// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// ErrMalformedEvent is returned by [Socket.RecvEvent] for a message that no
// socket monitor sends.
var ErrMalformedEvent = errors.New("zmq4: malformed monitor event")

// An Event is something that happened to a socket's connections. Several of
// them make a set, for [Socket.Monitor] and [Socket.Events].
type Event int

// Events. The value is what comes with the event in [Socket.RecvEvent].
const (
	// EVENT_ALL stands for all events.
	EVENT_ALL = Event(C.ZMQ_EVENT_ALL)

	// EVENT_CONNECTED: a connection was made. Value: file descriptor.
	EVENT_CONNECTED = Event(C.ZMQ_EVENT_CONNECTED)

	// EVENT_CONNECT_DELAYED: a connect could not be made at once.
	EVENT_CONNECT_DELAYED = Event(C.ZMQ_EVENT_CONNECT_DELAYED)

	// EVENT_CONNECT_RETRIED: a connect will be tried again. Value: in how many milliseconds.
	EVENT_CONNECT_RETRIED = Event(C.ZMQ_EVENT_CONNECT_RETRIED)

	// EVENT_LISTENING: the socket was bound. Value: file descriptor.
	EVENT_LISTENING = Event(C.ZMQ_EVENT_LISTENING)

	// EVENT_BIND_FAILED: the socket could not be bound. Value: error number.
	EVENT_BIND_FAILED = Event(C.ZMQ_EVENT_BIND_FAILED)

	// EVENT_ACCEPTED: a connection was accepted. Value: file descriptor.
	EVENT_ACCEPTED = Event(C.ZMQ_EVENT_ACCEPTED)

	// EVENT_ACCEPT_FAILED: a connection could not be accepted. Value: error number.
	EVENT_ACCEPT_FAILED = Event(C.ZMQ_EVENT_ACCEPT_FAILED)

	// EVENT_CLOSED: a connection or a listener was closed. Value: file descriptor.
	EVENT_CLOSED = Event(C.ZMQ_EVENT_CLOSED)

	// EVENT_CLOSE_FAILED: a file descriptor could not be closed. Value: error number.
	EVENT_CLOSE_FAILED = Event(C.ZMQ_EVENT_CLOSE_FAILED)

	// EVENT_DISCONNECTED: a connection broke. Value: file descriptor.
	EVENT_DISCONNECTED = Event(C.ZMQ_EVENT_DISCONNECTED)

	// EVENT_MONITOR_STOPPED: the monitor ends; no event follows.
	EVENT_MONITOR_STOPPED = Event(C.ZMQ_EVENT_MONITOR_STOPPED)

	// EVENT_HANDSHAKE_FAILED_NO_DETAIL: a handshake failed. Value: error
	// number. libzmq 4.3.
	EVENT_HANDSHAKE_FAILED_NO_DETAIL = Event(C.ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)

	// EVENT_HANDSHAKE_SUCCEEDED: a connection is ready for messages. libzmq 4.3.
	EVENT_HANDSHAKE_SUCCEEDED = Event(C.ZMQ_EVENT_HANDSHAKE_SUCCEEDED)

	// EVENT_HANDSHAKE_FAILED_PROTOCOL: a handshake failed because the peer or the
	// ZAP handler broke the protocol. Value: ZMQ_PROTOCOL_ERROR_*. libzmq 4.3.
	EVENT_HANDSHAKE_FAILED_PROTOCOL = Event(C.ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)

	// EVENT_HANDSHAKE_FAILED_AUTH: the ZAP handler refused the peer. Value:
	// the status that it gave, 300, 400 or 500. libzmq 4.3.
	EVENT_HANDSHAKE_FAILED_AUTH = Event(C.ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

	// EVENT_PIPES_STATS: the queues of one peer, as requested by
	// [Socket.MonitorPipesStats]. It is not in EVENT_ALL, and only [Socket.Events]
	// reports it. libzmq 4.3.2 with the draft API.
	EVENT_PIPES_STATS = Event(C.ZMQ_EVENT_PIPES_STATS)
)

// String returns the names of the events, joined by "|", or "<NONE>".
func (e Event) String() string {
	if e == EVENT_ALL {
		return "EVENT_ALL"
	}
	return bitNames(e, []bitName[Event]{
		{EVENT_CONNECTED, "EVENT_CONNECTED"},
		{EVENT_CONNECT_DELAYED, "EVENT_CONNECT_DELAYED"},
		{EVENT_CONNECT_RETRIED, "EVENT_CONNECT_RETRIED"},
		{EVENT_LISTENING, "EVENT_LISTENING"},
		{EVENT_BIND_FAILED, "EVENT_BIND_FAILED"},
		{EVENT_ACCEPTED, "EVENT_ACCEPTED"},
		{EVENT_ACCEPT_FAILED, "EVENT_ACCEPT_FAILED"},
		{EVENT_CLOSED, "EVENT_CLOSED"},
		{EVENT_CLOSE_FAILED, "EVENT_CLOSE_FAILED"},
		{EVENT_DISCONNECTED, "EVENT_DISCONNECTED"},
		{EVENT_MONITOR_STOPPED, "EVENT_MONITOR_STOPPED"},
		{EVENT_HANDSHAKE_FAILED_NO_DETAIL, "EVENT_HANDSHAKE_FAILED_NO_DETAIL"},
		{EVENT_HANDSHAKE_SUCCEEDED, "EVENT_HANDSHAKE_SUCCEEDED"},
		{EVENT_HANDSHAKE_FAILED_PROTOCOL, "EVENT_HANDSHAKE_FAILED_PROTOCOL"},
		{EVENT_HANDSHAKE_FAILED_AUTH, "EVENT_HANDSHAKE_FAILED_AUTH"},
		{EVENT_PIPES_STATS, "EVENT_PIPES_STATS"},
	})
}

// Monitor makes the socket report events on an inproc endpoint. A [PAIR]
// socket of the same context connects to it and calls [Socket.RecvEvent]. A
// socket has one monitor: a new one replaces it, and an empty address ends
// it. [Socket.Events] is easier to use.
//
// Events wait in memory, without a limit, until somebody connects and
// receives them. (libzmq itself would block the socket.) A goroutine passes
// them on. The monitor uses three sockets of the context, see
// [Context.SetMaxSockets]. When it ends, or the socket is closed, a connected
// PAIR socket gets the remaining events; without one they are dropped.
//
// It returns EINVAL for a malformed address, [EPROTONOSUPPORT] for one that
// is not inproc, [EADDRINUSE], and EMFILE.
//
// Function zmq_socket_monitor.
func (soc *Socket) Monitor(addr string, events Event) error {
	if events < 0 || events > math.MaxInt32 {
		return soc.invalid()
	}
	if addr == "" {
		s, err := soc.lock()
		if err != nil {
			return err
		}
		defer s.unlock()
		s.endMonitor()
		defer s.endRelay()
		return check(C.zmq4_monitor(s.h(), nil, C.int(events)))
	}
	if !strings.HasPrefix(addr, "inproc://") {
		if transport, path, _ := strings.Cut(addr, "://"); transport != "" && path != "" {
			return soc.unlessClosed(EPROTONOSUPPORT)
		}
		return soc.invalid()
	}
	return soc.relay(addr, events)
}

// A relay passes the events of a monitor on to an address. libzmq waits, in whatever
// thread an event happens, until the monitor's peer takes it. This peer always does.
type relay struct {
	from, to *Socket
	addr     string
	events   Event

	over   context.Context // when nobody can connect any more
	cancel context.CancelFunc
	lost   runtime.Cleanup // of the socket that is monitored
}

// relay starts a monitor, and a relay of its events to an address.
//
// Fence Z074.
func (soc *Socket) relay(addr string, events Event) error {
	ctx, err := soc.Context()
	if err != nil {
		return err
	}
	to, err := ctx.newSocket(PAIR, true)
	if err == ErrorContextClosed {
		err = ETERM // as for every use of the socket
	}
	if err != nil {
		return err
	}
	from, name, err := newMonitorPeer(ctx)
	if err != nil {
		to.Close()
		return err
	}
	r := &relay{from: from, to: to, addr: addr, events: events}
	r.over, r.cancel = context.WithCancel(context.Background())
	soc.s.mu.Lock()
	old := soc.s.mon.relay
	soc.s.mu.Unlock()
	if old != nil {
		old.to.Unbind(addr)
	}
	to.SetLinger(0)
	to.SetSndhwm(0)
	err = to.Bind(addr)
	if err == nil {
		err = soc.monitorBy(from, name, events, func(s *socket, endpoint *C.uchar) error {
			if err := check(C.zmq4_monitor(s.h(), endpoint, C.int(events|EVENT_MONITOR_STOPPED))); err != nil {
				return err
			}
			s.mon.relay = r
			r.lost = runtime.AddCleanup(s, (*relay).end, r)
			return nil
		})
	}
	if err != nil {
		r.cancel()
		to.Close()
		from.Close()
		return err
	}
	go r.run()
	return nil
}

// endRelay lets nobody connect to the monitor that Monitor began any more, if there is
// one. The socket must be locked.
func (s *socket) endRelay() {
	if r := s.mon.relay; r != nil {
		s.mon.relay, s.mon.failures = nil, nil
		r.lost.Stop()
		r.end()
	}
}

func (r *relay) end() {
	r.to.Unbind(r.addr)
	r.to.s.ctx.c.sockets.lastClose.Store(time.Now().UnixNano()) // its sockets are closed soon
	r.cancel()
}

// run passes events on until the last one.
func (r *relay) run() {
	defer r.from.Close()
	defer r.to.Close()
	defer r.cancel()
	for {
		msg, err := r.from.recvMessageBytes(context.Background(), 0)
		if err != nil {
			return
		}
		event, _, _, _ := parseEvent(msg)
		if event&r.events != 0 && r.pass(msg) != nil {
			r.events = 0 // nobody is there, or will be; but libzmq still has to get rid of them
		}
		if event == EVENT_MONITOR_STOPPED {
			return
		}
	}
}

// pass waits until somebody is connected who takes a message, or nobody can be.
func (r *relay) pass(msg [][]byte) error {
	_, err := r.to.SendMessageContext(r.over, msg)
	if err != nil && r.over.Err() != nil {
		_, err = r.to.SendMessageDontwait(msg)
	}
	return err
}

// RecvEvent receives one event of a socket monitor: the event, its endpoint,
// and a value that depends on the event. See [Socket.Monitor].
//
// It waits, and returns errors, as [Socket.RecvBytes] does. A message that is
// not an event is received and dropped. RecvEvent then returns
// [ErrorMoreExpected] if the message has one part, and otherwise
// [ErrMalformedEvent].
func (soc *Socket) RecvEvent(flags Flag) (event_type Event, addr string, value int, err error) {
	msg, err := soc.RecvMessageBytes(flags)
	if err != nil {
		return 0, "", 0, err
	}
	return parseEvent(msg)
}

// parseEvent reads a message of a monitor: event and value in six bytes, in
// the order of this machine, and an endpoint.
func parseEvent(msg [][]byte) (Event, string, int, error) {
	if len(msg) == 1 {
		return 0, "", 0, ErrorMoreExpected
	}
	if len(msg) != 2 || len(msg[0]) != 6 {
		return 0, "", 0, ErrMalformedEvent
	}
	event := binary.NativeEndian.Uint16(msg[0])
	value := int32(binary.NativeEndian.Uint32(msg[0][2:]))
	return Event(event), string(msg[1]), int(value), nil
}

// section: what Monitor and Events share

// socketMon is the monitor of a socket. The socket's mu guards it.
type socketMon struct {
	monitor  *monitor // that Events began, or nil
	relay    *relay   // that Monitor began, or nil
	failures *Socket  // who hears of a Bind that failed, or nil
}

// monitorCount is how many peers of monitors there have been.
var monitorCount atomic.Int64

// newMonitorPeer makes a socket that takes all events of a monitor on the
// endpoint that it is connected to.
func newMonitorPeer(ctx *Context) (pair *Socket, endpoint string, err error) {
	if pair, err = ctx.newSocket(PAIR, true); err != nil {
		return nil, "", err
	}
	endpoint = fmt.Sprintf("inproc://zmq4.monitor.%d", monitorCount.Add(1))
	for _, err := range []error{pair.SetLinger(0), pair.SetRcvhwm(0), pair.connectFirst(endpoint)} {
		if err != nil {
			pair.Close()
			return nil, "", err
		}
	}
	return pair, endpoint, nil
}

// connectFirst connects the socket to an endpoint that a monitor of libzmq is about to bind.
func (soc *Socket) connectFirst(endpoint string) error {
	s, err := soc.lock()
	if err != nil {
		return err
	}
	defer s.unlock()
	return s.ctx.c.inprocs.connectFirst(s, endpoint)
}

// monitorBy makes start start a monitor whose events go to a peer, in the place of the one
// that the socket had.
func (soc *Socket) monitorBy(peer *Socket, name string, events Event, start func(*socket, *C.uchar) error) error {
	call := func() error {
		s, err := soc.lock()
		if err != nil {
			return err
		}
		defer s.unlock()
		s.endMonitor()
		s.endRelay()
		endpoint, _ := cstring(name)
		if err := start(s, endpoint); err != nil {
			return err
		}
		s.ctx.c.inprocs.noteMonitor(name)
		if events&EVENT_BIND_FAILED != 0 {
			s.mon.failures = peer
		}
		return nil
	}
	err := call()
	if err == emfile { // of libzmq's own socket
		err = soc.s.ctx.c.patiently(call)
	}
	return err
}
