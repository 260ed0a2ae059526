// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"iter"
	"net/netip"
	"strings"
	"time"

	"github.com/seed45097122/zmq4"
)

// A watch follows the connections of one socket.
type watch struct {
	*session
	of     zmq4.Type
	fatal  bool            // a server that refuses the socket ends the session
	alone  *time.Timer     // runs until there is a connection
	half   map[string]bool // endpoints with a connection whose handshake is not over
	peers  map[int]string  // addresses by descriptor, where events do not tell
	warned bool
}

// run shows events, and acts on them, until the socket is closed.
func (w *watch) run(events iter.Seq2[zmq4.SocketEvent, error]) {
	defer w.alone.Stop()
	w.half, w.peers = map[string]bool{}, map[int]string{}
	for ev, err := range events {
		if err != nil {
			return
		}
		if ev.Remote == "" {
			ev.Remote = w.peer(ev)
		}
		switch {
		case w.show != nil:
			w.show(ev)
			continue
		case w.verbose:
			w.log.add(eventKey(ev), eventLine(ev))
		}
		w.take(ev)
	}
}

// peer returns the address of the other side of a connection that was accepted.
func (w *watch) peer(ev zmq4.SocketEvent) string {
	switch ev.Event {
	case zmq4.EVENT_ACCEPTED:
		if peer := peerOf(ev.FD); peer != "" {
			transport, _, _ := strings.Cut(ev.Endpoint, "://")
			w.peers[ev.FD] = transport + "://" + peer
		}
	case zmq4.EVENT_DISCONNECTED, zmq4.EVENT_CLOSED:
		defer delete(w.peers, ev.FD)
	}
	return w.peers[ev.FD]
}

// take acts on an event: it ends the session, or tells it or the user.
func (w *watch) take(ev zmq4.SocketEvent) {
	refused := false
	switch ev.Event {
	case zmq4.EVENT_CONNECTED:
		w.half[ev.Endpoint] = endpoint{ev.Endpoint, false}.handshakes(w.of)
	case zmq4.EVENT_DISCONNECTED:
		// The side that finds that the socket types do not match hears of nothing else.
		if w.half[ev.Endpoint] {
			w.mismatch(ev.Endpoint)
		}
		tell(w.disconnected, struct{}{})
	case zmq4.EVENT_HANDSHAKE_SUCCEEDED:
		w.alone.Stop()
		delete(w.half, ev.Endpoint)
		tell(w.connected, struct{}{})
	case zmq4.EVENT_HANDSHAKE_FAILED_AUTH:
		refused = ev.ZAPStatus != 300 // 300 asks to try again
	case zmq4.EVENT_HANDSHAKE_FAILED_PROTOCOL:
		refused = true
	case zmq4.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
		w.mismatch(ev.Endpoint)
	}
	if !refused {
		return
	}
	delete(w.half, ev.Endpoint)
	told := w.auth != nil && ev.Event == zmq4.EVENT_HANDSHAKE_FAILED_AUTH // by the authenticator
	if w.fatal {
		w.cancel(fmt.Errorf("refused by the peer: %v", ev))
	} else if !told && !w.quiet && !w.verbose {
		w.log.add(eventKey(ev), eventLine(ev))
	}
}

// tell sends a value if the channel has room.
func tell[T any](to chan T, value T) {
	select {
	case to <- value:
	default:
	}
}

// mismatch warns, once, of a connection that was ended without a reason.
func (w *watch) mismatch(endpoint string) {
	if !w.warned && !w.quiet && w.of != zmq4.STREAM { // which has none of these
		warnf("%s: the connection was ended: perhaps the keys, the security mechanisms or the socket types do not match", endpoint)
		w.warned = true
	}
}

// eventLine returns an event as it is shown, with the peer's address.
func eventLine(ev zmq4.SocketEvent) string {
	if ev.Remote == "" || ev.Remote == ev.Endpoint {
		return ev.String()
	}
	return ev.String() + " peer=" + ev.Remote
}

// eventKey returns the key of an event for a fold. Events that differ only in their
// descriptor, time and port have the same one. It is "" for an event that never repeats.
func eventKey(ev zmq4.SocketEvent) string {
	switch ev.Event {
	case zmq4.EVENT_LISTENING, zmq4.EVENT_HANDSHAKE_SUCCEEDED, zmq4.EVENT_MONITOR_STOPPED:
		return ""
	}
	ev.FD, ev.RetryIn = -1, 0
	key := ev.String()
	transport, address, _ := strings.Cut(ev.Remote, "://")
	if at, err := netip.ParseAddrPort(address); err == nil && ev.Remote != ev.Endpoint {
		key += " peer=" + transport + "://" + at.Addr().String() // each connection has another port
	}
	return key
}
