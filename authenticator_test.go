// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	stdlog "log"
	"log/slog"
	"maps"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func newAuth(t testing.TB, ctx *Context, config *AuthConfig) *Authenticator {
	t.Helper()
	a, err := NewAuthenticator(ctx, config)
	must(t, err)
	t.Cleanup(func() { a.Close() })
	return a
}

func prefixes(networks ...string) (list []netip.Prefix) {
	for _, s := range networks {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}

// TestAuthenticator has clients connect over tcp.
func TestAuthenticator(t *testing.T) {
	alice := asUser("alice", "secret")
	users := map[string]string{"alice": "secret"}
	errCheck := errors.New("the database is down")
	check := func(ctx context.Context, r *AuthRequest, password string) (bool, error) {
		switch r.User {
		case "broken":
			return true, errCheck
		case "panics":
			panic(r.User)
		case "exits":
			runtime.Goexit()
		}
		return subtle.ConstantTimeCompare([]byte(password), []byte("secret")) == 1, nil
	}
	metadata := func(ctx context.Context, r *AuthRequest) (map[string]string, error) {
		return nil, errCheck
	}
	for _, test := range []struct {
		name           string
		server, client func(*Socket) error
		config         *AuthConfig
		change         func(a *Authenticator)
		want           int
	}{
		{"NULL", nullServer, asNull, nil, nil, 200},
		{"NULL allowed", nullServer, asNull, &AuthConfig{Allow: prefixes("127.0.0.0/8")}, nil, 200},
		{"NULL not allowed", nullServer, asNull, &AuthConfig{Allow: prefixes("10.0.0.0/8")}, nil, 400},
		{"NULL nothing allowed", nullServer, asNull, &AuthConfig{Allow: prefixes()}, nil, 200},
		{"NULL nowhere allowed", nullServer, asNull, &AuthConfig{Allow: []netip.Prefix{}}, nil, 400},
		{"NULL denied", nullServer, asNull, &AuthConfig{Deny: prefixes("127.0.0.1/32")}, nil, 400},
		{"NULL denied mapped", nullServer, asNull, &AuthConfig{Deny: prefixes("::ffff:127.0.0.1/128")}, nil, 400},
		{"NULL host bits", nullServer, asNull, &AuthConfig{Deny: prefixes("127.9.9.9/8")}, nil, 400},
		{"NULL allowed later", nullServer, asNull, &AuthConfig{Allow: prefixes("10.0.0.0/8")},
			func(a *Authenticator) { a.Allow("domain", prefixes("127.0.0.1/32")...) }, 200},
		{"NULL allowed, removed", nullServer, asNull, &AuthConfig{Allow: prefixes("127.0.0.0/8")},
			func(a *Authenticator) { a.RemoveAllowed("*", prefixes("127.0.0.0/8")...) }, 400},
		{"NULL list cleared", nullServer, asNull, &AuthConfig{Allow: prefixes("10.0.0.0/8")},
			func(a *Authenticator) { a.ClearAllowed("*") }, 200},
		{"NULL denied elsewhere", nullServer, asNull, nil,
			func(a *Authenticator) { a.Deny("other", prefixes("127.0.0.0/8")...) }, 200},
		{"NULL denied, removed", nullServer, asNull, &AuthConfig{Deny: prefixes("127.0.0.0/8")},
			func(a *Authenticator) { a.RemoveDenied("*", prefixes("127.0.0.0/8")...) }, 200},
		{"NULL denied, cleared", nullServer, asNull, &AuthConfig{Deny: prefixes("127.0.0.0/8")},
			func(a *Authenticator) { a.ClearDenied("*") }, 200},

		{"PLAIN", plainServer, alice, &AuthConfig{Users: users}, nil, 200},
		{"PLAIN nobody", plainServer, alice, nil, nil, 400},
		{"PLAIN wrong password", plainServer, asUser("alice", "Secret"), &AuthConfig{Users: users}, nil, 400},
		{"PLAIN no password", plainServer, asUser("eve", ""), &AuthConfig{Users: users}, nil, 400},
		{"PLAIN added", plainServer, alice, nil, func(a *Authenticator) { a.AddUser("domain", "alice", "secret") }, 200},
		{"PLAIN added elsewhere", plainServer, alice, nil, func(a *Authenticator) { a.AddUser("other", "alice", "secret") }, 400},
		{"PLAIN removed", plainServer, alice, &AuthConfig{Users: users}, func(a *Authenticator) { a.RemoveUsers("*", "x", "alice") }, 400},
		{"PLAIN callback", plainServer, asUser("bob", "secret"), &AuthConfig{Users: users, CheckPlain: check}, nil, 200},
		{"PLAIN callback says no", plainServer, asUser("bob", "x"), &AuthConfig{CheckPlain: check}, nil, 400},
		{"PLAIN callback no password", plainServer, asUser("bob", ""), &AuthConfig{CheckPlain: check}, nil, 400},
		{"PLAIN callback fails", plainServer, asUser("broken", "secret"), &AuthConfig{CheckPlain: check}, nil, 500},
		{"PLAIN callback panics", plainServer, asUser("panics", "secret"), &AuthConfig{CheckPlain: check}, nil, 500},
		{"PLAIN callback exits", plainServer, asUser("exits", "secret"), &AuthConfig{CheckPlain: check}, nil, 500},
		{"PLAIN callback is not asked", plainServer, asUser("bob", "secret"), &AuthConfig{CheckPlain: check, Deny: prefixes("127.0.0.0/8")}, nil, 400},
		{"metadata fails", plainServer, alice, &AuthConfig{Users: users, Metadata: metadata}, nil, 500},
		{"metadata is not asked", plainServer, alice, &AuthConfig{Metadata: metadata}, nil, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			captureLog(t)
			ctx := newContext(t)
			a := newAuth(t, ctx, test.config)
			if test.change != nil {
				test.change(a)
			}
			s := newAuthServer(t, ctx, false, test.server)
			s.admits(t, test.client, test.want)
		})
	}
}

