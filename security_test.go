// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"fmt"
	"strings"
	"testing"
)

func TestServerAuthErrors(t *testing.T) {
	ctx := newContext(t)
	soc := timedSocket(t, ctx, REP)
	for _, domain := range []string{"", strings.Repeat("d", 256)} {
		if err := soc.ServerAuthNull(domain); err != einval {
			t.Errorf("ServerAuthNull(%q): %v, want EINVAL", domain, err)
		}
		if err := soc.ServerAuthPlain(domain); err != einval {
			t.Errorf("ServerAuthPlain(%q): %v, want EINVAL", domain, err)
		}
	}
	if err := soc.ServerAuthNull("domain"); err != nil {
		t.Error(err)
	}
	if HasCurve() {
		for _, key := range []string{"", "bad", "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"} {
			if err := soc.ServerAuthCurve("domain", key); err != einval {
				t.Errorf("ServerAuthCurve with key %q: %v, want EINVAL", key, err)
			}
			if m := mechanism(t, soc); m != NULL {
				t.Errorf("the mechanism has become %v", m)
			}
		}
	}
	soc.Close()
	for name, err := range map[string]error{
		"ServerAuthNull":         soc.ServerAuthNull("domain"),
		"ServerAuthPlain":        soc.ServerAuthPlain("domain"),
		"ServerAuthCurve":        soc.ServerAuthCurve("domain", "key"),
		"ClientAuthPlain":        soc.ClientAuthPlain("user", "password"),
		"ClientAuthPlain empty":  soc.ClientAuthPlain("", ""),
		"ClientAuthCurve":        soc.ClientAuthCurve("key", "key", "key"),
		"ServerAuthNull of nil":  (*Socket)(nil).ServerAuthNull("domain"),
		"ClientAuthPlain of nil": (*Socket)(nil).ClientAuthPlain("", ""),
	} {
		if err != ErrorSocketClosed {
			t.Errorf("%s: %v, want ErrorSocketClosed", name, err)
		}
	}
}

func TestClientAuthPlainEmpty(t *testing.T) {
	ctx := newContext(t)
	for _, test := range []struct {
		oldPassword, username, password string
		want                            error
	}{
		{"", "user", "", nil},
		{"", "", "", einval},
		{"", "", "password", einval},
		{"old", "", "password", einval},
		{"old", "user", "", einval}, // libzmq cannot do it
	} {
		t.Run(fmt.Sprintf("%q %q %q", test.oldPassword, test.username, test.password), func(t *testing.T) {
			soc := timedSocket(t, ctx, REQ)
			must(t, soc.ClientAuthPlain("first", test.oldPassword))
			if err := soc.ClientAuthPlain(test.username, test.password); err != test.want {
				t.Errorf("ClientAuthPlain: %v, want %v", err, test.want)
			}
			if m := mechanism(t, soc); m != PLAIN {
				t.Errorf("the mechanism has become %v", m)
			}
		})
	}
}

func TestClientAuthCurveErrors(t *testing.T) {
	needCurve(t)
	ctx := newContext(t)
	public, secret, err := NewCurveKeypair()
	must(t, err)
	for _, test := range []struct{ name, server, public, secret string }{
		{"server key", "bad", public, secret},
		{"public key", public, "bad", secret},
		{"secret key", public, public, "bad"},
		{"no secret key", public, public, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			soc := timedSocket(t, ctx, REQ)
			if err := soc.ClientAuthCurve(test.server, test.public, test.secret); err != einval {
				t.Errorf("ClientAuthCurve: %v, want EINVAL", err)
			}
		})
	}
}

