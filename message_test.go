// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var hugeFlag = flag.Bool("zmq4.huge", false, "send a message of more than 2 GiB, which takes 6 GiB of memory")

type stringer struct{}

func (stringer) String() string { return "stringer" }

// receivers are all ways to receive a message.
var receivers = []struct {
	name string
	recv func(*Socket) ([]string, error)
}{
	{"Recv", func(s *Socket) ([]string, error) { return byPart(s, func() (string, error) { return s.Recv(0) }) }},
	{"RecvBytes", func(s *Socket) ([]string, error) {
		return byPart(s, func() (string, error) { b, err := s.RecvBytes(0); return string(b), err })
	}},
	{"RecvWithMetadata", func(s *Socket) ([]string, error) {
		return byPart(s, func() (string, error) { p, _, err := s.RecvWithMetadata(0, "Socket-Type"); return p, err })
	}},
	{"RecvBytesWithMetadata", func(s *Socket) ([]string, error) {
		return byPart(s, func() (string, error) {
			p, _, err := s.RecvBytesWithMetadata(0, "Socket-Type")
			return string(p), err
		})
	}},
	{"RecvMessage", func(s *Socket) ([]string, error) { return s.RecvMessage(0) }},
	{"RecvMessageBytes", func(s *Socket) ([]string, error) { m, err := s.RecvMessageBytes(0); return toStrings(m), err }},
	{"RecvMessageWithMetadata", func(s *Socket) ([]string, error) {
		m, _, err := s.RecvMessageWithMetadata(0, "Socket-Type")
		return m, err
	}},
	{"RecvMessageBytesWithMetadata", func(s *Socket) ([]string, error) {
		m, _, err := s.RecvMessageBytesWithMetadata(0, "Socket-Type")
		return toStrings(m), err
	}},
}

func toStrings(parts [][]byte) []string {
	var s []string
	for _, p := range parts {
		s = append(s, string(p))
	}
	return s
}

// byPart receives until no more parts follow.
func byPart(soc *Socket, recv func() (string, error)) (msg []string, err error) {
	for more := true; more; {
		part, err := recv()
		if err != nil {
			return msg, err
		}
		msg = append(msg, part)
		if more, err = soc.GetRcvmore(); err != nil {
			return msg, err
		}
	}
	return msg, nil
}

// sameMessage compares without printing a megabyte.
func sameMessage(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d parts, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("part %d: %s (%d bytes), want %s (%d bytes)", i, short(got[i]), len(got[i]), short(want[i]), len(want[i]))
		}
	}
}

// Every way to send meets every way to receive.
func TestMessages(t *testing.T) {
	many := make([]string, 10000)
	for i := range many {
		many[i] = strings.Repeat("x", i%50) + fmt.Sprint(i)
	}
	messages := map[string][]string{
		"empty":       {""},
		"empty parts": {"", "", ""},
		"small":       {"a", "", "bc"},
		"many":        many,
	}
	for _, limit := range []int{29, 33, arena, gather, keep, gatherMax, 8192} {
		for n := limit - 1; n <= limit+1; n++ {
			part := string(pattern(n))
			messages[fmt.Sprint(n)] = []string{part}
			messages[fmt.Sprint("2x", n)] = []string{part, "", part}
			messages[fmt.Sprint("half", n)] = []string{part[:n/2], part[n/2:]}
		}
	}
	messages["gathered"] = nil // parts that are gathered, as many as have room, and more
	for range gatherMax/(gather-1) + 3 {
		messages["gathered"] = append(messages["gathered"], string(pattern(gather-1)), "x")
	}
	senders := map[string]func(*Socket, []string) (int, error){
		"Send": func(s *Socket, msg []string) (total int, err error) {
			for i, part := range msg {
				flags := SNDMORE
				if i == len(msg)-1 {
					flags = 0
				}
				n, err := s.Send(part, flags)
				if err != nil {
					return n, err
				}
				total += n
			}
			return total, nil
		},
		"SendBytes": func(s *Socket, msg []string) (total int, err error) {
			for i, part := range msg {
				flags := SNDMORE
				if i == len(msg)-1 {
					flags = 0
				}
				n, err := s.SendBytes([]byte(part), flags)
				if err != nil {
					return n, err
				}
				total += n
			}
			return total, nil
		},
		"SendMessage":      func(s *Socket, msg []string) (int, error) { return s.SendMessage(msg) },
		"SendMessageBytes": func(s *Socket, msg []string) (int, error) { return s.SendMessage(toBytes(msg)) },
		"SendMessageDontwait": func(s *Socket, msg []string) (int, error) {
			return s.SendMessageDontwait(msg[:len(msg)/2], toBytes(msg[len(msg)/2:]))
		},
		"mixed": func(s *Socket, msg []string) (int, error) {
			if _, err := s.Send(msg[0], SNDMORE); err != nil {
				return -1, err
			}
			n, err := s.SendMessage(msg[1:], "end")
			return n + len(msg[0]) - len("end"), err
		},
	}
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			pull, push := socketPair(t, transport, PULL, PUSH)
			for sender, send := range senders {
				for _, r := range receivers {
					t.Run(sender+"-"+r.name, func(t *testing.T) {
						for name, msg := range messages {
							if len(msg) > 100 && transport != "inproc" && r.name != "RecvMessage" {
								continue
							}
							size := 0
							for _, part := range msg {
								size += len(part)
							}
							if n, err := send(push, msg); n != size || err != nil {
								t.Fatalf("%s: sent %d of %d, %v", name, n, size, err)
							}
							var got []string
							var err error
							within(t, patience, name, func() { got, err = r.recv(pull) })
							must(t, err)
							if sender == "mixed" {
								msg = append(msg[:len(msg):len(msg)], "end")
							}
							sameMessage(t, got, msg)
						}
					})
				}
			}
		})
	}
}

