// SPDX-License-Identifier: BSD-2-Clause

// Package fence checks docs/libzmq.md, the ledger of libzmq's faults, against the
// libzmq at hand: faults.c has a case for each fault that can be shown.
package fence

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A Row of the ledger is one fault of libzmq.
type Row struct {
	Number string            // such as "Z007"
	Who    string            // can cause it
	What   string            // happens
	In     map[string]string // what a version does, such as "aborts fq.cpp:112", by "4.3.4", "4.3.5" and "master"
	Here   string            // what the package does
	Proof  string            // cases and tests

	Cases []string // of faults.c that Proof names
}

// Columns are the headings of the ledger's tables.
var Columns = []string{"no.", "what happens", "who", "4.3.4", "4.3.5", "master", "upstream", "here", "proof"}

var (
	number = regexp.MustCompile(`^Z\d{3}$`)
	span   = regexp.MustCompile("`([a-z0-9-]+)`")

	// outcome is one of what a case does: alternatives are joined by " or ", and
	// one with a question mark is not seen in each run.
	outcome = regexp.MustCompile(`^(aborts|crashes|hangs|loses|leaks|spins)(\?)?( [\w.]+:\d+)?(, with drafts|, without drafts)?$`)

	// here says what the package does, in its first word.
	here = regexp.MustCompile(`^(fence|narrowed|documented|never): `)
)

// Parse returns the rows of a page, and what is wrong with them.
func Parse(page string) (rows []Row, err error) {
	var errs []error
	for i, line := range strings.Split(page, "\n") {
		bad := func(format string, a ...any) {
			errs = append(errs, fmt.Errorf("line %d: %s", i+1, fmt.Sprintf(format, a...)))
		}
		cells := strings.Split(strings.Trim(line, "| "), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if cells[0] == Columns[0] && !slices.Equal(cells, Columns) {
			bad("columns %q, want %q", cells, Columns)
		}
		if !number.MatchString(cells[0]) {
			continue
		}
		if len(cells) != len(Columns) {
			bad("%d columns", len(cells))
			continue
		}
		r := Row{Number: cells[0], What: cells[1], Who: cells[2], Here: cells[7], Proof: cells[8],
			In: map[string]string{"4.3.4": cells[3], "4.3.5": cells[4], "master": cells[5]}}
		for _, m := range span.FindAllStringSubmatch(r.Proof, -1) {
			r.Cases = append(r.Cases, m[1])
		}
		for version, text := range r.In {
			for _, alternative := range Alternatives(text) {
				if !outcome.MatchString(alternative) {
					bad("%s: %q is no outcome", version, alternative)
				}
			}
		}
		if !here.MatchString(r.Here) {
			bad("what we do begins with none of fence, narrowed, documented and never: %s", r.Here)
		}
		if r.Proof == "" || r.Who == "" || r.What == "" {
			bad("an empty cell")
		}
		if slices.ContainsFunc(rows, func(other Row) bool { return other.Number == r.Number }) {
			bad("%s is there twice", r.Number)
		}
		rows = append(rows, r)
	}
	return rows, errors.Join(errs...)
}

// Alternatives returns what a version may do: nothing if the fault is gone there.
func Alternatives(text string) []string {
	if text == "gone" || text == "" {
		return nil
	}
	return strings.Split(text, " or ")
}

// Fenced reports whether the package has code against the fault.
func (r *Row) Fenced() bool {
	return strings.HasPrefix(r.Here, "fence: ") || strings.HasPrefix(r.Here, "narrowed: ")
}

// agrees reports whether what was seen is what the ledger has for a version, with
// or without the draft API, and may have been.
func agrees(text, seen string, drafts bool) bool {
	possible := true // that the fault is not seen
	for _, alternative := range Alternatives(text) {
		m := outcome.FindStringSubmatch(alternative)
		if m == nil || m[4] == ", with drafts" && !drafts || m[4] == ", without drafts" && drafts {
			continue
		}
		word, file, _ := strings.Cut(seen, " ")
		file, _, _ = strings.Cut(file, ":")
		want, _, _ := strings.Cut(strings.TrimSpace(m[3]), ":")
		if word == m[1] && (want == "" || file == want) {
			return true // the line depends on who built it
		}
		possible = possible && m[2] != ""
	}
	return seen == "" && possible
}
