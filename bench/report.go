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

func nsOf(s sample) float64 { return s.ns }

// ratio compares times for latencies and rates otherwise, so that it is what
// the column before it says.
func (r *row) ratio(a, b *cell) float64 {
	ratio := b.median(nsOf) / a.median(nsOf)
	if r.latency() {
		return 1 / ratio
	}
	return ratio
}

// write prints all tables as Markdown.
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
			fmt.Fprintf(w, "\n## %s\n\n", group)
			if r.kind == "park" {
				fmt.Fprint(w, "| receives | implementation | threads | KiB each | ms until all have received |\n|---|---|--:|--:|--:|\n")
			} else {
				unit := "messages/s"
				if r.latency() {
					unit = "µs"
				}
				fmt.Fprintf(w, "| | implementation | %s | min to max | x C | x pebbe | CPU µs | allocations | peak MiB | threads |\n"+
					"|---|---|--:|---|--:|--:|--:|--:|--:|--:|\n", unit)
			}
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
	if r.kind == "park" {
		fmt.Fprintf(w, "| %s | %s | %d | %.1f | %.0f |\n", r.name, impl, last.values["blockedthreads"],
			c.median(func(s sample) float64 { return float64(s.values["blockedkib"]) / float64(r.sockets*r.subs) }),
			c.median(func(s sample) float64 { return s.ns / 1e6 }))
		return
	}
	ns := c.values(nsOf)
	show, low, high := "", "", ""
	if r.latency() {
		show, low, high = microseconds(median(ns)), microseconds(ns[0]), microseconds(ns[len(ns)-1])
	} else {
		show, low, high = rate(median(ns)), rate(ns[len(ns)-1]), rate(ns[0])
	}
	allocations := "-"
	if impl != "C" {
		allocations = fmt.Sprintf("%.2f", c.median(func(s sample) float64 { return s.mallocs }))
	}
	fmt.Fprintf(w, "| %s | %s | %s | %s to %s | %s | %s | %s | %s | %.0f | %d |\n", r.name, impl, show, low, high,
		res.against(r, c, "C"), res.against(r, c, "pebbe"), microseconds(c.median(func(s sample) float64 { return s.cpu })),
		allocations, c.median(func(s sample) float64 { return float64(s.maxrss) / 1024 }), last.threads)
}

func (res results) against(r *row, c *cell, other string) string {
	o := res[r][other]
	if !o.there() || o == c {
		return ""
	}
	return fmt.Sprintf("%.2f", r.ratio(c, o))
}

// memory prints what a connection adds to the memory of the process that receives.
func (res results) memory(w io.Writer, rows []*row) {
	kib := func(r *row, impl string) float64 {
		return res[r][impl].median(func(s sample) float64 { return float64(s.values["warmkib"]) })
	}
	var one *row
	for _, r := range rows {
		if r.conns == 1 && strings.HasPrefix(r.group, "Connections") {
			one = r
			fmt.Fprint(w, "\n## Memory of a connection\n\n| connections | implementation | KiB each |\n|---|---|--:|\n")
		}
		for _, impl := range r.impls {
			if r.conns > 1 && one != nil && res[r][impl].there() && res[one][impl].there() {
				fmt.Fprintf(w, "| %d | %s | %.1f |\n", r.conns, impl, (kib(r, impl)-kib(one, impl))/float64(r.conns-1))
			}
		}
	}
}

// bars prints what was to be reached, and what was.
func (res results) bars(w io.Writer, rows []*row) {
	fmt.Fprint(w, "\n## The bar\n\n| work | implementation | against | wanted | measured | CPU x | |\n|---|---|---|--:|--:|--:|---|\n")
	for _, r := range rows {
		for _, b := range r.bars {
			c, o := res[r][b.impl], res[r][b.against]
			if !c.there() || !o.there() {
				continue
			}
			ratio, sign := r.ratio(c, o), "≥"
			met := ratio >= b.atLeast
			if r.latency() {
				sign, met = "≤", ratio <= b.atLeast
			}
			mark := "missed"
			if met {
				mark = "reached"
			}
			cpu := func(s sample) float64 { return s.cpu }
			fmt.Fprintf(w, "| %s, %s | %s | %s | %s %.2f | %.2f | %.2f | %s |\n", r.group, r.name, b.impl, b.against, sign,
				b.atLeast, ratio, c.median(cpu)/o.median(cpu), mark)
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
