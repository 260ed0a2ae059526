// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"io"
	"strings"
)

// A goal is what an implementation has to reach in a row.
type goal struct {
	impl string
	// against is the implementation that it is compared with; or another row of the group, in which
	// impl itself did the work; or empty, if ratio is not a ratio, but milliseconds.
	against string
	ratio   float64 // of rates at least, of times at most
	cpu     float64 // of CPU times at most, or 0
}

// An outcome is a goal and what was measured.
type outcome struct {
	row *row
	goal
	measured, measuredCPU float64
}

func (o outcome) reached() bool {
	if o.cpu > 0 && o.measuredCPU > o.cpu {
		return false
	}
	if o.row.latency() {
		return o.measured <= o.ratio
	}
	return o.measured >= o.ratio
}

// outcomes compares what can be compared with the goals.
func (res results) outcomes(rows []*row) (all []outcome) {
	for _, r := range rows {
		for _, g := range r.goals {
			c := res[r][g.impl]
			if !c.there() {
				continue
			}
			if g.against == "" {
				all = append(all, outcome{r, g, c.median(nsOf) / 1e6, 0})
			} else if other := res.reference(rows, r, g); other.there() {
				all = append(all, outcome{r, g, r.ratio(c, other), c.median(cpuOf) / other.median(cpuOf)})
			}
		}
	}
	return all
}

// reference returns what a goal compares with.
func (res results) reference(rows []*row, r *row, g goal) *cell {
	for _, other := range rows {
		if other.group == r.group && other.name == g.against {
			return res[other][g.impl]
		}
	}
	return res[r][g.against]
}

// bar prints which goals were reached, and the table of those that were missed.
func (res results) bar(w io.Writer, rows []*row) {
	all := res.outcomes(rows)
	if len(all) == 0 {
		return
	}
	var missed []outcome
	for _, o := range all {
		if !o.reached() {
			missed = append(missed, o)
		}
	}
	fmt.Fprintf(w, "\n## The bar\n\n%d of %d goals were reached.\n", len(all)-len(missed), len(all))
	goalTable(w, all)
	if len(missed) > 0 {
		fmt.Fprint(w, "\n## Missed\n")
		goalTable(w, missed)
	}
}

func goalTable(w io.Writer, outcomes []outcome) {
	fmt.Fprint(w, "\n| work | with | goal | | measured | CPU, goal | measured | |\n|---|---|---|--:|--:|--:|--:|---|\n")
	for _, o := range outcomes {
		unit, sign := "rate, x "+o.against, "≥"
		if o.row.latency() {
			unit, sign = "time, x "+o.against, "≤"
		}
		if o.against == "" {
			unit = "ms late"
		}
		cpu, measuredCPU, mark := "", "", ""
		if o.cpu > 0 {
			cpu, measuredCPU = fmt.Sprintf("≤ %.2f", o.cpu), fmt.Sprintf("%.2f", o.measuredCPU)
		}
		if !o.reached() {
			mark = "missed"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s %.2f | %.2f | %s | %s | %s |\n", o.row.title(), o.impl, unit, sign, o.ratio, o.measured, cpu, measuredCPU, mark)
	}
}

// enough is how many rounds it takes to know a spread.
const enough = 3

// slower reports whether a is slower than b by more than the spread: its median is worse, and the
// ranges from the fastest round to the slowest one do not overlap.
func slower(a, b *cell) bool {
	as, bs := a.values(nsOf), b.values(nsOf)
	return as[0] > bs[len(bs)-1]
}

// verdict prints the rows in which zmq4 failed or is slower than pebbe, and returns how many there are.
func (res results) verdict(w io.Writer, rows []*row) int {
	fmt.Fprintf(w, "\n## Slower than pebbe\n\n"+
		"A row is slower if zmq4's median is worse than pebbe's and their ranges, from the fastest round to the slowest,\n"+
		"do not overlap. Rows of fewer than %d rounds are not compared.\n\n", enough)
	var bad, within []string
	compared := 0
	for _, r := range rows {
		c, other := res[r]["zmq4"], res.pebbe(r)
		switch {
		case c != nil && c.err != nil:
			bad = append(bad, fmt.Sprintf("%s: failed: %v", r.title(), c.err))
		case c.there() && other.there() && min(len(c.samples), len(other.samples)) >= enough:
			compared++
			line := fmt.Sprintf("%s: %s (%s %s; pebbe %s)", r.title(), r.times(c, other), r.span(c), r.unit(), r.span(other))
			if slower(c, other) {
				bad = append(bad, line)
			} else if c.median(nsOf) > other.median(nsOf) {
				within = append(within, line)
			}
		}
	}
	list(w, "Worse, but within the spread:", within)
	list(w, "Slower:", bad)
	switch {
	case len(bad) > 0:
		fmt.Fprintf(w, "slower than pebbe: %d of %s, see above\n", len(bad), many(compared, "row"))
	case compared == 0:
		fmt.Fprint(w, "slower than pebbe: no row was compared\n")
	default:
		fmt.Fprint(w, "slower than pebbe: none\n")
	}
	return len(bad)
}

// list prints lines with a title, if there are any.
func list(w io.Writer, title string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(w, "%s\n\n- %s\n\n", title, strings.Join(lines, "\n- "))
	}
}

// times says how a compares with b.
func (r *row) times(a, b *cell) string {
	if r.latency() {
		return fmt.Sprintf("%.2f of its time", a.median(nsOf)/b.median(nsOf))
	}
	return fmt.Sprintf("%.2f of its rate", r.ratio(a, b))
}
