// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	zmq "github.com/seed45097122/zmq4"
)

// A guarded is a server whose clients have to authenticate.
type guarded struct {
	*zmq.Socket
	endpoint string
	events   chan zmq.SocketEvent // handshakes that succeeded or failed, and ends of connections
}

const outcomes = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH |
	zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_DISCONNECTED

// newGuarded starts a server with an authenticator of its own.
func newGuarded(t *testing.T, config *zmq.AuthConfig, options ...func(*zmq.Socket) error) *guarded {
	t.Helper()
	g := &guarded{Socket: newSocket(t, zmq.ROUTER), events: make(chan zmq.SocketEvent, 100)}
	ctx, err := g.Context()
	must(t, err)
	auth, err := zmq.NewAuthenticator(ctx, config)
	must(t, err)
	t.Cleanup(func() { auth.Close() })
	for _, option := range options {
		must(t, option(g.Socket))
	}
	events := g.Events(t.Context(), outcomes)
	go func() {
		defer close(g.events)
		for ev, err := range events {
			if err != nil {
				return
			}
			g.events <- ev
		}
	}()
	must(t, g.Bind("tcp://127.0.0.1:*"))
	g.endpoint, err = g.GetLastEndpoint()
	must(t, err)
	return g
}

// next returns the next event.
func (g *guarded) next(t *testing.T) zmq.SocketEvent {
	t.Helper()
	select {
	case ev := <-g.events:
		return ev
	case <-time.After(Limit):
		t.Fatal("no event")
	}
	panic("unreachable")
}

// untouched fails the test if somebody has got in.
func (g *guarded) untouched(t *testing.T) {
	t.Helper()
	for len(g.events) > 0 {
		if ev := <-g.events; ev.Event == zmq.EVENT_HANDSHAKE_SUCCEEDED {
			t.Errorf("%v", ev)
		}
	}
	if msg, err := g.RecvMessage(zmq.DONTWAIT); err == nil {
		t.Errorf("received %q", msg)
	}
}

// credentials are what servers accept, and what they do not.
type credentials struct {
	config                       zmq.AuthConfig
	server                       map[string]func(*zmq.Socket) error // by mechanism
	serverPublic                 string
	public, secret               string // of a client that is let in
	unknownPublic, unknownSecret string
}

func newCredentials(t *testing.T) *credentials {
	t.Helper()
	if !zmq.HasCurve() {
		t.Skip("libzmq has no CURVE")
	}
	c := &credentials{}
	var serverSecret string
	c.serverPublic, serverSecret = newKeys(t)
	c.public, c.secret = newKeys(t)
	c.unknownPublic, c.unknownSecret = newKeys(t)
	c.config = zmq.AuthConfig{Users: map[string]string{user: password, "other": "secret"}, Keys: []string{c.public}}
	c.server = map[string]func(*zmq.Socket) error{
		"NULL":  func(soc *zmq.Socket) error { return soc.ServerAuthNull("domain") },
		"PLAIN": func(soc *zmq.Socket) error { return soc.ServerAuthPlain("domain") },
		"CURVE": func(soc *zmq.Socket) error { return soc.ServerAuthCurve("domain", serverSecret) },
	}
	return c
}