func TestAuthenticatorCurve(t *testing.T) {
	needCurve(t)
	serverPublic, serverSecret, err := NewCurveKeypair()
	must(t, err)
	public, secret, err := NewCurveKeypair()
	must(t, err)
	known := func(_ context.Context, r *AuthRequest) (bool, error) {
		want := AuthRequest{Domain: "domain", Address: "127.0.0.1", Mechanism: CURVE, User: public}
		if *r != want {
			return false, fmt.Errorf("the request is %+v, want %+v", *r, want)
		}
		return true, nil
	}
	for _, test := range []struct {
		name   string
		config *AuthConfig
		change func(a *Authenticator)
		want   int
	}{
		{"known", &AuthConfig{Keys: []string{serverPublic, public}}, nil, 200},
		{"any", &AuthConfig{Keys: []string{CURVE_ALLOW_ANY}}, nil, 200},
		{"unknown", &AuthConfig{Keys: []string{serverPublic}}, nil, 400},
		{"nobody", nil, nil, 400},
		{"added", nil, func(a *Authenticator) { a.AddKeys("domain", public) }, 200},
		{"removed", &AuthConfig{Keys: []string{public}}, func(a *Authenticator) { a.RemoveKeys("*", public, "nonsense") }, 400},
		{"callback", &AuthConfig{CheckCurve: known}, nil, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			captureLog(t)
			ctx := newContext(t)
			a := newAuth(t, ctx, test.config)
			if test.change != nil {
				test.change(a)
			}
			s := newAuthServer(t, ctx, false, func(soc *Socket) error { return soc.ServerAuthCurve("domain", serverSecret) })
			client := func(soc *Socket) error { return soc.ClientAuthCurve(serverPublic, public, secret) }
			if m := s.admits(t, client, test.want, "User-Id"); m != nil && m["User-Id"] != public {
				t.Errorf("the metadata is %q", m)
			}
		})
	}
}

// TestAuthenticatorRequests sends requests to the ZAP handler itself.
func TestAuthenticatorRequests(t *testing.T) {
	captureLog(t)
	ctx := newContext(t)
	newAuth(t, ctx, &AuthConfig{
		Principals: []string{"alice@EXAMPLE"},
		CheckGSSAPI: func(_ context.Context, r *AuthRequest) (bool, error) {
			return strings.HasSuffix(r.User, "@CORP"), nil
		},
	})
	client := timedSocket(t, ctx, DEALER)
	must(t, client.Connect(zapEndpoint))
	for _, test := range []struct{ request, want string }{
		{"1.0 1 d 1.2.3.4 me NULL", "200 OK  "},
		{"1.0 1 d 1.2.3.4 me GSSAPI alice@EXAMPLE", "200 OK alice@EXAMPLE "},
		{"1.0 1 d 1.2.3.4 me GSSAPI bob@CORP", "200 OK bob@CORP "},
		{"1.0 1 d 1.2.3.4 me GSSAPI bob@EXAMPLE", "400 NO ACCESS  "},
		{"1.0 1 d 1.2.3.4 me GSSAPI " + strings.Repeat("x", 300) + "@CORP", "500 INTERNAL ERROR  "},
		{"1.0 1 d 1.2.3.4 me GSSAPI", "500 INTERNAL ERROR  "},
		{"1.0 1 d 1.2.3.4 me MAGIC x", "400 NO ACCESS  "},
		{"1.0 1 d 1.2.3.4 me PLAIN alice", "500 INTERNAL ERROR  "},
		{"1.0 1 d 1.2.3.4 me CURVE short", "500 INTERNAL ERROR  "},
		{"2.0 1 d 1.2.3.4 me NULL", "500 INTERNAL ERROR  "},
		{"1.0 1 d", "500 INTERNAL ERROR  "},
	} {
		reply := askZap(t, client, append([]string{""}, strings.Fields(test.request)...)...)
		if got := strings.Join(reply[3:], " "); got != test.want || reply[2] != "1" {
			t.Errorf("%.60q: %q, want %q", test.request, reply, test.want)
		}
	}
}

