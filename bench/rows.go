// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"os/exec"
	"runtime"
)

// implementations are run in this order, again and again.
var implementations = []string{
	"C", "C-copy", "zmq4", "pebbe", "go-zeromq", "zmq4-batch", "zmq4-into", "zmq4-msg", "zmq4-mutex", "pebbe-mutex",
}

// A row is one piece of work that every implementation does.
type row struct {
	group, name        string
	kind               string // see measurement.kinds
	transport          string
	types              [2]string // thr, shared: receiver and sender; lat: asker and echo; proxy: front and back; timers: timer and waiter
	size               int
	parts              int
	count              int
	warmup             int
	sockets            int
	subs               int
	conns              int // sending sockets, each with a connection
	senders, receivers int // goroutines that share a socket
	window             int // requests that wait for an answer, for each connection
	kept               bool
	curve              bool
	plot               bool // for the plots only
	pinned             bool // each process has a processor of its own
	impls              []string
	goals              []goal
}

// latency reports whether a row is about time and not about a rate.
func (r *row) latency() bool {
	return r.kind == "lat" || r.kind == "poll" || r.kind == "timers" || r.kind == "park"
}

// alone reports whether all of a row happens in one process.
func (r *row) alone() bool { return r.transport == "inproc" || r.kind == "poll" || r.kind == "timers" }

func (r *row) title() string { return r.group + ", " + r.name }

// sweep are the sizes of the plots.
var sweep = []int{8, 64, 512, 4 << 10, 32 << 10, 256 << 10, 1 << 20}

var transports = []string{"inproc", "tcp", "ipc"}

// A table is the rows. Counts are those of a full run divided by scale.
type table struct {
	rows  []*row
	scale int
	pin   bool // each row of several processes once more, pinned
}

// pinnable reports whether processes can be given a processor each.
func pinnable() bool {
	_, err := exec.LookPath("taskset")
	return err == nil && runtime.NumCPU() > 1
}

// newTable makes all rows.
func newTable(scale int, pin, plots bool) []*row {
	t := &table{scale: scale, pin: pin}
	t.throughput()
	t.roundTrips()
	t.connections()
	t.shared()
	t.polls()
	t.waits()
	if plots {
		t.plots()
	}
	return t.rows
}

// pinnedSuffix ends the name of a row that is pinned, after the name of the one that is not.
const pinnedSuffix = ", pinned"

// add enters a row, and its pinned twin. The goals are those of the twin, if there can be one.
func (t *table) add(r row) {
	r.count = max(r.count/t.scale, 1)
	for _, n := range []*int{&r.parts, &r.subs, &r.conns, &r.senders, &r.receivers} {
		*n = max(*n, 1)
	}
	if r.impls == nil {
		r.impls = []string{"C", "zmq4", "pebbe", "go-zeromq"}
	}
	if r.warmup == 0 {
		r.warmup = min(r.count/10+1, 20_000)
	}
	if r.alone() || r.plot {
		t.rows = append(t.rows, &r)
		return
	}
	free := r
	free.goals = nil
	t.rows = append(t.rows, &free)
	if t.pin {
		r.pinned, r.name = true, r.name+pinnedSuffix
		t.rows = append(t.rows, &r)
	}
}

