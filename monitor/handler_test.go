// SPDX-License-Identifier: BSD-2-Clause

package monitor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
)

// get asks a handler and returns what it answers.
func get(t testing.TB, h http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", target, nil))
	return w
}

// report asks a handler for JSON.
func report(t testing.TB, h http.Handler, query string) (r Report) {
	t.Helper()
	w := get(t, h, "/debug/zmq4?format=json&"+query)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	must(t, json.Unmarshal(w.Body.Bytes(), &r))
	return r
}

// page asks a handler for HTML.
func page(t testing.TB, h http.Handler, query string) string {
	t.Helper()
	w := get(t, h, "/debug/zmq4?"+query)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	body := w.Body.String()
	if !strings.HasSuffix(body, "</html>\n") {
		t.Fatalf("cut off: %s", body[max(len(body)-300, 0):])
	}
	return body
}

// sockets returns the reports of one type.
func (r Report) sockets(typ string) (list []SocketReport) {
	for _, s := range r.Sockets {
		if s.Type == typ {
			list = append(list, s)
		}
	}
	return list
}

func TestHandlerJSON(t *testing.T) {
	zctx := newContext(t)
	h := Handler(zctx)
	if r := report(t, h, ""); len(r.Contexts) != 2 || r.Contexts[1].Sockets != 0 || r.Contexts[1].MaxSockets == 0 || r.Contexts[1].IOThreads != 1 {
		t.Errorf("%+v", r)
	}
	zmq4.RecordOrigins.Store(true)
	defer zmq4.RecordOrigins.Store(false)
	pull, push := newSocket(t, zctx, zmq4.PULL), newSocket(t, zctx, zmq4.PUSH)
	must(t, push.SetIdentity("me"))
	m := Start(t.Context(), pull, nil)
	endpoint := bind(t, pull)
	must(t, push.Connect(endpoint))
	for range 3 {
		_, err := push.Send("12345", 0)
		must(t, err)
		_, err = pull.Recv(0)
		must(t, err)
	}
	stats(t, m, "a peer", func(s Stats) bool { return s.Peers == 1 })

	r := report(t, h, "")
	if len(r.sockets("PULL")) != 1 || len(r.sockets("PUSH")) != 1 || r.Contexts[1].Sockets != 2 || r.Version == "" || r.Time.IsZero() {
		t.Fatalf("%+v", r)
	}
	in, out := r.sockets("PULL")[0], r.sockets("PUSH")[0]
	if in.Context != "1" || !slices.Equal(in.Bound, []string{endpoint}) || !slices.Equal(out.Connected, []string{endpoint}) || in.ID >= out.ID {
		t.Errorf("%+v, %+v", in, out)
	}
	if in.MessagesReceived != 3 || out.BytesSent != 15 || in.Rates.MessagesReceived <= 0 || in.Seconds <= 0 || out.Rates.MessagesReceived != 0 {
		t.Errorf("%+v, %+v", in, out)
	}
	if in.Peers == nil || *in.Peers != 1 || *in.Connections != 1 || *in.Failures != 0 || out.Peers != nil {
		t.Errorf("%v, %v", in.Peers, out.Peers)
	}
	if out.Options["identity"] != "me" || out.Options["linger"] != "0s" || len(in.Origin) == 0 || !strings.Contains(in.Origin[0], "newSocket") {
		t.Errorf("%+v, %v", out.Options, in.Origin)
	}
	if s := report(t, h, "seconds=1").sockets("PULL")[0]; s.Rates.MessagesReceived != 0 || s.Seconds < 1 || s.MessagesReceived != 3 {
		t.Errorf("a second of nothing: %+v", s)
	}
	pull.Close()
	ended(t, m)
	for _, query := range []string{"q=" + url.QueryEscape(endpoint), "q=pUsH", "q=me"} {
		if r := report(t, h, query); len(r.Sockets) != 1 || r.Sockets[0].ID != out.ID || r.Contexts[1].Sockets != 1 {
			t.Errorf("%s: %+v", query, r)
		}
	}
	if _, ok := running.Load(*pull); ok {
		t.Error("a Monitor that has ended is kept")
	}
	must(t, zctx.Shutdown())
	if r := report(t, h, ""); !r.Contexts[1].Terminated || len(r.sockets("PUSH")) != 1 {
		t.Errorf("%+v", r)
	}
}

// The default context is there without being given.
func TestHandlerDefault(t *testing.T) {
	soc, err := zmq4.NewSocket(zmq4.XPUB)
	must(t, err)
	defer soc.Close()
	if list := report(t, Handler(), "").sockets("XPUB"); len(list) != 1 || list[0].Context != "default" {
		t.Errorf("%+v", list)
	}
	if list := report(t, Handler(nil), "").sockets("XPUB"); len(list) != 1 { // a nil Context has no sockets
		t.Errorf("%+v", list)
	}
}

// Waits are seen while they last, also on a socket of a context that is terminated.
func TestHandlerWaiting(t *testing.T) {
	zctx := newContext(t)
	h := Handler(zctx)
	soc := newSocket(t, zctx, zmq4.PULL)
	done := make(chan struct{})
	go func() {
		defer close(done)
		soc.Recv(0)
	}()
	for end := time.Now().Add(patience); report(t, h, "").sockets("PULL")[0].Receiving != 1; {
		if time.Now().After(end) {
			t.Fatal("nobody waits")
		}
	}
	if body := page(t, h, ""); !strings.Contains(body, "1 receiving") {
		t.Error(body)
	}
	soc.Close()
	<-done
}

var row = regexp.MustCompile(`(?s)<tr>\n<td class="n">(\d+)</td><td>(\w+)</td><td>(\w+)</td>`)

