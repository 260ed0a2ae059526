// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// What is wrong with an endpoint is told only after libzmq has refused it: each one is tried.
func TestEndpointError(t *testing.T) {
	ctx := newContext(t)
	rep := newSocket(t, ctx, REP)
	must(t, rep.SetIpv6(false))
	calls := map[string]func(string) error{"bind": rep.Bind, "connect": rep.Connect, "unbind": rep.Unbind, "disconnect": rep.Disconnect}
	long := strings.Repeat("x", 300)
	for _, test := range []struct{ op, endpoint, want string }{
		{"bind", "", "no transport, such as tcp:// or ipc://"},
		{"bind", "localhost:5555", "no transport, such as tcp://localhost:5555"},
		{"connect", "tcp:/127.0.0.1:5555", "no transport, such as tcp:// or ipc://"},
		{"bind", "://127.0.0.1:5555", "no transport before ://, such as tcp"},
		{"connect", "tcp://", `nothing after "tcp://"`},
		{"bind", "tcp://a\x00b:1", "it has a NUL character"},
		{"bind", "http://127.0.0.1:5555", `unknown transport "http"; there are tcp, ipc, inproc, udp`},
		{"connect", "TCP://127.0.0.1:5555", `transport "TCP" has to be in lower case`},
		{"connect", "vmci://1:2", "libzmq was built without the transport vmci"},
		{"unbind", "http://127.0.0.1:5555", `unknown transport "http"`},

		{"bind", "tcp://127.0.0.1", "no port, such as :5555, or :* for any that is free"},
		{"bind", "tcp://127.0.0.1:", "no port, such as :5555, or :*"},
		{"bind", "tcp://[::1]", "no port, such as :5555, or :*"},
		{"connect", "tcp://localhost", "no port, such as :5555"},
		{"connect", "tcp://localhost:", "no port, such as :5555"},
		{"connect", "tcp://localhost:*", `port "*" is for bind only`},
		{"bind", "tcp://127.0.0.1:http", `port "http" is not a number`},
		{"connect", "tcp://localhost:http", `port "http" is not a number`},
		{"bind", "tcp://127.0.0.1:65536", "port 65536 is not between 1 and 65535"},
		{"connect", "tcp://127.0.0.1:99999999999999999999", "port 99999999999999999999 is not between 1 and 65535"},
		{"bind", "tcp://127.0.0.1:-1", "port -1 is not between 1 and 65535"},
		{"connect", "tcp://127.0.0.1:-1", "port -1 is not between 1 and 65535"},

		{"bind", "tcp://localhost:*", `host name "localhost"; bind takes an interface such as eth0, its IP address, or * for all`},
		{"bind", "tcp://a..b:5555", `host name "a..b"; bind takes an interface`},
		{"bind", "tcp://nosuchif9:5555", `unknown interface "nosuchif9"; bind takes an interface`},
		{"bind", "tcp://[fe80::1%nosuchif9]:5555", `unknown interface in "[fe80::1%nosuchif9]"`},
		{"bind", "tcp://[::1]:5555", `"[::1]" is an IPv6 address: call SetIpv6(true) first`},
		{"bind", "tcp://192.0.2.1:5555", `"192.0.2.1" is not an address of this machine`},
		{"bind", "tcp://:5555", "no interface before the port, such as * for all"},
		{"connect", "tcp://*:5555", `host "*" is for bind only`},
		{"connect", "tcp://127.0.0.1:5:5555", `"127.0.0.1:5" has a colon but is not an IPv6 address`},
		{"connect", "tcp://local host:5555", `character ' ' is not allowed in a tcp endpoint`},
		{"connect", "tcp://ü:5555", `character 'ü' is not allowed in a tcp endpoint`},
		{"connect", "tcp://localhost:5555/path", `port "5555/path" is not a number`},
		{"connect", "tcp://" + long + ":5555", "a host name of 300 bytes, more than 255"},
		{"connect", "tcp://127.0.0.1;127.0.0.1:5555", ""}, // libzmq finds out later
		{"connect", "tcp://127.0.0.1:70000;127.0.0.1:5555", "port 70000 is not between 1 and 65535"},

		{"unbind", "tcp://127.0.0.1:1", "the socket is not bound to it; give a wildcard as GetLastEndpoint returned it"},
		{"disconnect", "tcp://127.0.0.1:1", "the socket is not connected to it"},
		{"bind", "ipc://" + filepath.Join(t.TempDir(), "no", "dir"), "the directory of "},
		{"bind", "ipc://" + long, ""}, // ENAMETOOLONG says it
		{"bind", "udp://127.0.0.1:1", "udp is for RADIO, DISH and DGRAM sockets"},
	} {
		t.Run(test.op+" "+test.endpoint[:min(len(test.endpoint), 40)], func(t *testing.T) {
			err := calls[test.op](test.endpoint)
			if err == nil && (test.want == "" || test.endpoint == "tcp://localhost:*" && any435.missing() == nil) {
				return // libzmq takes host names from 4.3.5 on
			}
			if _, ok := err.(Errno); !ok {
				t.Fatalf("%v, not an Errno", err)
			}
			e := &EndpointError{Op: test.op, Endpoint: test.endpoint, Err: err}
			if got := e.Reason(); !strings.HasPrefix(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("%v: %q, want %q", err, got, test.want)
			}
			if AsErrno(e) != err || !errors.Is(e, err) {
				t.Errorf("%v hides %v", e, err)
			}
		})
	}
}

