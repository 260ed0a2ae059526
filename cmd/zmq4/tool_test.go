// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/seed45097122/zmq4"
)

// tool returns a command that is killed if the test takes too long.
func tool(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), "zmq4", append(args, "--timeout", "60s")...)
	t.Cleanup(func() {
		if c.Process != nil {
			c.Process.Kill()
		}
	})
	return c
}

// exitCode waits for a command.
func exitCode(t *testing.T, c *exec.Cmd) int {
	t.Helper()
	err := c.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return 0
}

// bound starts a command with -v and more arguments, and returns the endpoint that it is
// bound to.
func bound(t *testing.T, c *exec.Cmd, more ...string) string {
	t.Helper()
	c.Args = append(append(c.Args, "-v"), more...)
	return listening(t, c)
}

// listening starts a command that says to which endpoint it is bound, and returns that.
func listening(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, endpoint, ok := strings.Cut(lines.Text(), " bound to "); ok {
			go io.Copy(io.Discard, stderr)
			return endpoint
		}
	}
	t.Fatal("no endpoint on standard error")
	return ""
}

func TestWildcardPort(t *testing.T) {
	server := tool(t, "reply", "tcp://127.0.0.1:*", "-n", "1")
	endpoint := listening(t, server) // also without --verbose
	out, err := tool(t, "request", endpoint, "hello").Output()
	if string(out) != "hello\n" || err != nil {
		t.Errorf("request %s: %q, %v", endpoint, out, err)
	}
	if code := exitCode(t, server); code != 0 {
		t.Errorf("reply: exit code %d", code)
	}
}

func TestInterrupt(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			c := tool(t, "receive", "tcp://127.0.0.1:*")
			bound(t, c)
			if err := c.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if code := exitCode(t, c); code != 128+int(sig) {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// A sender that is interrupted delivers what it has sent.
func TestInterruptDelivers(t *testing.T) {
	receiver := tool(t, "receive", "tcp://127.0.0.1:*", "-n", "2")
	out, err := receiver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	endpoint := bound(t, receiver)

	sender := tool(t, "send", endpoint)
	in, err := sender.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Start(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(in, "one\n")
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); line != "one\n" {
		t.Fatalf("received %q, %v: each line has to be sent at once", line, err)
	}
	sender.Process.Signal(os.Interrupt)
	if code := exitCode(t, sender); code != 130 {
		t.Errorf("sender: exit code %d", code)
	}
	if out, err := tool(t, "send", endpoint, "two").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("send: %q, %v", out, err)
	}
	if line, err := lines.ReadString('\n'); line != "two\n" {
		t.Errorf("received %q, %v", line, err)
	}
	if code := exitCode(t, receiver); code != 0 {
		t.Errorf("receiver: exit code %d", code)
	}
}

// A reader that has gone ends the tool without a word.
func TestClosedOutput(t *testing.T) {
	receiver := tool(t, "receive", "tcp://127.0.0.1:*")
	out, err := receiver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	endpoint := bound(t, receiver)
	out.Close()
	if err := tool(t, "send", endpoint, "hello").Run(); err != nil {
		t.Fatal(err)
	}
	err = receiver.Wait()
	status, ok := receiver.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGPIPE {
		t.Errorf("receive ended with %v, not SIGPIPE", err)
	}
}

// Output that cannot be written is an error.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	receiver := tool(t, "receive", "tcp://127.0.0.1:*")
	receiver.Stdout = full
	endpoint := bound(t, receiver)
	if err := tool(t, "send", endpoint, "hello").Run(); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, receiver); code != 1 {
		t.Errorf("exit code %d", code)
	}
}

