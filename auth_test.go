// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// freshAuth begins and ends a test without authentication and policy.
func freshAuth(t testing.TB) {
	t.Helper()
	reset := func() {
		AuthStop()
		AuthSetVerbose(false)
		AuthSetMetadataHandler(nil)
		auth.mu.Lock()
		auth.domains = make(map[string]*authPolicy)
		auth.mu.Unlock()
	}
	reset()
	t.Cleanup(reset)
}

// startAuth is freshAuth and AuthStart.
func startAuth(t testing.TB) {
	t.Helper()
	freshAuth(t)
	must(t, AuthStart())
}

// An authServer is a PULL socket that takes clients over tcp, and its monitor.
type authServer struct {
	soc, mon *Socket
	endpoint string
}

func newAuthServer(t testing.TB, ctx *Context, ipv6 bool, role func(*Socket) error) *authServer {
	t.Helper()
	needHandshakeEvents(t)
	s := &authServer{soc: timedSocket(t, ctx, PULL), mon: timedSocket(t, ctx, PAIR)}
	name := fmt.Sprintf("inproc://%s-%p", strings.ReplaceAll(t.Name(), "/", "-"), s)
	must(t, s.soc.Monitor(name, EVENT_HANDSHAKE_SUCCEEDED|EVENT_HANDSHAKE_FAILED_AUTH|
		EVENT_HANDSHAKE_FAILED_NO_DETAIL|EVENT_HANDSHAKE_FAILED_PROTOCOL))
	must(t, s.mon.Connect(name))
	must(t, role(s.soc))
	bind := "tcp://127.0.0.1:*"
	if ipv6 {
		must(t, s.soc.SetIpv6(true))
		bind = "tcp://[::ffff:127.0.0.1]:*"
	}
	if err := s.soc.Bind(bind); ipv6 && err != nil {
		t.Skip("no IPv6: ", err)
	} else {
		must(t, err)
	}
	endpoint, err := s.soc.GetLastEndpoint()
	must(t, err)
	s.endpoint = "tcp://127.0.0.1" + endpoint[strings.LastIndexByte(endpoint, ':'):]
	return s
}

// connect makes a client.
func (s *authServer) connect(t testing.TB, role func(*Socket) error) *Socket {
	t.Helper()
	soc := timedSocket(t, newContext(t), PUSH)
	must(t, role(soc))
	must(t, soc.Connect(s.endpoint))
	return soc
}

// outcome is how a handshake ended: 200 or what the ZAP handler said, or a
// negative number for anything else.
func (s *authServer) outcome(t testing.TB) int {
	t.Helper()
	event, _, value, err := s.mon.RecvEvent(0)
	if err != nil {
		t.Fatal("no handshake: ", err)
	}
	switch event {
	case EVENT_HANDSHAKE_SUCCEEDED:
		return 200
	case EVENT_HANDSHAKE_FAILED_AUTH:
		return value
	}
	t.Logf("%v %#x", event, value)
	return -1
}

func (s *authServer) expect(t testing.TB, want int) {
	t.Helper()
	if got := s.outcome(t); got != want {
		t.Fatalf("the handshake ended with %d, want %d", got, want)
	}
}

// pass sends a message, and returns the metadata that comes with it.
func (s *authServer) pass(t testing.TB, client *Socket, properties ...string) map[string]string {
	t.Helper()
	if _, err := client.SendMessage("hello"); err != nil {
		t.Fatal(err)
	}
	msg, metadata, err := s.soc.RecvMessageWithMetadata(0, properties...)
	if err != nil || !slices.Equal(msg, []string{"hello"}) {
		t.Fatalf("received %q, %v", msg, err)
	}
	return metadata
}

// admits connects a client, and fails if that does not end as it has to. One that is let in
// can send, and the metadata that comes with it is returned.
func (s *authServer) admits(t testing.TB, role func(*Socket) error, want int, properties ...string) map[string]string {
	t.Helper()
	client := s.connect(t, role)
	s.expect(t, want)
	if want != 200 {
		return nil
	}
	return s.pass(t, client, properties...)
}

func asNull(soc *Socket) error { return nil }

func asUser(username, password string) func(*Socket) error {
	return func(soc *Socket) error {
		if password == "" { // what a program does that knows no password
			return soc.SetPlainUsername(username)
		}
		return soc.ClientAuthPlain(username, password)
	}
}

