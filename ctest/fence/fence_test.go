// SPDX-License-Identifier: BSD-2-Clause

//go:build unix

package fence

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"
)

const page = "../../docs/libzmq.md"

// compile makes a program of faults.c, and returns it with the version that it
// is linked to and the names of its cases.
func compile(t *testing.T) (program, version string, cases []string) {
	cc := cmp.Or(os.Getenv("CC"), "cc")
	if _, err := exec.LookPath(cc); err != nil {
		t.Skip("no C compiler: ", err)
	}
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "libzmq").Output()
	if err != nil {
		t.Skip("pkg-config: ", err)
	}
	dir, err := exec.Command("pkg-config", "--variable=includedir", "libzmq").Output()
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(t.TempDir(), "faults")
	arg := []string{"-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-O1", "-o", program, "faults.c"}
	if include := strings.TrimSpace(string(dir)); include != "" && include != "/usr/include" {
		arg = append(arg, "-I"+include)
	}
	if out, err := exec.Command(cc, append(append(arg, strings.Fields(string(flags))...), "-lpthread")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	return program, lines[0], lines[1:]
}

// What a case ended with, see fence.h.
var words = map[int]string{0: "", 3: "loses", 4: "leaks", 5: "hangs", 6: "spins"}

const skipped = 77

// failure is where libzmq says that it aborts.
var failure = regexp.MustCompile(`(\w+\.[ch]pp:\d+)[):]`)

// A result is what a case did.
type result struct {
	seen    string // such as "aborts fq.cpp:112", or nothing
	skipped bool
	detail  string
	err     error
}

// show runs a case.
func show(program, name string) (r result) {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, name)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	r.detail = string(bytes.TrimSpace(out[:min(len(out), 500)]))
	exit := (*exec.ExitError)(nil)
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		r.err = fmt.Errorf("%w: %s", err, r.detail)
		return r
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	word, ok := words[status.ExitStatus()]
	switch {
	case status.Signaled() && status.Signal() == syscall.SIGABRT:
		r.seen = "aborts"
		if m := failure.FindStringSubmatch(string(out)); m != nil {
			r.seen += " " + m[1]
		}
	case status.Signaled():
		r.seen = "crashes"
	case status.ExitStatus() == skipped:
		r.skipped = true
	case ok:
		r.seen = word
	default:
		r.err = fmt.Errorf("%w: %s", err, r.detail)
	}
	return r
}

// TestFaults shows each fault on the libzmq at hand, and fails if the ledger says
// something else. With -v it prints what it has seen.
func TestFaults(t *testing.T) {
	program, version, cases := compile(t)
	version, drafts := strings.CutSuffix(version, "-drafts")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	column := version
	if _, known := rows[0].In[version]; !known && version > "4.3.5" {
		column = "master"
	}

	results := make(map[string]result)
	var mu sync.Mutex
	var running sync.WaitGroup
	room := make(chan struct{}, 8) // most of them sleep
	for _, name := range cases {
		row := slices.IndexFunc(rows, func(r Row) bool { return slices.Contains(r.Cases, name) })
		if row < 0 {
			t.Errorf("no row of the ledger names the case %s", name)
			continue
		}
		if testing.Short() && strings.Contains(rows[row].In[column], "?") {
			continue // it may take long
		}
		room <- struct{}{}
		running.Go(func() {
			defer func() { <-room }()
			r := show(program, name)
			mu.Lock()
			defer mu.Unlock()
			results[name] = r
		})
	}
	running.Wait()
	for _, row := range rows { // a busy machine may have been too slow: once more, alone
		for _, name := range row.Cases {
			for range 2 {
				r, ran := results[name]
				if !ran || r.skipped || r.err != nil || agrees(row.In[column], r.seen, drafts) {
					break
				}
				results[name] = show(program, name)
			}
		}
	}

	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	var gone []string
	for _, row := range rows {
		want, known := row.In[column]
		for _, name := range row.Cases {
			if !slices.Contains(cases, name) {
				t.Errorf("%s: there is no case %s", row.Number, name)
			}
			r, ran := results[name]
			switch {
			case !ran || r.skipped:
				fmt.Fprintf(w, "%s\t%s\tskipped\t%s\n", row.Number, name, r.detail)
				continue
			case r.err != nil:
				t.Errorf("%s, %s: %v", row.Number, name, r.err)
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", row.Number, name, cmp.Or(r.seen, "not seen"), want)
			if len(Alternatives(want)) == 0 && r.seen == "" {
				gone = append(gone, row.Number)
			}
			if known && !agrees(want, r.seen, drafts) {
				t.Errorf("%s, %s: libzmq %s: %q, but the ledger has %q\n%s", row.Number, name, version, r.seen, want, r.detail)
			}
		}
	}
	w.Flush()
	t.Logf("libzmq %s, drafts %v\n%sgone: %s", version, drafts, &table, strings.Join(slices.Compact(gone), " "))
}

func TestParse(t *testing.T) {
	const head = "| no. | what happens | who | 4.3.4 | 4.3.5 | master | upstream | here | proof |\n|--|\n"
	for _, test := range []struct{ name, rows, want string }{
		{"right", "| Z001 | a | b | aborts x.cpp:1 or spins? | gone | crashes, with drafts | | fence: f | `a-case` |\n", ""},
		{"columns", "| Z001 | a |\n", "line 3: 2 columns"},
		{"outcome", "| Z001 | a | b | explodes | gone | gone | | fence: f | x |\n", `"explodes" is no outcome`},
		{"here", "| Z001 | a | b | hangs | gone | gone | | unknown | x |\n", "begins with none of"},
		{"twice", strings.Repeat("| Z001 | a | b | hangs | gone | gone | | never: f | x |\n", 2), "Z001 is there twice"},
		{"empty", "| Z001 | a | | hangs | gone | gone | | never: f | x |\n", "an empty cell"},
	} {
		rows, err := Parse(head + test.rows)
		if test.want == "" && (err != nil || len(rows) != 1 || !slices.Equal(rows[0].Cases, []string{"a-case"})) ||
			test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, %v", test.name, rows, err)
		}
	}
}

func TestAgrees(t *testing.T) {
	for _, test := range []struct {
		text, seen string
		drafts     bool
		want       bool
	}{
		{"gone", "", false, true},
		{"gone", "aborts fq.cpp:112", false, false},
		{"aborts fq.cpp:112", "aborts fq.cpp:114", false, true},
		{"aborts fq.cpp:112", "aborts pipe.cpp:87", false, false},
		{"aborts fq.cpp:112", "crashes", false, false},
		{"aborts fq.cpp:112", "", false, false},
		{"aborts? fq.cpp:112", "", false, true},
		{"aborts fq.cpp:112 or spins", "spins", false, true},
		{"aborts, with drafts", "", false, true},
		{"aborts, with drafts", "", true, false},
		{"crashes, without drafts", "crashes", true, false},
	} {
		if agrees(test.text, test.seen, test.drafts) != test.want {
			t.Errorf("%+v", test)
		}
	}
}
