// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// cell is all samples of one implementation doing the work of one row.
type cell struct {
	samples []sample
	err     error
}

type results map[*row]map[string]*cell

func (c *cell) values(of func(sample) float64) []float64 {
	var v []float64
	for _, s := range c.samples {
		v = append(v, of(s))
	}
	slices.Sort(v)
	return v
}

func median(v []float64) float64 {
	n := len(v)
	if n == 0 {
		return 0
	}
	return (v[(n-1)/2] + v[n/2]) / 2
}

func (c *cell) median(of func(sample) float64) float64 { return median(c.values(of)) }

// there reports whether the cell has a result.
func (c *cell) there() bool { return c != nil && c.err == nil && len(c.samples) > 0 }

func nsOf(s sample) float64  { return s.ns }
func cpuOf(s sample) float64 { return s.cpu }

// of returns what reads a value that the process reported.
func of(name string) func(sample) float64 {
	return func(s sample) float64 { return float64(s.values[name]) }
}

// ratio compares times for latencies and rates otherwise, so that it is what
// the column before it says.
func (r *row) ratio(a, b *cell) float64 {
	ratio := b.median(nsOf) / a.median(nsOf)
	if r.latency() {
		return 1 / ratio
	}
	return ratio
}

// show formats ns as the rate or the time that a row is about.
func (r *row) show(ns float64) string {
	if r.latency() {
		return microseconds(ns)
	}
	return rate(ns)
}

// unit is that of show.
func (r *row) unit() string {
	if r.latency() {
		return "µs"
	}
	return "messages/s"
}

// span formats the range of all rounds, from the lowest rate or time to the highest.
func (r *row) span(c *cell) string {
	ns := c.values(nsOf)
	low, high := ns[0], ns[len(ns)-1]
	if !r.latency() {
		low, high = high, low
	}
	return r.show(low) + " to " + r.show(high)
}

// pebbe returns the result of pebbe, which needs a mutex where goroutines share a socket.
func (res results) pebbe(r *row) *cell {
	if c := res[r]["pebbe"]; c != nil {
		return c
	}
	return res[r]["pebbe-mutex"]
}

// against formats the ratio of two results, if there are two.
func (r *row) against(c, other *cell) string {
	if !c.there() || !other.there() || other == c {
		return ""
	}
	return fmt.Sprintf("%.2f", r.ratio(c, other))
}

// head is the titles of the columns.
func (r *row) head() string {
	switch {
	case r.kind == "park":
		return "| receives | implementation | threads | KiB each | ms until all have received |\n|---|---|--:|--:|--:|\n"
	case r.kind == "timers":
		return "| | implementation | late, 50th percentile, µs | 90th | min to max | x pebbe | CPU µs |\n|---|---|--:|--:|---|--:|--:|\n"
	}
	return "| | implementation | " + r.unit() + " | min to max | x C | x pebbe | CPU µs | allocations | peak MiB | threads |\n" +
		"|---|---|--:|---|--:|--:|--:|--:|--:|--:|\n"
}

// report prints everything as Markdown, and returns how many rows are bad: see verdict.
func (res results) report(w io.Writer, rows []*row, plots []string) int {
	res.write(w, rows)
	res.memory(w, rows)
	for _, name := range plots {
		fmt.Fprintf(w, "\n![%s](%s)\n", strings.TrimSuffix(name, ".svg"), name)
	}
	fmt.Fprint(w, "\n## Ratios\n")
	res.ratios(w, rows)
	res.bar(w, rows)
	return res.verdict(w, rows)
}

// write prints a table for each group of rows.
func (res results) write(w io.Writer, rows []*row) {
	group := ""
	for _, r := range rows {
		if r.plot {
			for _, impl := range r.impls {
				if c := res[r][impl]; !c.there() {
					fmt.Fprintf(w, "\nNot in the plots: %s, %s: %v\n", impl, r.name, c.err)
				}
			}
			continue
		}
		if r.group != group {
			group = r.group
			fmt.Fprintf(w, "\n## %s\n\n%s", group, r.head())
		}
		for _, impl := range r.impls {
			res.line(w, r, impl)
		}
	}
}

