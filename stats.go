// SPDX-License-Identifier: BSD-2-Clause

package zmq4

// #include "shim.h"
import "C"

import (
	"fmt"
	"sync/atomic"
	"time"
)

// SocketStats counts what a socket has done since it was created, see
// [Socket.Stats].
type SocketStats struct {
	// MessagesReceived and BytesReceived count what the socket has received. A
	// message of several parts counts, with all of them, as soon as its first
	// part is received.
	MessagesReceived uint64
	BytesReceived    uint64

	// MessagesSent and BytesSent count what libzmq has accepted. A message counts
	// with its last part. It may not be delivered yet, or have been dropped, as PUB
	// does for a slow subscriber.
	MessagesSent uint64
	BytesSent    uint64

	// ReceiveWaits is how often a goroutine was parked because there was no
	// message, and ReceiveWaited how long in all. Waits that are not over
	// do not count.
	ReceiveWaits  uint64
	ReceiveWaited time.Duration

	// SendWaits is how often a goroutine was parked because there was no room
	// or no peer, and SendWaited how long in all. If they grow, the peers are slow.
	SendWaits  uint64
	SendWaited time.Duration

	// Waiting is the number of goroutines that wait to send or receive now.
	Waiting int
}

// String returns the counts in one line, such as
// "received 3 (24 B), sent 1 (8 B), 2 receives waited 1.5s, 0 sends waited 0s, 1 waiting".
func (s SocketStats) String() string {
	return fmt.Sprintf("received %d (%d B), sent %d (%d B), %d receives waited %v, %d sends waited %v, %d waiting",
		s.MessagesReceived, s.BytesReceived, s.MessagesSent, s.BytesSent,
		s.ReceiveWaits, s.ReceiveWaited, s.SendWaits, s.SendWaited, s.Waiting)
}

// Stats returns what the socket has done so far. The socket counts anyway, at
// next to no cost. Stats can be called after Close. A nil Socket has done
// nothing.
//
// The waits of a [Poller] or a [Proxy] are not counted; the messages that a
// Proxy moves are. A message whose peer went away while its parts were sent
// may count.
//
// To publish it with package expvar:
//
//	expvar.Publish("orders", expvar.Func(func() any { return soc.Stats() }))
func (soc *Socket) Stats() SocketStats {
	if soc == nil || soc.s == nil {
		return SocketStats{}
	}
	s := soc.s
	s.mu.Lock()
	received, sent := s.rx.traffic, s.tx.traffic
	if s.c != nil {
		received, sent = s.received(), s.c.sent
	}
	s.mu.Unlock()
	return SocketStats{
		MessagesReceived: uint64(received.messages),
		BytesReceived:    uint64(received.bytes),
		MessagesSent:     uint64(sent.messages),
		BytesSent:        uint64(sent.bytes),
		ReceiveWaits:     s.rx.waits.count.Load(),
		ReceiveWaited:    time.Duration(s.rx.waits.time.Load()),
		SendWaits:        s.tx.waits.count.Load(),
		SendWaited:       time.Duration(s.tx.waits.time.Load()),
		Waiting:          int(s.rx.waits.now.Load() + s.tx.waits.now.Load()),
	}
}

// waits are the waits in one direction, which need no lock.
type waits struct {
	now   atomic.Int32 // that are not over
	count atomic.Uint64
	time  atomic.Int64 // nanoseconds
}

// waits returns where to count a wait for events.
func (s *socket) waits(want State) *waits {
	if want&POLLIN != 0 {
		return &s.rx.waits
	}
	return &s.tx.waits
}

// epoch is where waits are measured from: to read only the monotonic clock
// takes half the time of time.Now.
var epoch = time.Now()

func (w *waits) begin() (start time.Duration) {
	w.now.Add(1)
	return time.Since(epoch)
}

// end counts a wait, unless it was none: what it waited for was there.
func (w *waits) end(parked bool, start time.Duration) {
	w.now.Add(-1)
	if parked {
		w.count.Add(1)
		w.time.Add(int64(time.Since(epoch) - start))
	}
}