// throughput adds streams of messages in one direction.
func (t *table) throughput() {
	goals := map[string][]goal{ // rate and CPU time
		"inproc, 8 B":  {{"zmq4", "C", 0.66, 1.60}, {"zmq4-batch", "C", 0.84, 1.20}},
		"inproc, 64 B": {{"zmq4", "C", 0.75, 1.45}, {"zmq4-batch", "C", 0.90, 1.20}},
		"tcp, 8 B":     {{"zmq4", "C", 0.64, 1.66}, {"zmq4-batch", "C", 0.80, 1.32}},
		"tcp, 64 B":    {{"zmq4", "C", 0.66, 1.56}, {"zmq4-batch", "C", 0.85, 1.23}},
		"tcp, 1 KiB":   {{"zmq4", "C", 0.90, 1.22}},
		"ipc, 8 B":     {{"zmq4", "C", 0.64, 1.62}, {"zmq4-batch", "C", 0.84, 1.26}},
		"ipc, 64 B":    {{"zmq4", "C", 0.61, 1.58}, {"zmq4-batch", "C", 0.80, 1.23}},
	}
	for _, transport := range transports {
		for _, size := range []int{8, 64, 1 << 10} {
			name := transport + ", " + bytesOf(size)
			if size == 1<<10 && goals[name] == nil {
				continue
			}
			t.add(row{
				group: "PUSH to PULL", name: name, kind: "thr", transport: transport, types: [2]string{"PULL", "PUSH"},
				size: size, count: 2_000_000, goals: goals[name],
				impls: []string{"C", "C-copy", "zmq4", "pebbe", "go-zeromq", "zmq4-batch", "zmq4-into"},
			})
		}
	}
	for i, transport := range []string{"inproc", "tcp"} {
		t.add(row{
			group: "DEALER to ROUTER, 3 parts of 64 B", name: transport, kind: "thr", transport: transport,
			types: [2]string{"ROUTER", "DEALER"}, size: 64, parts: 3, count: 600_000,
			impls: []string{"C", "C-copy", "zmq4", "pebbe", "go-zeromq", "zmq4-batch"},
			goals: []goal{{"zmq4", "C", []float64{0.60, 0.64}[i], []float64{1.55, 1.66}[i]}},
		})
		t.add(row{
			group: "PUSH to PULL, 1 MiB", name: transport, kind: "thr", transport: transport,
			types: [2]string{"PULL", "PUSH"}, size: 1 << 20, count: 4000, warmup: 50,
			impls: []string{"C", "C-copy", "zmq4", "pebbe", "go-zeromq", "zmq4-msg"},
		})
	}
	t.add(row{
		group: "CURVE, PUSH to PULL, 1 KiB", name: "tcp", kind: "thr", transport: "tcp", curve: true,
		types: [2]string{"PULL", "PUSH"}, size: 1 << 10, count: 300_000, goals: []goal{{"zmq4", "C", 0.99, 1.05}},
		impls: []string{"C", "zmq4", "pebbe", "zmq4-into", "zmq4-msg", "zmq4-batch"},
	})
	t.add(row{
		group: "PUB to 8 SUB, 64 B", name: "tcp", kind: "fan", transport: "tcp", types: [2]string{"SUB", "PUB"}, size: 64,
		count: 200_000, subs: 8, goals: []goal{{"zmq4", "C", 0.76, 1.25}},
		impls: []string{"C", "zmq4", "pebbe", "go-zeromq", "zmq4-batch"},
	})
	for _, types := range [][2]string{{"XSUB", "XPUB"}, {"ROUTER", "DEALER"}} {
		t.add(row{
			group: "Proxy, 64 B, between C programs", name: types[0] + " to " + types[1] + ", tcp", kind: "proxy", transport: "tcp",
			types: types, size: 64, count: 1_000_000, impls: []string{"C", "zmq4", "pebbe"}, goals: []goal{{"zmq4", "C", 0.97, 1.08}},
		})
	}
}

// roundTrips adds requests that wait for their answers.
func (t *table) roundTrips() {
	for _, types := range [][2]string{{"REQ", "REP"}, {"PAIR", "PAIR"}} {
		for _, transport := range transports {
			r := row{
				group: types[0] + " and " + types[1] + " round trip, 1 B", name: transport, kind: "lat", transport: transport, types: types,
				size: 1, count: 30_000, warmup: 500, goals: []goal{{"zmq4", "pebbe", 1, 0}},
			}
			if transport == "inproc" {
				r.count, r.goals = 50_000, []goal{{"zmq4", "pebbe", 0.86, 0}}
				r.impls = []string{"C", "zmq4", "pebbe", "go-zeromq", "zmq4-into"}
			}
			t.add(r)
		}
	}
}

// connections adds one socket with many peers.
func (t *table) connections() {
	for _, n := range []int{1, 10, 100, 1000} {
		r := row{
			group: "Connections of one PULL, 64 B", name: fmt.Sprint(n), kind: "thr", transport: "tcp", conns: n,
			types: [2]string{"PULL", "PUSH"}, size: 64, count: max(1_000_000, 300_000*t.scale), warmup: 20 * max(n, 1000),
		}
		if n == 1000 {
			r.goals = []goal{{"zmq4", "pebbe", 1.05, 0}}
		}
		t.add(r)
	}
}

// many writes a number with its noun.
func many(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprint(n, " ", noun)
}

// unshared is the row that sharing is compared with.
const unshared = "1 sender, 1 receiver"

