// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"fmt"
	"testing"

	zmq "github.com/seed45097122/zmq4"
)

const (
	user     = "user"
	password = "pass word \u00e9"
)

// startAuth starts our ZAP handler.
func startAuth(t *testing.T) {
	t.Helper()
	must(t, zmq.AuthStart())
	t.Cleanup(zmq.AuthStop)
}

func newKeys(t *testing.T) (public, secret string) {
	t.Helper()
	public, secret, err := zmq.NewCurveKeypair()
	must(t, err)
	return public, secret
}

// A mechanism makes our socket and that of a peer secure.
type mechanism struct {
	name   string
	secure func(*zmq.Socket) error
	args   []string // the peer's
}

// ourServers are mechanisms where the server is ours, and its ZAP handler lets
// the client in.
func ourServers(t *testing.T) []mechanism {
	domain := t.Name()
	zmq.AuthPlainAdd(domain, user, password)
	all := []mechanism{
		{"NULL", func(soc *zmq.Socket) error { return soc.ServerAuthNull(domain) }, nil},
		{"PLAIN", func(soc *zmq.Socket) error { return soc.ServerAuthPlain(domain) }, []string{"plain-client", user, password}},
	}
	if zmq.HasCurve() {
		public, secret := newKeys(t)
		clientPublic, clientSecret := newKeys(t)
		zmq.AuthCurveAdd(domain, clientPublic)
		all = append(all, mechanism{
			"CURVE",
			func(soc *zmq.Socket) error { return soc.ServerAuthCurve(domain, secret) },
			[]string{"curve-client", public, clientPublic, clientSecret},
		})
	}
	return all
}

// theirServers are mechanisms where the peer is the server, with a ZAP handler
// of its own.
func theirServers(t *testing.T) []mechanism {
	all := []mechanism{{
		"PLAIN",
		func(soc *zmq.Socket) error { return soc.ClientAuthPlain(user, password) },
		[]string{"plain-server", user, password},
	}}
	if zmq.HasCurve() {
		public, secret := newKeys(t)
		clientPublic, clientSecret := newKeys(t)
		all = append(all, mechanism{
			"CURVE",
			func(soc *zmq.Socket) error { return soc.ClientAuthCurve(public, clientPublic, clientSecret) },
			[]string{"curve-server", secret, clientPublic},
		})
	}
	return all
}

// refused are mechanisms where our server's ZAP handler refuses the client.
func refused(t *testing.T) []mechanism {
	domain := t.Name()
	zmq.AuthDeny(domain+"/address", "127.0.0.1")
	zmq.AuthPlainAdd(domain, user, password)
	all := []mechanism{
		{"NULL", func(soc *zmq.Socket) error { return soc.ServerAuthNull(domain + "/address") }, nil},
		{"PLAIN", func(soc *zmq.Socket) error { return soc.ServerAuthPlain(domain) }, []string{"plain-client", user, "wrong"}},
	}
	if zmq.HasCurve() {
		public, secret := newKeys(t)
		clientPublic, clientSecret := newKeys(t)
		knownPublic, _ := newKeys(t)
		zmq.AuthCurveAdd(domain, knownPublic)
		all = append(all, mechanism{
			"CURVE",
			func(soc *zmq.Socket) error { return soc.ServerAuthCurve(domain, secret) },
			[]string{"curve-client", public, clientPublic, clientSecret},
		})
	}
	return all
}

// runSecurity exchanges messages with a peer that is started by a command, with
// every mechanism and either side as the server, and lets our server refuse it.
func runSecurity(t *testing.T, peer []string, links []link, patterns []pattern) {
	startAuth(t)
	for _, side := range []struct {
		name       string
		mechanisms []mechanism
	}{
		{"our server", ourServers(t)},
		{"their server", theirServers(t)},
	} {
		for _, m := range side.mechanisms {
			for _, l := range links {
				for _, p := range patterns {
					t.Run(fmt.Sprintf("%s/%s/%v/%v", side.name, m.name, l, p), func(t *testing.T) {
						l.need(t)
						x := exchange{peer: peer, pattern: p, link: l, count: many(2000), secure: m.secure, args: m.args}
						must(t, x.run(t))
					})
				}
			}
		}
	}
	for _, m := range refused(t) {
		t.Run("refused/"+m.name, func(t *testing.T) {
			soc := newSocket(t, zmq.ROUTER)
			must(t, m.secure(soc))
			must(t, soc.Bind("tcp://127.0.0.1:*"))
			endpoint, err := soc.GetLastEndpoint()
			must(t, err)
			p := startPeer(t, peer, append([]string{"DEALER", "connect", endpoint, "refused", "400"}, m.args...)...)
			must(t, p.finish(Limit))
		})
	}
}

func TestCSecurity(t *testing.T) {
	peer := cPeer(t)
	runSecurity(t, peer, links, []pattern{{"DEALER", zmq.ROUTER, "request"}, {"PULL", zmq.PUSH, "recv"}, {"PUB", zmq.SUB, "send"}})

	wrong := []mechanism{{
		"PLAIN",
		func(soc *zmq.Socket) error { return soc.ClientAuthPlain(user, "wrong") },
		[]string{"plain-server", user, password},
	}}
	if zmq.HasCurve() {
		public, secret := newKeys(t)
		wrongPublic, wrongSecret := newKeys(t)
		knownPublic, _ := newKeys(t)
		wrong = append(wrong, mechanism{
			"CURVE",
			func(soc *zmq.Socket) error { return soc.ClientAuthCurve(public, wrongPublic, wrongSecret) },
			[]string{"curve-server", secret, knownPublic},
		})
	}
	for _, m := range wrong {
		t.Run("we are refused/"+m.name, func(t *testing.T) {
			p := startPeer(t, peer, append([]string{"ROUTER", "bind", "tcp://127.0.0.1:*", "echo", "1"}, m.args...)...)
			endpoint, err := p.ready(Limit)
			must(t, err)
			soc := newSocket(t, zmq.DEALER)
			must(t, m.secure(soc))
			must(t, soc.Monitor("inproc://monitor", zmq.EVENT_HANDSHAKE_FAILED_AUTH|zmq.EVENT_HANDSHAKE_SUCCEEDED))
			ctx, err := soc.Context()
			must(t, err)
			monitor, err := ctx.NewSocket(zmq.PAIR)
			must(t, err)
			defer monitor.Close()
			must(t, monitor.SetRcvtimeo(Limit))
			must(t, monitor.Connect("inproc://monitor"))
			must(t, soc.Connect(endpoint))
			event, _, status, err := monitor.RecvEvent(0)
			if event != zmq.EVENT_HANDSHAKE_FAILED_AUTH || status != 400 || err != nil {
				t.Error(p.describe(fmt.Errorf("event %v, status %d, error %w", event, status, err)))
			}
		})
	}
}
