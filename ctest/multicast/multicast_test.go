// SPDX-License-Identifier: BSD-2-Clause

// Package multicast runs examples/multicast over every multicast transport:
// a publisher and two subscribers, each in a network namespace of its own, on
// one bridge that leads nowhere else, with packets lost on the way.
//
// It needs root, and does nothing unless ZMQ4_MULTICAST is set: see make multicast.
package multicast

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
)

// messages is how many the publisher sends.
const messages = 10_000

// patience is how long anything may take.
const patience = time.Minute

// bin is where the examples are, as programs.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if bin, err = os.MkdirTemp("", "zmq4-multicast-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(bin)
		return m.Run()
	}())
}

var build = sync.OnceValue(func() error {
	out, err := exec.Command("go", "build", "-o", bin, "github.com/seed45097122/zmq4/examples/multicast/...").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
})

// A network is a bridge with three hosts: the publisher is host 0.
type network struct {
	t    *testing.T
	name string
}

// newNetwork makes a network that ends with the test.
func newNetwork(t *testing.T, transport string) *network {
	t.Helper()
	if os.Getenv("ZMQ4_MULTICAST") == "" {
		t.Skip("ZMQ4_MULTICAST is not set")
	}
	if os.Getuid() != 0 {
		t.Fatal("only root can make network namespaces")
	}
	for _, program := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatal(err)
		}
	}
	if transport == "norm" && !zmq4.HasNorm() || transport != "norm" && !zmq4.HasPgm() {
		t.Skip("libzmq was built without it")
	}
	if err := build(); err != nil {
		t.Fatal(err)
	}
	n := &network{t, fmt.Sprintf("zmq4-%d", os.Getpid())}
	bridge := n.name + "-br"
	n.run("", "ip", "netns", "add", bridge)
	t.Cleanup(func() { n.run("", "ip", "netns", "delete", bridge) })
	n.run("", "ip", "-n", bridge, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
	n.run("", "ip", "-n", bridge, "link", "set", "br0", "up")
	for i := range 3 {
		host, port := n.host(i), fmt.Sprintf("port%d", i)
		n.run("", "ip", "netns", "add", host)
		t.Cleanup(func() { n.run("", "ip", "netns", "delete", host) })
		n.run("", "ip", "-n", bridge, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", host)
		n.run("", "ip", "-n", bridge, "link", "set", port, "master", "br0", "up")
		n.run("", "ip", "-n", host, "address", "add", fmt.Sprintf("10.99.0.%d/24", i+1), "dev", "eth0")
		n.run("", "ip", "-n", host, "link", "set", "eth0", "up")
		n.run("", "ip", "-n", host, "link", "set", "lo", "up")
	}
	return n
}

func (n *network) host(i int) string { return fmt.Sprintf("%s-%d", n.name, i) }

func (n *network) run(stdin string, args ...string) {
	n.t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		n.t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// lose makes a host lose so many per cent of the packets that come in.
func (n *network) lose(i, percent int) {
	n.t.Helper()
	rules := "flush ruleset\n"
	if percent > 0 {
		drop := "drop"
		if percent < 100 {
			drop = fmt.Sprintf("numgen random mod 100 < %d drop", percent)
		}
		rules += "table inet loss {\nchain in {\ntype filter hook input priority 0\nudp dport 1-65535 " + drop +
			"\nmeta l4proto 113 " + drop + "\n}\n}\n"
	}
	n.run(rules, "ip", "netns", "exec", n.host(i), "nft", "-f", "-")
}

// endpoint is what a host says to take part.
func endpoint(transport string, host int) string {
	if transport == "norm" {
		return fmt.Sprintf("norm://%d,eth0;239.192.1.2:5557", host+1)
	}
	return fmt.Sprintf("%s://10.99.0.%d;239.192.1.1:5556", transport, host+1)
}

// A process is a publisher or a subscriber.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan error

	mu     sync.Mutex
	output bytes.Buffer
}

// start starts pub or sub on a host and waits until it has said it is ready.
func (n *network) start(host int, program, transport, ready string, args ...string) *process {
	n.t.Helper()
	args = append([]string{"netns", "exec", n.host(host), filepath.Join(bin, program), "-endpoint", endpoint(transport, host)}, args...)
	p := &process{t: n.t, cmd: exec.Command("ip", args...), done: make(chan error, 1)}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	p.cmd.Stderr = p.cmd.Stdout
	if err := p.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(p.kill)
	is := make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.mu.Lock()
			fmt.Fprintln(&p.output, lines.Text())
			p.mu.Unlock()
			if strings.Contains(lines.Text(), ready) && is != nil {
				close(is)
				is = nil
			}
		}
		p.done <- p.cmd.Wait()
		close(p.done)
	}()
	select {
	case <-is:
	case err := <-p.done:
		p.failed(err)
	case <-time.After(patience):
		n.t.Fatalf("%s is not ready\n%s", program, p.text())
	}
	return p
}

// failed ends the test because the process has ended too early.
func (p *process) failed(err error) {
	p.t.Helper()
	major, minor, patch := zmq4.Version()
	if major*10000+minor*100+patch < 40305 && strings.Contains(p.text(), "src/norm_engine.cpp") {
		p.t.Skip("libzmq before 4.3.5 may abort a NORM subscriber, and did: ", p.text())
	}
	p.t.Fatalf("%v: %v\n%s", p.cmd.Args, err, p.text())
}