func toBytes(parts []string) [][]byte {
	var b [][]byte
	for _, p := range parts {
		b = append(b, []byte(p))
	}
	return b
}

// What SendMessage makes of its arguments.
func TestSendMessageConversion(t *testing.T) {
	type named string
	tests := []struct {
		args []any
		want []string
	}{
		{[]any{"a", []byte("b")}, []string{"a", "b"}},
		{[]any{[]string{"a", "b"}, "c", [][]byte{[]byte("d"), nil}}, []string{"a", "b", "c", "d", ""}},
		{[]any{[]string{}, "a", [][]byte{}, []string(nil)}, []string{"a"}},
		{[]any{[]string{}, [][]byte{}, "a", []string{}}, []string{"a"}},
		{[]any{""}, []string{""}},
		{[]any{[]byte(nil)}, []string{""}},
		{[]any{[]byte{}}, []string{""}},
		{[]any{[]string{""}}, []string{""}},
		{[]any{1, int64(-2), uint8(3), 4.5, true, 'x'}, []string{"1", "-2", "3", "4.5", "true", "120"}},
		{[]any{nil}, []string{"<nil>"}},
		{[]any{nil, "a", error(nil)}, []string{"<nil>", "a", "<nil>"}},
		{[]any{stringer{}, &stringer{}, errors.New("error")}, []string{"stringer", "stringer", "error"}},
		{[]any{named("n"), []int{1, 2}, []any{"a", 1}, [2]string{"a", "b"}}, []string{"n", "[1 2]", "[a 1]", "[a b]"}},
		{[]any{PUSH, ETERM, DONTWAIT | SNDMORE}, []string{"PUSH", ETERM.Error(), "DONTWAIT|SNDMORE"}},
		{[]any{[]string{"a"}, []any{}, [][]byte{[]byte("b")}}, []string{"a", "[]", "b"}},
	}
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%T", tt.args), func(t *testing.T) {
			size := 0
			for _, part := range tt.want {
				size += len(part)
			}
			args := append([]any(nil), tt.args...)
			for _, send := range []func(...any) (int, error){push.SendMessage, push.SendMessageDontwait} {
				if n, err := send(args...); n != size || err != nil {
					t.Fatalf("sent %d of %d, %v", n, size, err)
				}
				got, err := pull.RecvMessage(DONTWAIT)
				must(t, err)
				sameMessage(t, got, tt.want)
			}
			if !reflect.DeepEqual(args, tt.args) {
				t.Errorf("the arguments are now %v", args)
			}
		})
	}

	for _, args := range [][]any{nil, {[]string{}}, {[][]byte(nil), []string{}}} {
		if n, err := push.SendMessage(args...); n != 0 || err != nil {
			t.Errorf("SendMessage(%v) = %d, %v", args, n, err)
		}
	}
	if m, err := pull.RecvMessage(DONTWAIT); err != eagain || m == nil || len(m) != 0 {
		t.Errorf("%q, %v: nothing should be there", m, err)
	}
}