func plainServer(soc *Socket) error { return soc.ServerAuthPlain("domain") }

func nullServer(soc *Socket) error { return soc.ServerAuthNull("domain") }

// TestAuth has clients connect over tcp.
func TestAuth(t *testing.T) {
	type role = func(*Socket) error
	alice := asUser("alice", "secret")
	for _, test := range []struct {
		name   string
		server role
		client role
		policy func()
		ipv6   bool
		want   int
	}{
		{"NULL", nullServer, asNull, func() {}, false, 200},
		{"NULL allowed", nullServer, asNull, func() { AuthAllow("domain", "127.0.0.1") }, false, 200},
		{"NULL allowed network", nullServer, asNull, func() { AuthAllow("domain", "10.0.0.0/8", "127.1.2.3/8") }, false, 200},
		{"NULL allowed everywhere", nullServer, asNull, func() { AuthAllow("*", "127.0.0.1") }, false, 200},
		{"NULL allowed without a domain", nullServer, asNull, func() { AuthAllow("10.0.0.1", "127.0.0.1") }, false, 200},
		{"NULL allowed elsewhere", nullServer, asNull, func() { AuthAllow("other", "127.0.0.1"); AuthAllow("domain", "10.0.0.1") }, false, 400},
		{"NULL not allowed", nullServer, asNull, func() { AuthAllow("domain", "127.0.0.2", "::1") }, false, 400},
		{"NULL not allowed without a domain", nullServer, asNull, func() { AuthAllow("10.0.0.1") }, false, 400},
		{"NULL allowed is invalid", nullServer, asNull, func() { AuthAllow("domain", "localhost") }, false, 400},
		{"NULL allowed is invalid everywhere", nullServer, asNull, func() { AuthAllow("*", "127.0.0.1/33") }, false, 400},
		{"NULL allowed is withdrawn", nullServer, asNull, func() { AuthAllow("domain", "127.0.0.1"); AuthAllowRemove("domain", "127.0.0.1") }, false, 400},
		{"NULL list withdrawn", nullServer, asNull, func() { AuthAllow("domain", "10.0.0.1"); AuthAllowRemoveAll("domain") }, false, 200},
		{"NULL allowed nothing", nullServer, asNull, func() { AuthAllow("domain") }, false, 200},
		{"NULL denied", nullServer, asNull, func() { AuthDeny("domain", "127.0.0.1") }, false, 400},
		{"NULL denied everywhere", nullServer, asNull, func() { AuthDeny("127.0.0.0/8") }, false, 400},
		{"NULL not denied", nullServer, asNull, func() { AuthDeny("domain", "10.0.0.1", "nonsense") }, false, 200},
		{"NULL denied is withdrawn", nullServer, asNull, func() { AuthDeny("domain", "127.0.0.1"); AuthDenyRemove("domain", "127.0.0.1") }, false, 200},
		{"NULL denied list withdrawn", nullServer, asNull, func() { AuthDeny("domain", "127.0.0.1"); AuthDenyRemoveAll("domain") }, false, 200},
		{"NULL allowed and denied", nullServer, asNull, func() { AuthDeny("domain", "127.0.0.1"); AuthAllow("domain", "127.0.0.1") }, false, 200},
		{"NULL denied, others allowed", nullServer, asNull, func() { AuthDeny("domain", "10.0.0.1"); AuthAllow("domain", "10.0.0.2") }, false, 400},

		{"IPv6 denied", nullServer, asNull, func() { AuthDeny("domain", "127.0.0.1") }, true, 400},
		{"IPv6 denied as mapped", nullServer, asNull, func() { AuthDeny("domain", "::ffff:127.0.0.1") }, true, 400},
		{"IPv6 denied network", nullServer, asNull, func() { AuthDeny("domain", "::ffff:127.0.0.0/104") }, true, 400},
		{"IPv6 allowed", nullServer, asNull, func() { AuthAllow("domain", "127.0.0.1") }, true, 200},
		{"IPv6 allowed network", nullServer, asNull, func() { AuthAllow("domain", "127.0.0.0/8") }, true, 200},
		{"IPv6 not allowed", nullServer, asNull, func() { AuthAllow("domain", "::/0") }, true, 400},

		{"PLAIN", plainServer, alice, func() { AuthPlainAdd("domain", "alice", "secret") }, false, 200},
		{"PLAIN everywhere", plainServer, alice, func() { AuthPlainAdd("*", "alice", "secret"); AuthPlainAdd("domain", "alice", "other") }, false, 200},
		{"PLAIN without policy", plainServer, alice, func() {}, false, 400},
		{"PLAIN wrong password", plainServer, alice, func() { AuthPlainAdd("domain", "alice", "Secret") }, false, 400},
		{"PLAIN longer password", plainServer, alice, func() { AuthPlainAdd("domain", "alice", "secret1") }, false, 400},
		{"PLAIN changed password", plainServer, alice, func() { AuthPlainAdd("domain", "alice", "secret"); AuthPlainAdd("domain", "alice", "new") }, false, 400},
		{"PLAIN other domain", plainServer, alice, func() { AuthPlainAdd("other", "alice", "secret") }, false, 400},
		{"PLAIN unknown user", plainServer, asUser("eve", "secret"), func() { AuthPlainAdd("domain", "alice", "secret") }, false, 400},
		{"PLAIN unknown user without password", plainServer, asUser("eve", ""), func() { AuthPlainAdd("domain", "alice", "secret") }, false, 400},
		{"PLAIN unknown user without password everywhere", plainServer, asUser("eve", ""), func() { AuthPlainAdd("*", "alice", "secret") }, false, 400},
		{"PLAIN known user without password", plainServer, asUser("alice", ""), func() { AuthPlainAdd("domain", "alice", "secret") }, false, 400},
		{"PLAIN removed user without password", plainServer, asUser("alice", ""), func() { AuthPlainAdd("domain", "alice", "secret"); AuthPlainRemove("domain", "alice", "bob") }, false, 400},
		{"PLAIN removed users", plainServer, alice, func() { AuthPlainAdd("domain", "alice", "secret"); AuthPlainRemoveAll("domain") }, false, 400},
		{"PLAIN user with an empty password", plainServer, asUser("guest", ""), func() { AuthPlainAdd("domain", "guest", "") }, false, 200},
		{"PLAIN allowed is not enough", plainServer, asUser("eve", "x"), func() { AuthAllow("domain", "127.0.0.1"); AuthPlainAdd("domain", "alice", "secret") }, false, 400},
		{"PLAIN not allowed", plainServer, alice, func() { AuthAllow("domain", "10.0.0.1"); AuthPlainAdd("domain", "alice", "secret") }, false, 400},
		{"PLAIN denied", plainServer, alice, func() { AuthDeny("domain", "127.0.0.1"); AuthPlainAdd("domain", "alice", "secret") }, false, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			captureLog(t)
			startAuth(t)
			test.policy()
			s := newAuthServer(t, newContext(t), test.ipv6, test.server)
			s.admits(t, test.client, test.want)
		})
	}
}

