// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// newZapClient returns a DEALER socket of this process that asks as libzmq does.
func newZapClient(t testing.TB) *Socket {
	t.Helper()
	startAuth(t)
	ctx := newContext(t)
	must(t, timedSocket(t, ctx, PULL).ServerAuthNull("domain"))
	client := timedSocket(t, ctx, DEALER)
	must(t, client.Connect(zapEndpoint))
	return client
}

// askZap sends a request and returns the reply to the next one that has one.
func askZap(t testing.TB, client *Socket, request ...string) []string {
	t.Helper()
	if _, err := client.SendMessage(request); err != nil {
		t.Fatal(err)
	}
	reply, err := client.RecvMessage(0)
	must(t, err)
	return reply
}

// TestAuthRequests sends requests to the ZAP handler itself.
func TestAuthRequests(t *testing.T) {
	captureLog(t)
	client := newZapClient(t)
	AuthPlainAdd("domain", "alice", "secret")
	AuthCurveAdd("domain", CURVE_ALLOW_ANY)
	AuthAllow("allow", "10.0.0.1")
	AuthDeny("deny", "10.0.0.1")
	AuthCurveAdd("allow", CURVE_ALLOW_ANY)

	request := func(parts ...string) []string { return append([]string{"", "1.0", "id"}, parts...) }
	key := strings.Repeat("k", 32)
	long := strings.Repeat("x", 100_000)
	for _, test := range []struct {
		name    string
		request []string
		want    string // the status, "" if there is no reply
	}{
		{"nothing", []string{""}, ""},
		{"no return path", []string{"x"}, ""},
		{"no return path behind a long one", []string{"1.0", "id", "domain", "1.2.3.4", "me", "NULL"}, ""},
		{"only the version", []string{"", "1.0"}, ""},
		{"QUIT", []string{"", "QUIT"}, ""},
		{"QUIT without a return path", []string{"QUIT"}, ""},
		{"QUIT with an id", []string{"", "QUIT", "id"}, "500"},
		{"only the id", request(), "500"},
		{"only the domain", request("domain"), "500"},
		{"only the address", request("domain", "1.2.3.4"), "500"},
		{"no mechanism", request("domain", "1.2.3.4", "me"), "500"},
		{"old version", []string{"", "0.9", "id", "domain", "1.2.3.4", "me", "NULL"}, "500"},
		{"new version", []string{"", "1.1", "id", "domain", "1.2.3.4", "me", "NULL"}, "500"},
		{"no version", []string{"", "", "id", "domain", "1.2.3.4", "me", "NULL"}, "500"},
		{"NULL", request("domain", "1.2.3.4", "me", "NULL"), "200"},
		{"NULL with empty parts", request("", "", "", "NULL"), "200"},
		{"NULL with credentials", request("domain", "1.2.3.4", "me", "NULL", "x"), "500"},
		{"NULL in lower case", request("domain", "1.2.3.4", "me", "null"), "400"},
		{"PLAIN without credentials", request("domain", "1.2.3.4", "me", "PLAIN"), "500"},
		{"PLAIN without password", request("domain", "1.2.3.4", "me", "PLAIN", "alice"), "500"},
		{"PLAIN with too much", request("domain", "1.2.3.4", "me", "PLAIN", "alice", "secret", "x"), "500"},
		{"PLAIN", request("domain", "1.2.3.4", "me", "PLAIN", "alice", "secret"), "200"},
		{"PLAIN empty", request("domain", "1.2.3.4", "me", "PLAIN", "", ""), "400"},
		{"PLAIN long", request("domain", "1.2.3.4", "me", "PLAIN", long, long), "400"},
		{"CURVE without key", request("domain", "1.2.3.4", "me", "CURVE"), "500"},
		{"CURVE with an empty key", request("domain", "1.2.3.4", "me", "CURVE", ""), "500"},
		{"CURVE with a short key", request("domain", "1.2.3.4", "me", "CURVE", key[1:]), "500"},
		{"CURVE with a long key", request("domain", "1.2.3.4", "me", "CURVE", key+"k"), "500"},
		{"CURVE with a Z85 key", request("domain", "1.2.3.4", "me", "CURVE", Z85encode(key)), "500"},
		{"CURVE", request("domain", "1.2.3.4", "me", "CURVE", key), "200"},
		{"GSSAPI without principal", request("allow", "10.0.0.1", "me", "GSSAPI"), "500"},
		{"GSSAPI without lists", request("domain", "10.0.0.1", "me", "GSSAPI", "alice"), "400"},
		{"GSSAPI allowed", request("allow", "10.0.0.1", "me", "GSSAPI", "alice"), "200"},
		{"GSSAPI not allowed", request("allow", "10.0.0.2", "me", "GSSAPI", "alice"), "400"},
		{"GSSAPI not denied", request("deny", "10.0.0.2", "me", "GSSAPI", "alice"), "200"},
		{"GSSAPI denied", request("deny", "10.0.0.1", "me", "GSSAPI", "alice"), "400"},
		{"unknown mechanism", request("domain", "1.2.3.4", "me", "MAGIC"), "400"},
		{"unknown mechanism allowed", request("allow", "10.0.0.1", "me", "MAGIC", "x", "y", "z"), "400"},
		{"unknown mechanism not denied", request("deny", "10.0.0.2", "me", ""), "400"},
		{"address that is none", request("allow", "nonsense", "me", "NULL"), "400"},
		{"address that is none, not denied", request("deny", "nonsense", "me", "NULL"), "200"},
		{"address with a zone", request("deny", "fe80::1%eth0", "me", "NULL"), "200"},
		{"long parts", request(long, long, long, long), "400"},
		{"behind a proxy", []string{"a", "b", "", "1.0", "id", "domain", "1.2.3.4", "me", "NULL"}, "200"},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := []string{"", "1.0", "id", test.want}
			if i := slices.Index(test.request, ""); i > 0 {
				want = append(test.request[:i:i], want...)
			}
			request := test.request
			if test.want == "" {
				// The one behind it is answered first.
				if _, err := client.SendMessage(request); err != nil {
					t.Fatal(err)
				}
				request = []string{"", "1.0", "next", "domain", "1.2.3.4", "me", "NULL"}
				want = []string{"", "1.0", "next", "200"}
			}
			reply := askZap(t, client, request...)
			if len(reply) != len(want)+3 || !slices.Equal(reply[:len(want)], want) {
				t.Fatalf("the reply is %q, want %q and three more parts", reply, want)
			}
			if rest := reply[len(want)+1:]; rest[0] != "" || rest[1] != "" {
				t.Errorf("user id and metadata are %q", rest)
			}
		})
	}
}

