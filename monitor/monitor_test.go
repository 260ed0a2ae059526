// SPDX-License-Identifier: BSD-2-Clause

package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/ctest"
)

const patience = 10 * time.Second

var _ expvar.Var = (*Monitor)(nil)

func TestMain(m *testing.M) { os.Exit(ctest.Main(m)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stats waits until the statistics are as they should be.
func stats(t testing.TB, m *Monitor, what string, cond func(Stats) bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(m.Stats()); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%s: %+v", what, m.Stats())
		}
	}
}

func newContext(t testing.TB) *zmq4.Context {
	t.Helper()
	ctx, err := zmq4.NewContext()
	must(t, err)
	t.Cleanup(func() { must(t, ctx.Term()) })
	return ctx
}

func newSocket(t testing.TB, ctx *zmq4.Context, typ zmq4.Type) *zmq4.Socket {
	t.Helper()
	soc, err := ctx.OpenSocket(typ, zmq4.Linger(0))
	must(t, err)
	t.Cleanup(func() { soc.Close() })
	return soc
}

// bind binds a socket to a port and returns its address.
func bind(t testing.TB, soc *zmq4.Socket) (endpoint string) {
	t.Helper()
	must(t, soc.Bind("tcp://127.0.0.1:*"))
	endpoint, err := soc.GetLastEndpoint()
	must(t, err)
	return endpoint
}

// ended returns why a monitor has ended.
func ended(t testing.TB, m *Monitor) error {
	t.Helper()
	select {
	case <-m.Done():
	case <-time.After(patience):
		t.Fatal("the monitor does not end")
	}
	return m.Err()
}

func TestPeers(t *testing.T) {
	ctx := newContext(t)
	pull := newSocket(t, ctx, zmq4.PULL)
	m := Start(t.Context(), pull, nil)
	endpoint := bind(t, pull)
	const n = 3
	var clients []*zmq4.Socket
	for range n {
		push := newSocket(t, ctx, zmq4.PUSH)
		must(t, push.Connect(endpoint))
		_, err := push.Send("12345", 0)
		must(t, err)
		clients = append(clients, push)
	}
	for range n {
		_, err := pull.Recv(0)
		must(t, err)
	}
	stats(t, m, "all are there", func(s Stats) bool {
		return s.Peers == n && s.Connections == n && s.MessagesReceived == n && s.BytesReceived == 5*n
	})
	clients[0].Close()
	clients[1].Close()
	stats(t, m, "two have gone", func(s Stats) bool { return s.Peers == n-2 && s.Connections == n })
	must(t, newSocket(t, ctx, zmq4.PUSH).Connect(endpoint))
	stats(t, m, "one is back", func(s Stats) bool { return s.Peers == n-1 && s.Connections == n+1 && s.Failures == 0 })

	var decoded Stats
	must(t, json.Unmarshal([]byte(m.String()), &decoded))
	if want := m.Stats(); decoded != want {
		t.Errorf("%s, want %+v", m, want)
	}
	pull.Close()
	if err := ended(t, m); err != nil {
		t.Error(err)
	}
	stats(t, m, "closed", func(s Stats) bool { return s.Peers == 0 && s.Connections == n+1 && s.MessagesReceived == n })
}

// A client's count comes right again when it connects again.
func TestPeersOfClient(t *testing.T) {
	ctx := newContext(t)
	pull, push := newSocket(t, ctx, zmq4.PULL), newSocket(t, ctx, zmq4.PUSH)
	endpoint := bind(t, pull)
	m := Start(t.Context(), push, nil)
	must(t, push.Connect(endpoint))
	stats(t, m, "connected", func(s Stats) bool { return s.Peers == 1 && s.Connections == 1 })
	pull.Close()
	stats(t, m, "gone", func(s Stats) bool { return s.Peers == 0 && s.Connections == 1 })
	pull = newSocket(t, ctx, zmq4.PULL)
	must(t, pull.Bind(endpoint))
	stats(t, m, "back", func(s Stats) bool { return s.Peers == 1 && s.Connections == 2 })
	push.Close()
	ended(t, m)
}

// A client that is no ZeroMQ is a failure, and no peer for long.
func TestFailures(t *testing.T) {
	ctx := newContext(t)
	pull := newSocket(t, ctx, zmq4.PULL)
	var log bytes.Buffer
	m := Start(t.Context(), pull, slog.New(slog.NewTextHandler(&log, nil)))
	endpoint := bind(t, pull)
	conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
	must(t, err)
	conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	conn.Close()
	stats(t, m, "failure", func(s Stats) bool { return s.Failures == 1 && s.Connections == 1 && s.Peers == 0 })
	pull.Close()
	ended(t, m)
	for _, want := range []string{
		`level=INFO msg="zmq4: listening" endpoint=` + endpoint + " fd=",
		`level=INFO msg="zmq4: accepted" endpoint=` + endpoint + " fd=",
		`level=WARN msg="zmq4: handshake failed`,
		`level=INFO msg="zmq4: disconnected" endpoint=` + endpoint + " fd=",
		`level=INFO msg="zmq4: monitor stopped"`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in\n%s", want, log.String())
		}
	}
}