// What is handed out belongs to the caller: it is neither shared between
// parts, nor with libzmq, nor with what is received later.
func TestReceivedMemory(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			pull, push := socketPair(t, transport, PULL, PUSH)
			for _, sizes := range [][]int{{1, 2, 3}, {0, 0, 5}, {arena, 1, 1}, {100, keep, 100}, {8000, 8000}} {
				var want []string
				for i, size := range sizes {
					want = append(want, strings.Repeat(string(rune('a'+i)), size))
				}
				for range 2 {
					_, err := push.SendMessage(want)
					must(t, err)
				}
				msg, err := pull.RecvMessageBytes(0)
				must(t, err)
				for i := range msg {
					if msg[i] == nil {
						t.Errorf("part %d is nil", i)
					}
					if cap(msg[i]) != len(msg[i]) {
						_ = append(msg[i], "overwritten"...)
					}
				}
				sameMessage(t, toStrings(msg), want)
				for i := range msg { // change all of one part: the others stay
					for j := range msg[i] {
						msg[i][j] = 'X'
					}
					grown := append(msg[i], 'Y')
					grown[len(grown)-1] = 'Z'
					for k := i + 1; k < len(msg); k++ {
						if string(msg[k]) != want[k] {
							t.Errorf("part %d changed with part %d", k, i)
						}
					}
				}
				again, err := pull.RecvMessage(0)
				must(t, err)
				sameMessage(t, again, want)
				push.SendMessage("later")
				_, err = pull.RecvBytes(0)
				must(t, err)
				sameMessage(t, again, want)
			}

			// A sender may use its memory again at once.
			buf := pattern(100_000)
			_, err := push.SendBytes(buf, SNDMORE)
			must(t, err)
			_, err = push.SendMessage(buf, buf[:10])
			must(t, err)
			clear(buf)
			msg, err := pull.RecvMessageBytes(0)
			must(t, err)
			want := string(pattern(100_000))
			sameMessage(t, toStrings(msg), []string{want, want, want[:10]})
		})
	}
}

func TestRcvmore(t *testing.T) {
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	more := func(want bool) {
		t.Helper()
		if got, err := pull.GetRcvmore(); got != want || err != nil {
			t.Errorf("GetRcvmore = %v, %v, want %v", got, err, want)
		}
	}
	more(false)
	for _, r := range receivers {
		t.Run(r.name, func(t *testing.T) {
			for range 2 {
				_, err := push.SendMessage("a", "b", "c")
				must(t, err)
			}
			part, err := pull.Recv(0)
			must(t, err)
			more(true)
			// The rest of a message is a message to those that want it whole.
			got, err := r.recv(pull)
			must(t, err)
			sameMessage(t, append([]string{part}, got...), []string{"a", "b", "c"})
			more(false)
			got, err = r.recv(pull)
			must(t, err)
			sameMessage(t, got, []string{"a", "b", "c"})
			more(false)
		})
	}
	if _, err := pull.Recv(DONTWAIT); err != eagain {
		t.Error(err)
	}
	more(false)
}