func TestAuthCurve(t *testing.T) {
	needCurve(t)
	serverPublic, serverSecret, err := NewCurveKeypair()
	must(t, err)
	public, secret, err := NewCurveKeypair()
	must(t, err)
	for _, test := range []struct {
		name   string
		policy func()
		want   int
	}{
		{"known", func() { AuthCurveAdd("domain", serverPublic, public) }, 200},
		{"known everywhere", func() { AuthCurveAdd("*", public) }, 200},
		{"any", func() { AuthCurveAdd("domain", CURVE_ALLOW_ANY) }, 200},
		{"without policy", func() {}, 400},
		{"unknown", func() { AuthCurveAdd("domain", serverPublic) }, 400},
		{"other domain", func() { AuthCurveAdd("other", public, CURVE_ALLOW_ANY) }, 400},
		{"nonsense", func() { AuthCurveAdd("domain", "", "nonsense", "**", public+"00000", Z85decode(public)) }, 400},
		{"removed", func() { AuthCurveAdd("domain", public); AuthCurveRemove("domain", public, "nonsense") }, 400},
		{"any removed", func() { AuthCurveAdd("domain", CURVE_ALLOW_ANY); AuthCurveRemove("domain", CURVE_ALLOW_ANY) }, 400},
		{"all removed", func() { AuthCurveAdd("domain", public, CURVE_ALLOW_ANY); AuthCurveRemoveAll("domain") }, 400},
		{"allowed is not enough", func() { AuthAllow("domain", "127.0.0.1") }, 400},
		{"denied", func() { AuthCurveAdd("domain", public); AuthDeny("*", "127.0.0.1") }, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			captureLog(t)
			startAuth(t)
			test.policy()
			s := newAuthServer(t, newContext(t), false, func(soc *Socket) error { return soc.ServerAuthCurve("domain", serverSecret) })
			s.admits(t, func(soc *Socket) error { return soc.ClientAuthCurve(serverPublic, public, secret) }, test.want)
		})
	}
}