// rows returns the types in the rows of a page.
func rows(body string) (types []string) {
	for _, m := range row.FindAllStringSubmatch(body, -1) {
		types = append(types, m[3])
	}
	return types
}

func TestHandlerPage(t *testing.T) {
	zctx := newContext(t)
	h := Handler(zctx)
	if body := page(t, h, "q=nothing"); !strings.Contains(body, "No sockets are open that have this text") {
		t.Error(body)
	}
	pair := newSocket(t, zctx, zmq4.PAIR)
	must(t, pair.Bind(`inproc://<script>alert("x")</script>`))
	must(t, pair.SetIdentity("\x00\xff<b>"))
	dealer := newSocket(t, zctx, zmq4.DEALER)
	must(t, dealer.Connect("tcp://127.0.0.1:1"))
	must(t, dealer.Connect("inproc://later"))

	body := page(t, h, "")
	if strings.Contains(body, "<script") || strings.Contains(body, "<b>alert") || !strings.Contains(body, "inproc://&lt;script&gt;") {
		t.Error(body)
	}
	for _, foreign := range []string{"http://", "https://", "src=", "<link", "@import", "url("} {
		if strings.Contains(body, foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
	for _, test := range []struct{ query, want string }{
		{"", "PAIR DEALER"},
		{"sort=type", "DEALER PAIR"},
		{"sort=age", "PAIR DEALER"},
		{"sort=endpoints", "PAIR DEALER"},
		{"q=later", "DEALER"},
		{"q=LATER&sort=waiting", "DEALER"},
	} {
		if got := strings.Join(rows(page(t, h, test.query)), " "); got != test.want {
			t.Errorf("%s: %s, want %s", test.query, got, test.want)
		}
	}
	// A link changes one thing and keeps the rest.
	body = page(t, h, "q=later&sort=sent")
	for _, want := range []string{`href="?q=later&amp;sort=type"`, `href="?format=json&amp;q=later&amp;sort=sent"`, `href="?sort=sent"`, `value="later"`, `href="?q=later&amp;seconds=5&amp;sort=sent"`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	for _, c := range columns {
		page(t, h, "sort="+url.QueryEscape(c.Name))
	}
}

// It answers what is no sensible request.
func TestHandlerErrors(t *testing.T) {
	h := Handler()
	for _, query := range []string{"seconds=x", "seconds=-1", "seconds=61", "sort=nothing"} {
		if w := get(t, h, "/?"+query); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	w = get(t, h, "/")
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v", w.Header())
	}
}

// Nothing secret is told: keys and passwords.
func TestHandlerSecrets(t *testing.T) {
	if !zmq4.HasCurve() {
		t.Skip("libzmq has no CURVE")
	}
	zctx := newContext(t)
	h := Handler(zctx)
	pair, err := zmq4.GenerateCurveKeypair()
	must(t, err)
	raw, err := zmq4.DecodeZ85(pair.Secret)
	must(t, err)
	server, client, plain := newSocket(t, zctx, zmq4.REP), newSocket(t, zctx, zmq4.REQ), newSocket(t, zctx, zmq4.DEALER)
	must(t, server.ServerAuthCurve("domain", pair.Secret))
	must(t, client.ClientAuthCurve(pair.Public, pair.Public, pair.Secret))
	must(t, plain.ClientAuthPlain("the user", "the password"))
	must(t, plain.SetSocksUsername("the proxy user"))
	must(t, plain.SetSocksPassword("the proxy password"))
	all := page(t, h, "") + get(t, h, "/?format=json").Body.String()
	for _, secret := range []string{pair.Public, pair.Secret, string(raw), "the user", "the password", "the proxy"} {
		escaped, err := json.Marshal(secret)
		must(t, err)
		for _, form := range []string{secret, url.QueryEscape(secret), strings.Trim(string(escaped), `"`)} {
			if strings.Contains(all, form) {
				t.Errorf("it tells %q", form)
			}
		}
	}
	r := report(t, h, "")
	for typ, want := range map[string]string{"REP": "CURVE server", "REQ": "CURVE", "DEALER": "PLAIN"} {
		if got := r.sockets(typ)[0].Options["security"]; got != want {
			t.Errorf("%s: %q, want %q", typ, got, want)
		}
	}
}

// The page is made while sockets come and go.
func TestHandlerBusy(t *testing.T) {
	zctx := newContext(t)
	h := Handler(zctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			soc, err := zctx.OpenSocket(zmq4.PAIR, zmq4.Bind(fmt.Sprintf("inproc://%d", i)), zmq4.Linger(0))
			if err != nil {
				t.Error(err)
				return
			}
			soc.Close()
		}
	}()
	for n := 0; ; n++ {
		page(t, h, "")
		report(t, h, "sort=endpoints")
		select {
		case <-done:
			t.Log(n, "times")
			return
		default:
		}
	}
}

func TestFormats(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{count(0), "0"}, {count(999), "999"}, {count(1234567), "1\u2009234\u2009567"},
		{scaled(uint64(1023), 1024, "B", "KiB"), "1023 B"}, {scaled(uint64(1536), 1024, "B", "KiB"), "1.5 KiB"},
		{scaled(2.0, 1000, "", "k"), "2"}, {scaled(0.25, 1000, "", "k"), "0.2"}, {scaled(12345678.0, 1000, "", "k"), "12346 k"},
		{duration(1500 * time.Millisecond), "1.5s"}, {duration(90 * time.Minute), "1h30m"}, {duration(2345 * time.Microsecond), "2.3ms"}, {duration(0), "0s"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}