// The values that come with an error.
func TestErrorValues(t *testing.T) {
	// fmt.Print puts no space before a string, nor before an error of that kind.
	for _, err := range []error{ErrorContextClosed, ErrorSocketClosed} {
		if got, want := fmt.Sprint(0, err), "0 "+err.Error(); got != want {
			t.Errorf("fmt.Sprint: %q, want %q", got, want)
		}
	}
	ctx := newContext(t)
	pull, push := newSocket(t, ctx, PULL), newSocket(t, ctx, PUSH)
	if s, err := pull.Recv(DONTWAIT); s != "" || err != eagain {
		t.Errorf("Recv: %q, %v", s, err)
	}
	if b, err := pull.RecvBytes(DONTWAIT); b == nil || len(b) != 0 || err != eagain {
		t.Errorf("RecvBytes: %#v, %v", b, err)
	}
	if m, err := pull.RecvMessage(DONTWAIT); m == nil || len(m) != 0 || err != eagain {
		t.Errorf("RecvMessage: %#v, %v", m, err)
	}
	if m, err := pull.RecvMessageBytes(DONTWAIT); m == nil || len(m) != 0 || err != eagain {
		t.Errorf("RecvMessageBytes: %#v, %v", m, err)
	}
	if m, meta, err := pull.RecvMessageWithMetadata(DONTWAIT, "x"); m == nil || len(m) != 0 || meta == nil || err != eagain {
		t.Errorf("RecvMessageWithMetadata: %#v, %v, %v", m, meta, err)
	}
	for name, send := range map[string]func() (int, error){
		"Send":                func() (int, error) { return push.Send("x", DONTWAIT) },
		"SendBytes":           func() (int, error) { return push.SendBytes([]byte("x"), DONTWAIT) },
		"SendMessageDontwait": func() (int, error) { return push.SendMessageDontwait("x", "y") },
	} {
		if n, err := send(); n != -1 || err != eagain {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}

	err := error(eagain)
	wrapped := fmt.Errorf("wrapped: %w", err)
	var errno Errno
	if !errors.Is(err, syscall.EAGAIN) || !errors.Is(wrapped, eagain) || !errors.As(wrapped, &errno) || errno != eagain {
		t.Error("errors.Is and errors.As do not find EAGAIN")
	}
	if AsErrno(wrapped) != eagain || AsErrno(syscall.EINVAL) != einval || AsErrno(errors.New("x")) != 0 || AsErrno(nil) != 0 {
		t.Error("AsErrno")
	}
	if !eagain.Timeout() || !eagain.Temporary() || ETERM.Timeout() || ETERM.Temporary() || EFSM.Temporary() || !ETIMEDOUT.Timeout() {
		t.Error("Timeout or Temporary")
	}
	if errors.Is(ETERM, syscall.Errno(ETERM)) || errors.Is(eagain, syscall.EINVAL) {
		t.Error("errors.Is matches too much")
	}
	if got := ETERM.Error(); got != "Context was terminated" {
		t.Errorf("ETERM: %q", got)
	}
}

// An endpoint with a NUL is not cut off there.
func TestEndpointWithNUL(t *testing.T) {
	soc := newSocket(t, newContext(t), PAIR)
	for name, call := range map[string]func(string) error{
		"Bind": soc.Bind, "Unbind": soc.Unbind, "Connect": soc.Connect, "Disconnect": soc.Disconnect,
		"Monitor": func(e string) error { return soc.Monitor(e, EVENT_ALL) },
	} {
		for _, endpoint := range []string{"inproc://a\x00b", "inproc://a\x00", "\x00"} {
			if err := call(endpoint); err != einval {
				t.Errorf("%s(%q): %v", name, endpoint, err)
			}
		}
	}
	must(t, soc.Bind("inproc://a"))
}

func TestPorts(t *testing.T) {
	for _, endpoint := range []string{
		"tcp://127.0.0.1:65536", "tcp://127.0.0.1:65537", "tcp://*:70000", "tcp://[::1]:65537", "tcp://localhost:99999999999999999999",
		"tcp://127.0.0.1:-1", "tcp://127.0.0.1:70000x", "tcp://127.0.0.1:1:2", "tcp://127.0.0.1:1:*",
		"tcp://127.0.0.1:0;127.0.0.1:65537", "tcp://127.0.0.1:65537;127.0.0.1:1",
	} {
		soc := newSocket(t, newContext(t), PAIR)
		for name, call := range map[string]func(string) error{"Bind": soc.Bind, "Connect": soc.Connect} {
			if err := call(endpoint); err != einval {
				t.Errorf("%s(%q): %v, want EINVAL", name, endpoint, err)
			}
		}
	}
	for _, endpoint := range []string{"tcp://127.0.0.1:65535", "tcp://localhost:00065535", "tcp://[::1]:1", "tcp://127.0.0.1:0;127.0.0.1:1"} {
		if err := newSocket(t, newContext(t), PAIR).Connect(endpoint); err != nil {
			t.Errorf("Connect(%q): %v", endpoint, err)
		}
	}
	for _, endpoint := range []string{"tcp://127.0.0.1:*", "tcp://127.0.0.1:0", "inproc://127.0.0.1:65536", "inproc://a:1:2"} {
		if err := newSocket(t, newContext(t), PAIR).Bind(endpoint); err != nil {
			t.Errorf("Bind(%q): %v", endpoint, err)
		}
	}
}

func TestMetadata(t *testing.T) {
	props := []string{"Socket-Type", "Identity", "Peer-Address", "User-Id", "X-Nothing", "", "with\x00NUL"}
	type received struct {
		msg  []string
		meta map[string]string
		err  error
	}
	tests := map[string]func(*Socket) received{
		"RecvMessageWithMetadata": func(s *Socket) received {
			m, p, err := s.RecvMessageWithMetadata(0, props...)
			return received{m, p, err}
		},
		"RecvMessageBytesWithMetadata": func(s *Socket) received {
			m, p, err := s.RecvMessageBytesWithMetadata(0, props...)
			return received{toStrings(m), p, err}
		},
		"RecvWithMetadata": func(s *Socket) received {
			part, p, err := s.RecvWithMetadata(0, props...)
			rest, err2 := s.RecvMessage(0)
			return received{append([]string{part}, rest...), p, errors.Join(err, err2)}
		},
		"RecvBytesWithMetadata": func(s *Socket) received {
			first, err := s.Recv(0)
			part, p, err2 := s.RecvBytesWithMetadata(0, props...)
			rest, err3 := s.RecvMessage(0)
			return received{append([]string{first, string(part)}, rest...), p, errors.Join(err, err2, err3)}
		},
	}
	for _, transport := range []string{"tcp", "ipc"} {
		for name, recv := range tests {
			for _, how := range []string{"waiting", "at once", "polled"} {
				t.Run(transport+"/"+name+"/"+how, func(t *testing.T) {
					ctx := newContext(t)
					router, dealer := newSocket(t, ctx, ROUTER), newSocket(t, ctx, DEALER)
					must(t, dealer.SetIdentity("me"))
					must(t, dealer.Connect(bindOn(t, router, transport)))
					handshake(t, dealer, router)
					got := make(chan received, 1)
					if how == "waiting" {
						go func() { got <- recv(router) }()
						waitParked(t, router, 1)
					}
					_, err := dealer.SendMessage("x", "y", "z")
					must(t, err)
					if how == "polled" {
						eventually(t, "POLLIN", func() bool { ev, _ := router.GetEvents(); return ev&POLLIN != 0 })
					}
					if how != "waiting" {
						go func() { got <- recv(router) }()
					}
					within(t, patience, "receive", func() {
						r := <-got
						must(t, r.err)
						sameMessage(t, r.msg, []string{"me", "x", "y", "z"})
						if r.meta["Socket-Type"] != "DEALER" || r.meta["Identity"] != "me" ||
							transport == "tcp" && r.meta["Peer-Address"] != "127.0.0.1" {
							t.Errorf("%v", r.meta)
						}
						for _, none := range props[4:] {
							if v, ok := r.meta[none]; ok {
								t.Errorf("property %q = %q", none, v)
							}
						}
					})
				})
			}
		}
	}
}

// A peer that goes away in the middle of a message that is sent part by part
// takes the message with it. What comes after it is whole.
func TestPeerLostInsideMessage(t *testing.T) {
	type lost struct {
		transport string
		typ       Type
		parts     int
		how       string
	}
	var tests []lost
	for _, transport := range transports {
		for _, parts := range []int{2, 3, 5} {
			for _, typ := range []Type{DEALER, PUSH} {
				tests = append(tests, lost{transport, typ, parts, "close"}, lost{transport, typ, parts, "disconnect"})
			}
		}
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s/%v/%d/%s", tt.transport, tt.typ, tt.parts, tt.how), func(t *testing.T) {
			ctx := newContext(t)
			peerType := map[Type]Type{DEALER: DEALER, PUSH: PULL}[tt.typ]
			soc, first, second := newSocket(t, ctx, tt.typ), newSocket(t, ctx, peerType), newSocket(t, ctx, peerType)
			endpoint := ""
			if tt.how == "close" {
				endpoint = bindOn(t, soc, tt.transport)
				must(t, first.Connect(endpoint))
			} else {
				endpoint = bindOn(t, first, tt.transport)
				must(t, soc.Connect(endpoint))
			}
			handshake(t, soc, first)
			_, err := soc.Send("lost", SNDMORE)
			must(t, err)
			if tt.how == "close" {
				must(t, first.Close())
			} else {
				must(t, soc.Disconnect(endpoint))
			}
			within(t, patience, "rest of the message", func() {
				for i := 1; i < tt.parts; i++ {
					flags := SNDMORE
					if i == tt.parts-1 {
						flags = 0
					}
					if _, err := soc.Send(fmt.Sprint("lost", i), flags); err != nil {
						t.Error(err)
					}
				}
			})
			if tt.how == "close" {
				must(t, second.Connect(endpoint))
			} else {
				must(t, soc.Connect(bindOn(t, second, tt.transport)))
			}
			// Everything is received before the sockets are closed: libzmq may
			// abort when a message of several parts is on its way then.
			const n = 1000
			var sending sync.WaitGroup
			sending.Go(func() {
				for i := range n {
					if _, err := soc.SendMessage("whole", i, "end"); err != nil {
						t.Error(err)
						return
					}
				}
				if tt.how == "close" { // until it is for the second peer
					for {
						if _, err := soc.SendMessage("last"); err != nil {
							if err != ErrorSocketClosed {
								t.Error(err)
							}
							return
						}
						runtime.Gosched()
					}
				}
			})
			within(t, patience, "next messages", func() {
				for last := -1; last < n-1; { // some may have gone to the first peer
					m, err := second.RecvMessage(0)
					if err == nil && len(m) == 1 && m[0] == "last" {
						return
					}
					if err != nil || len(m) != 3 || m[0] != "whole" || m[2] != "end" {
						t.Errorf("%q, %v", m, err)
						return
					}
					i, err := strconv.Atoi(m[1])
					if err != nil || i <= last || tt.how == "disconnect" && i != last+1 {
						t.Errorf("%q after %d", m, last)
					}
					last = i
				}
			})
			must(t, soc.Close())
			within(t, patience, "sender", sending.Wait)
		})
	}
}

