// SPDX-License-Identifier: BSD-2-Clause

// Package mdp is the Majordomo Protocol MDP/0.1 (https://rfc.zeromq.org/spec/7):
// clients ask for services by name, and a broker gives each request to one of
// the workers that offer the service. Broker and workers exchange heartbeats. If
// a worker is lost with a request, the broker gives it to another one; if the
// broker is lost, workers and clients connect again.
//
// So a request may be executed more than once: services have to be idempotent.
//
// The broker also answers mmi.service (https://rfc.zeromq.org/spec/8), which
// tells whether there is a worker for a service.
package mdp

import (
	"errors"
	"time"
)

// The first frame of each command, after an empty one, and the worker's commands.
const (
	clientHeader = "MDPC01"
	workerHeader = "MDPW01"

	cmdReady      = "\x01"
	cmdRequest    = "\x02"
	cmdReply      = "\x03"
	cmdHeartbeat  = "\x04"
	cmdDisconnect = "\x05"
)

// mmiPrefix starts the names of the services that the broker itself gives.
const mmiPrefix = "mmi."

// ServiceLookup is the service that replies "200" if there is a worker for the
// service that the request names, and "404" if there is none.
const ServiceLookup = "mmi.service"

const (
	defaultHeartbeat = 2500 * time.Millisecond
	defaultTimeout   = 2500 * time.Millisecond
	defaultExpiry    = time.Minute

	// liveness is how many heartbeats may be missing before a peer counts as lost.
	liveness = 3
)

// Errors of clients.
var (
	// ErrNoReply says that no reply came within all the tries of a client.
	ErrNoReply = errors.New("mdp: no reply")

	// ErrMalformed says that a message is not one of the protocol.
	ErrMalformed = errors.New("mdp: malformed message")

	// ErrIncomplete says that a request has no service or no body.
	ErrIncomplete = errors.New("mdp: a request needs a service and a body of one part or more")
)

// orDefault returns d if it is positive.
func orDefault(d, dflt time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return dflt
}

// logTo returns a function that can be called whether logf is nil or not.
func logTo(logf func(format string, args ...any)) func(format string, args ...any) {
	if logf == nil {
		return func(string, ...any) {}
	}
	return logf
}

// parseReply returns service and body of a reply to a client, from which the
// empty frame has been taken.
func parseReply(msg [][]byte) (service string, body [][]byte, err error) {
	if len(msg) < 3 || string(msg[0]) != clientHeader {
		return "", nil, ErrMalformed
	}
	return string(msg[1]), msg[2:], nil
}