// TestPythonCredentials lets clients by pyzmq connect with credentials that are
// right, wrong, empty, missing or malformed.
func TestPythonCredentials(t *testing.T) {
	peer := pythonPeer(t)
	c := newCredentials(t)
	const letIn, mismatch = 200, 0
	curve := func(server, public, secret string) []string {
		return []string{"curve_serverkey=" + server, "curve_publickey=" + public, "curve_secretkey=" + secret}
	}
	for _, test := range []struct {
		mechanism, name string
		options         []string // the client's
		want            int      // ZAP status, or 0: refused before it came to that
	}{
		{"NULL", "right", nil, letIn},
		{"NULL", "PLAIN", []string{"plain_username=" + user, "plain_password=" + password}, mismatch},
		{"NULL", "CURVE", curve(c.serverPublic, c.public, c.secret), mismatch},

		{"PLAIN", "right", []string{"plain_username=" + user, "plain_password=" + password}, letIn},
		{"PLAIN", "wrong password", []string{"plain_username=" + user, "plain_password=wrong"}, 400},
		{"PLAIN", "shorter password", []string{"plain_username=" + user, "plain_password=" + password[:len(password)-2]}, 400},
		{"PLAIN", "longer password", []string{"plain_username=" + user, "plain_password=" + password + " "}, 400},
		{"PLAIN", "longest password", []string{"plain_username=" + user, "plain_password=" + strings.Repeat("x", 255)}, 400},
		{"PLAIN", "password of another user", []string{"plain_username=other", "plain_password=" + password}, 400},
		{"PLAIN", "unknown user", []string{"plain_username=User", "plain_password=" + password}, 400},
		{"PLAIN", "empty password", []string{"plain_username=" + user}, 400},
		{"PLAIN", "empty user name", []string{"plain_password=" + password}, 400},
		{"PLAIN", "none", nil, mismatch},
		{"PLAIN", "CURVE", curve(c.serverPublic, c.public, c.secret), mismatch},

		{"CURVE", "right", curve(c.serverPublic, c.public, c.secret), letIn},
		{"CURVE", "unknown key", curve(c.serverPublic, c.unknownPublic, c.unknownSecret), 400},
		{"CURVE", "somebody's public key", curve(c.serverPublic, c.public, c.unknownSecret), mismatch},
		{"CURVE", "wrong server key", curve(c.unknownPublic, c.public, c.secret), mismatch},
		{"CURVE", "no keys but the server's", curve(c.serverPublic, "", "")[:1], mismatch},
		{"CURVE", "key of zeros", curve(c.serverPublic, strings.Repeat("0", 40), strings.Repeat("0", 40)), mismatch},
		{"CURVE", "none", nil, mismatch},
		{"CURVE", "PLAIN", []string{"plain_username=" + user, "plain_password=" + password}, mismatch},
	} {
		t.Run(test.mechanism+"/"+test.name, func(t *testing.T) {
			args := append([]string{"client"}, test.options...)
			if test.want == letIn {
				auth := func(soc *zmq.Socket) error {
					ctx, err := soc.Context()
					must(t, err)
					a, err := zmq.NewAuthenticator(ctx, &c.config)
					must(t, err)
					t.Cleanup(func() { a.Close() })
					return c.server[test.mechanism](soc)
				}
				x := exchange{peer: peer, pattern: pattern{"DEALER", zmq.ROUTER, "request"}, link: link{"tcp", false}, count: 10, secure: auth, args: args}
				must(t, x.run(t))
				return
			}
			g := newGuarded(t, &c.config, c.server[test.mechanism])
			p := startPeer(t, peer, append([]string{"DEALER", "connect", g.endpoint, "refused", strconv.Itoa(test.want)}, args...)...)
			ev := g.next(t)
			switch {
			case test.want == mismatch && (ev.Event == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL || ev.Event == zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL):
			case test.want != mismatch && ev.Event == zmq.EVENT_HANDSHAKE_FAILED_AUTH && ev.ZAPStatus == test.want:
			default:
				t.Errorf("%v", ev)
			}
			must(t, p.finish(Limit))
			g.untouched(t)
		})
	}
	t.Run("NULL/address", func(t *testing.T) {
		config := &zmq.AuthConfig{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
		g := newGuarded(t, config, c.server["NULL"])
		p := startPeer(t, peer, "DEALER", "connect", g.endpoint, "refused", "400")
		if ev := g.next(t); ev.Event != zmq.EVENT_HANDSHAKE_FAILED_AUTH || ev.ZAPStatus != 400 {
			t.Errorf("%v", ev)
		}
		must(t, p.finish(Limit))
		g.untouched(t)
	})
}

// What a client says in ZMTP 3.0, byte by byte.

func greeting(mechanism string) string {
	name := make([]byte, 20)
	copy(name, mechanism)
	return "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00" + string(name) + string(make([]byte, 32))
}

// frame makes a frame: 4 for a command, 0 for a message.
func frame(flags byte, body string) string {
	if len(body) < 256 {
		return string([]byte{flags, byte(len(body))}) + body
	}
	return string(binary.BigEndian.AppendUint64([]byte{flags | 2}, uint64(len(body)))) + body
}

func command(name, body string) string { return frame(4, string(rune(len(name)))+name+body) }

// sized puts the length in front.
func sized(s string) string { return string([]byte{byte(len(s))}) + s }

const dealer = "\x0bSocket-Type\x00\x00\x00\x06DEALER"

// TestMalformedClients sends servers what no client of a library would: none
// may get in, or stop the server from serving the one that comes last.
func TestMalformedClients(t *testing.T) {
	c := newCredentials(t)
	hello, initiate := command("HELLO", sized(user)+sized(password)), command("INITIATE", dealer)
	sub := "\x0bSocket-Type\x00\x00\x00\x03SUB"
	entry := frame(0, "let me in")
	const nonsense = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
	const v1 = "\x01\x00" + "\x0a\x00let me in" // ZMTP 1.0: an identity and a message
	v2 := "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x05\x00\x00" + entry
	null, plain, curve := greeting("NULL"), greeting("PLAIN"), greeting("CURVE")
	wellFormed := map[string][]string{
		"NULL":  {null, command("READY", dealer), entry},
		"PLAIN": {plain, hello, initiate, entry},
	}
	attempts := map[string]map[string][]string{
		"NULL": {
			"nonsense":           {nonsense},
			"ZMTP 1.0":           {v1},
			"ZMTP 2.0":           {v2},
			"no mechanism":       {greeting(""), command("READY", dealer), entry},
			"unknown mechanism":  {greeting("MAGIC"), command("READY", dealer), entry},
			"PLAIN":              wellFormed["PLAIN"],
			"no command":         {null, entry},
			"empty command":      {null, frame(4, ""), entry},
			"another command":    {null, command("HELLO", dealer), entry},
			"property cut short": {null, command("READY", dealer[:len(dealer)-1]), entry},
			"property too long":  {null, command("READY", "\x0bSocket-Type\x7f\xff\xff\xffDEALER"), entry},
			"wrong socket type":  {null, command("READY", sub), entry},
			"impatient":          {null + command("READY", dealer) + entry},
		},
		"PLAIN": {
			"nonsense":             {nonsense},
			"ZMTP 1.0":             {v1},
			"ZMTP 2.0":             {v2},
			"NULL":                 wellFormed["NULL"],
			"lower case":           {greeting("plain"), hello, initiate, entry},
			"READY":                {plain, command("READY", dealer), entry},
			"no HELLO":             {plain, initiate, entry},
			"message first":        {plain, entry},
			"HELLO in a message":   {plain, frame(0, "\x05HELLO"+sized(user)+sized("wrong")), initiate, entry},
			"empty command":        {plain, frame(4, ""), initiate, entry},
			"name cut short":       {plain, frame(4, "\x05HEL"), initiate, entry},
			"HELLO of nothing":     {plain, command("HELLO", ""), initiate, entry},
			"user name cut short":  {plain, command("HELLO", "\xff"+user), initiate, entry},
			"no password":          {plain, command("HELLO", sized(user)), initiate, entry},
			"password cut short":   {plain, command("HELLO", sized(user)+"\xff"+password), initiate, entry},
			"password and more":    {plain, command("HELLO", sized(user)+sized(password)+"x"), initiate, entry},
			"NUL behind password":  {plain, command("HELLO", sized(user)+sized(password+"\x00")), initiate, entry},
			"NUL behind user name": {plain, command("HELLO", sized(user+"\x00")+sized(password)), initiate, entry},
			"empty credentials":    {plain, command("HELLO", "\x00\x00"), initiate, entry},
			"wrong password":       {plain, command("HELLO", sized(user)+sized("wrong")), initiate, entry},
			"long command":         {plain, command("HELLO", sized(user)+sized(password)+strings.Repeat("x", 70_000)), initiate, entry},
			"HELLO twice":          {plain, hello, hello, initiate, entry},
			"message behind HELLO": {plain, hello, entry},
			"no INITIATE":          {plain, hello, command("READY", dealer), entry},
			"INITIATE cut short":   {plain, hello, command("INITIATE", dealer[:5]), entry},
			"wrong socket type":    {plain, hello, command("INITIATE", sub), entry},
			"impatient":            {plain + hello + initiate + entry},
		},
		"CURVE": {
			"nonsense":        {string(make([]byte, 100))},
			"ZMTP 1.0":        {v1},
			"ZMTP 2.0":        {v2},
			"NULL":            wellFormed["NULL"],
			"PLAIN":           wellFormed["PLAIN"],
			"HELLO of PLAIN":  {curve, hello, initiate, entry},
			"HELLO of zeros":  {curve, command("HELLO", "\x01\x00"+string(make([]byte, 192))), entry},
			"version 2":       {curve, command("HELLO", "\x02\x00"+string(make([]byte, 192))), entry},
			"HELLO cut short": {curve, command("HELLO", "\x01\x00"+string(make([]byte, 191))), entry},
			"long HELLO":      {curve, command("HELLO", "\x01\x00"+string(make([]byte, 193))), entry},
			"message first":   {curve, entry},
			"INITIATE first":  {curve, command("INITIATE", string(make([]byte, 257))), entry},
		},
	}
	clients := map[string]func(*zmq.Socket) error{
		"NULL":  func(*zmq.Socket) error { return nil },
		"PLAIN": func(soc *zmq.Socket) error { return soc.ClientAuthPlain(user, password) },
		"CURVE": func(soc *zmq.Socket) error { return soc.ClientAuthCurve(c.serverPublic, c.public, c.secret) },
	}
	for mechanism, all := range attempts {
		t.Run(mechanism, func(t *testing.T) {
			g := newGuarded(t, &c.config, c.server[mechanism])
			for name, says := range all {
				t.Run(name, func(t *testing.T) {
					if answer, err := converse(g.endpoint, says...); err != nil {
						t.Errorf("not disconnected: %v, after %.100q", err, answer)
					}
					for ev := g.next(t); ev.Event != zmq.EVENT_DISCONNECTED; ev = g.next(t) {
						if ev.Event == zmq.EVENT_HANDSHAKE_SUCCEEDED {
							t.Errorf("%v", ev)
						}
					}
					g.untouched(t)
				})
			}
			// A client that takes its time is disconnected as well.
			t.Run("unfinished", func(t *testing.T) {
				slow := newGuarded(t, &c.config, c.server[mechanism], func(soc *zmq.Socket) error { return soc.SetHandshakeIvl(100 * time.Millisecond) })
				for _, says := range []string{"", "\xff\x00", greeting(mechanism)[:40], greeting(mechanism), greeting(mechanism) + "\x04\xff\x05HELLO"} {
					if answer, err := converse(slow.endpoint, says); err != nil {
						t.Errorf("%q: not disconnected: %v, after %.100q", says, err, answer)
					}
				}
				slow.untouched(t)
			})
			soc := newSocket(t, zmq.DEALER)
			must(t, clients[mechanism](soc))
			must(t, soc.Connect(g.endpoint))
			_, err := soc.Send("good", 0)
			must(t, err)
			if ev := g.next(t); ev.Event != zmq.EVENT_HANDSHAKE_SUCCEEDED {
				t.Errorf("%v", ev)
			}
			if msg, err := g.RecvMessage(0); err != nil || len(msg) != 2 || msg[1] != "good" {
				t.Errorf("%q, %v", msg, err)
			}
		})
	}
	// What the attempts are made of is right.
	for mechanism, says := range wellFormed {
		t.Run(mechanism+"/well-formed", func(t *testing.T) {
			g := newGuarded(t, &c.config, c.server[mechanism])
			go converse(g.endpoint, says...)
			if ev := g.next(t); ev.Event != zmq.EVENT_HANDSHAKE_SUCCEEDED {
				t.Errorf("%v", ev)
			}
			if msg, err := g.RecvMessage(0); err != nil || len(msg) != 2 || msg[1] != "let me in" {
				t.Errorf("%q, %v", msg, err)
			}
		})
	}
}

// converse says something to a server, waits for an answer, says the next
// thing and so on, and returns all that the server answers until it ends the
// connection. It is an error if it does not.
func converse(endpoint string, says ...string) (answers []byte, err error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(Limit))
	buf := make([]byte, 1000)
	for i := 0; err == nil; i++ {
		if i < len(says) {
			io.WriteString(conn, says[i]) // fails when the server has had enough
		}
		var n int
		if i == 0 && len(says[0]) >= len(greeting("")) {
			n, err = io.ReadFull(conn, buf[:len(greeting(""))]) // it comes in two pieces
		} else {
			n, err = conn.Read(buf)
		}
		answers = append(answers, buf[:n]...)
	}
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		return answers, err
	}
	return answers, nil // a reset is as good as an end
}