func (res results) line(w io.Writer, r *row, impl string) {
	c := res[r][impl]
	if !c.there() {
		fmt.Fprintf(w, "| %s | %s | failed: %v |\n", r.name, impl, c.err)
		return
	}
	last := c.samples[len(c.samples)-1]
	cpu, show, pebbe := microseconds(c.median(cpuOf)), r.show(c.median(nsOf)), r.against(c, res.pebbe(r))
	switch r.kind {
	case "park":
		fmt.Fprintf(w, "| %s | %s | %d | %.1f | %.0f |\n", r.name, impl, last.values["blockedthreads"],
			c.median(of("blockedkib"))/float64(r.sockets*r.subs), c.median(nsOf)/1e6)
		return
	case "timers":
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s |\n", r.name, impl, r.show(c.median(of("p50"))), show, r.span(c), pebbe, cpu)
		return
	}
	allocations := "-"
	if !strings.HasPrefix(impl, "C") {
		allocations = fmt.Sprintf("%.2f", c.median(func(s sample) float64 { return s.mallocs }))
	}
	fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s | %s | %.0f | %d |\n", r.name, impl, show, r.span(c),
		r.against(c, res[r]["C"]), pebbe, cpu, allocations, c.median(func(s sample) float64 { return float64(s.maxrss) / 1024 }), last.threads)
}

// ratios prints one line for each row and implementation of this project: as the scheduler likes, and
// with a processor for each process. Rows of one process have the first one only.
func (res results) ratios(w io.Writer, rows []*row) {
	pinned := make(map[string]*row)
	for _, r := range rows {
		if r.pinned {
			pinned[strings.TrimSuffix(r.title(), pinnedSuffix)] = r
		}
	}
	for _, times := range []bool{false, true} {
		title, unit := "Rates: more than 1 is faster.", "rate"
		if times {
			title, unit = "Times: less than 1 is faster.", "time"
		}
		head := fmt.Sprintf("\n%s\n\n| work | with | %[2]s, x C | x pebbe | CPU, x C | pinned: %[2]s, x C | x pebbe | CPU, x C |\n"+
			"|---|---|--:|--:|--:|--:|--:|--:|\n", title, unit)
		for _, r := range rows {
			if r.pinned || r.plot || r.kind == "park" || r.kind == "timers" || r.latency() != times {
				continue
			}
			for _, impl := range r.impls {
				if strings.HasPrefix(impl, "zmq4") {
					fmt.Fprintf(w, "%s| %s | %s | %s | %s |\n", head, r.title(), impl, res.three(r, impl), res.three(pinned[r.title()], impl))
					head = ""
				}
			}
		}
	}
}

// three formats three ratios, or nothing for a row that does not exist.
func (res results) three(r *row, impl string) string {
	c, reference := res[r][impl], res[r]["C"]
	if !c.there() {
		return "| |"
	}
	cpu := ""
	if reference.there() {
		cpu = fmt.Sprintf("%.2f", c.median(cpuOf)/reference.median(cpuOf))
	}
	return r.against(c, reference) + " | " + r.against(c, res.pebbe(r)) + " | " + cpu
}

// memory prints what a connection adds to the memory of the process that receives.
func (res results) memory(w io.Writer, rows []*row) {
	var one *row
	for _, r := range rows {
		if r.pinned {
			continue
		}
		if r.conns == 1 && strings.HasPrefix(r.group, "Connections") {
			one = r
			fmt.Fprint(w, "\n## Memory of a connection\n\n| connections | implementation | KiB each |\n|---|---|--:|\n")
		}
		for _, impl := range r.impls {
			if r.kind == "thr" && r.conns > 1 && one != nil && res[r][impl].there() && res[one][impl].there() {
				kib := res[r][impl].median(of("warmkib")) - res[one][impl].median(of("warmkib"))
				fmt.Fprintf(w, "| %d | %s | %.1f |\n", r.conns, impl, kib/float64(r.conns-1))
			}
		}
	}
}

// rate formats messages per second, from ns per message.
func rate(ns float64) string {
	switch r := 1e9 / ns; {
	case r >= 1e6:
		return fmt.Sprintf("%.2f M", r/1e6)
	case r >= 1e4:
		return fmt.Sprintf("%.0f k", r/1e3)
	default:
		return fmt.Sprintf("%.0f", r)
	}
}

func microseconds(ns float64) string {
	s := fmt.Sprintf("%.3g", ns/1e3)
	if strings.Contains(s, "e") {
		s = fmt.Sprintf("%.0f", ns/1e3)
	}
	return s
}