// Both ends are closed together, without linger time, while a message of several
// parts is half on its way. libzmq would abort in one of a few rounds.
func TestEndInsideMessage(t *testing.T) {
	part := make([]byte, 100000)
	tests := []struct {
		name  string
		binds Type
		end   func(t *testing.T, ctx *Context, push, pull *Socket, endpoint string) error
	}{
		{"Close", PUSH, func(_ *testing.T, _ *Context, push, pull *Socket, _ string) error {
			return errors.Join(push.Close(), pull.Close())
		}},
		{"Close", PULL, func(_ *testing.T, _ *Context, push, pull *Socket, _ string) error {
			return errors.Join(pull.Close(), push.Close())
		}},
		{"Disconnect", PULL, func(_ *testing.T, _ *Context, push, pull *Socket, endpoint string) error {
			return errors.Join(pull.Close(), push.Disconnect(endpoint))
		}},
		{"Unbind", PUSH, func(t *testing.T, _ *Context, push, pull *Socket, endpoint string) error {
			open, start := procCount(t, "fd"), time.Now()
			err := errors.Join(push.Unbind(endpoint), pull.Close())
			eventually(t, "connection closed", func() bool {
				if time.Since(start) > 200*time.Millisecond { // the machine is busy, and Unbind saw nothing
					_, err := push.GetEvents()
					must(t, err)
				}
				return procCount(t, "fd") <= open-3
			})
			return err
		}},
		{"Close before Unbind", PUSH, func(_ *testing.T, _ *Context, push, pull *Socket, endpoint string) error {
			return errors.Join(pull.Close(), push.Unbind(endpoint))
		}},
		{"Shutdown", PUSH, func(_ *testing.T, ctx *Context, push, pull *Socket, _ string) error {
			err := ctx.Shutdown()
			if _, err := push.GetEvents(); err != ETERM { // no option can be set any more
				return fmt.Errorf("GetEvents: %v", err)
			}
			return errors.Join(err, pull.Close(), push.Close())
		}},
	}
	for _, transport := range []string{"tcp", "ipc"} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s/%s/%v binds", transport, tt.name, tt.binds), func(t *testing.T) {
				inChildren(t, "session_base.cpp", func(t *testing.T) {
					for range 20 {
						ctx, err := NewContext()
						must(t, err)
						push, pull := newSocket(t, ctx, PUSH), newSocket(t, ctx, PULL)
						must(t, pull.SetRcvhwm(1))
						must(t, push.SetSndhwm(10))
						bound, connected := push, pull
						if tt.binds == PULL {
							bound, connected = pull, push
						}
						endpoint := bindOn(t, bound, transport)
						must(t, connected.Connect(endpoint))
						handshake(t, push, pull)
						must(t, push.SetSndtimeo(5*time.Millisecond)) // the system moves on for a while
						for err == nil {
							_, err = push.SendMessage(part, part, part)
						}
						if err != eagain {
							t.Fatal(err)
						}
						if linger, err := push.GetLinger(); linger != 0 || err != nil {
							t.Errorf("GetLinger: %v, %v", linger, err)
						}
						must(t, tt.end(t, ctx, push, pull, endpoint))
						must(t, push.Close())
						within(t, patience, "Term", func() { ctx.Term() })
					}
				})
			})
		}
	}
}

