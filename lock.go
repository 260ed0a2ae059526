// SPDX-License-Identifier: BSD-2-Clause

//go:build !zmq4_lockorder

package zmq4

import "sync"

// The locks of the package, in the order in which a goroutine takes them: one that holds a lock takes
// only those further down. With the build tag zmq4_lockorder the package panics if it does not.
//
// More than one socket is locked by a Proxy, in the order of their addresses, and by Bind: the socket,
// and the monitor's end that hears why it failed. An exception is the socket of the ZAP handler, which is
// locked while zapLock is held: it is never bound, and needs no handler.
type (
	reactorLock     = sync.Mutex   // Reactor.mu
	pollerLock      = sync.Mutex   // Poller.mu
	socketLock      = sync.Mutex   // socket.mu
	zapLock         = sync.Mutex   // zapService.mu
	contextLock     = sync.RWMutex // handle.mu
	startLock       = sync.Mutex   // startup.mu
	startingLock    = sync.Mutex   // starting
	inprocNamesLock = sync.Mutex   // inprocs.mu
	socketListLock  = sync.Mutex   // contextSockets.mu
	pollQueueLock   = sync.Mutex   // pollQueue.mu
	parkerLock      = sync.Mutex   // parker.mu

	// Nothing is locked while one of these is held.
	authLock    = sync.RWMutex // Authenticator.mu
	channelLock = sync.Mutex   // Receiver.mu
	alarmsLock  = sync.Mutex   // alarms.mu
	leasesLock  = sync.Mutex   // leases.mu
	turnLock    = sync.Mutex   // turn.mu
)
