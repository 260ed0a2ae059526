// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
)

// TestDemo runs every row and looks at each line of the table.
func TestDemo(t *testing.T) {
	const n, size = 60, 100
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"-n", strconv.Itoa(n), "-size", strconv.Itoa(size)}, &stdout, &stderr); status != 0 || stderr.Len() > 0 {
		t.Fatalf("status %d\n%s%s", status, &stderr, &stdout)
	}
	t.Logf("\n%s", &stdout)
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	head, lines := lines[:3], lines[3:]
	if !strings.HasPrefix(head[0], "libzmq ") || !strings.HasPrefix(head[2], "PATTERN ") {
		t.Errorf("the table begins with %q", head)
	}

	can := map[string]bool{
		"tcp": true, "inproc": true, "ipc": zmq4.HasIpc(), "curve": zmq4.HasCurve(),
		"epgm": epgm.missing() == "", "norm": norm.missing() == "",
	}
	bothWays := map[string]int{"REQ/REP": 2, "PUB/SUB": 1, "PUSH/PULL": 1, "ROUTER/DEALER": 2, "PAIR": 2}
	rows := make(map[string]bool)
	messages, skipped := 0, 0
	for _, line := range lines[:len(lines)-2] {
		f := strings.Fields(line)
		if len(f) < 8 {
			t.Errorf("a line of %d fields: %q", len(f), line)
			continue
		}
		pattern, transport := f[0], f[1]
		rows[pattern+" "+transport] = true
		if !can[transport] {
			skipped++
			if !strings.Contains(line, "skipped: ") {
				t.Errorf("not skipped: %q", line)
			}
			continue
		}
		want := n * bothWays[pattern]
		messages += want
		if got, status := f[2:4], f[len(f)-1]; got[0] != strconv.Itoa(want) || got[1] != strconv.Itoa(size) || status != "ok" {
			t.Errorf("want %d messages of %d bytes, ok: %q", want, size, line)
		}
	}
	for pattern := range bothWays {
		for transport := range can {
			one := transport == "epgm" || transport == "norm"
			if name := pattern + " " + transport; rows[name] == (one && pattern != "PUB/SUB") {
				t.Errorf("row %q: %v", name, rows[name])
			}
		}
	}
	want := fmt.Sprintf("22 rows: %d ok, 0 failed, %d skipped; %d messages arrived and were checked", 22-skipped, skipped, messages)
	if got := lines[len(lines)-1]; got != want {
		t.Errorf("the table ends with %q, not %q", got, want)
	}
}

// TestDemoNotices runs patterns that lose or damage a message.
func TestDemoNotices(t *testing.T) {
	const n = 10
	const odd = 3 // the message that something is done to
	for _, test := range []struct {
		name, want string
		send       func(x *exchange, soc *zmq4.Socket) error // sends message odd
	}{
		{"nothing", "", func(x *exchange, soc *zmq4.Socket) error {
			_, err := soc.SendBytes(x.message(nil, odd), 0)
			return err
		}},
		{"lost", "message 4 came, not 3", func(x *exchange, soc *zmq4.Socket) error {
			return nil
		}},
		{"twice", "message 3 came, not 4", func(x *exchange, soc *zmq4.Socket) error {
			if _, err := soc.SendBytes(x.message(nil, odd), 0); err != nil {
				return err
			}
			_, err := soc.SendBytes(x.message(nil, odd), 0)
			return err
		}},
		{"short", "message 3 has 99 bytes, not 100", func(x *exchange, soc *zmq4.Socket) error {
			_, err := soc.SendBytes(x.message(nil, odd)[1:], 0)
			return err
		}},
		{"damaged", "message 3 is damaged", func(x *exchange, soc *zmq4.Socket) error {
			msg := x.message(nil, odd)
			msg[50] ^= 1
			_, err := soc.SendBytes(msg, 0)
			return err
		}},
		{"in two parts", "message 3 has 2 parts, not 1", func(x *exchange, soc *zmq4.Socket) error {
			_, err := soc.SendMessage("head", x.message(nil, odd))
			return err
		}},
		{"error", "Socket is closed", func(x *exchange, soc *zmq4.Socket) error {
			if err := soc.Close(); err != nil {
				return err
			}
			_, err := soc.SendBytes(x.message(nil, odd), 0)
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bad := row{"PUSH/PULL", tcp, n, func(x *exchange) error {
				pull, push, err := x.pair(zmq4.PULL, zmq4.PUSH)
				if err != nil {
					return err
				}
				x.begin(func() error { return x.receiveAll(pull, 0, 1) })
				x.begin(func() error {
					for i := range x.n {
						if i == odd {
							if err := test.send(x, push); err != nil {
								return err
							}
						} else if _, err := push.SendBytes(x.message(nil, i), 0); err != nil {
							return nil // closed because the receiver failed
						}
					}
					return nil
				})
				x.wg.Wait()
				return nil
			}}
			var out bytes.Buffer
			status := table(t.Context(), []row{bad}, 100, t.TempDir(), &out)
			wantStatus, wantLine := 1, "FAIL: "+test.want
			if test.want == "" {
				wantStatus, wantLine = 0, "ok\n"
			}
			if status != wantStatus || !strings.Contains(out.String(), wantLine) {
				t.Errorf("status %d, not %d; want %q in\n%s", status, wantStatus, wantLine, &out)
			}
		})
	}
}

// TestDemoSize runs the smallest messages, and ones that not all transports take.
func TestDemoSize(t *testing.T) {
	for _, test := range []struct {
		size string
		norm string // what a row with a norm that libzmq has ends with
	}{
		{"8", "ok"},
		{"100000", "skipped: libzmq may hang for messages of more than 2000 bytes"},
	} {
		t.Run(test.size, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), []string{"-n", "3", "-size", test.size, "-run", "tcp|norm"}, &stdout, &stderr)
			if status != 0 || strings.Count(stdout.String(), " ok\n") < 5 {
				t.Errorf("status %d\n%s%s", status, &stderr, &stdout)
			}
			if norm.missing() == "" && !strings.Contains(stdout.String(), test.norm+"\n\n") {
				t.Errorf("want %q in\n%s", test.norm, &stdout)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"-h"}, 0, "-run regexp"},
		{[]string{"-frobnicate"}, 2, "not defined"},
		{[]string{"-run", "("}, 2, "missing closing )"},
		{[]string{"-run", "carrier pigeon"}, 2, "matches no row"},
		{[]string{"-n", "-1"}, 2, "-n must not be negative"},
		{[]string{"-size", "7"}, 2, "-size must be at least 8"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), test.args, &stdout, &stderr)
			if status != test.status || stdout.Len() > 0 || !strings.Contains(stderr.String(), test.want) {
				t.Errorf("status %d, not %d; want %q in %q", status, test.status, test.want, &stderr)
			}
		})
	}
}

// An exchange that is given up while it makes its sockets ends all the same.
func TestGivenUpAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 200 {
		x := &exchange{transport: inproc, n: 1 << 40, size: 10}
		done := make(chan error, 1)
		go func() { done <- x.perform(ctx, reqRep) }()
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		case <-time.After(patience):
			t.Fatal("it did not end")
		}
	}
}
