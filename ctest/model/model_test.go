// SPDX-License-Identifier: BSD-2-Clause

package model

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed45097122/zmq4/ctest"
)

var (
	seedsFlag    = flag.String("model.seeds", "", "seeds to run, such as 1-20,77 (default a few)")
	timeFlag     = flag.Duration("model.time", 0, "run new seeds for so long, instead of model.seeds")
	modeFlag     = flag.String("model.mode", "", "chaos or strict (default both)")
	opsFlag      = flag.Int("model.ops", 300, "operations of each worker, or messages of each sender")
	workersFlag  = flag.Int("model.workers", 0, "no more workers than that in chaos")
	onlyFlag     = flag.String("model.only", "", "only operations whose names match this regular expression")
	skipFlag     = flag.String("model.skip", "", "no operations whose names match")
	knownFlag    = flag.String("model.known", "", "do not avoid the known faults whose names match")
	familiesFlag = flag.String("model.families", "", "only families of socket types, or exchanges of strict, whose names match")
	hangFlag     = flag.Duration("model.hang", slow*5*time.Second, "how long a call may take")
	limitFlag    = flag.Duration("model.limit", 2*time.Minute, "how long a seed may take")
	minimiseFlag = flag.Bool("model.minimise", false, "look for the operations that a failure needs")
	triesFlag    = flag.Int("model.tries", 3, "how often a seed has to pass to count as passing, for minimise")
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		interrupted := make(chan os.Signal, 1)
		signal.Notify(interrupted, os.Interrupt)
		go func() {
			<-interrupted
			fmt.Fprintln(os.Stderr, stacks())
			os.Exit(3)
		}()
	}
	os.Exit(ctest.Main(m))
}

// seeds returns the seeds of a list such as "1-20,77".
func seeds(t *testing.T, list string) (all []uint64) {
	for item := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(item, "-")
		first, err := strconv.ParseUint(from, 10, 64)
		last := first
		if err == nil && isRange {
			last, err = strconv.ParseUint(to, 10, 64)
		}
		if err != nil {
			t.Fatal("-model.seeds: ", err)
		}
		for seed := first; seed <= last; seed++ {
			all = append(all, seed)
		}
	}
	return all
}

func pattern(t *testing.T, text string) *regexp.Regexp {
	if text == "" {
		return nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return re
}

// TestModel runs seeds, each in a process of its own: see the package.
func TestModel(t *testing.T) {
	c := config{
		mode: *modeFlag, ops: *opsFlag, maxWorkers: *workersFlag, hang: *hangFlag,
		only: pattern(t, *onlyFlag), skip: pattern(t, *skipFlag), known: pattern(t, *knownFlag),
		families: pattern(t, *familiesFlag),
	}
	if log := os.Getenv(childVariable); log != "" {
		c.seed, c.log = seeds(t, *seedsFlag)[0], log
		failures, err := run(c, filepath.Dir(log))
		if err != nil {
			t.Fatal(err)
		}
		if failures > 0 {
			t.Errorf("%d failures", failures)
		}
		return
	}
	modes := []string{"chaos", "strict"}
	if c.mode != "" {
		modes = []string{c.mode}
	}
	list := *seedsFlag
	if list == "" {
		list = "1-2"
		if testing.Short() {
			list = "1"
		}
	}
	numbers := seeds(t, list)
	end := time.Now().Add(*timeFlag)
	if *timeFlag > 0 {
		numbers = []uint64{uint64(time.Now().UnixNano() / 1e6)}
	}
	dir := t.TempDir()
	ran, failed := 0, make(map[string][]string)
	for i := 0; i < len(numbers); i++ {
		for _, mode := range modes {
			c.seed, c.mode = numbers[i], mode
			r := spawn(c, dir, *limitFlag)
			ran++
			if r.ok {
				if testing.Verbose() {
					for line := range strings.Lines(r.output) {
						if strings.HasPrefix(line, "model: seed") {
							t.Log(strings.TrimSpace(line))
						}
					}
				}
				continue
			}
			if r.known != "" {
				t.Logf("%s, seed %d: known: %s", mode, c.seed, r.known)
				continue
			}
			failed[r.signature] = append(failed[r.signature], fmt.Sprintf("%s %d", mode, c.seed))
			if *minimiseFlag {
				r = minimise(r, dir, *limitFlag, *triesFlag, t.Logf)
			}
			t.Errorf("%s, seed %d: %s\n%s\nto repeat it:\n  %s", mode, c.seed, r.signature, r.output, r.c.command())
		}
		if *timeFlag > 0 && time.Now().Before(end) {
			numbers = append(numbers, numbers[i]+1)
		}
	}
	t.Logf("%d processes", ran)
	for _, what := range slices.Sorted(maps.Keys(failed)) {
		t.Logf("%d failed with %s: %s", len(failed[what]), what, strings.Join(failed[what], ", "))
	}
}
