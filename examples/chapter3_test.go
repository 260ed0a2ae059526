// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/seed45097122/zmq4/ctest"
)

// numbers returns the groups of the one line that matches, which have to be
// numbers.
func numbers(t *testing.T, out, pattern string) []int {
	t.Helper()
	all := regexp.MustCompile("(?m)"+pattern).FindAllStringSubmatch(out, -1)
	if len(all) != 1 {
		t.Fatalf("%d lines match %q", len(all), pattern)
	}
	var list []int
	for _, group := range all[0][1:] {
		n, err := strconv.Atoi(group)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	p := start(t, "identity")
	p.expect(`^  \[005\] 00[0-9A-F]{8}\n  \[000\] \n  \[005\] Hello\n  answer: World$`)
	p.expect(`^  \[005\] PEER2\n  \[000\] \n  \[005\] Hello\n  answer: World$`)
	p.expect(`^There is no PEER3$`)
	p.wait()
}

// TestRouterToWorkers wants each task to be done once.
func TestRouterToWorkers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"rtreq", "rtdealer"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const workers, tasks = 4, 50
			out := start(t, name, "-endpoint", ctest.Endpoints(t, 1)[0], "-workers", fmt.Sprint(workers), "-n", fmt.Sprint(tasks), "-work", "2ms").wait()
			sum := 0
			for i := range workers {
				sum += numbers(t, out, fmt.Sprintf(`^Worker %d completed (\d+) tasks$`, i+1))[0]
			}
			if sum != tasks {
				t.Errorf("%d tasks done, want %d", sum, tasks)
			}
		})
	}
}

func TestLbbroker(t *testing.T) {
	t.Parallel()
	const clients, n = 4, 5
	out := start(t, "lbbroker", "-clients", fmt.Sprint(clients), "-workers", "2", "-n", fmt.Sprint(n)).wait()
	for i := range clients {
		asked := regexp.MustCompile(fmt.Sprintf(`(?m)^worker-[12]: HELLO from client-%d$`, i+1)).FindAllString(out, -1)
		answered := regexp.MustCompile(fmt.Sprintf(`(?m)^client-%d: OK from worker-[12]$`, i+1)).FindAllString(out, -1)
		if len(asked) != n || len(answered) != n {
			t.Errorf("client %d: %d requests and %d answers, want %d", i+1, len(asked), len(answered), n)
		}
	}
}

// TestLbbrokerReactor has clients ask before there is a worker, and sees that
// two workers that are both free get the same number of requests of one client.
func TestLbbrokerReactor(t *testing.T) {
	t.Parallel()
	e := ctest.Endpoints(t, 2)
	first := start(t, "lbclient", "-endpoint", e[0], "-n", "3")
	broker := start(t, "lbbroker3", "-frontend", e[0], "-backend", e[1])
	anna := start(t, "lbworker", "-endpoint", e[1], "-name", "anna")
	broker.expect(`^a worker is ready$`)
	first.expect(`^request 3: OK from anna$`)
	first.wait()

	bert := start(t, "lbworker", "-endpoint", e[1], "-name", "bert")
	broker.expect(`^a worker is ready$`)
	out := start(t, "lbclient", "-endpoint", e[0], "-n", "10").wait()
	for _, name := range []string{"anna", "bert"} {
		if n := strings.Count(out, "OK from "+name+"\n"); n != 5 {
			t.Errorf("%s answered %d requests, want 5", name, n)
		}
	}
	anna.interrupt()
	bert.interrupt()
	broker.interrupt()
	broker.expect(`^13 requests answered, 2 workers free$`)
}

func TestAsyncsrv(t *testing.T) {
	t.Parallel()
	const clients = 3
	out := start(t, "asyncsrv", "-endpoint", ctest.Endpoints(t, 1)[0], "-clients", fmt.Sprint(clients), "-n", "6", "-interval", "1ms", "-work", "2ms").wait()
	sum := 0
	for i := range clients {
		name := fmt.Sprintf("client-%d", i+1)
		replies := numbers(t, out, "^"+name+`: 6 requests, (\d+) replies$`)[0]
		if got := strings.Count(out, name+": request "); got != replies {
			t.Errorf("%s got %d replies and counted %d", name, got, replies)
		}
		sum += replies
	}
	if sent := numbers(t, out, `^server: (\d+) replies$`)[0]; sent != sum || sum == 0 {
		t.Errorf("the server sent %d replies, the clients got %d", sent, sum)
	}
}

// TestChapter3Interrupted ends programs by Ctrl-C that are not done yet.
func TestChapter3Interrupted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, until string
		args        []string
	}{
		{"rtreq", `^1000000 tasks for 3 workers$`, []string{"-endpoint", ctest.Endpoints(t, 1)[0], "-workers", "3", "-n", "1000000"}},
		{"rtdealer", `^1000000 tasks for 3 workers$`, []string{"-endpoint", ctest.Endpoints(t, 1)[0], "-workers", "3", "-n", "1000000"}},
		{"lbbroker", `^client-1: OK`, []string{"-clients", "2", "-n", "1000000"}},
		{"asyncsrv", `^client-1: request`, []string{"-endpoint", ctest.Endpoints(t, 1)[0], "-n", "1000000"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := start(t, c.name, c.args...)
			p.expect(c.until)
			p.interrupt()
		})
	}
}

// peeringDir returns a directory for the endpoints of brokers.
func peeringDir(t *testing.T) string {
	t.Helper()
	return filepath.Dir(strings.TrimPrefix(ctest.Endpoints(t, 1)[0], "ipc://"))
}

