// SPDX-License-Identifier: BSD-2-Clause

package ctest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	zmq "github.com/seed45097122/zmq4"
)

// tempDir has the programs, and the ipc sockets: their paths must be short.
var (
	tempDir   string
	tempCount atomic.Int64
)

func tempFile() string { return filepath.Join(tempDir, strconv.FormatInt(tempCount.Add(1), 10)) }

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ctest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	tempDir = dir
	code := Main(m)
	os.RemoveAll(dir)
	os.Exit(code)
}

// many returns n, or less of it where that would take long.
func many(n int) int {
	if testing.Short() || raceEnabled {
		return n / 10
	}
	return n
}

// output runs a program that is expected to do its work, and returns what it printed.
func output(name string, arg ...string) (string, error) {
	cmd := exec.Command(name, arg...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", cmd, err, out, &stderr)
	}
	return strings.TrimSpace(string(out)), nil
}

var findCC = sync.OnceValue(func() string {
	for _, name := range []string{os.Getenv("CC"), "cc", "gcc", "clang"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
})

// compileC compiles a C program with libzmq. There must be a compiler: needCC.
func compileC(arg ...string) (program string, err error) {
	flags, err := output("pkg-config", "--cflags", "--libs", "libzmq")
	if err != nil {
		return "", err
	}
	program = tempFile()
	arg = append([]string{"-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-o", program}, arg...)
	_, err = output(findCC(), append(arg, strings.Fields(flags)...)...)
	return program, err
}

var compilePeer = sync.OnceValues(func() (string, error) { return compileC("peer.c") })

func needCC(t *testing.T) {
	if findCC() == "" {
		t.Skip("no C compiler: neither cc nor gcc nor clang")
	}
}

// cPeer returns the command that runs peer.c.
func cPeer(t *testing.T) []string {
	needCC(t)
	program, err := compilePeer()
	must(t, err)
	return []string{program}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A peer is a running program.
type peer struct {
	cmd      *exec.Cmd
	stdin    io.WriteCloser
	endpoint chan string   // sent when it is ready
	synced   chan struct{} // closed when it receives what is published
	done     chan struct{} // closed when it has ended

	mu     sync.Mutex
	output bytes.Buffer // of both kinds

	ok  bool  // it printed "ok"; these two once it has ended
	err error // how it ended
}

// A peerWriter collects output.
type peerWriter struct{ p *peer }

func (w peerWriter) Write(b []byte) (int, error) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	return w.p.output.Write(b)
}

// startPeer starts a program that ends with the test.
func startPeer(t *testing.T, command []string, arg ...string) *peer {
	t.Helper()
	p := &peer{
		cmd:      exec.Command(command[0], append(command[1:len(command):len(command)], arg...)...),
		endpoint: make(chan string, 1),
		synced:   make(chan struct{}),
		done:     make(chan struct{}),
	}
	p.cmd.Stderr = peerWriter{p}
	stdin, err := p.cmd.StdinPipe()
	must(t, err)
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	must(t, err)
	must(t, p.cmd.Start())
	t.Cleanup(p.kill)
	go func() {
		defer close(p.done)
		synced := sync.OnceFunc(func() { close(p.synced) })
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			line := lines.Text()
			fmt.Fprintln(peerWriter{p}, line)
			if endpoint, ok := strings.CutPrefix(line, "endpoint "); ok {
				p.endpoint <- endpoint
			}
			if line == "synced" {
				synced()
			}
			p.ok = line == "ok"
		}
		p.err = p.cmd.Wait()
	}()
	return p
}

func (p *peer) kill() {
	p.cmd.Process.Kill()
	<-p.done
}

// describe adds to an error what the peer has printed.
func (p *peer) describe(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Errorf("%w\n%s printed:\n%s", err, p.cmd, &p.output)
}