func FuzzAuthRequest(f *testing.F) {
	for _, s := range []string{
		"", "\n", "id\n\n1.0\n1\ndomain\n127.0.0.1\nme\nNULL", "id\n\n1.0\n1\ndomain\n::1\nme\nPLAIN\nalice\nsecret",
		"id\n\n1.0\n1\n\n\n\nCURVE\n" + strings.Repeat("k", 32), "id\n\nQUIT\n1", "id\n\n1.0\n1\n\n\n\nGSSAPI\nx",
	} {
		f.Add(s)
	}
	a := newAuthenticator()
	a.update("*", func(d *authPolicy) {
		d.keys = map[string]struct{}{strings.Repeat("k", 32): {}}
	})
	f.Fuzz(func(t *testing.T, s string) {
		msg := strings.Split(s, "\n")
		r, err := parseRequest(slices.Clone(msg))
		if r == nil {
			if err == nil {
				t.Fatal("neither a request nor an error")
			}
			return
		}
		if n := len(r.path); n < 2 || r.path[n-1] != "" || !slices.Equal(append(r.path[:n:n], r.version, r.id), msg[:n+2]) {
			t.Errorf("path %q, version %q, id %q of %q", r.path, r.version, r.id, msg)
		}
		if err != nil {
			return
		}
		r.who()
		if ok, ask, why := a.admit(r); ask || ok && r.mechanism != "NULL" && r.credentials[0] != strings.Repeat("k", 32) {
			t.Errorf("%q was let in: %s", msg, why)
		}
	})
}

// authHandler calls f with the user name.
func authHandler(f func(username string) map[string]string) func(version, request_id, domain, address, identity, mechanism string, credentials ...string) map[string]string {
	return func(version, request_id, domain, address, identity, mechanism string, credentials ...string) map[string]string {
		return f(credentials[0])
	}
}

func askZapPlain(t testing.TB, client *Socket, username string) []string {
	t.Helper()
	return askZap(t, client, "", "1.0", username, "domain", "10.0.0.1", "me", "PLAIN", username, "secret")
}

