// SPDX-License-Identifier: BSD-2-Clause

// Bench measures this project beside C programs that use libzmq and beside
// other Go libraries. See README.md.
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/seed45097122/zmq4"
)

func main() {
	var err error
	bad := 0
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		err = workerMain(os.Args[2:])
	} else {
		bad, err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	if err != nil || bad > 0 {
		os.Exit(1)
	}
}

// run measures and reports. It returns how many rows are bad: see verdict.
func run() (bad int, err error) {
	quick := flag.Bool("quick", false, "fewer messages and rounds")
	rounds := flag.Int("rounds", 0, "how often to measure everything (default 7, or 3 with -quick)")
	scale := flag.Int("scale", 0, "divide the numbers of messages by this (default 1, or 10 with -quick)")
	only := flag.String("run", "", "regular expression for the rows to run, such as '^PUSH.*tcp.*pinned'")
	skip := flag.String("skip", "^$", "regular expression for the rows to leave out, such as pinned")
	impls := flag.String("impl", strings.Join(implementations, ","), "implementations")
	dir := flag.String("o", "results", "directory for the table and the plots")
	plots := flag.Bool("plots", true, "measure and draw throughput against size")
	flag.Parse()
	usual, divided := 7, 1
	if *quick {
		usual, divided = 3, 10
	}
	*rounds, *scale = cmp.Or(*rounds, usual), cmp.Or(*scale, divided)
	rows, err := choose(newTable(*scale, pinnable(), *plots), *only, *skip, strings.Split(*impls, ","))
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(*dir, 0o777); err != nil {
		return 0, err
	}
	tmp, err := os.MkdirTemp("", "zmq4-bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tmp)
	d, err := newDriver(tmp)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	res := d.run(rows, *rounds)
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Benchmarks, %s\n\n%s\n", start.Format(time.DateOnly), environment(*rounds, time.Since(start)))
	files, err := res.plots(*dir, rows)
	bad = res.report(&out, rows, files)
	os.Stdout.Write(out.Bytes())
	if err != nil {
		return bad, err
	}
	return bad, os.WriteFile(filepath.Join(*dir, "results.md"), out.Bytes(), 0o666)
}

// choose returns the rows and implementations to run.
func choose(rows []*row, only, skip string, impls []string) ([]*row, error) {
	match, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	leave, err := regexp.Compile(skip)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rows, func(r *row) bool {
		r.impls = slices.DeleteFunc(slices.Clone(r.impls), func(impl string) bool { return !slices.Contains(impls, impl) })
		return !match.MatchString(r.title()) || leave.MatchString(r.title())
	}), nil
}

// run measures all rows. The implementations take turns, so that what else
// happens on the machine meets them all.
func (d *driver) run(rows []*row, rounds int) results {
	res := make(results)
	for i, r := range rows {
		res[r] = make(map[string]*cell)
		n := rounds
		if r.plot || r.kind == "park" {
			n = (rounds + 2) / 3
		}
		for range n {
			for _, impl := range r.impls {
				c := res[r][impl]
				if c == nil {
					c = &cell{}
					res[r][impl] = c
				}
				if c.err != nil {
					continue
				}
				s, err := d.measure(r, impl)
				if c.err = err; err == nil {
					c.samples = append(c.samples, s)
				}
			}
		}
		fmt.Fprintf(os.Stderr, "%d/%d %s\n", i+1, len(rows), r.title())
	}
	return res
}

// environment says what was measured on what.
func environment(rounds int, took time.Duration) string {
	major, minor, patch := zmq4.Version()
	kernel, _ := exec.Command("uname", "-srm").Output()
	load, _ := os.ReadFile("/proc/loadavg")
	return fmt.Sprintf("libzmq %d.%d.%d, %s, %s, %d CPUs, load at the end %.14s. %d rounds in %v. Medians.",
		major, minor, patch, runtime.Version(), bytes.TrimSpace(kernel), runtime.NumCPU(), load, rounds, took.Round(time.Second))
}
