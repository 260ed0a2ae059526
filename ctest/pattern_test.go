// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	zmq "github.com/seed45097122/zmq4"
)

// A pattern is what a peer does, and our socket for it.
type pattern struct {
	theirs string
	ours   zmq.Type
	role   string
}

// patterns are all pairs of sockets that fit, in both directions.
var patterns = []pattern{
	{"REQ", zmq.REP, "request"},
	{"REP", zmq.REQ, "echo"},
	{"REQ", zmq.ROUTER, "request"},
	{"ROUTER", zmq.REQ, "echo"},
	{"DEALER", zmq.ROUTER, "request"},
	{"ROUTER", zmq.DEALER, "echo"},
	{"DEALER", zmq.DEALER, "request"},
	{"DEALER", zmq.DEALER, "echo"},
	{"DEALER", zmq.ROUTER, "send"},
	{"ROUTER", zmq.DEALER, "recv"},
	{"PUSH", zmq.PULL, "send"},
	{"PULL", zmq.PUSH, "recv"},
	{"PUB", zmq.SUB, "send"},
	{"SUB", zmq.PUB, "recv"},
	{"PUB", zmq.XSUB, "send"},
	{"SUB", zmq.XPUB, "recv"},
	{"XPUB", zmq.SUB, "send"},
	{"XSUB", zmq.PUB, "recv"},
	{"XPUB", zmq.XSUB, "send"},
	{"XSUB", zmq.XPUB, "recv"},
	{"PAIR", zmq.PAIR, "request"},
	{"PAIR", zmq.PAIR, "echo"},
	{"PAIR", zmq.PAIR, "send"},
	{"PAIR", zmq.PAIR, "recv"},
}

func (p pattern) String() string { return fmt.Sprintf("%s-%v-%s", p.theirs, p.ours, p.role) }

// lockstep reports whether each message waits for the one before.
func (p pattern) lockstep() bool { return p.theirs == "REQ" || p.ours == zmq.REQ }

// A link is how a peer and we are connected.
type link struct {
	transport string
	theyBind  bool
}

var links = []link{{"tcp", true}, {"tcp", false}, {"ipc", true}, {"ipc", false}}

func (l link) String() string {
	if l.theyBind {
		return l.transport + "/bind"
	}
	return l.transport + "/connect"
}

// need skips the test if libzmq does not have the transport.
func (l link) need(t *testing.T) {
	if l.transport == "ipc" && !zmq.HasIpc() {
		t.Skip("libzmq has no ipc")
	}
}

// runPatterns exchanges count messages for each pattern, with a peer that is
// started by a command.
func runPatterns(t *testing.T, peer []string, l link, count int, patterns []pattern) {
	for _, p := range patterns {
		t.Run(fmt.Sprintf("%v/%v", l, p), func(t *testing.T) {
			l.need(t)
			t.Parallel()
			n := count
			if p.lockstep() {
				n = min(n, many(2000))
			}
			x := exchange{peer: peer, pattern: p, link: l, count: n}
			must(t, x.run(t))
		})
	}
}

func TestC(t *testing.T) {
	peer := cPeer(t)
	for i, l := range links {
		n := many(100_000)
		if i > 0 {
			n /= 5
		}
		runPatterns(t, peer, l, n, patterns)
	}
}

// A peer that fails or hangs must fail the test, with what the peer printed.
func TestPeerFails(t *testing.T) {
	peer := cPeer(t)
	t.Run("at once", func(t *testing.T) {
		x := exchange{peer: peer, pattern: pattern{"NONE", zmq.PULL, "send"}, count: 1}
		expectError(t, x.run(t), "has ended before it was ready", "unknown type: NONE")
	})
	t.Run("later", func(t *testing.T) {
		soc := newSocket(t, zmq.PUSH)
		must(t, soc.Bind("tcp://127.0.0.1:*"))
		endpoint, err := soc.GetLastEndpoint()
		must(t, err)
		p := startPeer(t, peer, "PULL", "connect", endpoint, "recv", "1")
		_, err = soc.SendMessage("mess", "age")
		must(t, err)
		expectError(t, p.finish(Limit), "exit status 1", "message 0 has 2 parts", "endpoint tcp://127.0.0.1:")
	})
	t.Run("while we wait", func(t *testing.T) {
		x := exchange{peer: peer, pattern: pattern{"PUSH", zmq.PULL, "fail"}, count: 1}
		start := time.Now()
		Other["fail"] = "recv"
		defer delete(Other, "fail")
		expectError(t, x.run(t), "Socket is closed", "unknown role: fail")
		if took := time.Since(start); took > Limit/2 {
			t.Error("took", took)
		}
	})
	t.Run("hangs", func(t *testing.T) {
		p := startPeer(t, peer, "PULL", "bind", "tcp://127.0.0.1:*", "recv", "1")
		_, err := p.ready(Limit)
		must(t, err)
		expectError(t, p.finish(50*time.Millisecond), "not done after 50ms", "endpoint tcp://127.0.0.1:")
	})
}

func expectError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
}