func TestAuthMetadata(t *testing.T) {
	captureLog(t)
	startAuth(t)
	AuthPlainAdd("domain", "alice", "secret")
	type call struct {
		version, domain, address, identity, mechanism string
		credentials                                   []string
	}
	calls := make(chan call, 1)
	shared := map[string]string{"User-Id": "alice the first", "X-Colour": "blue", "": "no key", strings.Repeat("k", 256): "long key", strings.Repeat("k", 255): "good"}
	before := maps.Clone(shared)
	AuthSetMetadataHandler(func(version, request_id, domain, address, identity, mechanism string, credentials ...string) map[string]string {
		calls <- call{version, domain, address, identity, mechanism, credentials}
		return shared
	})
	s := newAuthServer(t, newContext(t), false, plainServer)
	for range 3 { // the map must not change
		client := s.connect(t, asUser("alice", "secret"))
		s.expect(t, 200)
		c := <-calls
		want := call{"1.0", "domain", "127.0.0.1", "", "PLAIN", []string{"alice", "secret"}}
		if fmt.Sprint(c) != fmt.Sprint(want) {
			t.Errorf("the handler was called with %q, want %q", c, want)
		}
		metadata := s.pass(t, client, "User-Id", "X-Colour", strings.Repeat("k", 255), strings.Repeat("k", 256))
		wantMetadata := map[string]string{"User-Id": "alice the first", "X-Colour": "blue", strings.Repeat("k", 255): "good"}
		if !maps.Equal(metadata, wantMetadata) {
			t.Errorf("the metadata is %q, want %q", metadata, wantMetadata)
		}
		if !maps.Equal(shared, before) {
			t.Errorf("the handler's map has become %q", shared)
		}
	}
}

func TestAuthMetadataReplies(t *testing.T) {
	out := captureLog(t)
	client := newZapClient(t)
	for _, name := range []string{"panics", "exits", "long id", "good id", "nil"} {
		AuthPlainAdd("domain", name, "secret")
	}
	AuthSetMetadataHandler(authHandler(func(username string) map[string]string {
		switch username {
		case "panics":
			var m map[string]string
			//lint:ignore SA5000 the panic is what is tested
			m["x"] = "y"
		case "exits":
			runtime.Goexit()
		case "long id":
			return map[string]string{"User-Id": strings.Repeat("x", 256), "X": "y"}
		case "good id":
			return map[string]string{"User-Id": strings.Repeat("x", 255), "X": "y"}
		case "nil":
			return nil
		}
		t.Errorf("the handler was called for %q", username)
		return nil
	}))
	for _, test := range []struct {
		username string
		want     []string
	}{
		{"panics", []string{"500", "INTERNAL ERROR", "", ""}},
		{"exits", []string{"500", "INTERNAL ERROR", "", ""}},
		{"long id", []string{"500", "INTERNAL ERROR", "", ""}},
		{"good id", []string{"200", "OK", strings.Repeat("x", 255), "\x01X\x00\x00\x00\x01y"}},
		{"nil", []string{"200", "OK", "", ""}},
		{"stranger", []string{"400", "NO ACCESS", "", ""}},
	} {
		t.Run(test.username, func(t *testing.T) {
			if reply := askZapPlain(t, client, test.username); !slices.Equal(reply[3:], test.want) {
				t.Errorf("the reply is %q, want %q", reply, test.want)
			}
		})
	}
	if !strings.Contains(out.String(), "AUTH: DENIED: panic in a callback") {
		t.Error("the panic was not logged")
	}
}

func TestAuthMetadataBlocks(t *testing.T) {
	captureLog(t)
	startAuth(t)
	AuthPlainAdd("domain", "slow", "secret")
	AuthPlainAdd("domain", "fast", "secret")
	entered, release := make(chan struct{}), make(chan struct{})
	auth.setMetadata(func(_ context.Context, r *zapRequest) (map[string]string, error) {
		if r.who() == "slow" {
			entered <- struct{}{}
			<-release
		}
		return nil, nil
	})
	s := newAuthServer(t, newContext(t), false, plainServer)
	s.connect(t, asUser("slow", "secret"))
	<-entered
	s.connect(t, asUser("fast", "secret"))
	s.expect(t, 200) // slow is still waiting
	within(t, patience, "AuthStop", AuthStop)
	within(t, patience, "AuthStart", func() {
		if err := AuthStart(); err != nil {
			t.Error(err)
		}
	})
	s.connect(t, asUser("fast", "secret"))
	s.expect(t, 200)
	close(release)
	s.expect(t, 200) // slow got its answer, in spite of the restart
}