// A connection that Disconnect ends goes away when its linger time is over, whether the socket
// is used or not: until then libzmq may abort.
func TestDisconnectEnds(t *testing.T) {
	for _, linger := range []time.Duration{0, 150 * time.Millisecond} {
		t.Run(linger.String(), func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			defer l.Close()
			push := newSocket(t, newContext(t), PUSH)
			endpoint := "tcp://" + l.Addr().String()
			must(t, push.SetSndhwm(10))
			must(t, push.Connect(endpoint))
			c, err := l.Accept()
			must(t, err)
			defer c.Close()
			greetZmtp(t, c, 0, "PULL") // a peer that does not read
			must(t, push.SetSndtimeo(100*time.Millisecond))
			part := make([]byte, 1<<20)
			for err == nil {
				_, err = push.SendMessage(part, part, part)
			}
			must(t, push.SetLinger(linger))
			open := procCount(t, "fd")
			must(t, push.Disconnect(endpoint))
			eventually(t, "the end of the connection", func() bool { return procCount(t, "fd") < open })
		})
	}
}

// A connection that is closed in the middle of a message that is received part
// by part leaves the rest of that message.
func TestDisconnectInsideMessage(t *testing.T) {
	for _, transport := range transports {
		for _, typ := range []Type{DEALER, PULL, PAIR, ROUTER, SUB} {
			for _, how := range []string{"Disconnect", "Unbind"} {
				t.Run(fmt.Sprintf("%s/%v/%s", transport, typ, how), func(t *testing.T) {
					ctx := newContext(t)
					peerType := map[Type]Type{DEALER: DEALER, PULL: PUSH, PAIR: PAIR, ROUTER: DEALER, SUB: XPUB}[typ]
					soc, peer := newSocket(t, ctx, typ), newSocket(t, ctx, peerType)
					if typ == SUB {
						must(t, soc.SetSubscribe(""))
					}
					var endpoint string
					if how == "Unbind" {
						endpoint = bindOn(t, soc, transport)
						must(t, peer.Connect(endpoint))
					} else {
						endpoint = bindOn(t, peer, transport)
						must(t, soc.Connect(endpoint))
					}
					if typ == SUB { // it subscribes when it is used
						eventually(t, "subscribed", func() bool {
							soc.GetEvents()
							_, err := peer.RecvBytes(DONTWAIT)
							return err == nil
						})
					}
					within(t, patience, "message", func() {
						for range 2 {
							if _, err := peer.SendMessage("a", "b", "c", "d"); err != nil {
								t.Error(err)
							}
						}
						if typ == ROUTER {
							soc.Recv(0)
						}
						if part, err := soc.Recv(0); part != "a" || err != nil {
							t.Error(part, err)
						}
					})
					for range 2 {
						err := map[string]func(string) error{"Disconnect": soc.Disconnect, "Unbind": soc.Unbind}[how](endpoint)
						if err != nil && AsErrno(err) != Errno(syscall.ENOENT) {
							t.Fatal(err)
						}
					}
					if more, err := soc.GetRcvmore(); !more || err != nil {
						t.Error(more, err)
					}
					if ev, err := soc.GetEvents(); ev&POLLIN == 0 || err != nil {
						t.Error(ev, err)
					}
					if part, err := soc.Recv(DONTWAIT); part != "b" || err != nil {
						t.Error(part, err)
					}
					rest, err := soc.RecvMessage(DONTWAIT)
					must(t, err)
					sameMessage(t, rest, []string{"c", "d"})
					if more, err := soc.GetRcvmore(); more || err != nil {
						t.Error(more, err)
					}
				})
			}
		}
	}
}