func TestAuthRoles(t *testing.T) {
	ctx := newContext(t)
	soc := timedSocket(t, ctx, REP)
	set := func(want Mechanism, err error) {
		t.Helper()
		must(t, err)
		if m := mechanism(t, soc); m != want {
			t.Errorf("the mechanism is %v, want %v", m, want)
		}
	}
	set(PLAIN, soc.ServerAuthPlain("domain"))
	set(NULL, soc.ServerAuthNull("domain"))
	set(PLAIN, soc.ClientAuthPlain("user", "password"))
	if HasCurve() {
		public, secret, err := NewCurveKeypair()
		must(t, err)
		set(CURVE, soc.ServerAuthCurve("domain", secret))
		set(NULL, soc.ServerAuthNull("domain"))
		set(CURVE, soc.ClientAuthCurve(public, public, secret))
	}
}

// TestInprocHasNoSecurity shows what docs/security.md warns of: a client
// without a key gets in over inproc.
func TestInprocHasNoSecurity(t *testing.T) {
	needCurve(t)
	zctx := newContext(t)
	auth, err := NewAuthenticator(zctx, nil)
	must(t, err)
	defer auth.Close()
	keys, err := GenerateCurveKeypair()
	must(t, err)
	server, client := newSocket(t, zctx, PULL), newSocket(t, zctx, PUSH)
	must(t, server.ServerAuthCurve("global", keys.Secret))
	must(t, client.Connect(bindOn(t, server, "inproc")))
	handshake(t, client, server)
}

// TestCurveRotation replaces the key of a server, and then that of a client,
// without an interruption, as docs/security.md says.
func TestCurveRotation(t *testing.T) {
	needCurve(t)
	zctx := newContext(t)
	auth, err := NewAuthenticator(zctx, nil)
	must(t, err)
	defer auth.Close()

	server := newSocket(t, zctx, REP)
	served := make(chan error, 1)
	go func() {
		for {
			request, err := server.RecvMessage(0)
			if err == nil {
				_, err = server.SendMessage(request)
			}
			if err != nil {
				served <- err
				return
			}
		}
	}()
	serve := func(keys CurveKeypair) string {
		must(t, server.ServerAuthCurve("global", keys.Secret))
		return bindOn(t, server, "tcp")
	}
	keypair := func() CurveKeypair {
		keys, err := GenerateCurveKeypair()
		must(t, err)
		return keys
	}
	client := func(endpoint string, server, own CurveKeypair) *Socket {
		soc := newSocket(t, zctx, REQ)
		must(t, soc.ClientAuthCurve(server.Public, own.Public, own.Secret))
		must(t, soc.Connect(endpoint))
		return soc
	}
	ask := func(soc *Socket) {
		t.Helper()
		within(t, patience, "ask", func() {
			_, err := soc.SendMessage("question")
			if err == nil {
				_, err = soc.RecvMessage(0)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}

	oldServer, newServer, oldClient, newClient := keypair(), keypair(), keypair(), keypair()
	oldEndpoint := serve(oldServer)
	must(t, auth.AddKeys("global", oldClient.Public))
	first := client(oldEndpoint, oldServer, oldClient)
	ask(first)

	// Both keys of the server are good, each at its endpoint.
	newEndpoint := serve(newServer)
	second := client(newEndpoint, newServer, oldClient)
	ask(second)
	ask(client(oldEndpoint, oldServer, oldClient))

	// Both keys of the client are good. To remove one leaves connections alone.
	must(t, auth.AddKeys("global", newClient.Public))
	third := client(newEndpoint, newServer, newClient)
	ask(third)
	auth.RemoveKeys("global", oldClient.Public)
	ask(second)
	ask(first)

	// Unbind ends those that came in by the endpoint, and no others.
	events := first.Events(t.Context(), EVENT_DISCONNECTED)
	must(t, server.Unbind(oldEndpoint))
	within(t, patience, "disconnect", func() {
		for _, err := range events {
			if err != nil {
				t.Error(err)
			}
			break
		}
	})
	ask(second)
	ask(third)
	must(t, server.Close())
	if err := <-served; err != ErrorSocketClosed {
		t.Error(err)
	}
}