// WebSocket endpoints, where libzmq has them.
func TestEndpointErrorWs(t *testing.T) {
	needHas(t, "WS")
	soc := newSocket(t, newContext(t), REP)
	for _, test := range []struct{ op, endpoint, want string }{
		{"bind", "ws://127.0.0.1/path", "no port"},
		{"bind", "ws://localhost:5555/", `host name "localhost"`},
		{"connect", "ws://*:5555/", `host "*" is for bind only`},
		{"connect", "ws://a..b:5555/", `the host name "a..b" does not resolve`},
		{"connect", "ws://127.0.0.1:70000/x", "port 70000 is not between 1 and 65535"},
	} {
		err := soc.Bind
		if test.op == "connect" {
			err = soc.Connect
		}
		e := &EndpointError{Op: test.op, Endpoint: test.endpoint, Err: err(test.endpoint)}
		if got := e.Reason(); e.Err == nil || !strings.HasPrefix(got, test.want) {
			t.Errorf("%v: %q, want %q", e, got, test.want)
		}
	}
}

// Multicast endpoints, where libzmq has them.
func TestEndpointErrorMulticast(t *testing.T) {
	ctx := newContext(t)
	for _, test := range []struct {
		typ            Type
		endpoint, want string
	}{
		{REP, "%s://lo;239.192.1.1:5556", "%s is for PUB, SUB, XPUB and XSUB sockets"},
		{PUB, "%s://lo;239.192.1.1", "no port, such as :5556"},
		{PUB, "%s://lo;239.192.1.1:*", `port "*" is not a number`},
		{PUB, "%s://lo;239.192.1.1:0", "port 0 is not between 1 and 65535"},
		{PUB, "%s://lo;239.192.1.1:70000", "port 70000 is not between 1 and 65535"},
		{PUB, "%s://lo;group:5556", `"group" is not the address of a multicast group, such as 239.192.1.1`},
		{PUB, "epgm://lo;10.0.0.1:5556", `"10.0.0.1" is not the address of a multicast group`},
		{PUB, "epgm://239.192.1.1:5556", "no interface before the group, such as 10.0.0.7;239.192.1.1:5556"},
		{PUB, "epgm://192.0.2.1;239.192.1.1:5556", `unknown interface "192.0.2.1"`},
		{PUB, "norm://0,lo;239.192.1.1:5556", `id "0" is not a number from 1 to 4294967294`},
		{PUB, "norm://7,nosuchif9;239.192.1.1:5556", `unknown interface "nosuchif9"`},
	} {
		for _, transport := range []string{"epgm", "norm"} {
			if !strings.HasPrefix(test.endpoint, transport) && !strings.HasPrefix(test.endpoint, "%s") || !Has(strings.TrimPrefix(transport, "e")) {
				continue
			}
			endpoint := strings.ReplaceAll(test.endpoint, "%s", transport)
			e := &EndpointError{Op: "bind", Endpoint: endpoint, Err: newSocket(t, ctx, test.typ).Bind(endpoint)}
			if got := e.Reason(); e.Err == nil || !strings.HasPrefix(got, strings.ReplaceAll(test.want, "%s", transport)) || got == "" {
				t.Errorf("%v: %q, want %q", e, got, test.want)
			}
		}
	}
}