// shared adds sockets that many goroutines use at once.
func (t *table) shared() {
	for _, n := range []struct{ senders, receivers int }{{1, 1}, {16, 1}, {64, 1}, {1, 16}, {1, 64}} {
		r := row{
			group: "Shared sockets, inproc, 8 B", name: many(n.senders, "sender") + ", " + many(n.receivers, "receiver"),
			kind: "shared", transport: "inproc", types: [2]string{"PULL", "PUSH"}, size: 8, count: 2_000_000,
			senders: n.senders, receivers: n.receivers, impls: []string{"C", "zmq4", "zmq4-mutex", "pebbe-mutex"},
		}
		if r.name != unshared {
			r.goals = []goal{{"zmq4", unshared, 0.9, 0}, {"zmq4", "zmq4-mutex", 0.9, 0}, {"zmq4", "pebbe-mutex", 1.5, 0}}
		}
		t.add(r)
	}
	t.add(row{
		group: "Shared sockets, inproc, 8 B", name: "1 sender, 1 receiver, and one that waits to receive on the socket that sends",
		kind: "shared", transport: "inproc", types: [2]string{"PAIR", "PAIR"}, size: 8, count: 2_000_000,
		impls: []string{"zmq4"}, goals: []goal{{"zmq4", unshared, 0.7, 0}},
	})
	// The goal is 1.5 times the 0.43 that were measured when the goals were set.
	t.add(row{
		group: "Server with 16 goroutines that reply, 64 B", name: "tcp", kind: "serve", transport: "tcp",
		types: [2]string{"ROUTER", "DEALER"}, size: 64, count: 500_000, conns: 8, senders: 16, window: 16, goals: []goal{{"zmq4", "C", 0.65, 0}},
		impls: []string{"C", "zmq4", "pebbe"},
	})
}

// polls adds Pollers: one that is kept, and one for each poll.
func (t *table) polls() {
	impls := []string{"C", "zmq4", "pebbe"}
	for _, n := range []int{10, 100, 1000, 10_000} {
		r := row{
			group: "Poll and receive, one socket of many active", name: fmt.Sprintf("%d sockets", n), kind: "poll", transport: "inproc", sockets: n,
			size: 8, count: max(2_000_000/n, 500), kept: true, impls: impls,
		}
		if n == 10 {
			r.goals = []goal{{"zmq4", "pebbe", 0.28, 0}}
		}
		t.add(r)
	}
	for _, transport := range []string{"inproc", "tcp"} {
		for _, n := range []int{1, 2, 4, 8} {
			t.add(row{
				group: "A Poller for one poll, and receive", name: transport + ", " + many(n, "socket"), kind: "poll", transport: transport,
				sockets: n, size: 8, count: 100_000, impls: impls, goals: []goal{{"zmq4", "pebbe", 1, 0}},
			})
		}
	}
}

// waits adds goroutines that wait: what they cost, and the timers beside them.
func (t *table) waits() {
	t.add(row{
		group: "Blocked receives", name: "2,000, one per socket", kind: "park", transport: "inproc", sockets: 2000, size: 8, count: 1,
		impls: []string{"zmq4", "pebbe"}, // go-zeromq takes longer than all the rest
	})
	// Two goroutines must not share a socket of pebbe's, and Go ends a program
	// that has 10,000 threads.
	t.add(row{
		group: "Blocked receives", name: "10,000, two per socket", kind: "park", transport: "inproc", sockets: 5000, subs: 2,
		size: 8, count: 1, impls: []string{"zmq4"},
	})
	for _, timer := range []string{"Ticker", "AfterFunc"} {
		for _, waiter := range []string{"nothing", "a receiver", "a Poller", "a Proxy"} {
			r := row{
				group: "Timers of 1 ms, how late", name: timer + " beside " + waiter, kind: "timers", transport: "tcp", types: [2]string{timer, waiter},
				size: 8, count: 2000, warmup: 50, impls: []string{"zmq4", "pebbe"}, goals: []goal{{"zmq4", "", 1.5, 0}},
			}
			if waiter == "nothing" {
				r.impls, r.goals = []string{"zmq4"}, nil
			}
			t.add(r)
		}
	}
}

// plots adds throughput against size.
func (t *table) plots() {
	for _, transport := range transports {
		for _, size := range sweep {
			if t.scale > 1 && (size == 512 || size == 32<<10 || size == 256<<10) {
				continue
			}
			t.add(row{
				group: "plot", name: fmt.Sprintf("%s, %d B", transport, size), kind: "thr", transport: transport, plot: true,
				types: [2]string{"PULL", "PUSH"}, size: size, count: max(min(1_000_000, 3<<30/size), 1000), warmup: 50,
				impls: []string{"C", "zmq4", "pebbe", "go-zeromq", "zmq4-batch", "zmq4-into", "zmq4-msg"},
			})
		}
	}
}