// Programs have handlers that were never meant to be called by two goroutines.
func TestAuthMetadataOneAtATime(t *testing.T) {
	captureLog(t)
	startAuth(t)
	AuthPlainAdd("domain", "alice", "secret")
	calls := 0 // under -race, this is the test
	AuthSetMetadataHandler(authHandler(func(string) map[string]string { calls++; return nil }))
	s := newAuthServer(t, newContext(t), false, plainServer)
	for range 20 {
		s.connect(t, asUser("alice", "secret"))
	}
	for range 20 {
		s.expect(t, 200)
	}
}

func TestAuthMetadataBlocksTerm(t *testing.T) {
	captureLog(t)
	startAuth(t)
	AuthPlainAdd("domain", "slow", "secret")
	entered, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	AuthSetMetadataHandler(authHandler(func(username string) map[string]string {
		entered <- struct{}{}
		<-release
		return nil
	}))
	ctx := newContext(t)
	s := newAuthServer(t, ctx, false, plainServer)
	s.connect(t, asUser("slow", "secret"))
	<-entered
	s.soc.Close()
	s.mon.Close()
	within(t, patience, "Term", func() { ctx.Term() })
}

func TestAuthMetadataLimit(t *testing.T) {
	captureLog(t)
	client := newZapClient(t)
	AuthPlainAdd("domain", "alice", "secret")
	AuthSetMetadataHandler(authHandler(func(string) map[string]string { return nil }))
	for range zapCalls {
		auth.calls <- struct{}{}
	}
	reply := askZapPlain(t, client, "alice")
	for range zapCalls {
		<-auth.calls
	}
	if reply[3] != "300" {
		t.Errorf("the reply is %q, want 300", reply)
	}
	if reply := askZapPlain(t, client, "alice"); reply[3] != "200" {
		t.Errorf("the reply is %q, want 200", reply)
	}
}

func (a *Authenticator) setLimit(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit = d
}

// Clients that wait behind a call that never ends do not wait for ever, and so cannot
// keep others out.
func TestAuthMetadataStuck(t *testing.T) {
	captureLog(t)
	client := newZapClient(t)
	auth.setLimit(time.Millisecond)
	defer auth.setLimit(zapLimit)
	AuthPlainAdd("domain", "alice", "secret")
	release := make(chan struct{})
	AuthSetMetadataHandler(authHandler(func(string) map[string]string { <-release; return nil }))
	for range 3 { // the first is inside
		client.SendMessage("", "1.0", "id", "domain", "10.0.0.1", "me", "PLAIN", "alice", "secret")
	}
	within(t, patience, "replies", func() {
		for range 2 {
			if reply, err := client.RecvMessage(0); err != nil || reply[3] != "500" {
				t.Errorf("%q, %v", reply, err)
			}
		}
		close(release)
		if reply, err := client.RecvMessage(0); err != nil || reply[3] != "200" {
			t.Errorf("%q, %v", reply, err)
		}
	})
	eventually(t, "no calls", func() bool { return len(auth.calls) == 0 })
}

func TestAuthMetaBlob(t *testing.T) {
	long := strings.Repeat("k", 255)
	for _, test := range []struct {
		name, key, value, want string
	}{
		{"short", "key", "value", "\x03key\x00\x00\x00\x05value"},
		{"no value", "key", "", "\x03key\x00\x00\x00\x00"},
		{"longest key", long, "v", "\xff" + long + "\x00\x00\x00\x01v"},
		{"long value", "k", strings.Repeat("v", 0x010203), "\x01k\x00\x01\x02\x03" + strings.Repeat("v", 0x010203)},
		{"binary", "\x00\xff", "\xff\x00", "\x02\x00\xff\x00\x00\x00\x02\xff\x00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			blob, err := AuthMetaBlob(test.key, test.value)
			if err != nil || string(blob) != test.want {
				t.Errorf("AuthMetaBlob: %.50q, %v", blob, err)
			}
		})
	}
	for _, key := range []string{"", long + "k"} {
		if blob, err := AuthMetaBlob(key, "value"); err == nil || len(blob) != 0 {
			t.Errorf("AuthMetaBlob with a key of %d bytes: %q, %v", len(key), blob, err)
		}
	}
}
