// SPDX-License-Identifier: BSD-2-Clause

/*
Package monitor logs what happens to the connections of a socket by package
log/slog, counts its peers, and publishes that by package expvar:

	m := monitor.Start(ctx, soc, slog.Default())
	expvar.Publish("orders", m)

It also has a page of all sockets that are open, in the manner of net/http/pprof:

	http.Handle("/debug/zmq4", monitor.Handler(zctx))
*/
package monitor

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"

	"github.com/seed45097122/zmq4"
)

// A Monitor watches one socket. Its methods may be called from any goroutine.
// It is an expvar.Var.
type Monitor struct {
	soc  *zmq4.Socket
	done chan struct{} // closed after err is set
	err  error

	unresolved map[string]bool // endpoints whose host has no address; of the goroutine that logs

	mu          sync.Mutex
	up          map[int]bool // connections, by file descriptor
	connections uint64
	failures    uint64
}

// Stats counts what a socket has done, and what has happened to its
// connections since its Monitor was started.
type Stats struct {
	zmq4.SocketStats

	// Peers is the number of open connections, also those whose handshake is not
	// complete. libzmq does not report inproc connections, nor a Disconnect of this
	// side: such a connection counts until its file descriptor is used again.
	Peers int

	// Connections is the number of connections that have been made so far.
	Connections uint64

	// Failures is the number of handshakes, binds and accepts that have failed.
	Failures uint64
}

// Start watches a socket and logs its events: failures at level Warn,
// attempts to connect at level Debug, everything else at level Info. If a
// host name does not resolve, see [zmq4.SocketEvent], the first attempt is
// logged at level Warn. A nil logger logs nothing. Call Start before Bind and
// Connect: it does not know of earlier connections. The last events before
// the end may not be logged.
//
// The Monitor ends, with its goroutine, when ctx is done, when the socket is
// closed or its context terminated, and when the socket gets another monitor.
// A socket can have only one, see [zmq4.Socket.Events].
func Start(ctx context.Context, soc *zmq4.Socket, logger *slog.Logger) *Monitor {
	m := &Monitor{soc: soc, done: make(chan struct{}), up: make(map[int]bool), unresolved: make(map[string]bool)}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	events := soc.Events(ctx, zmq4.EVENT_ALL)
	if soc != nil {
		running.Store(*soc, m)
	}
	go func() {
		defer close(m.done)
		if soc != nil {
			defer running.CompareAndDelete(*soc, m)
		}
		for ev, err := range events {
			if err != nil {
				m.err = err
				break
			}
			m.count(ev)
			logger.LogAttrs(ctx, m.level(ev), message(ev.Event), attrs(ev)...)
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		clear(m.up)
	}()
	return m
}

// Done returns a channel that is closed when the Monitor has ended.
func (m *Monitor) Done() <-chan struct{} { return m.done }

// Err waits until the Monitor has ended and returns the reason: nil if the
// socket was closed or got another monitor, and otherwise, in a
// [*zmq4.OpError], ctx.Err(), [zmq4.ETERM], or the error that kept it from
// starting.
func (m *Monitor) Err() error {
	<-m.done
	return m.err
}

// Stats returns the current numbers. After the Monitor has ended there are no
// peers; the other numbers are still right.
func (m *Monitor) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Stats{m.soc.Stats(), len(m.up), m.connections, m.failures}
}

// String returns [Monitor.Stats] as JSON.
func (m *Monitor) String() string {
	b, _ := json.Marshal(m.Stats()) // numbers cannot fail
	return string(b)
}

func (m *Monitor) count(ev zmq4.SocketEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case ev.Event == zmq4.EVENT_CONNECTED || ev.Event == zmq4.EVENT_ACCEPTED:
		m.up[ev.FD] = true
		m.connections++
	case ev.Event == zmq4.EVENT_DISCONNECTED || ev.Event == zmq4.EVENT_CLOSED:
		delete(m.up, ev.FD)
	case ev.Event&failed != 0:
		m.failures++
	}
}

const failed = zmq4.EVENT_BIND_FAILED | zmq4.EVENT_ACCEPT_FAILED | zmq4.EVENT_CLOSE_FAILED |
	zmq4.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq4.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq4.EVENT_HANDSHAKE_FAILED_AUTH

// level returns how an event is logged: the first of a kind that is repeated may count more.
func (m *Monitor) level(ev zmq4.SocketEvent) slog.Level {
	if ev.Event == zmq4.EVENT_CONNECT_RETRIED && ev.Err != nil && !m.unresolved[ev.Endpoint] {
		m.unresolved[ev.Endpoint] = true
		return slog.LevelWarn
	}
	return level(ev.Event)
}

func level(event zmq4.Event) slog.Level {
	switch {
	case event&failed != 0:
		return slog.LevelWarn
	case event&(zmq4.EVENT_CONNECT_DELAYED|zmq4.EVENT_CONNECT_RETRIED) != 0:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// message makes "zmq4: bind failed" of EVENT_BIND_FAILED.
func message(event zmq4.Event) string {
	return "zmq4: " + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(event.String(), "EVENT_"), "_", " "))
}

// attrs returns the fields that go with an event.
func attrs(ev zmq4.SocketEvent) []slog.Attr {
	var list []slog.Attr
	if ev.Endpoint != "" {
		list = append(list, slog.String("endpoint", ev.Endpoint))
	}
	if ev.FD >= 0 {
		list = append(list, slog.Int("fd", ev.FD))
	}
	if ev.Err != nil {
		list = append(list, slog.Any("err", ev.Err))
	}
	if ev.RetryIn != 0 {
		list = append(list, slog.Duration("retry_in", ev.RetryIn))
	}
	if ev.ZAPStatus != 0 {
		list = append(list, slog.Int("zap_status", ev.ZAPStatus))
	}
	if ev.ProtocolError != 0 {
		list = append(list, slog.String("protocol_error", ev.ProtocolError.String()))
	}
	return list
}