// ready returns the peer's endpoint.
func (p *peer) ready(limit time.Duration) (string, error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case endpoint := <-p.endpoint:
		return endpoint, nil
	case <-p.done:
		return "", p.describe(fmt.Errorf("the peer has ended before it was ready: %v", p.err))
	case <-timer.C:
		return "", p.describe(fmt.Errorf("the peer is not ready after %v", limit))
	}
}

// finish waits until the peer has done its work, now that we have done ours.
func (p *peer) finish(limit time.Duration) error {
	p.stdin.Close()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		return p.describe(fmt.Errorf("the peer is not done after %v", limit))
	}
	if p.err != nil {
		return p.describe(fmt.Errorf("the peer failed: %w", p.err))
	}
	if !p.ok {
		return p.describe(errors.New("the peer did not say ok"))
	}
	return nil
}

// A messenger is a Messenger over a socket.
type messenger struct{ *zmq.Socket }

func (m messenger) Recv() ([][]byte, error) { return m.RecvMessageBytes(0) }

func (m messenger) Send(parts [][]byte) error {
	_, err := m.SendMessage(parts)
	return err
}

// newSocket makes a socket, in a context of its own, that ends with the test.
func newSocket(t *testing.T, typ zmq.Type) *zmq.Socket {
	t.Helper()
	ctx, err := zmq.NewContext()
	must(t, err)
	soc, err := ctx.NewSocket(typ)
	must(t, err)
	t.Cleanup(func() {
		soc.SetLinger(0)
		soc.Close()
		done := make(chan error, 1)
		go func() { done <- ctx.Term() }()
		timer := time.NewTimer(Limit)
		defer timer.Stop()
		select {
		case err := <-done:
			if err != nil {
				t.Error("Term:", err)
			}
		case <-timer.C:
			t.Error("Term: not done after", Limit)
		}
	})
	must(t, soc.SetRcvtimeo(Limit))
	must(t, soc.SetSndtimeo(Limit))
	return soc
}

// newEndpoint returns what to bind to.
func newEndpoint(transport string) string {
	if transport == "ipc" {
		return "ipc://" + tempFile()
	}
	return "tcp://127.0.0.1:*"
}

// An exchange is of messages between our socket and a peer.
type exchange struct {
	peer []string // the command
	pattern
	link
	count int

	secure func(*zmq.Socket) error // makes our socket secure
	args   []string                // and theirs
}

// run returns an error if something gets lost or changed, or hangs.
func (x *exchange) run(t *testing.T) error {
	soc := newSocket(t, x.ours)
	switch x.ours {
	case zmq.SUB:
		must(t, soc.SetSubscribe("m"))
		fallthrough
	case zmq.PUB, zmq.XPUB, zmq.XSUB:
		must(t, soc.SetSndhwm(0)) // not to lose messages
		must(t, soc.SetRcvhwm(0))
	}
	if x.secure != nil {
		must(t, x.secure(soc))
	}
	args := []string{x.theirs, "bind", newEndpoint(x.transport), x.role, strconv.Itoa(x.count)}
	if !x.theyBind {
		must(t, soc.Bind(args[2]))
		endpoint, err := soc.GetLastEndpoint()
		must(t, err)
		args[1], args[2] = "connect", endpoint
	}
	p := startPeer(t, x.peer, append(args, x.args...)...)
	endpoint, err := p.ready(Limit)
	if err != nil {
		return err
	}
	if x.theyBind {
		must(t, soc.Connect(endpoint))
	}
	if x.ours == zmq.XSUB {
		_, err := soc.Send("\x01m", 0)
		must(t, err)
	}

	// Nothing comes from a peer that has failed.
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		<-p.done
		if p.err != nil {
			soc.Close()
		}
	}()
	player := &Player{
		Messenger: messenger{soc},
		Type:      x.ours.String(),
		Count:     x.count,
		Sync:      p.synced,
		Synced:    func() { io.WriteString(p.stdin, "\n") },
	}
	if err := player.Play(Other[x.role]); err != nil {
		p.kill()
		return p.describe(err)
	}
	err = p.finish(Limit)
	p.kill()
	<-watched
	return err
}