// brokers starts a peering program for each of three data centres.
func brokers(t *testing.T, name string, args map[string][]string) map[string]*process {
	t.Helper()
	dir := peeringDir(t)
	all := make(map[string]*process)
	for self, peers := range peering {
		flags := append([]string{"-dir", dir}, args[self]...)
		all[self] = start(t, name, append(append(flags, self), peers...)...)
		all[self].expect("^" + name + ": listening on ipc://" + regexp.QuoteMeta(filepath.Join(dir, self)))
	}
	return all
}

var peering = map[string][]string{"DC1": {"DC2", "DC3"}, "DC2": {"DC1", "DC3"}, "DC3": {"DC1", "DC2"}}

func TestPeering1(t *testing.T) {
	t.Parallel()
	args := []string{"-interval", "10ms"}
	all := brokers(t, "peering1", map[string][]string{"DC1": args, "DC2": args, "DC3": args})
	for self, p := range all {
		// Whichever comes first.
		one, two := peering[self][0], peering[self][1]
		p.expect(fmt.Sprintf(`(?s)^%[1]s: %[2]s has \d workers free$.*^%[1]s: %[3]s has \d workers free$`+
			`|^%[1]s: %[3]s has \d workers free$.*^%[1]s: %[2]s has \d workers free$`, self, one, two))
	}
	for _, p := range all {
		p.interrupt()
	}
}

func TestPeering2(t *testing.T) {
	t.Parallel()
	args := []string{"-clients", "5", "-workers", "2", "-n", "20"}
	all := brokers(t, "peering2", map[string][]string{"DC1": args, "DC2": args, "DC3": args})
	var byPeers, worked, forPeers int
	for self, p := range all {
		p.expect("^" + self + ": clients are done")
	}
	for self, p := range all {
		out := p.interrupt()
		asked := numbers(t, out, "^"+self+`: clients are done: (\d+) requests answered here, (\d+) by peers$`)
		if asked[0]+asked[1] != 100 {
			t.Errorf("%s: %d requests answered, want 100", self, asked[0]+asked[1])
		}
		byPeers += asked[1]
		served := numbers(t, out, "^"+self+`: worked on (\d+) requests, (\d+) of them for peers$`)
		worked += served[0]
		forPeers += served[1]
	}
	if worked != 300 || byPeers != forPeers || forPeers == 0 {
		t.Errorf("%d requests worked on, want 300; %d answers by peers, %d for peers", worked, byPeers, forPeers)
	}
}

// TestPeering3 has clients without workers, workers without clients, and both.
func TestPeering3(t *testing.T) {
	t.Parallel()
	quick := []string{"-n", "3", "-burst", "5", "-pause", "5ms", "-work", "2ms", "-timeout", "1m", "-state", "10ms"}
	all := brokers(t, "peering3", map[string][]string{
		"DC1": append([]string{"-clients", "4", "-workers", "0"}, quick...),
		"DC2": append([]string{"-clients", "0", "-workers", "3"}, quick...),
		"DC3": append([]string{"-clients", "4", "-workers", "2"}, quick...),
	})
	for self, p := range all {
		p.expect("^" + self + ": clients are done")
	}
	here, byPeers, forPeers := make(map[string]int), make(map[string]int), make(map[string]int)
	sum, worked := 0, 0
	for self, p := range all {
		out := p.interrupt()
		asked := numbers(t, out, "^"+self+`: clients are done: (\d+) tasks done here, (\d+) by peers, (\d+) lost$`)
		if asked[2] != 0 {
			t.Errorf("%s: %d tasks lost", self, asked[2])
		}
		here[self], byPeers[self] = asked[0], asked[1]
		sum += asked[0] + asked[1]
		served := numbers(t, out, "^"+self+`: worked on (\d+) tasks, (\d+) of them for peers$`)
		forPeers[self] = served[1]
		worked += served[0]
	}
	if sum < 2*4*3 || worked != sum {
		t.Errorf("%d tasks worked on, clients had %d", worked, sum)
	}
	if here["DC1"] != 0 || byPeers["DC1"] < 4*3 || here["DC2"] != 0 || forPeers["DC1"] != 0 {
		t.Errorf("done here: %v, by peers: %v, for peers: %v", here, byPeers, forPeers)
	}
	if byPeers["DC1"]+byPeers["DC3"] != forPeers["DC2"]+forPeers["DC3"] {
		t.Errorf("done by peers: %v, for peers: %v", byPeers, forPeers)
	}
}

// TestPeeringAlone runs brokers that have no peers.
func TestPeeringAlone(t *testing.T) {
	t.Parallel()
	p := start(t, "peering2", "-dir", peeringDir(t), "-clients", "2", "-n", "5", "DC1")
	p.expect(`^DC1: clients are done: 10 requests answered here, 0 by peers$`)
	p.interrupt()
	p.expect(`^DC1: worked on 10 requests, 0 of them for peers$`)

	// Nobody can do the task.
	p = start(t, "peering3", "-dir", peeringDir(t), "-clients", "1", "-workers", "0", "-n", "1", "-pause", "1ms", "-timeout", "10ms", "DC1")
	p.expect(`^DC1/client-1/task-1 is lost\nDC1: clients are done: 0 tasks done here, 0 by peers, 1 lost$`)
	p.interrupt()
	p.expect(`^DC1: worked on 0 tasks, 0 of them for peers$`)
}
