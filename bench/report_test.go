// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// rounds makes a cell with one sample for each time.
func rounds(ns ...float64) *cell {
	c := &cell{}
	for _, n := range ns {
		c.samples = append(c.samples, sample{ns: n, cpu: 2 * n})
	}
	return c
}

func TestSlower(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b *cell
		want bool
	}{
		{"faster", rounds(1, 2, 3), rounds(4, 5, 6), false},
		{"the same", rounds(1, 2, 3), rounds(1, 2, 3), false},
		{"slower, but the ranges overlap", rounds(3, 5, 6), rounds(1, 2, 4), false},
		{"the ranges touch", rounds(4, 5, 6), rounds(1, 2, 4), false},
		{"slower", rounds(9, 5, 7), rounds(4, 1, 3), true},
	} {
		if got := slower(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// last returns the last line that verdict prints, and its result.
func last(res results, rows []*row) (string, int, string) {
	var b bytes.Buffer
	bad := res.verdict(&b, rows)
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	return lines[len(lines)-1], bad, b.String()
}

func TestVerdict(t *testing.T) {
	fast, slow := rounds(1, 1, 1), rounds(2, 2, 2)
	failed := &cell{err: errors.New("a message was lost")}
	rate, time := &row{group: "rates", name: "tcp", kind: "thr"}, &row{group: "times", name: "tcp", kind: "lat"}
	within := "Worse, but within the spread:\n\n- rates, tcp: 0.67 of its rate"
	for _, tt := range []struct {
		name string
		res  results
		line string
		bad  []string
	}{
		{"faster", results{rate: {"zmq4": fast, "pebbe": slow}, time: {"zmq4": fast, "pebbe": fast}}, "slower than pebbe: none", nil},
		{"slower", results{rate: {"zmq4": slow, "pebbe": fast}, time: {"zmq4": slow, "pebbe": fast}}, "slower than pebbe: 2 of 2 rows, see above",
			[]string{"- rates, tcp: 0.50 of its rate (500.00 M to 500.00 M messages/s; pebbe 1000.00 M to 1000.00 M)", "- times, tcp: 2.00 of its time ("}},
		{"behind a mutex", results{rate: {"zmq4": slow, "pebbe-mutex": fast}, time: {}}, "slower than pebbe: 1 of 1 row, see above", []string{"- rates, tcp: 0.50"}},
		{"within the spread", results{rate: {"zmq4": rounds(1, 3, 5), "pebbe": rounds(1, 2, 3)}, time: {}}, "slower than pebbe: none", nil},
		{"other calls", results{rate: {"zmq4": fast, "zmq4-msg": slow, "pebbe": fast}, time: {}}, "slower than pebbe: none", nil},
		{"two rounds", results{rate: {"zmq4": rounds(2, 2), "pebbe": fast}, time: {}}, "slower than pebbe: no row was compared", nil},
		{"pebbe failed", results{rate: {"zmq4": slow, "pebbe": failed}, time: {}}, "slower than pebbe: no row was compared", nil},
		{"failed", results{rate: {"zmq4": failed, "pebbe": fast}, time: {}}, "slower than pebbe: 1 of 0 rows, see above",
			[]string{"- rates, tcp: failed: a message was lost"}},
	} {
		line, bad, all := last(tt.res, []*row{rate, time})
		if line != tt.line || bad != len(tt.bad) {
			t.Errorf("%s: %d, %s", tt.name, bad, line)
		}
		if strings.Contains(all, within) != (tt.name == "within the spread") {
			t.Errorf("%s: %s", tt.name, all)
		}
		for _, want := range tt.bad {
			if !strings.Contains(all, want) {
				t.Errorf("%s: no %q in\n%s", tt.name, want, all)
			}
		}
	}
}

func TestGoals(t *testing.T) {
	rate := &row{group: "shared", name: "many", kind: "shared"}
	one := &row{group: "shared", name: "one", kind: "shared"}
	time := &row{group: "times", name: "tcp", kind: "lat"}
	late := &row{group: "timers", name: "ticker", kind: "timers"}
	rows := []*row{one, rate, time, late}
	res := results{
		one:  {"zmq4": rounds(8)},
		rate: {"zmq4": rounds(10, 10, 10), "C": rounds(5), "pebbe": rounds(20), "go-zeromq": {err: errors.New("no")}},
		time: {"zmq4": rounds(9), "pebbe": rounds(10)},
		late: {"zmq4": rounds(1.2e6)},
	}
	for _, tt := range []struct {
		row      *row
		goal     goal
		measured float64
		reached  bool
	}{
		{rate, goal{"zmq4", "C", 0.5, 2}, 0.5, true},
		{rate, goal{"zmq4", "C", 0.51, 0}, 0.5, false},
		{rate, goal{"zmq4", "C", 0.5, 1.99}, 0.5, false}, // of CPU time
		{rate, goal{"zmq4", "pebbe", 2, 0}, 2, true},
		{rate, goal{"zmq4", "one", 0.8, 0}, 0.8, true},
		{rate, goal{"zmq4", "one", 0.9, 0}, 0.8, false},
		{time, goal{"zmq4", "pebbe", 0.9, 0}, 0.9, true},
		{time, goal{"zmq4", "pebbe", 0.8, 0}, 0.9, false},
		{late, goal{"zmq4", "", 1.5, 0}, 1.2, true},
		{late, goal{"zmq4", "", 1.1, 0}, 1.2, false},
	} {
		tt.row.goals = []goal{tt.goal}
		all := res.outcomes(rows)
		if len(all) != 1 {
			t.Fatalf("%v: %d outcomes", tt.goal, len(all))
		}
		if got := all[0]; got.measured-tt.measured > 1e-9 || tt.measured-got.measured > 1e-9 || got.reached() != tt.reached {
			t.Errorf("%v: %v, %v", tt.goal, got.measured, got.reached())
		}
		tt.row.goals = nil
	}
	rate.goals = []goal{{"go-zeromq", "C", 1, 0}, {"zmq4", "go-zeromq", 1, 0}, {"zmq4", "nobody", 1, 0}}
	if all := res.outcomes(rows); len(all) > 0 {
		t.Errorf("%v for what has no result", all)
	}
}

// The rows are complete, and every goal of a full run has something to be compared with.
func TestTable(t *testing.T) {
	rows := newTable(1, true, true)
	titles := make(map[string]bool)
	res := make(results)
	goals := 0
	for _, r := range rows {
		if titles[r.title()] {
			t.Errorf("two rows %s", r.title())
		}
		titles[r.title()] = true
		if r.count < 1 || r.warmup < 1 && r.kind != "park" {
			t.Errorf("%s: %d messages after %d", r.title(), r.count, r.warmup)
		}
		if r.pinned && r.alone() || !r.pinned && !r.alone() && len(r.goals) > 0 {
			t.Errorf("%s: pinned %v, goals %v", r.title(), r.pinned, r.goals)
		}
		goals += len(r.goals)
		res[r] = make(map[string]*cell)
		for _, impl := range r.impls {
			res[r][impl] = rounds(1, 2, 3)
			if !slices.Contains(implementations, impl) || libraries[impl] == nil && !strings.HasPrefix(impl, "C") {
				t.Errorf("%s: no implementation %s", r.title(), impl)
			}
		}
	}
	if got := len(res.outcomes(rows)); got != goals || got == 0 {
		t.Errorf("%d of %d goals can be compared", got, goals)
	}
	for _, r := range newTable(1, false, false) {
		if r.pinned {
			t.Errorf("%s, where no process can be pinned", r.title())
		}
	}
	var b bytes.Buffer
	if bad := res.report(&b, rows, []string{"plot.svg"}); bad != 0 {
		t.Error(bad)
	}
	for _, want := range []string{
		"\n| PUSH to PULL, tcp, 8 B | zmq4 | 1.00 | 1.00 | 1.00 | 1.00 | 1.00 | 1.00 |\n",
		"\n| PUSH to PULL, inproc, 8 B | zmq4 | 1.00 | 1.00 | 1.00 | | | |\n",
		"\n| PUSH to PULL, tcp, 8 B, pinned | zmq4 | rate, x C | ≥ 0.64 | 1.00 | ≤ 1.66 | 1.00 |  |\n",
		"\n## Memory of a connection\n", "![plot](plot.svg)",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q", want)
		}
	}
	for _, no := range []string{"NaN", "Inf", "failed", "%!"} {
		if strings.Contains(b.String(), no) {
			t.Errorf("%s in the report", no)
		}
	}
}

func TestChoose(t *testing.T) {
	for _, tt := range []struct {
		only, skip string
		impls      []string
		want       int // measurements
	}{
		{"^PUSH.*tcp, 8 B", "^$", []string{"C", "zmq4"}, 4},
		{"^PUSH.*tcp, 8 B", "pinned", []string{"C", "zmq4"}, 2},
		{"^PUSH.*tcp, 8 B, pinned", "^$", []string{"C"}, 1},
		{"no such row", "^$", implementations, 0},
	} {
		rows, err := choose(newTable(1, true, false), tt.only, tt.skip, tt.impls)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, r := range rows {
			n += len(r.impls)
		}
		if n != tt.want {
			t.Errorf("%q without %q: %d measurements, not %d", tt.only, tt.skip, n, tt.want)
		}
	}
	for _, wrong := range [][2]string{{"(", ""}, {"", "("}} {
		if _, err := choose(nil, wrong[0], wrong[1], nil); err == nil {
			t.Errorf("no error for %q", wrong)
		}
	}
}
