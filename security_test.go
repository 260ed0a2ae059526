// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"fmt"
	"strings"
	"testing"
)

func TestServerAuthErrors(t *testing.T) {
	ctx := newTestContext(t)
	soc := newTestSocket(t, ctx, REP)
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
	ctx := newTestContext(t)
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
			soc := newTestSocket(t, ctx, REQ)
			if err := soc.ClientAuthPlain("first", test.oldPassword); err != nil {
				t.Fatal(err)
			}
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
	ctx := newTestContext(t)
	public, secret, err := NewCurveKeypair()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, server, public, secret string }{
		{"server key", "bad", public, secret},
		{"public key", public, "bad", secret},
		{"secret key", public, public, "bad"},
		{"no secret key", public, public, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			soc := newTestSocket(t, ctx, REQ)
			if err := soc.ClientAuthCurve(test.server, test.public, test.secret); err != einval {
				t.Errorf("ClientAuthCurve: %v, want EINVAL", err)
			}
		})
	}
}

func TestAuthRoles(t *testing.T) {
	ctx := newTestContext(t)
	soc := newTestSocket(t, ctx, REP)
	set := func(want Mechanism, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if m := mechanism(t, soc); m != want {
			t.Errorf("the mechanism is %v, want %v", m, want)
		}
	}
	set(PLAIN, soc.ServerAuthPlain("domain"))
	set(NULL, soc.ServerAuthNull("domain"))
	set(PLAIN, soc.ClientAuthPlain("user", "password"))
	if HasCurve() {
		public, secret, err := NewCurveKeypair()
		if err != nil {
			t.Fatal(err)
		}
		set(CURVE, soc.ServerAuthCurve("domain", secret))
		set(NULL, soc.ServerAuthNull("domain"))
		set(CURVE, soc.ClientAuthCurve(public, public, secret))
	}
}