func TestAuthenticatorGSSAPILists(t *testing.T) {
	r := &zapRequest{domain: "d", address: "10.0.0.1", mechanism: "GSSAPI", credentials: []string{"alice"}}
	a := newAuthenticator()
	for _, test := range []struct {
		name   string
		change func()
		want   bool
	}{
		{"nothing", func() {}, false},
		{"allowed", func() { a.Allow("*", prefixes("10.0.0.0/8")...) }, true},
		{"principals", func() { a.AddPrincipals("d", "bob", "alice") }, true},
		{"other principals", func() { a.RemovePrincipals("d", "alice") }, false},
		{"no principals left", func() { a.RemovePrincipals("d", "bob") }, false},
	} {
		test.change()
		if ok, ask, why := a.admit(r); ok != test.want || ask {
			t.Errorf("%s: %v, %v, %s", test.name, ok, ask, why)
		}
	}
}

func TestAuthenticatorErrors(t *testing.T) {
	ctx := newContext(t)
	for name, config := range map[string]*AuthConfig{
		"allow": {Allow: make([]netip.Prefix, 1)},
		"deny":  {Deny: make([]netip.Prefix, 1)},
		"key":   {Keys: []string{"nonsense"}},
	} {
		if a, err := NewAuthenticator(ctx, config); a != nil || !errors.Is(err, einval) {
			t.Errorf("%s: %v, %v, want EINVAL", name, a, err)
		}
	}
	first := newAuth(t, ctx, nil)
	if a, err := NewAuthenticator(ctx, nil); a != nil || err != EADDRINUSE {
		t.Errorf("a second one: %v, %v, want EADDRINUSE", a, err)
	}
	for range 20 {
		must(t, first.Close())
		must(t, first.Close())
		second, err := NewAuthenticator(ctx, nil)
		must(t, err)
		must(t, first.Close()) // not the second
		if zap.servers[ctx.c].servedBy() != second {
			t.Fatal("the second authenticator does not serve")
		}
		first = second
	}
	must(t, first.Close())

	own := timedSocket(t, ctx, REP)
	must(t, own.Bind(zapEndpoint))
	if a, err := NewAuthenticator(ctx, nil); a != nil || err != EADDRINUSE {
		t.Errorf("with a handler of the program: %v, %v, want EADDRINUSE", a, err)
	}

	gone, err := NewContext()
	must(t, err)
	a, err := NewAuthenticator(gone, nil)
	must(t, err)
	within(t, patience, "Term", func() { gone.Term() })
	if a.ctx.Err() == nil {
		t.Error("the context.Context outlives the context")
	}
	must(t, a.Close())
	for _, ctx := range []*Context{gone, nil, {}} {
		if a, err := NewAuthenticator(ctx, nil); a != nil || err != ErrorContextClosed {
			t.Errorf("terminated: %v, %v, want ErrorContextClosed", a, err)
		}
	}
}

// Two contexts have policies of their own, beside that of the package.
func TestAuthenticatorContexts(t *testing.T) {
	captureLog(t)
	startAuth(t)
	AuthPlainAdd("domain", "carol", "secret")
	x, y := newContext(t), newContext(t)
	servers := []*authServer{newAuthServer(t, x, false, plainServer), newAuthServer(t, y, false, plainServer), newAuthServer(t, newContext(t), false, plainServer)}
	a := newAuth(t, x, &AuthConfig{Users: map[string]string{"alice": "secret"}})
	newAuth(t, y, &AuthConfig{Users: map[string]string{"bob": "secret"}})
	expect := func(want string) {
		t.Helper()
		got := ""
		for _, s := range servers {
			for _, user := range []string{"alice", "bob", "carol"} {
				s.connect(t, asUser(user, "secret"))
				got += map[int]string{200: user[:1], 400: "-"}[s.outcome(t)]
			}
			got += " "
		}
		if got != want {
			t.Errorf("let in: %s, want %s", got, want)
		}
	}
	expect("a-- -b- --c ")
	AuthStop()
	if err := AuthStart(); err != nil {
		t.Error("AuthStart beside authenticators:", err)
	}
	expect("a-- -b- --c ")
	must(t, a.Close())
	expect("--c -b- --c ")
	b := newAuth(t, x, nil)
	AuthStop()
	must(t, b.Close())
	if err := AuthStart(); err != nil {
		t.Error("AuthStart after an authenticator:", err)
	}
	expect("--c -b- --c ")
}