// OpenSocket returns the detail, and the Errno behind it.
func TestEndpointErrorOpen(t *testing.T) {
	soc, err := newContext(t).OpenSocket(REP, Bind("inproc://fine", "tcp://a..b:5555"))
	var e *EndpointError
	var op *OpError
	if soc != nil || !errors.As(err, &e) || !errors.As(err, &op) || AsErrno(err) != enodev || !errors.Is(err, enodev) {
		t.Fatalf("%v, %v", soc, err)
	}
	if e.Op != "bind" || e.Endpoint != "tcp://a..b:5555" || op.Op != "bind" {
		t.Errorf("%+v in %+v", e, op)
	}
	want := `zmq4: bind REP: tcp://a..b:5555: host name "a..b"; bind takes an interface such as eth0, its IP address, or * for all: ` + enodev.Error()
	if err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	for _, e := range []*EndpointError{{}, {Op: "bind", Endpoint: "x y"}, {Endpoint: "tcp://x", Err: ErrorSocketClosed}} {
		if e.Reason() != "" || e.Error() == "" {
			t.Errorf("%v: %q", e, e.Reason())
		}
	}
}

// No endpoint makes it panic, and the text is one line.
func FuzzEndpointError(f *testing.F) {
	for _, s := range []string{"", "tcp://*:*", "tcp://a:1;b:2", "udp://[::1]:5", "ws://h:1/p", "epgm://eth0;239.1.1.1:5", "ipc://x", "tcp://[::1%eth0]:", ":", "://", "tcp://%:1", ";;;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		for _, op := range []string{"bind", "connect", "unbind", "disconnect", ""} {
			for _, errno := range []Errno{0, einval, enodev, enoent, EADDRNOTAVAIL, EPROTONOSUPPORT, EADDRINUSE} {
				e := &EndpointError{Op: op, Endpoint: endpoint, Err: errno}
				if s := e.Error(); strings.ContainsAny(s, "\n\r\x00") || !utf8.ValidString(s) {
					t.Errorf("%s %q: %q", op, endpoint, s)
				}
			}
		}
	})
}

// Which key is wrong, and how. Keys are not quoted.
func TestCurveReason(t *testing.T) {
	needCurve(t)
	ctx := newContext(t)
	public, secret, err := NewCurveKeypair()
	must(t, err)
	other, _, err := NewCurveKeypair()
	must(t, err)
	for _, test := range []struct {
		name   string
		option OpenOption
		want   string
	}{
		{"short", CurveClient(public[1:], public, secret), "the server's public key has 39 characters, not 40"},
		{"empty", CurveClient(public, "", secret), "the public key is empty"},
		{"line feed", CurveClient(public, public, secret+"\n"), "the secret key has white space around it"},
		{"character", CurveClient(public, public, secret[:39]+"\""), "the secret key is not Z85: its character 40 is not one of it"},
		{"too large", CurveClient(public, strings.Repeat("#", 40), secret), "the public key is not Z85: five of its characters stand for too large a number"},
		{"server", CurveServer("global", secret[:20]), "the secret key has 20 characters, not 40"},
		{"mixed up", CurveClient(public, secret, public), "the public and the secret key are the wrong way round"},
		{"of another pair", CurveClient(public, other, secret), "the public key does not belong to the secret key"},
		{"domain", CurveServer("", secret), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ctx.OpenSocket(REQ, test.option)
			if err == nil || AsErrno(err) != einval || !strings.Contains(err.Error(), ": "+test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if s := fmt.Sprint(err); strings.Contains(s, public[:20]) || strings.Contains(s, secret[:20]) {
				t.Errorf("a key in %q", s)
			}
		})
	}
	soc := newSocket(t, ctx, REQ)
	if err := soc.ClientAuthCurve(public, public, secret[1:]); err != einval {
		t.Errorf("%v, want the bare EINVAL", err)
	}
	// 32 bytes are a key too, for a socket.
	raw, err := DecodeZ85(public)
	must(t, err)
	rawSecret, err := DecodeZ85(secret)
	must(t, err)
	if _, err := ctx.OpenSocket(Type(-1)); err == nil {
		t.Error("type -1")
	}
	client, err := ctx.OpenSocket(REQ, CurveClient(public, string(raw), string(rawSecret)))
	must(t, err)
	client.Close()

	_, err = NewAuthenticator(ctx, &AuthConfig{Keys: []string{public, string(raw)}})
	if err == nil || AsErrno(err) != einval || !strings.Contains(err.Error(), "CURVE key 2 of 2 has 32 characters, not the 40 of Z85") {
		t.Error(err)
	}
}