// TestAuthRace changes the policy while clients connect.
func TestAuthRace(t *testing.T) {
	captureLog(t)
	startAuth(t)
	AuthPlainAdd("domain", "alice", "secret")
	s := newAuthServer(t, newContext(t), false, plainServer)

	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, change := range []func(int){
		func(i int) { AuthAllow("*", "127.0.0.0/8", fmt.Sprintf("10.0.0.%d", i%256)) },
		func(i int) { AuthAllowRemove("*", fmt.Sprintf("10.0.0.%d", i%256)); AuthAllowRemoveAll("other") },
		func(i int) { AuthDeny("domain", fmt.Sprintf("10.0.0.%d", i%256)); AuthDenyRemoveAll("domain") },
		func(i int) { AuthPlainAdd("domain", fmt.Sprint(i), "x"); AuthPlainRemove("domain", fmt.Sprint(i)) },
		func(i int) { AuthPlainAdd("*", "bob", "x"); AuthPlainRemoveAll("*") },
		func(i int) { AuthCurveAdd("domain", CURVE_ALLOW_ANY); AuthCurveRemove("domain", CURVE_ALLOW_ANY) },
		func(i int) { AuthSetVerbose(i%2 == 0) },
		func(i int) {
			AuthSetMetadataHandler(func(_, _, _, _, _, _ string, _ ...string) map[string]string { return nil })
			AuthSetMetadataHandler(nil)
		},
	} {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					change(i)
					runtime.Gosched()
				}
			}
		})
	}
	for range 20 {
		s.connect(t, asUser("alice", "secret"))
	}
	for range 20 {
		s.expect(t, 200)
	}
	close(stop)
	wg.Wait()
}

func TestAuthNeverLogsPasswords(t *testing.T) {
	out := captureLog(t)
	startAuth(t)
	AuthSetVerbose(true)
	AuthPlainAdd("domain", "alice", "open sesame")
	s := newAuthServer(t, newContext(t), false, plainServer)
	for _, password := range []string{"open sesame", "open window"} {
		s.connect(t, asUser("alice", password))
		s.outcome(t)
	}
	AuthSetMetadataHandler(func(_, _, _, _, _, _ string, credentials ...string) map[string]string {
		panic("oops")
	})
	s.connect(t, asUser("alice", "open sesame"))
	s.expect(t, 500)
	text := out.String()
	if strings.Contains(text, "open") {
		t.Errorf("a password was logged:\n%s", text)
	}
	for _, want := range []string{`AUTH: ALLOWED (password) mechanism="PLAIN" domain="domain" address="127.0.0.1" client="alice"`, "AUTH: DENIED", "oops"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the log:\n%s", want, text)
		}
	}
}

