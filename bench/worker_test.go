// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain lets the driver start this program as a worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		main()
	}
	os.Exit(m.Run())
}

// Every kind of work is done by every implementation that has it, with the messages counted.
func TestMeasure(t *testing.T) {
	d, err := newDriver(t.TempDir())
	if err != nil {
		t.Skip("skipped: ", err)
	}
	seen := make(map[string]bool)
	for _, r := range newTable(1, false, false) {
		kind := fmt.Sprint(r.kind, r.alone(), r.curve, r.kept, r.senders > 1, r.receivers > 1)
		if r.kind == "timers" {
			kind = r.types[1]
		}
		if r.sockets > 100 || seen[kind] {
			continue
		}
		seen[kind] = true
		r.count, r.warmup = 100, 10
		for _, impl := range r.impls {
			t.Run(strings.ReplaceAll(r.title(), " ", "_")+"/"+impl, func(t *testing.T) {
				t.Parallel()
				s, err := d.measure(r, impl)
				if err != nil {
					t.Fatal(err)
				}
				if s.ns <= 0 || s.cpu < 0 || s.maxrss <= 0 || s.threads < 1 {
					t.Errorf("%+v", s)
				}
				if r.kind == "timers" && (s.values["p50"] > s.values["p90"] || s.ns != float64(s.values["p90"])) {
					t.Errorf("%+v", s)
				}
			})
		}
	}
}

func TestParseValues(t *testing.T) {
	got, err := parseValues(strings.Fields("ns=12 cpu=-3 maxrss=0"))
	if want := map[string]int{"ns": 12, "cpu": -3, "maxrss": 0}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, wrong := range []string{"ns", "ns=", "ns=x", "ns=1.5"} {
		if got, err := parseValues([]string{wrong}); err == nil {
			t.Errorf("%s: %v", wrong, got)
		}
	}
}

func TestPercentile(t *testing.T) {
	var values []time.Duration
	for i := range time.Duration(100) {
		values = append(values, i+1)
	}
	for _, tt := range []struct {
		values []time.Duration
		p      int
		want   time.Duration
	}{
		{values, 50, 50}, {values, 90, 90}, {values, 100, 100}, {values, 0, 1}, {values[:10], 90, 9}, {values[:11], 90, 10}, {values[:3], 50, 2}, {values[:1], 90, 1},
	} {
		if got := percentile(tt.values, tt.p); got != tt.want {
			t.Errorf("percentile %d of %d values: %d, not %d", tt.p, len(tt.values), got, tt.want)
		}
	}
}

// Goroutines that take tickets move every message once.
func TestTickets(t *testing.T) {
	for _, total := range []int{0, 1, ticket, 10*ticket + 1, 1000} {
		all := &tickets{total: total}
		moved := make([]int, total)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				all.each(func(before, n int) error {
					for i := range n {
						moved[before+i]++
					}
					return nil
				})
			})
		}
		wg.Wait()
		for i, n := range moved {
			if n != 1 {
				t.Errorf("message %d of %d was moved %d times", i, total, n)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	want := message{2, 64}
	for _, tt := range []struct {
		parts, size int
		counts, ok  bool
	}{{2, 64, true, true}, {1, syncSize, false, true}, {2, 63, false, false}, {1, 64, false, false}, {2, syncSize, false, false}} {
		if counts, err := want.check(tt.parts, tt.size); counts != tt.counts || (err == nil) != tt.ok {
			t.Errorf("%d parts, the last of %d: %v, %v", tt.parts, tt.size, counts, err)
		}
	}
}