func TestAuthenticatorSlow(t *testing.T) {
	captureLog(t)
	ctx := newContext(t)
	entered, left := make(chan struct{}), make(chan error, 1)
	a := newAuth(t, ctx, &AuthConfig{CheckPlain: func(ctx context.Context, r *AuthRequest, _ string) (bool, error) {
		if r.User == "slow" {
			close(entered)
			<-ctx.Done()
			left <- context.Cause(ctx)
			return false, ctx.Err()
		}
		return true, nil
	}})
	s := newAuthServer(t, ctx, false, plainServer)
	s.connect(t, asUser("slow", "x"))
	<-entered
	for range 5 {
		s.connect(t, asUser("fast", "x"))
		s.expect(t, 200)
	}
	within(t, patience, "Close", func() { a.Close() })
	if err := <-left; err != context.Canceled {
		t.Error("the callback's context ended with", err)
	}
	s.expect(t, 500)
}

func TestAuthenticatorMetadata(t *testing.T) {
	captureLog(t)
	ctx := newContext(t)
	newAuth(t, ctx, &AuthConfig{
		Users: map[string]string{"alice": "x", "bob": "x"},
		Metadata: func(_ context.Context, r *AuthRequest) (map[string]string, error) {
			m := map[string]string{"X-Role": "guest", "": "left out"}
			if r.User == "bob" {
				m["User-Id"] = "robert"
			}
			return m, nil
		},
	})
	s := newAuthServer(t, ctx, false, plainServer)
	for user, id := range map[string]string{"alice": "alice", "bob": "robert"} {
		client := s.connect(t, asUser(user, "x"))
		s.expect(t, 200)
		want := map[string]string{"User-Id": id, "X-Role": "guest"}
		if m := s.pass(t, client, "User-Id", "X-Role"); !maps.Equal(m, want) {
			t.Errorf("the metadata is %q, want %q", m, want)
		}
	}
}

func TestAuthenticatorLogger(t *testing.T) {
	std := captureLog(t)
	var buf lockedBuffer
	ctx := newContext(t)
	newAuth(t, ctx, &AuthConfig{
		Users: map[string]string{"alice": "open sesame"},
		CheckPlain: func(_ context.Context, r *AuthRequest, _ string) (bool, error) {
			if r.User == "eve" {
				panic(fmt.Sprintf("%+v", r))
			}
			return r.User == "bob", nil
		},
		Logger: slog.New(slog.NewTextHandler(&buf, nil)),
	})
	s := newAuthServer(t, ctx, false, plainServer)
	for _, user := range []string{"alice", "bob", "carol", "eve"} {
		s.connect(t, asUser(user, "open sesame"))
		s.outcome(t)
	}
	text := buf.String()
	for _, want := range []string{
		`level=INFO msg="zmq4: client ALLOWED" why=password mechanism=PLAIN domain=domain address=127.0.0.1 client=alice`,
		`why=callback mechanism=PLAIN domain=domain address=127.0.0.1 client=bob`,
		`level=INFO msg="zmq4: client DENIED" why=callback mechanism=PLAIN domain=domain address=127.0.0.1 client=carol`,
		`level=WARN msg="zmq4: DENIED: panic in a callback`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the log:\n%s", want, text)
		}
	}
	if strings.Contains(text, "sesame") || std.String() != "" {
		t.Errorf("logged:\n%s\nand by the standard logger:\n%s", text, std.String())
	}
}