func TestAuthStartStop(t *testing.T) {
	t.Run("twice", func(t *testing.T) {
		startAuth(t)
		if err := AuthStart(); err == nil {
			t.Error("a second AuthStart gave no error")
		}
		AuthStop()
		AuthStop()
		if err := AuthStart(); err != nil {
			t.Error(err)
		}
	})
	t.Run("at the same time", func(t *testing.T) {
		freshAuth(t)
		for range 10 {
			var wg sync.WaitGroup
			var mu sync.Mutex
			started := 0
			for range 8 {
				wg.Go(func() {
					if AuthStart() == nil {
						mu.Lock()
						started++
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			if started != 1 {
				t.Fatalf("%d of 8 calls of AuthStart succeeded", started)
			}
			for range 3 {
				wg.Go(AuthStop)
			}
			wg.Wait()
		}
	})
	t.Run("address in use", func(t *testing.T) {
		freshAuth(t)
		ctx, err := defaultContext()
		must(t, err)
		own := timedSocket(t, ctx, REP)
		must(t, own.Bind(zapEndpoint))
		if err := AuthStart(); err != EADDRINUSE {
			t.Errorf("AuthStart: %v, want EADDRINUSE", err)
		}
		must(t, own.Unbind(zapEndpoint))
		if err := AuthStart(); err != nil {
			t.Error(err)
		}
	})
	t.Run("restart", func(t *testing.T) {
		startAuth(t)
		AuthPlainAdd("domain", "alice", "secret")
		s := newAuthServer(t, newContext(t), false, plainServer)
		first := s.connect(t, asUser("alice", "secret"))
		s.expect(t, 200)
		for i := range 50 {
			AuthStop()
			if err := AuthStart(); err != nil {
				t.Fatalf("restart %d: %v", i, err)
			}
		}
		s.pass(t, first)
		s.connect(t, asUser("alice", "secret"))
		s.expect(t, 200)
		s.connect(t, asUser("alice", ""))
		s.expect(t, 400)
	})
	t.Run("stopped", func(t *testing.T) {
		startAuth(t)
		AuthPlainAdd("domain", "alice", "secret")
		s := newAuthServer(t, newContext(t), false, plainServer)
		first := s.connect(t, asUser("alice", "secret"))
		s.expect(t, 200)
		AuthStop()
		s.pass(t, first)
		s.connect(t, asUser("alice", "secret"))
		if got := s.outcome(t); got == 200 {
			t.Error("PLAIN without authentication let a client in")
		}
	})
}

// TestAuthContexts is about contexts other than the default one, and the order
// of things. Those of TestAuth are set up after AuthStart.
func TestAuthContexts(t *testing.T) {
	t.Run("before AuthStart", func(t *testing.T) {
		freshAuth(t)
		AuthPlainAdd("domain", "alice", "secret")
		s := newAuthServer(t, newContext(t), false, plainServer)
		must(t, AuthStart())
		s.connect(t, asUser("alice", "secret"))
		s.expect(t, 200)
		s.connect(t, asUser("alice", "wrong"))
		s.expect(t, 400)
	})
	t.Run("default", func(t *testing.T) {
		startAuth(t)
		AuthPlainAdd("domain", "alice", "secret")
		ctx, err := defaultContext()
		must(t, err)
		s := newAuthServer(t, ctx, false, plainServer)
		s.connect(t, asUser("alice", "secret"))
		s.expect(t, 200)
		s.connect(t, asUser("alice", "wrong"))
		s.expect(t, 400)
	})
	t.Run("of the program's own handler", func(t *testing.T) {
		startAuth(t)
		ctx := newContext(t)
		own := timedSocket(t, ctx, REP)
		must(t, own.Bind(zapEndpoint))
		s := newAuthServer(t, ctx, false, plainServer)
		s.connect(t, asUser("bob", "x"))
		msg, err := own.RecvMessage(0)
		if err != nil || len(msg) != 8 || msg[6] != "bob" {
			t.Fatalf("received %q, %v", msg, err)
		}
		if _, err := own.SendMessage("1.0", msg[1], "200", "OK", "", ""); err != nil {
			t.Fatal(err)
		}
		s.expect(t, 200)
		AuthStop()
		if err := AuthStart(); err != nil {
			t.Error(err)
		}
	})
	t.Run("terminated", func(t *testing.T) {
		startAuth(t)
		for range 10 {
			ctx, err := NewContext()
			must(t, err)
			soc, err := ctx.NewSocket(PULL)
			must(t, err)
			must(t, soc.ServerAuthNull("domain"))
			soc.Close()
			within(t, patience, "Term", func() {
				if err := ctx.Term(); err != nil {
					t.Error(err)
				}
			})
			if authServed(ctx.c) {
				t.Error("the context is not forgotten")
			}
		}
	})
	t.Run("terminated while starting and stopping", func(t *testing.T) {
		freshAuth(t)
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
					if err := AuthStart(); err != nil {
						t.Error(err)
					}
					AuthStop()
				}
			}
		}()
		for range 50 {
			ctx, err := NewContext()
			must(t, err)
			soc, err := ctx.NewSocket(PULL)
			must(t, err)
			done := make(chan struct{})
			go func() { // races with Term
				defer close(done)
				if err := soc.ServerAuthNull("domain"); err != nil && err != ETERM && err != ErrorContextClosed {
					t.Error(err)
				}
				soc.Close()
			}()
			within(t, patience, "Term", func() { ctx.Term() })
			<-done
			if authServed(ctx.c) {
				t.Error("the context is not forgotten")
			}
		}
		close(stop)
		<-stopped
	})
	t.Run("lost", func(t *testing.T) {
		startAuth(t)
		h := func() *handle {
			ctx, err := NewContext()
			must(t, err)
			soc, err := ctx.NewSocket(PULL)
			must(t, err)
			must(t, soc.ServerAuthNull("domain"))
			return ctx.c
		}()
		if !authServed(h) {
			t.Fatal("the context is not served")
		}
		within(t, patience, "collecting the context", func() {
			for authServed(h) {
				runtime.GC()
			}
		})
		within(t, patience, "terminating the context", func() { h.terminate() })
	})
	t.Run("no socket left", func(t *testing.T) {
		startAuth(t)
		ctx := newContext(t)
		must(t, ctx.SetMaxSockets(1))
		soc := timedSocket(t, ctx, PULL)
		if err := soc.ServerAuthPlain("domain"); AsErrno(err) != Errno(syscall.EMFILE) {
			t.Errorf("ServerAuthPlain that cannot be served: %v, want EMFILE", err)
		}
	})
	t.Run("without the first", func(t *testing.T) {
		// As after Term of the default context.
		freshAuth(t)
		first := newContext(t)
		first.Term()
		must(t, zap.start(first.c))
		if authServed(first.c) {
			t.Error("a terminated context is served")
		}
		AuthPlainAdd("domain", "alice", "secret")
		s := newAuthServer(t, newContext(t), false, plainServer)
		s.connect(t, asUser("alice", "secret"))
		s.expect(t, 200)
	})
}

func authServed(h *handle) bool {
	zap.mu.Lock()
	defer zap.mu.Unlock()
	_, ok := zap.servers[h]
	return ok
}

func TestAddressList(t *testing.T) {
	for _, test := range []struct {
		network string
		in, out string
	}{
		{"192.0.2.1", "192.0.2.1 ::ffff:192.0.2.1 ::ffff:c000:201", "192.0.2.2 192.0.2.0 ::192.0.2.1 ::1"},
		{"::ffff:192.0.2.1", "192.0.2.1 ::ffff:192.0.2.1", "192.0.2.2"},
		{"192.0.2.7/24", "192.0.2.0 192.0.2.255 ::ffff:192.0.2.1", "192.0.3.1 2001:db8::1"},
		{"::ffff:192.0.2.0/120", "192.0.2.0 192.0.2.255 ::ffff:192.0.2.1", "192.0.3.1"},
		{"0.0.0.0/0", "192.0.2.0 ::ffff:192.0.2.1", "2001:db8::1 nonsense :1000:1000:1"},
		{"::/0", "2001:db8::1 ::1", "192.0.2.1 ::ffff:192.0.2.1"},
		{"::1", "::1 0:0:0:0:0:0:0:1", "::2 0.0.0.1"},
		{"2001:DB8::/32", "2001:db8::1 2001:db8:ffff::", "2001:db9::1"},
		{"fe80::1", "fe80::1 fe80::1%eth0 fe80::1%2", "fe80::2%eth0"},
	} {
		t.Run(test.network, func(t *testing.T) {
			network, err := parseNetwork(test.network)
			must(t, err)
			domains := []*authPolicy{{allow: addressList{network: {}}}}
			for _, address := range strings.Fields(test.in) {
				if ok, why := admitAddress(domains, address); !ok {
					t.Errorf("%s is %s", address, why)
				}
			}
			for _, address := range strings.Fields(test.out) {
				if ok, why := admitAddress(domains, address); ok {
					t.Errorf("%s is %s", address, why)
				}
			}
		})
	}
	for _, s := range []string{"", "domain", "*", "1.2.3", "1.2.3.4.5", "1.2.3.4/33", "1.2.3.4/", "01.2.3.4", "::1/129", "fe80::1%eth0", "fe80::%eth0/64", "localhost", "1.2.3.4:80"} {
		if network, err := parseNetwork(s); err == nil {
			t.Errorf("%q is the network %v", s, network)
		}
	}
	if (addressList)(nil).contains(netip.Addr{}) {
		t.Error("there is something in an empty list")
	}
}