// A message that C's int cannot count.
func TestHugeMessage(t *testing.T) {
	if !*hugeFlag {
		t.Skip("needs -zmq4.huge")
	}
	const size = 2<<30 + 16
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	msg := make([]byte, size)
	tail := []byte("the last bytes")
	copy(msg[size-len(tail):], tail)
	for _, send := range []func() (int, error){
		func() (int, error) { return push.SendBytes(msg, 0) },
		func() (int, error) { return push.SendMessage(msg) },
	} {
		if n, err := send(); n != size || err != nil {
			t.Fatalf("sent %d, %v", n, err)
		}
		got, err := pull.RecvBytes(0)
		must(t, err)
		if len(got) != size || !bytes.Equal(got[size-len(tail):], tail) {
			t.Errorf("received %d bytes", len(got))
		}
	}
}

// SendParts sends what SendMessage does with the same bytes.
func TestSendParts(t *testing.T) {
	pull, push := socketPair(t, "tcp", PULL, PUSH)
	ctx := context.Background()
	for _, sizes := range [][]int{{}, {0}, {5}, {1 << 20}, {0, 0}, {1, 2, 3}, {gather - 1, gather, 10}, {7, 1 << 20, gatherMax, 0}, make([]int, 1000)} {
		t.Run(fmt.Sprintf("%d parts", len(sizes)), func(t *testing.T) {
			parts, total := make([][]byte, len(sizes)), 0
			for i, size := range sizes {
				parts[i], total = pattern(size), total+size
			}
			for name, send := range map[string]func() (int, error){
				"SendParts":        func() (int, error) { return push.SendParts(parts...) },
				"SendPartsContext": func() (int, error) { return push.SendPartsContext(ctx, parts...) },
			} {
				if n, err := send(); n != total || err != nil {
					t.Fatalf("%s: %d, %v; want %d", name, n, err, total)
				}
				if len(parts) == 0 {
					continue
				}
				if msg, err := pull.RecvMessageBytes(0); err != nil || !slices.EqualFunc(msg, parts, bytes.Equal) {
					t.Errorf("%s: received %d parts, %v", name, len(msg), err)
				}
			}
		})
	}
	if n, err := pull.SendParts([]byte("x"), nil); n != 0 || err != ENOTSUP {
		t.Errorf("on a PULL: %d, %v", n, err)
	}
	req := newSocket(t, newContext(t), REQ)
	must(t, req.SetSndtimeo(0))
	if n, err := req.SendParts([]byte("x"), nil); n != 0 || err != eagain {
		t.Errorf("without a peer: %d, %v", n, err)
	}
	if n, err := req.SendPartsContext(ctx, nil, nil); n != 0 || !errors.Is(err, eagain) || !errors.As(err, new(*OpError)) {
		t.Errorf("without a peer: %d, %#v", n, err)
	}
	if n, err := req.SendPartsContext(ctx); n != 0 || err != nil {
		t.Errorf("without parts: %d, %v", n, err)
	}
}