// The time that 11 messages take has a lower bound: that of 10 pauses.
func TestRate(t *testing.T) {
	for _, pace := range [][]string{{"--rate", "50"}, {"--interval", "20ms"}} {
		receiver := tool(t, "receive", "tcp://127.0.0.1:*", "-n", "11")
		endpoint := bound(t, receiver)
		began := time.Now()
		if out, err := tool(t, append([]string{"send", endpoint, "-n", "11", "x"}, pace...)...).CombinedOutput(); err != nil {
			t.Fatalf("%s %v", out, err)
		}
		if took := time.Since(began); took < 200*time.Millisecond {
			t.Errorf("%v: 11 messages took %v", pace, took)
		}
		if code := exitCode(t, receiver); code != 0 {
			t.Errorf("receive: exit code %d", code)
		}
	}
}

// Progress is shown on a terminal, after a while, and nowhere else.
func TestProgress(t *testing.T) {
	send := func(t *testing.T, terminal bool, more ...string) string {
		receiver := tool(t, "receive", "tcp://127.0.0.1:*", "-n", "150")
		endpoint := bound(t, receiver)
		sender := tool(t, append([]string{"send", endpoint, "-n", "150", "--rate", "100", "x"}, more...)...)
		var shown []byte
		if terminal {
			// A terminal ends with an error when nobody has it open any more.
			master, err := pty.Start(sender)
			if err != nil {
				t.Fatal(err)
			}
			shown, _ = io.ReadAll(master)
			master.Close()
			if code := exitCode(t, sender); code != 0 {
				t.Errorf("send: exit code %d", code)
			}
		} else {
			var err error
			if shown, err = sender.CombinedOutput(); err != nil {
				t.Error(err)
			}
		}
		if code := exitCode(t, receiver); code != 0 {
			t.Errorf("receive: exit code %d", code)
		}
		return string(shown)
	}
	shown := send(t, true)
	if !regexp.MustCompile(`1\d\d/150 msgs  \d+%  \d+/s`).MatchString(shown) {
		t.Errorf("a terminal shows %q", shown)
	}
	// The first rate that is shown is of all the time, too.
	for _, rate := range regexp.MustCompile(`(\d+)/s`).FindAllStringSubmatch(shown, -1) {
		if n, err := strconv.Atoi(rate[1]); err != nil || n > 150 {
			t.Errorf("--rate 100, and a terminal shows %s/s", rate[1])
		}
	}
	if shown := send(t, true, "--quiet"); shown != "" {
		t.Errorf("with --quiet a terminal shows %q", shown)
	}
	if shown := send(t, false); shown != "" {
		t.Errorf("what is no terminal gets %q", shown)
	}
}