// kill ends the process as it is, and waits for that.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.done
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// A report is what a subscriber said in the end.
type report struct {
	joined                     []int // the first number of each publisher
	received, lost, outOfOrder int
}

var (
	joinedLine = regexp.MustCompile(`(?m)^joined \d+ at (\d+)$`)
	lastLine   = regexp.MustCompile(`(?m)^received (\d+), lost (\d+) in \d+ gaps, out of order (\d+)$`)
)

// report waits for a subscriber to end.
func (p *process) report() (r report) {
	p.t.Helper()
	select {
	case err := <-p.done:
		if err != nil {
			p.failed(err)
		}
	case <-time.After(patience):
		p.t.Fatalf("sub does not end\n%s", p.text())
	}
	text := p.text()
	for _, joined := range joinedLine.FindAllStringSubmatch(text, -1) {
		r.joined = append(r.joined, 0)
		fmt.Sscan(joined[1], &r.joined[len(r.joined)-1])
	}
	last := lastLine.FindStringSubmatch(text)
	if last == nil {
		p.t.Fatalf("sub has no result\n%s", text)
	}
	fmt.Sscan(strings.Join(last[1:], " "), &r.received, &r.lost, &r.outOfOrder)
	p.t.Logf("%+v", r)
	return r
}

// check says whether each message is there, in order, or seen to be lost.
func (r report) check(t *testing.T, lossless bool) {
	t.Helper()
	if r.outOfOrder != 0 {
		t.Errorf("%d messages out of order", r.outOfOrder)
	}
	if len(r.joined) != 1 || r.joined[0]-1+r.received+r.lost != messages {
		t.Errorf("%+v: not every message is accounted for", r)
	}
	if lossless && r.lost != 0 {
		t.Errorf("%d messages were lost", r.lost)
	}
}

// pace is how fast the publisher is. NORM repairs all that is lost only if it
// was given time to learn how fast repairs are, and is not too fast then.
var pace = map[string][]string{
	"pgm":  {"-lead", "1s", "-every", "200us"},
	"epgm": {"-lead", "1s", "-every", "200us"},
	"norm": {"-lead", "15s", "-every", "1ms"},
}

func TestDelivery(t *testing.T) {
	for _, test := range []struct {
		transport string
		loss      int // per cent
	}{
		{"epgm", 0}, {"epgm", 1}, {"epgm", 5},
		{"pgm", 0}, {"pgm", 1}, {"pgm", 5},
		{"norm", 0}, {"norm", 1}, {"norm", 3},
	} {
		t.Run(fmt.Sprintf("%s/%d%%", test.transport, test.loss), func(t *testing.T) {
			n := newNetwork(t, test.transport)
			n.lose(1, test.loss)
			n.lose(2, test.loss)
			one := n.start(1, "sub", test.transport, "ready")
			two := n.start(2, "sub", test.transport, "ready")
			n.start(0, "pub", test.transport, "sending", append(pace[test.transport], "-stay", "1m")...)
			for _, sub := range []*process{one, two} {
				r := sub.report()
				r.check(t, true)
				if len(r.joined) != 1 || r.joined[0] != 1 {
					t.Errorf("%+v: did not join before the first message", r)
				}
			}
		})
	}
}

// TestLate joins when messages are under way.
func TestLate(t *testing.T) {
	for _, transport := range []string{"epgm", "norm"} {
		t.Run(transport, func(t *testing.T) {
			n := newNetwork(t, transport)
			early := n.start(1, "sub", transport, "ready")
			n.start(0, "pub", transport, "sending", "-lead", "1s", "-every", "500us", "-stay", "1m")
			late := n.start(2, "sub", transport, "joined")
			early.report().check(t, true)
			late.report().check(t, true)
		})
	}
}

// TestRestart ends the publisher in the middle, and starts another.
func TestRestart(t *testing.T) {
	for _, transport := range []string{"epgm", "norm"} {
		t.Run(transport, func(t *testing.T) {
			n := newNetwork(t, transport)
			sub := n.start(1, "sub", transport, "ready")
			pub := n.start(0, "pub", transport, "sending", "-lead", "1s", "-every", "200us")
			pub.kill()
			n.start(0, "pub", transport, "sending", "-lead", "1s", "-every", "500us", "-stay", "1m")
			r := sub.report()
			if len(r.joined) != 2 || r.joined[1] != 1 || r.received < messages || r.lost != 0 || r.outOfOrder != 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestGap cuts a subscriber off for longer than the publisher keeps what it
// has sent. It has to see what it missed, and to go on with what comes then.
func TestGap(t *testing.T) {
	n := newNetwork(t, "epgm")
	recovery := []string{"-recovery", "1s", "-rate", "10000"}
	// OpenPGM asks for lost packets for half a minute before it gives them up.
	cut := n.start(1, "sub", "epgm", "ready", append(recovery, "-patience", "1m")...)
	whole := n.start(2, "sub", "epgm", "ready", recovery...)
	n.start(0, "pub", "epgm", "sending", append(recovery, "-lead", "1s", "-every", "500us", "-stay", "1m")...)
	n.lose(1, 100)
	time.Sleep(2 * time.Second) // how long it is cut off is what is tested
	n.lose(1, 0)
	r := cut.report()
	r.check(t, false)
	if r.lost == 0 {
		t.Error("nothing is lost")
	}
	whole.report().check(t, true)
}