// Messages that several goroutines send by SendParts arrive whole, and those of each in order.
func TestSendPartsShared(t *testing.T) {
	const senders, messages = 8, 500
	pull, push := socketPair(t, "inproc", PULL, PUSH)
	for i := range senders {
		go func() {
			for n := range messages {
				who, number := []byte{byte(i)}, []byte(strconv.Itoa(n))
				if _, err := push.SendParts(who, number, bytes.Repeat(who, 20*n)); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	var next [senders]int
	for range senders * messages {
		msg, err := pull.RecvMessageBytes(0)
		must(t, err)
		if len(msg) != 3 {
			t.Fatalf("%d parts", len(msg))
		}
		i := msg[0][0]
		if string(msg[1]) != strconv.Itoa(next[i]) || !bytes.Equal(msg[2], bytes.Repeat(msg[0], 20*next[i])) {
			t.Fatalf("message %s of %d, want %d", msg[1], i, next[i])
		}
		next[i]++
	}
}

// A program may change the parts of a message while SendMessage waits.
func TestSendMessageChanges(t *testing.T) {
	sizes := []int{0, 1, 100, gather - 1, gather, gatherMax, 2 * gatherMax}
	sized := func(fill byte, size int) []byte { return bytes.Repeat([]byte{fill}, size) }
	full := func(t *testing.T) (push, pull *Socket, queued int) {
		ctx := newContext(t)
		push, pull = newSocket(t, ctx, PUSH), newSocket(t, ctx, PULL)
		must(t, push.SetSndhwm(1))
		must(t, pull.SetRcvhwm(1))
		must(t, push.Connect(bindOn(t, pull, "inproc")))
		for {
			if _, err := push.Send("queued", DONTWAIT); err == eagain {
				return push, pull, queued
			}
			queued++
		}
	}
	// change sends parts, changes them meanwhile, and returns what is received.
	change := func(t *testing.T, parts []any, change func()) (msg [][]byte, total int, err error) {
		push, pull, queued := full(t)
		done := make(chan struct{})
		go func() {
			defer close(done)
			total, err = push.SendMessage(parts...)
		}()
		waitParked(t, push, 1)
		change()
		_, err2 := push.GetType() // the next try comes after the change
		must(t, err2)
		for range queued {
			expect(t, pull, "queued")
		}
		within(t, patience, "send", func() { <-done })
		if err == nil {
			msg, err = pull.RecvMessageBytes(0)
		}
		return msg, total, err
	}
	for _, before := range sizes {
		for _, after := range sizes {
			t.Run(fmt.Sprintf("%d to %d", before, after), func(t *testing.T) {
				list := [][]byte{sized('a', 10), sized('b', before), sized('c', 10)}
				msg, total, err := change(t, []any{"first", list, "last"}, func() { list[1] = sized('d', after) })
				want := [][]byte{[]byte("first"), sized('a', 10), sized('d', after), sized('c', 10), []byte("last")}
				if err != nil || total != 29+after || !slices.EqualFunc(msg, want, bytes.Equal) {
					t.Errorf("%d, %v, %d parts", total, err, len(msg))
				}
			})
		}
	}
	for name, part := range map[string]any{"more parts": []string{"x", "y"}, "no parts": []string{}, "another type": 1} {
		t.Run(name, func(t *testing.T) {
			parts := []any{"first", "second", "third"}
			if _, _, err := change(t, parts, func() { parts[1] = part }); err != einval {
				t.Error(err)
			}
		})
	}
}

// Every way to send on a closed socket gives the same.
func TestSendClosed(t *testing.T) {
	// Defect 32.
	soc := newSocket(t, newContext(t), PUSH)
	must(t, soc.Close())
	for name, send := range map[string]func() (int, error){
		"Send":                     func() (int, error) { return soc.Send("x", 0) },
		"SendBytes":                func() (int, error) { return soc.SendBytes(nil, SNDMORE) },
		"SendMessage":              func() (int, error) { return soc.SendMessage("x", "y") },
		"SendMessageDontwait":      func() (int, error) { return soc.SendMessageDontwait("x") },
		"SendMessage of something": func() (int, error) { return soc.SendMessage(1, nil, []string{"x"}) },
	} {
		if n, err := send(); n != -1 || err != ErrorSocketClosed {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	for _, soc := range []*Socket{soc, {}, nil} {
		for _, parts := range [][]any{nil, {[]string{}}, {[][]byte{}, []string(nil)}} {
			n, err := soc.SendMessage(parts...)
			if n != 0 || err != nil {
				t.Errorf("SendMessage(%v): %d, %v", parts, n, err)
			}
			n, err = soc.SendMessageDontwait(parts...)
			if n != 0 || err != nil {
				t.Errorf("SendMessageDontwait(%v): %d, %v", parts, n, err)
			}
		}
	}
}