// A logger that panics does not keep anybody from being answered.
func TestAuthenticatorLoggerPanics(t *testing.T) {
	for _, std := range []bool{false, true} { // the standard logger panics, too
		log := captureLog(t)
		ctx := newContext(t)
		newAuth(t, ctx, &AuthConfig{
			Users:      map[string]string{"alice": "x"},
			CheckPlain: func(context.Context, *AuthRequest, string) (bool, error) { panic("callback") },
			Logger:     slog.New(slog.NewTextHandler(panicWriter{}, nil)),
		})
		if std {
			stdlog.SetOutput(panicWriter{})
		}
		s := newAuthServer(t, ctx, false, plainServer)
		for range 2 {
			s.connect(t, asUser("alice", "x"))
			s.expect(t, 200)
			s.connect(t, asUser("eve", "x"))
			s.expect(t, 500)
		}
		if !std && !strings.Contains(log.String(), "AUTH: panic in the Logger: written") {
			t.Errorf("logged: %q", log.String())
		}
	}
}

type panicWriter struct{}

func (panicWriter) Write([]byte) (int, error) { panic("written") }

// The context of a callback ends when its client has been given up, and then others
// get their turn.
func TestAuthenticatorDeadline(t *testing.T) {
	captureLog(t)
	ctx := newContext(t)
	entered := make(chan struct{}, 2*zapCalls)
	a := newAuth(t, ctx, &AuthConfig{CheckPlain: func(ctx context.Context, r *AuthRequest, _ string) (bool, error) {
		if r.User == "slow" {
			entered <- struct{}{}
			<-ctx.Done()
			return true, ctx.Err()
		}
		return true, nil
	}})
	a.setLimit(100 * time.Millisecond)
	client := timedSocket(t, ctx, DEALER)
	must(t, client.Connect(zapEndpoint))
	ask := func(user string) {
		_, err := client.SendMessage("", "1.0", user, "domain", "10.0.0.1", "me", "PLAIN", user, "x")
		must(t, err)
	}
	within(t, patience, "replies", func() {
		for range zapCalls {
			ask("slow")
		}
		for range zapCalls {
			reply, err := client.RecvMessage(0)
			if err != nil || reply[2] != "slow" || reply[3] != "500" && reply[3] != "300" {
				t.Errorf("%q, %v", reply, err)
				return
			}
		}
		ask("fast")
		if reply, err := client.RecvMessage(0); err != nil || reply[3] != "200" {
			t.Errorf("%q, %v", reply, err)
		}
	})
	if len(entered) < 2 {
		t.Error("no calls")
	}
}

// TestAuthenticatorRace changes the policy while clients connect.
func TestAuthenticatorRace(t *testing.T) {
	captureLog(t)
	ctx := newContext(t)
	a := newAuth(t, ctx, &AuthConfig{
		Users:      map[string]string{"alice": "secret"},
		CheckPlain: func(_ context.Context, r *AuthRequest, _ string) (bool, error) { return r.User == "bob", nil },
	})
	s := newAuthServer(t, ctx, false, plainServer)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	network := prefixes("10.0.0.0/8")[0]
	for _, change := range []func(){
		func() { a.Deny("domain", network); a.RemoveDenied("domain", network) },
		func() { a.Deny("*", network); a.ClearDenied("*") },
		func() { a.Allow("other", network); a.RemoveAllowed("other", network); a.ClearAllowed("other") },
		func() { a.AddUser("domain", "carol", "x"); a.RemoveUsers("domain", "carol") },
		func() { a.AddKeys("domain", CURVE_ALLOW_ANY); a.RemoveKeys("domain", CURVE_ALLOW_ANY) },
		func() { a.AddPrincipals("domain", "x"); a.RemovePrincipals("domain", "x") },
		func() { // contexts come and go
			ctx, err := NewContext()
			if err != nil {
				t.Error(err)
				return
			}
			b, err := NewAuthenticator(ctx, nil)
			if err != nil {
				t.Error(err)
			}
			go b.Close()
			ctx.Term()
		},
	} {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					change()
					runtime.Gosched()
				}
			}
		})
	}
	for i := range 20 {
		s.connect(t, asUser([]string{"alice", "bob"}[i%2], "secret"))
	}
	for range 20 {
		s.expect(t, 200)
	}
	close(stop)
	wg.Wait()
}

// To decide on a client, the keys that it may have are not converted.
func TestAuthAdmitAllocs(t *testing.T) {
	// Defect 17.
	if raceEnabled || asanEnabled {
		t.Skip("the instrumentation allocates")
	}
	key := strings.Repeat("k", 32)
	a := newAuthenticator()
	a.update("domain", func(d *authPolicy) {
		d.keys = map[string]struct{}{key: {}}
		d.deny = addressList{}
	})
	r := &zapRequest{domain: "domain", address: "192.0.2.1", mechanism: "CURVE", credentials: []string{key}}
	if n := testing.AllocsPerRun(100, func() {
		if ok, _, why := a.admit(r); !ok {
			t.Error(why)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
