// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"slices"
)

// implementations are run in this order, again and again.
var implementations = []string{"C", "zmq4", "pebbe", "go-zeromq", "zmq4-batch", "zmq4-into", "zmq4-msg"}

// A row is one piece of work that every implementation does.
type row struct {
	group, name string
	kind        string // see measure
	transport   string
	types       [2]string // thr: receiver and sender; lat: asker and echo; proxy: front and back
	size        int
	parts       int
	count       int
	warmup      int
	sockets     int
	subs        int
	conns       int // sending sockets, each with a connection
	curve       bool
	plot        bool // for the plots only
	impls       []string
	bars        []bar
}

// A bar is what an implementation has to reach: a ratio of rates.
type bar struct {
	impl, against string
	atLeast       float64
}

// latency reports whether a row is about time and not about a rate.
func (r *row) latency() bool { return r.kind == "lat" || r.kind == "poll" }

func (r *row) has(impl string) bool { return slices.Contains(r.impls, impl) }

// sweep are the sizes of the plots.
var sweep = []int{8, 64, 512, 4 << 10, 32 << 10, 256 << 10, 1 << 20}

// table makes all rows. Counts are those of a full run divided by scale.
func table(scale int, plots bool) []*row {
	three := []string{"C", "zmq4", "pebbe", "go-zeromq"}
	singles := []string{"C", "zmq4", "pebbe", "go-zeromq", "zmq4-batch", "zmq4-into"}
	own := func(impl string, against string, atLeast float64) bar { return bar{impl, against, atLeast} }
	var rows []*row
	add := func(r row) {
		r.count = max(r.count/scale, 1)
		if r.parts == 0 {
			r.parts = 1
		}
		if r.subs == 0 {
			r.subs = 1
		}
		if r.conns == 0 {
			r.conns = 1
		}
		if r.impls == nil {
			r.impls = three
		}
		if r.warmup == 0 {
			r.warmup = min(r.count/10+1, 20_000)
		}
		rows = append(rows, &r)
	}
	transports := []string{"inproc", "tcp", "ipc"}
	for _, t := range transports {
		for _, size := range []int{8, 64} {
			pebbe := 1.5
			if t == "inproc" {
				pebbe = 2
			}
			add(row{
				group: "PUSH to PULL", name: fmt.Sprintf("%s, %d B", t, size), kind: "thr", transport: t,
				types: [2]string{"PULL", "PUSH"}, size: size, count: 2_000_000, impls: singles,
				bars: []bar{own("zmq4", "C", 0.65), own("zmq4", "pebbe", pebbe),
					own("zmq4-batch", "C", 1), own("zmq4-batch", "pebbe", 3)},
			})
		}
	}
	for _, t := range transports[:2] {
		add(row{
			group: "DEALER to ROUTER, 3 parts of 64 B", name: t, kind: "thr", transport: t,
			types: [2]string{"ROUTER", "DEALER"}, size: 64, parts: 3, count: 600_000,
			impls: []string{"C", "zmq4", "pebbe", "go-zeromq", "zmq4-batch"},
			bars:  []bar{own("zmq4", "C", 0.8), own("zmq4", "pebbe", 4)},
		})
	}
	for _, t := range transports[:2] {
		bars := []bar{own("zmq4-msg", "C", 1)}
		if t == "tcp" {
			bars = append(bars, own("zmq4-msg", "pebbe", 1.5))
		}
		add(row{
			group: "PUSH to PULL, 1 MiB", name: t, kind: "thr", transport: t,
			types: [2]string{"PULL", "PUSH"}, size: 1 << 20, count: 4000, warmup: 50,
			impls: []string{"C", "zmq4", "pebbe", "go-zeromq", "zmq4-msg"}, bars: bars,
		})
	}
	add(row{
		group: "CURVE, PUSH to PULL, 1 KiB", name: "tcp", kind: "thr", transport: "tcp", curve: true,
		types: [2]string{"PULL", "PUSH"}, size: 1 << 10, count: 300_000,
		impls: []string{"C", "zmq4", "pebbe", "zmq4-into", "zmq4-msg", "zmq4-batch"}, bars: []bar{own("zmq4", "C", 0.95)},
	})
	for _, types := range [][2]string{{"REQ", "REP"}, {"PAIR", "PAIR"}} {
		for _, t := range transports {
			var bars []bar // on time: at most 0.6x is at least 1/0.6 of the rate
			if t == "inproc" {
				bars = []bar{own("zmq4", "C", 0.6), own("zmq4", "pebbe", 0.6)}
			} else if types[0] == "REQ" {
				bars = []bar{own("zmq4", "C", 1), own("zmq4", "pebbe", 0.9)}
			}
			count, impls := 30_000, three
			if t == "inproc" {
				count, impls = 50_000, []string{"C", "zmq4", "pebbe", "go-zeromq", "zmq4-into"}
			}
			add(row{
				group: types[0] + " and " + types[1] + " round trip, 1 B", name: t, kind: "lat", transport: t, types: types,
				size: 1, count: count, warmup: 500, bars: bars, impls: impls,
			})
		}
	}
	for _, n := range []int{1, 10, 100, 1000} {
		add(row{
			group: "Connections of one PULL, 64 B", name: fmt.Sprint(n), kind: "thr", transport: "tcp", conns: n,
			types: [2]string{"PULL", "PUSH"}, size: 64, count: 1_000_000 * scale, warmup: 20 * max(n, 1000),
		})
	}
	add(row{
		group: "PUB to 8 SUB, 64 B", name: "tcp", kind: "fan", transport: "tcp", types: [2]string{"SUB", "PUB"}, size: 64,
		count: 200_000, subs: 8, bars: []bar{own("zmq4", "C", 0.9)},
		impls: []string{"C", "zmq4", "pebbe", "go-zeromq", "zmq4-batch"},
	})
	for _, types := range [][2]string{{"XSUB", "XPUB"}, {"ROUTER", "DEALER"}} {
		add(row{
			group: "Proxy, 64 B, between C programs", name: types[0] + " to " + types[1] + ", tcp", kind: "proxy", transport: "tcp",
			types: types, size: 64, count: 1_000_000, impls: []string{"C", "zmq4", "pebbe"},
			bars: []bar{own("zmq4", "C", 1)},
		})
	}
	for _, n := range []int{10, 100, 1000, 10_000} {
		add(row{
			group: "Poll and receive, one socket of many active", name: fmt.Sprintf("%d sockets", n), kind: "poll", transport: "inproc", sockets: n,
			size: 8, count: max(2_000_000/n, 500), impls: []string{"C", "zmq4", "pebbe"},
			bars: []bar{own("zmq4", "C", 1)},
		})
	}
	add(row{
		group: "Blocked receives", name: "2,000, one per socket", kind: "park", transport: "inproc", sockets: 2000, size: 8, count: 1,
		impls: []string{"zmq4", "pebbe"}, // go-zeromq takes longer than all the rest
	})
	// Two goroutines must not share a socket of pebbe's, and Go ends a program
	// that has 10,000 threads.
	add(row{
		group: "Blocked receives", name: "10,000, two per socket", kind: "park", transport: "inproc", sockets: 5000, subs: 2,
		size: 8, count: 1, impls: []string{"zmq4"},
	})
	if plots {
		for _, t := range transports {
			for _, size := range sweep {
				if scale > 1 && (size == 512 || size == 32<<10 || size == 256<<10) {
					continue
				}
				add(row{
					group: "plot", name: fmt.Sprintf("%s, %d B", t, size), kind: "thr", transport: t, plot: true,
					types: [2]string{"PULL", "PUSH"}, size: size, count: max(min(1_000_000, 3<<30/size), 1000), warmup: 50,
					impls: implementations,
				})
			}
		}
	}
	return rows
}