// On a terminal a command says when there is nobody to talk to, and after Ctrl-C
// what it has not delivered.
func TestNobodyThere(t *testing.T) {
	endpoint := "ipc://" + t.TempDir() + "/nobody"
	sender := tool(t, "send", endpoint, "hello")
	master, err := pty.Start(sender)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	lines := bufio.NewScanner(master)
	if want := "zmq4: waiting for a connection to " + endpoint; !lines.Scan() || lines.Text() != want {
		t.Errorf("the terminal shows %q, want %q", lines.Text(), want)
	}
	if _, err := master.WriteString("\x03"); err != nil { // Ctrl-C
		t.Fatal(err)
	}
	if want := "^Czmq4: connect " + endpoint + ": interrupt"; !lines.Scan() || lines.Text() != want {
		t.Errorf("the terminal shows %q, want %q", lines.Text(), want)
	}
	if code := exitCode(t, sender); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// A stream talks to what knows nothing of ZeroMQ, and has no handshake that the
// tool could wait for.
func TestStream(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	got := make(chan string, 1)
	go func() {
		defer close(got)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		request := make([]byte, len("hello"))
		io.ReadFull(conn, request)
		got <- string(request)
		io.WriteString(conn, "world")
	}()
	// The first message says that there is a connection.
	out, err := tool(t, "stream", "tcp://"+listener.Addr().String(), "--opt", "connect-rid=peer", "-e", "2", "peer", "hello").Output()
	if want := "peer\t\npeer\tworld\n"; string(out) != want || err != nil {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
	if request := <-got; request != "hello" {
		t.Errorf("the server got %q", request)
	}
}

// Monitor tells the addresses of peers.
func TestMonitorPeer(t *testing.T) {
	c := tool(t, "monitor", "--type", "rep", "@tcp://127.0.0.1:*", "--json", "--event", "listening,accepted,disconnected", "-n", "3")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	events := json.NewDecoder(out)
	next := func() (ev jsonEvent) {
		t.Helper()
		if err := events.Decode(&ev); err != nil {
			t.Fatal(err)
		}
		if age := time.Since(ev.Time); age < 0 || age > time.Minute {
			t.Errorf("the time of an event is %v", ev.Time)
		}
		return ev
	}
	bound := next()
	conn, err := net.Dial("tcp", strings.TrimPrefix(bound.Endpoint, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	accepted := next()
	conn.Close()
	peer := "tcp://" + conn.LocalAddr().String()
	for _, ev := range []jsonEvent{accepted, next()} {
		if ev.Peer != peer || ev.Endpoint != bound.Endpoint {
			t.Errorf("%+v: want peer %s at %s", ev, peer, bound.Endpoint)
		}
	}
	if code := exitCode(t, c); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A server logs, with the time, whom it lets in and whom it does not: what repeats
// once, and how often.
func TestServerLog(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(users, []byte("alice:secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := tool(t, "reply", "tcp://127.0.0.1:*", "-n", "1", "--server", "--users", users, "-v")
	stderr, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	scanner := bufio.NewScanner(stderr)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
		if _, endpoint, ok := strings.Cut(scanner.Text(), "bound to "); ok {
			for range 3 {
				if tool(t, "request", endpoint, "--plain", "alice:wrong", "x").Run() == nil {
					t.Error("a wrong password is let in")
				}
			}
			if err := tool(t, "request", endpoint, "--plain", "alice:secret", "x").Run(); err != nil {
				t.Error(err)
			}
		}
	}
	if code := exitCode(t, server); code != 0 {
		t.Errorf("exit code %d", code)
	}
	log := strings.Join(lines, "\n")
	const stamped = `(?m)^zmq4: \d\d:\d\d:\d\d\.\d{3} `
	for want, n := range map[string]int{
		`client DENIED .*address="127\.0\.0\.1" client="alice"$`:       1,
		`client DENIED .*client="alice" \(2 more times\)$`:             1,
		`client ALLOWED .*address="127\.0\.0\.1" client="alice"$`:      1,
		`EVENT_ACCEPTED tcp://\S+ fd=\d+ peer=tcp://127\.0\.0\.1:\d+$`: 1,
	} {
		if got := len(regexp.MustCompile(stamped+want).FindAllString(log, -1)); got < n || got > 2 {
			t.Errorf("%d lines %s in\n%s", got, want, log)
		}
	}
	if !regexp.MustCompile(`(?m)\A(zmq4: [\d:.]+ .*\n?)+\z`).MatchString(log) {
		t.Errorf("not all lines have the time:\n%s", log)
	}
}

// A host name that cannot be resolved is told of.
func TestUnknownHost(t *testing.T) {
	c := tool(t, "request", "tcp://nothing.invalid:5555", "x")
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(stderr).ReadString('\n')
	want := `^zmq4: [\d:.]+ connect tcp://nothing\.invalid:5555: lookup nothing\.invalid.*: `
	if !regexp.MustCompile(want).MatchString(line) {
		t.Errorf("standard error has %q, want %s", line, want)
	}
}

func TestVersion(t *testing.T) {
	out, err := exec.Command("zmq4", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(string(out))
	for name, capability := range map[string]string{"ws": "WS", "wss": "WSS", "curve": "curve", "draft": "draft"} {
		if slices.Contains(words, name) != zmq4.Has(capability) {
			t.Errorf("%s is %v, and the version %q", capability, zmq4.Has(capability), out)
		}
	}
}