// A host that does not resolve is a warning once, and can be seen each time.
func TestNoSuchHost(t *testing.T) {
	push := newSocket(t, newContext(t), zmq4.PUSH)
	must(t, push.SetReconnectIvl(10*time.Millisecond))
	lines := make(logLines, 100)
	m := Start(t.Context(), push, slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: slog.LevelDebug})))
	must(t, push.Connect("tcp://a..b:5555")) // no name server is asked for that
	for i, level := range []string{"WARN", "DEBUG", "DEBUG"} {
		line := lines.next(t)
		want := `msg="zmq4: connect retried" endpoint=tcp://a..b:5555 err="lookup a..b: libzmq finds no address" retry_in=`
		if !strings.Contains(line, "level="+level+" "+want) {
			t.Errorf("%d: %s, want %s %s", i, line, level, want)
		}
	}
	push.Close()
	ended(t, m)
}

// logLines is a log to read from. It drops lines that nobody reads.
type logLines chan string

func (l logLines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default:
	}
	return len(p), nil
}

func (l logLines) next(t testing.TB) string {
	t.Helper()
	select {
	case line := <-l:
		return line
	case <-time.After(patience):
		t.Fatal("nothing is logged")
		return ""
	}
}

func TestEnds(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(*zmq4.Context, *zmq4.Socket, context.CancelFunc)
		want error
	}{
		{"ctx", func(_ *zmq4.Context, _ *zmq4.Socket, cancel context.CancelFunc) { cancel() }, context.Canceled},
		{"Close", func(_ *zmq4.Context, soc *zmq4.Socket, _ context.CancelFunc) { soc.Close() }, nil},
		{"another monitor", func(_ *zmq4.Context, soc *zmq4.Socket, _ context.CancelFunc) {
			soc.Monitor("inproc://another", zmq4.EVENT_ALL)
		}, nil},
		{"Term", func(ctx *zmq4.Context, soc *zmq4.Socket, _ context.CancelFunc) { ctx.Shutdown() }, zmq4.ETERM},
	} {
		t.Run(test.name, func(t *testing.T) {
			zctx := newContext(t)
			soc := newSocket(t, zctx, zmq4.PULL)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			m := Start(ctx, soc, nil)
			bind(t, soc)
			test.end(zctx, soc, cancel)
			if err := ended(t, m); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
	for _, soc := range []*zmq4.Socket{nil, {}} {
		if err := ended(t, Start(t.Context(), soc, nil)); !errors.Is(err, zmq4.ErrorSocketClosed) {
			t.Errorf("of a closed socket: %v", err)
		}
	}
}

// Each event has a level, a message and the fields that go with it.
func TestRecords(t *testing.T) {
	for _, test := range []struct {
		ev   zmq4.SocketEvent
		want string
	}{
		{zmq4.SocketEvent{Event: zmq4.EVENT_CONNECTED, Endpoint: "tcp://127.0.0.1:1", FD: 7},
			`level=INFO msg="zmq4: connected" endpoint=tcp://127.0.0.1:1 fd=7`},
		{zmq4.SocketEvent{Event: zmq4.EVENT_CONNECT_DELAYED, Endpoint: "ipc:///x", FD: -1},
			`level=DEBUG msg="zmq4: connect delayed" endpoint=ipc:///x`},
		{zmq4.SocketEvent{Event: zmq4.EVENT_CONNECT_RETRIED, FD: -1, RetryIn: 20 * time.Millisecond},
			`level=DEBUG msg="zmq4: connect retried" retry_in=20ms`},
		{zmq4.SocketEvent{Event: zmq4.EVENT_BIND_FAILED, FD: -1, Err: zmq4.EADDRINUSE},
			`level=WARN msg="zmq4: bind failed" err="address already in use"`},
		{zmq4.SocketEvent{Event: zmq4.EVENT_HANDSHAKE_FAILED_AUTH, FD: -1, ZAPStatus: 400},
			`level=WARN msg="zmq4: handshake failed auth" zap_status=400`},
		{zmq4.SocketEvent{Event: zmq4.EVENT_HANDSHAKE_FAILED_PROTOCOL, FD: -1, ProtocolError: zmq4.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH},
			`level=WARN msg="zmq4: handshake failed protocol" protocol_error="ZMTP: security mechanisms do not match"`},
	} {
		var b bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{
			Level: slog.LevelDebug,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		}))
		logger.LogAttrs(t.Context(), level(test.ev.Event), message(test.ev.Event), attrs(test.ev)...)
		if got := strings.TrimSpace(b.String()); got != test.want {
			t.Errorf("%s\nwant %s", got, test.want)
		}
	}
}
